import type { KubeNode, StringMap, Taint } from "../kube/index.ts";
import { AffinityOwners } from "./affinity-owners.ts";
import { NodeColumns } from "./node-columns.ts";
import { NodeInfo, type SharedPods } from "./node-info.ts";
import { NodeTree, type NodeTreeState } from "./node-tree.ts";
import { PodCounters } from "./pod-counters.ts";
import { type PodCompiler, type PodInfo, type PodSource, type TemplateInfo, withNode } from "./pod-info.ts";
import { hasPodAffinity } from "./pod-terms.ts";
import { TopologyIndex } from "./topology-index.ts";

interface CachedPod {
  readonly pod: PodInfo;
  readonly nodeName: string;
  /** Placed here by this scheduler, and not seen bound yet. */
  readonly isAssumed: boolean;
}

export interface ImageState {
  readonly sizeBytes: number;
  readonly nodeCount: number;
}

/**
 * The scheduler's own picture of the cluster: nodes, the pods on them, and the pods that it has placed but not yet
 * seen bound. One attempt sees one picture, since nothing else runs meanwhile: there is no copy.
 * @source kubernetes 1.37 scheduler cache and snapshot
 */
export class SchedulerCache {
  readonly columns = new NodeColumns();
  readonly counters = new PodCounters();
  readonly affinityOwners = new AffinityOwners();
  /** How many pods of each template with pod (anti-)affinity every node row holds. */
  readonly affinityPods = new Map<TemplateInfo, Map<number, number>>();
  readonly images = new Map<string, ImageState>();
  /** Grows when a node comes, goes, or changes its labels or taints. */
  structureRevision = 0;
  /** Nodes that are cordoned, that have taints which keep pods off, and that have soft ones. */
  cordonedCount = 0;
  hardTaintedCount = 0;
  softTaintedCount = 0;
  /** Pods on nodes, by priority. */
  readonly #podsByPriority = new Map<number, number>();
  #nodes = new Map<string, NodeInfo>();
  #byRow: (NodeInfo | undefined)[] = [];
  #pods = new Map<string, CachedPod>();
  /** Whether a checkpoint or a fork reads the map too: it is copied before the next change. */
  #arePodsShared = false;
  /** Pods on nodes that are not there (any more), by node name. They count again when the node returns. */
  #strays = new Map<string, Map<string, PodInfo>>();
  #tree = new NodeTree();
  #order: NodeInfo[] = [];
  #isOrderStale = false;
  #rows = new Int32Array(0);
  #rowsAreOf: readonly NodeInfo[] | undefined;
  /** By row: the place in the search order. */
  #positions = new Int32Array(0);
  readonly #topologies = new Map<string, TopologyIndex>();

  /** The nodes in search order. The order changes only when a node came or went, not when one changed its zone. */
  snapshot(): readonly NodeInfo[] {
    if (this.#isOrderStale) {
      this.#order = this.#tree.list().map((name) => this.#nodes.get(name) as NodeInfo);
      this.#isOrderStale = false;
    }
    return this.#order;
  }

  /** The rows of the nodes in search order. */
  rows(): Int32Array {
    const nodes = this.snapshot();
    if (this.#rowsAreOf !== nodes) {
      this.#rows = Int32Array.from(nodes, (info) => info.row);
      this.#rowsAreOf = nodes;
      this.#positions = new Int32Array(this.columns.limit);
      for (let position = 0; position < nodes.length; position++) this.#positions[this.#rows[position]!] = position;
    }
    return this.#rows;
  }

  /** Where a node stands in search order, by its row. */
  positionOf(row: number): number {
    this.rows();
    return this.#positions[row]!;
  }

