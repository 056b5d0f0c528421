import type { Engine, EventRef, Micros } from "../engine/index.ts";
import { type KubeNode, PHASE, type Taint, type Toleration, tolerates } from "../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, type Store } from "../store/index.ts";
import { Column, RefColumn, sameData } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import { WorkQueue } from "./work-queue.ts";

const SOURCE = "taint-eviction-controller";
const NO_TAINTS: readonly Taint[] = Object.freeze([]);

/** A pod's eviction: none, to come, or done (and not to be done again unless it is cancelled first). */
const EVICTION = { none: 0, pending: 1, done: 2 } as const;

/** How long a pod may stay on a tainted node. */
export type Stay =
  | { readonly kind: "go" }
  | { readonly kind: "forever" }
  | { readonly kind: "for"; readonly micros: Micros };

/**
 * The taint eviction controller: deletes pods from nodes whose NoExecute taints they do not tolerate, or no longer. It
 * acts only when the taints of a node change or a pod comes to a tainted node.
 *
 * An eviction once set keeps its instant: neither another taint nor a longer toleration moves it, so the change from
 * not-ready to unreachable does not start the five minutes anew. Disruption budgets are not asked.
 *
 * @source kubernetes 1.37 pkg/controller/tainteviction
 */
export class TaintEviction {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #cursor: Cursor;
  readonly #nodeQueue: WorkQueue;
  readonly #podQueue: WorkQueue;
  /** By node row: the NoExecute taints last acted on. */
  readonly #taints: RefColumn<readonly Taint[]>;
  readonly #eviction: Column<Uint8Array>;
  readonly #createdAt: Column<Float64Array>;
  readonly #ref: Column<Float64Array>;
  readonly #evictKind: number;

