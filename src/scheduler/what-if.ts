import type { KubeNode } from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import { SchedulerCache } from "./cache.ts";
import type { ClusterView } from "./cluster-view.ts";
import { CycleState } from "./cycle-state.ts";
import { Diagnosis } from "./diagnosis.ts";
import { filtersOf, runFilters } from "./find-nodes.ts";
import type { FilterPlugin, Framework } from "./framework.ts";
import { PodCompiler, type PodInfo, type PodSource } from "./pod-info.ts";
import { defaultFramework } from "./profile.ts";
import { runPreFilters } from "./schedule-one.ts";
import { StoreView } from "./store-view.ts";

/** What the filters of one pod need, once for all nodes; or why no node will do. */
type Prepared =
  | { readonly pod: PodInfo; readonly rejection: readonly string[] }
  | {
      readonly pod: PodInfo;
      readonly state: CycleState;
      readonly filters: readonly FilterPlugin[];
      readonly allowed: ReadonlySet<string> | undefined;
      readonly absent: readonly string[];
    };

/**
 * A cluster to try things in: nodes and pods are put and taken away as one likes, and the default profile's filters say whether a
 * pod may go to a node. Everything since a mark can be taken back. It holds what it is given and nothing of the real cluster but
 * namespaces and services.
 *
 * ```ts
 * const trial = new WhatIf(store);
 * trial.addNode(node);
 * trial.reasonsAgainst(pod, "n1"); // null: it fits
 * ```
 */
export class WhatIf {
  readonly #cache = new SchedulerCache();
  readonly #compiler = new PodCompiler();
  readonly #view: StoreView;
  readonly #framework: Framework;
  readonly #compiled = new WeakMap<PodSource, PodInfo>();
  readonly #nodeOf = new Map<string, { readonly source: PodSource; readonly node: string }>();
  /** How to take back each step since the first mark. */
  #undo: (() => void)[] = [];

  constructor(store: Store) {
    this.#view = new StoreView(store, this.#cache);
    this.#framework = defaultFramework(this.#view satisfies ClusterView);
  }

  /** Namespaces or services of the store have changed. */
  refresh(): void {
    this.#view.servicesChanged();
    this.#cache.counters.clear();
  }

  hasNode(name: string): boolean {
    return this.#cache.node(name) !== undefined;
  }

  /** Adds or replaces a node, and puts pods on it. */
  addNode(node: KubeNode, pods: readonly PodSource[] = []): void {
    const name = node.metadata.name ?? "";
    const before = this.#cache.node(name)?.node;
    this.#cache.addNode(node);
    this.#undo.push(() => (before === undefined ? this.#cache.removeNode(name) : this.#cache.updateNode(before)));
    for (const pod of pods) this.place(pod, name);
  }

  /** The node goes; pods on it count again when it comes back. */
  removeNode(name: string): void {
    const before = this.#cache.node(name)?.node;
    if (before === undefined) return;
    this.#cache.removeNode(name);
    this.#undo.push(() => this.#cache.addNode(before));
  }

  /** Counts the pod as on the node, wherever it was. */
  place(pod: PodSource, nodeName: string): void {
    const before = this.#nodeOf.get(pod.uid);
    this.#put(pod, nodeName);
    this.#undo.push(() => (before === undefined ? this.#drop(pod.uid) : this.#put(before.source, before.node)));
  }

  take(uid: string): void {
    const before = this.#nodeOf.get(uid);
    if (before === undefined) return;
    this.#drop(uid);
    this.#undo.push(() => this.#put(before.source, before.node));
  }

  /** Why the pod cannot go to the node, as its filters say; null when it can. */
  reasonsAgainst(pod: PodSource, nodeName: string): readonly string[] | null {
    return this.#ask(this.#prepare(pod), nodeName);
  }

  /** Position in `nodeNames` of the first node, from `start` on and round, that the pod can go to; -1 for none. */
  firstFit(pod: PodSource, nodeNames: readonly string[], start: number): number {
    const prepared = this.#prepare(pod);
    if ("rejection" in prepared) return -1;
    const count = nodeNames.length;
    for (let step = 0; step < count; step++) {
      const at = (start + step) % count;
      if (this.#ask(prepared, nodeNames[at] as string) === null) return at;
    }
    return -1;
  }

  mark(): number {
    return this.#undo.length;
  }

  /** Takes back all steps since the mark, the last one first. */
  revert(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.();
  }

  /** All steps so far stay for good; marks given before are void. */
  commit(): void {
    this.#undo = [];
  }

  #put(source: PodSource, node: string): void {
    this.#cache.assumePod(this.#compile(source), node);
    this.#nodeOf.set(source.uid, { source, node });
  }

  #drop(uid: string): void {
    this.#cache.removePod(uid);
    this.#nodeOf.delete(uid);
  }

  #compile(source: PodSource): PodInfo {
    let pod = this.#compiled.get(source);
    if (pod === undefined) {
      pod = this.#compiler.compile(source);
      this.#compiled.set(source, pod);
    }
    return pod;
  }

  #prepare(source: PodSource): Prepared {
    const pod = this.#compile(source);
    const state = new CycleState();
    const diagnosis = new Diagnosis(0);
    const allowed = runPreFilters(this.#framework, state, pod, diagnosis);
    if (diagnosis.preFilterStatus !== undefined) return { pod, rejection: diagnosis.preFilterStatus.reasons };
    const filters = filtersOf(this.#framework, state, pod);
    return { pod, state, filters, allowed, absent: diagnosis.absentStatus?.reasons ?? [] };
  }

  #ask(prepared: Prepared, nodeName: string): readonly string[] | null {
    if ("rejection" in prepared) return prepared.rejection;
    const node = this.#cache.node(nodeName);
    if (node === undefined || prepared.allowed?.has(nodeName) === false) return prepared.absent;
    return runFilters(prepared.filters, prepared.state, prepared.pod, node)?.reasons ?? null;
  }
}