  /** Domains by node row; refresh it before reading. */
  topology(key: string): TopologyIndex {
    let index = this.#topologies.get(key);
    if (index === undefined) {
      index = new TopologyIndex(this, key);
      this.#topologies.set(key, index);
    }
    return index;
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  nodeAt(row: number): NodeInfo | undefined {
    return this.#byRow[row];
  }

  pod(uid: string): CachedPod | undefined {
    return this.#pods.get(uid);
  }

  /** Whether any node holds a pod of lower priority. */
  hasPodsBelow(priority: number): boolean {
    for (const other of this.#podsByPriority.keys()) if (other < priority) return true;
    return false;
  }

  addNode(node: KubeNode): void {
    const name = node.metadata.name ?? "";
    if (this.#nodes.has(name)) {
      this.updateNode(node);
      return;
    }
    this.#tree.add(name, node.metadata.labels);
    this.#isOrderStale = true;
    this.#insert(node);
  }

  updateNode(node: KubeNode): void {
    const info = this.#nodes.get(node.metadata.name ?? "");
    if (info === undefined) {
      this.addNode(node);
      return;
    }
    const hasNewImages = info.node.status?.images !== node.status?.images;
    if (hasNewImages) this.#forgetImages(info);
    if (hasOtherTraits(info.node, node)) this.structureRevision++;
    this.#countTraits(info, -1);
    info.setNode(node);
    this.#countTraits(info, 1);
    if (hasNewImages) this.#learnImages(info);
    this.#tree.update(info.name, node.metadata.labels);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    this.#tree.remove(name);
    this.#isOrderStale = true;
    const pods = [...info.pods.values()];
    for (const pod of pods) this.#take(info, pod);
    if (pods.length > 0) this.#strays.set(name, new Map(pods.map((pod) => [pod.uid, pod])));
    this.#forgetImages(info);
    this.#countTraits(info, -1);
    this.#nodes.delete(name);
    this.structureRevision++;
    this.#byRow[info.row] = undefined;
    this.columns.free(info.row);
  }

  /** A pod seen bound to a node; confirms an assumed one. */
  addPod(pod: PodInfo): void {
    if (this.#replaceLike(pod)) return;
    this.removePod(pod.uid);
    this.#ownPods().set(pod.uid, { pod, nodeName: pod.nodeName, isAssumed: false });
    this.#place(pod, pod.nodeName);
  }

  /** Counts a pod as on the node from now on, before its binding is written. */
  assumePod(pod: PodInfo, nodeName: string): void {
    this.removePod(pod.uid);
    const assumed = withNode(pod, nodeName);
    this.#ownPods().set(pod.uid, { pod: assumed, nodeName, isAssumed: true });
    this.#place(assumed, nodeName);
  }

  /** Takes an assumed or bound pod off its node. */
  removePod(uid: string): void {
    const cached = this.#pods.get(uid);
    if (cached === undefined) return;
    this.#ownPods().delete(uid);
    const info = this.#nodes.get(cached.nodeName);
    if (info !== undefined) {
      this.#take(info, cached.pod);
      return;
    }
    const strays = this.#strays.get(cached.nodeName);
    strays?.delete(uid);
    if (strays?.size === 0) this.#strays.delete(cached.nodeName);
  }

  save(): CacheState {
    const nodes = [...this.#nodes.values()];
    const pods = this.#pods;
    this.#arePodsShared = true;
    const strays = new Map([...this.#strays].map(([name, others]) => [name, new Map(others)] as const));
    let sources: CacheState["pods"] | undefined;
    const state: CacheState = {
      zones: this.#tree.save(),
      order: this.#isOrderStale ? null : this.#order.map((info) => info.name),
      nodes: nodes.map((info) => info.node),
      images: [...this.images].map(([name, state]) => [name, state.sizeBytes, state.nodeCount] as const),
      ports: nodes.map((info) => [...info.usedPorts].map(([key, ips]) => [key, [...ips]] as const)),
      // Only who writes the checkpoint down needs them.
      get pods() {
        sources ??= sourcesOf(pods);
        return sources;
      },
    };
    COMPILED.set(state, { pods, strays, nodes: nodes.map((info) => info.share()) });
    return state;
  }

  load(state: CacheState, compiler: PodCompiler): void {
    for (const name of [...this.#nodes.keys()]) this.removeNode(name);
    this.#pods = new Map();
    this.#arePodsShared = false;
    this.#strays.clear();
    this.counters.clear();
    for (const node of state.nodes) this.#insert(node);
    this.images.clear();
    for (const [name, sizeBytes, nodeCount] of state.images) this.images.set(name, { sizeBytes, nodeCount });
    const compiled = COMPILED.get(state);
    if (compiled === undefined) this.#compileAll(state.pods, compiler);
    else this.#adopt(compiled);
    for (const [index, info] of [...this.#nodes.values()].entries()) {
      info.usedPorts = new Map((state.ports[index] ?? []).map(([key, ips]) => [key, new Set(ips)]));
    }
    this.#tree.load(state.zones);
    this.#isOrderStale = state.order === null;
    this.#order = (state.order ?? []).map((name) => this.#nodes.get(name) as NodeInfo);
  }

  #compileAll(pods: CacheState["pods"], compiler: PodCompiler): void {
    for (const { pod: source, nodeName, isAssumed } of pods) {
      const pod = compiler.compile(source);
      this.#pods.set(pod.uid, { pod, nodeName, isAssumed });
      this.#place(pod, nodeName);
    }
  }

  /** Takes over what a cache of this process had at its checkpoint: pods are shared, and only counted. */
  #adopt({ pods, strays, nodes }: CompiledState): void {
    this.#pods = pods;
    this.#arePodsShared = true;
    for (const [name, others] of strays) this.#strays.set(name, new Map(others));
    for (const [index, info] of [...this.#nodes.values()].entries()) {
      info.adopt(nodes[index] as SharedPods);
      for (const pod of info.pods.values()) this.#count(info, pod);
    }
  }

  #ownPods(): Map<string, CachedPod> {
    if (this.#arePodsShared) {
      this.#pods = new Map(this.#pods);
      this.#arePodsShared = false;
    }
    return this.#pods;
  }

  /** A new version of a pod that counts the same: takes the old one's place without counting anew. */
  #replaceLike(pod: PodInfo): boolean {
    const cached = this.#pods.get(pod.uid);
    if (cached === undefined || cached.nodeName !== pod.nodeName) return false;
    if (cached.pod.template !== pod.template || cached.pod.isTerminating !== pod.isTerminating) return false;
    const info = this.#nodes.get(pod.nodeName);
    if (info === undefined) this.#strays.get(pod.nodeName)?.set(pod.uid, pod);
    else info.replacePod(pod);
    this.#ownPods().set(pod.uid, { pod, nodeName: pod.nodeName, isAssumed: false });
    return true;
  }

  #insert(node: KubeNode): void {
    const info = new NodeInfo(this.columns, node);
    this.#nodes.set(info.name, info);
    this.#byRow[info.row] = info;
    this.structureRevision++;
    this.#learnImages(info);
    this.#countTraits(info, 1);
    const strays = this.#strays.get(info.name);
    this.#strays.delete(info.name);
    for (const pod of strays?.values() ?? []) this.#put(info, pod);
  }

  #place(pod: PodInfo, nodeName: string): void {
    const info = this.#nodes.get(nodeName);
    if (info !== undefined) {
      this.#put(info, pod);
      return;
    }
    const strays = this.#strays.get(nodeName);
    if (strays === undefined) this.#strays.set(nodeName, new Map([[pod.uid, pod]]));
    else strays.set(pod.uid, pod);
  }

  #put(info: NodeInfo, pod: PodInfo): void {
    info.addPod(pod);
    this.#count(info, pod);
  }

  /** Adds a pod of a node to what is counted over all nodes. */
  #count(info: NodeInfo, pod: PodInfo): void {
    this.counters.add(info.row, pod);
    this.#countPriority(pod, 1);
    if (!hasPodAffinity(pod.template)) return;
    let rows = this.affinityPods.get(pod.template);
    if (rows === undefined) {
      rows = new Map();
      this.affinityPods.set(pod.template, rows);
    }
    rows.set(info.row, (rows.get(info.row) ?? 0) + 1);
    this.affinityOwners.change(pod.template, info.row, 1);
  }

  #take(info: NodeInfo, pod: PodInfo): void {
    info.removePod(pod);
    this.counters.remove(info.row, pod);
    this.#countPriority(pod, -1);
    const rows = this.affinityPods.get(pod.template);
    if (rows === undefined) return;
    this.affinityOwners.change(pod.template, info.row, -1);
    const left = (rows.get(info.row) ?? 0) - 1;
    if (left > 0) rows.set(info.row, left);
    else rows.delete(info.row);
    if (rows.size === 0) this.affinityPods.delete(pod.template);
  }

  #countTraits(info: NodeInfo, by: 1 | -1): void {
    if (info.isUnschedulable) this.cordonedCount += by;
    if (info.hardTaints.length > 0) this.hardTaintedCount += by;
    if (info.softTaints.length > 0) this.softTaintedCount += by;
  }