  constructor(store: Store) {
    this.#store = store;
    this.#engine = store.engine;
    this.#nodes = store.documents("Node");
    const { cells } = store.engine;
    this.#taints = new RefColumn<readonly Taint[]>(cells, "taintEviction.taints", NO_TAINTS);
    this.#eviction = new Column<Uint8Array>(cells, "taintEviction.state", Uint8Array);
    this.#createdAt = new Column<Float64Array>(cells, "taintEviction.createdAt", Float64Array);
    this.#ref = new Column<Float64Array>(cells, "taintEviction.ref", Float64Array);
    const rows = store.pods.rows;
    this.#evictKind = store.engine.define("taintEviction.evict", PHASE.control, (pod) => this.#evict(pod), { rows });
    this.#nodeQueue = new WorkQueue(store, "taintEviction.node", this.#nodes.rows, (row) => this.#syncNode(row));
    this.#podQueue = new WorkQueue(store, "taintEviction.pod", rows, (row) => this.#syncPod(row));
    this.#cursor = store.watch("taintEviction", ["Node", "Pod"], () => this.#read(), 0, {
      pods: { flags: CHANGE.added | CHANGE.bound | CHANGE.deleted },
    });
  }

  /** A new process: what pods had left of their toleration is forgotten, and counts from now. */
  restart(): void {
    const { pods } = this.#store;
    for (let pod = pods.first(); pod !== -1; pod = pods.after(pod)) {
      if (this.#eviction.get(pod) === EVICTION.pending) this.#engine.cancel(this.#ref.get(pod));
      this.#eviction.set(pod, EVICTION.none);
    }
    for (let row = this.#nodes.first(); row !== -1; row = this.#nodes.after(row)) {
      this.#taints.clear(row);
      if (noExecuteTaints(this.#nodes.get(row)).length > 0) this.#nodeQueue.add(row);
    }
  }

  #read(): void {
    const cursor = this.#cursor;
    const nodeKind = this.#store.kindIdOf("Node");
    while (cursor.next()) {
      const { row, flags } = cursor;
      if (cursor.kindId === nodeKind) this.#nodeChanged(row, flags);
      else if ((flags & CHANGE.deleted) !== 0) {
        this.#cancel(row, "pod deleted");
      } else if (this.#taintsFor(row).length > 0) this.#podQueue.add(row);
    }
  }

  #nodeChanged(row: number, flags: number): void {
    if ((flags & CHANGE.deleted) !== 0) this.#taints.clear(row);
    else if (this.#nodes.isPresent(row) && !sameData(noExecuteTaints(this.#nodes.get(row)), this.#taints.get(row))) {
      this.#nodeQueue.add(row);
    }
  }

  #syncNode(row: number): void {
    if (!this.#nodes.isPresent(row)) return;
    const node = this.#nodes.get(row);
    const taints = noExecuteTaints(node);
    if (sameData(taints, this.#taints.get(row))) return;
    this.#taints.set(row, taints);
    const { pods } = this.#store;
    for (const pod of pods.byNode.rows(pods.nodeNames.idOf(node.metadata.name ?? ""))) {
      if (taints.length === 0) this.#cancel(pod, "all taints removed");
      else this.#judge(pod, taints);
    }
  }

  #syncPod(pod: number): void {
    if (!this.#store.pods.isPresent(pod)) return;
    const taints = this.#taintsFor(pod);
    if (taints.length > 0) this.#judge(pod, taints);
  }

  /** The taints last acted on of the pod's node. */
  #taintsFor(pod: number): readonly Taint[] {
    const node = this.#nodes.rowOf("", this.#store.pods.nodeNameOf(pod));
    return node === -1 ? NO_TAINTS : this.#taints.get(node);
  }

  #judge(pod: number, taints: readonly Taint[]): void {
    const stay = stayOf(taints, this.#store.pods.templateOf(pod).spec.tolerations ?? []);
    if (stay.kind === "forever") {
      this.#cancel(pod, "tolerated for ever");
      return;
    }
    if (stay.kind === "go") {
      this.#cancel(pod, "not tolerated: evicted at once");
      this.#schedule(pod, 0, taints);
      return;
    }
    if (this.#eviction.get(pod) === EVICTION.pending) {
      if (this.#createdAt.get(pod) < this.#engine.now) return;
      this.#cancel(pod, "set anew");
    }
    this.#schedule(pod, stay.micros, taints);
  }

  #schedule(pod: number, micros: Micros, taints: readonly Taint[]): void {
    if (this.#eviction.get(pod) !== EVICTION.none) return;
    const { now } = this.#engine;
    this.#eviction.set(pod, EVICTION.pending);
    this.#createdAt.set(pod, now);
    const ref: EventRef = this.#engine.at(now + micros, this.#evictKind, pod);
    this.#ref.set(pod, ref);
    if (!this.#store.decisions.isEnabled) return;
    const named = taints.map(({ key, value }) =>
      value === undefined ? `${key}:NoExecute` : `${key}=${value}:NoExecute`,
    );
    const node = this.#store.pods.nodeNameOf(pod);
    this.#tell(pod, "schedule", { node, taints: named, tolerationMicros: micros, evictAt: now + micros });
  }

  /** Takes a pending eviction back, with an event; one that is done is only forgotten. */
  #cancel(pod: number, why: string): void {
    const state = this.#eviction.get(pod);
    if (state === EVICTION.none) return;
    this.#eviction.set(pod, EVICTION.none);
    if (state === EVICTION.done) return;
    this.#engine.cancel(this.#ref.get(pod));
    const message = `Cancelling deletion of Pod ${this.#keyOf(pod)}`;
    this.#store.podEvent(pod, SOURCE, "Normal", "TaintManagerEviction", message);
    if (this.#store.decisions.isEnabled) this.#tell(pod, "cancel", { why, setAt: this.#createdAt.get(pod) });
  }

  #evict(pod: number): void {
    this.#eviction.set(pod, EVICTION.done);
    if (!this.#store.pods.isPresent(pod)) return;
    const message = `Marking for deletion Pod ${this.#keyOf(pod)}`;
    this.#store.podEvent(pod, SOURCE, "Normal", "TaintManagerEviction", message);
    if (this.#store.decisions.isEnabled) {
      this.#tell(pod, "evict", { node: this.#store.pods.nodeNameOf(pod), setAt: this.#createdAt.get(pod) });
    }
    const { podWriter } = this.#store;
    const why = "Taint manager: deleting due to NoExecute taint";
    podWriter.setExtraCondition(pod, "DisruptionTarget", "True", "DeletionByTaintManager", why);
    podWriter.requestDeletion(pod);
  }

  #tell(pod: number, what: string, details: Readonly<Record<string, unknown>>): void {
    this.#store.decisions.write({ by: "taint-eviction", what, object: `pod/${this.#keyOf(pod)}`, ...details });
  }

  #keyOf(pod: number): string {
    return `${this.#store.pods.namespaceOf(pod)}/${this.#store.pods.name.get(pod)}`;
  }
}

/**
 * How long a pod with these tolerations stays under these NoExecute taints: the least of the seconds that the matching
 * tolerations set, for ever when none does.
 *
 * @source kubernetes 1.37 pkg/controller/tainteviction processPodOnNode, getMinTolerationTime
 */
export function stayOf(taints: readonly Taint[], tolerations: readonly Toleration[]): Stay {
  const used: Toleration[] = [];
  for (const taint of taints) {
    const toleration = tolerations.find((one) => tolerates(one, taint));
    if (toleration === undefined) return { kind: "go" };
    used.push(toleration);
  }
  let least = Infinity;
  for (const { tolerationSeconds } of used) {
    if (tolerationSeconds !== undefined) least = Math.min(least, Math.max(0, tolerationSeconds));
  }
  return least === Infinity ? { kind: "forever" } : { kind: "for", micros: seconds(least) };
}

function noExecuteTaints(node: KubeNode): readonly Taint[] {
  return node.spec?.taints?.filter(({ effect }) => effect === "NoExecute") ?? NO_TAINTS;
}