  #countPriority({ template: { priority } }: PodInfo, by: 1 | -1): void {
    const count = (this.#podsByPriority.get(priority) ?? 0) + by;
    if (count === 0) this.#podsByPriority.delete(priority);
    else this.#podsByPriority.set(priority, count);
  }

  #learnImages(info: NodeInfo): void {
    const seen = new Set<string>();
    for (const image of info.node.status?.images ?? []) {
      for (const name of image.names ?? []) {
        if (seen.has(name)) continue;
        seen.add(name);
        const known = this.images.get(name);
        const nodeCount = (known?.nodeCount ?? 0) + 1;
        this.images.set(name, { sizeBytes: known?.sizeBytes ?? image.sizeBytes ?? 0, nodeCount });
      }
    }
  }

  #forgetImages(info: NodeInfo): void {
    for (const name of info.images) {
      const known = this.images.get(name);
      if (known === undefined) continue;
      if (known.nodeCount === 1) this.images.delete(name);
      else this.images.set(name, { ...known, nodeCount: known.nodeCount - 1 });
    }
  }
}

/** Whether a node changed something that topology domains and inclusion in them depend on. */
function hasOtherTraits(before: KubeNode, after: KubeNode): boolean {
  const [oldTaints, newTaints] = [before.spec?.taints ?? NO_TAINTS, after.spec?.taints ?? NO_TAINTS];
  if (oldTaints !== newTaints && oldTaints.length + newTaints.length > 0) return true;
  const [oldLabels, newLabels] = [before.metadata.labels ?? NO_LABELS, after.metadata.labels ?? NO_LABELS];
  if (oldLabels === newLabels) return false;
  const names = Object.keys(newLabels);
  return names.length !== Object.keys(oldLabels).length || names.some((name) => oldLabels[name] !== newLabels[name]);
}

const NO_TAINTS: readonly Taint[] = [];
const NO_LABELS: StringMap = {};

function sourcesOf(pods: ReadonlyMap<string, CachedPod>): CacheState["pods"] {
  return Array.from(pods.values(), ({ pod, nodeName, isAssumed }) => ({ pod: pod.source, nodeName, isAssumed }));
}

/** What a state was made of, as long as it stays in this process: a fork need not compile its pods again. */
interface CompiledState {
  readonly pods: Map<string, CachedPod>;
  readonly strays: ReadonlyMap<string, ReadonlyMap<string, PodInfo>>;
  /** In the order of the nodes. */
  readonly nodes: readonly SharedPods[];
}

const COMPILED = new WeakMap<CacheState, CompiledState>();

/** Plain data; nodes and pod specs are shared by reference. */
export interface CacheState {
  readonly zones: NodeTreeState;
  /** The search order of the last attempt; null when it is due to be rebuilt. */
  readonly order: readonly string[] | null;
  readonly nodes: readonly KubeNode[];
  readonly images: readonly (readonly [name: string, sizeBytes: number, nodeCount: number])[];
  readonly ports: readonly (readonly (readonly [key: string, ips: readonly string[]])[])[];
  readonly pods: readonly { readonly pod: PodSource; readonly nodeName: string; readonly isAssumed: boolean }[];
}
