import type { StringMap } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { Column } from "../../tables/index.ts";
import { ReadyQueue } from "./ready-queue.ts";
import { type ReplicaOwner, selectorOf } from "./replica-kind.ts";

const ACTIVE = 1;
const READY = 2;
const LABELED = 4;
const TERMINATING = 8;

/**
 * The pods of each owner, counted as they change, so that a sync need not walk them: a scale-out to n pods costs n
 * recounts of one pod, not n recounts of n pods. Counts are by owner row.
 */
export class ReplicaTally {
  readonly active: Column<Int32Array>;
  /** Active and ready. */
  readonly ready: Column<Int32Array>;
  /** Active and carrying all labels of the template. */
  readonly labeled: Column<Int32Array>;
  /** Being deleted and not ended. */
  readonly terminating: Column<Int32Array>;
  /** Of the ready ones, those not seen to be available yet. */
  readonly readyQueue: ReadyQueue;
  readonly #store: Store;
  readonly #table: DocumentTable<ReplicaOwner>;
  /** By pod row: the row of the owner for which the pod is counted, or -1; and as what it is counted. */
  readonly #ownerOf: Column<Int32Array>;
  readonly #countedAs: Column<Uint8Array>;

  constructor(store: Store, name: string, table: DocumentTable<ReplicaOwner>) {
    const { cells } = store.engine;
    this.#store = store;
    this.#table = table;
    this.active = new Column<Int32Array>(cells, `${name}.active`, Int32Array);
    this.ready = new Column<Int32Array>(cells, `${name}.ready`, Int32Array);
    this.labeled = new Column<Int32Array>(cells, `${name}.labeled`, Int32Array);
    this.terminating = new Column<Int32Array>(cells, `${name}.terminating`, Int32Array);
    this.readyQueue = new ReadyQueue(store, name);
    this.#ownerOf = new Column<Int32Array>(cells, `${name}.ownerOf`, Int32Array, -1);
    this.#countedAs = new Column<Uint8Array>(cells, `${name}.countedAs`, Uint8Array);
  }

  /** The row of the owner for which the pod is counted, or -1. */
  ownerOf(pod: number): number {
    return this.#ownerOf.get(pod);
  }

  /** An owner is new, or counts otherwise than before: counts its pods anew. */
  recount(owner: number): void {
    for (const counts of [this.active, this.ready, this.labeled, this.terminating]) counts.set(owner, 0);
    const { readyAt } = this.#store.pods;
    const rows = this.#podsOf(owner).sort((a, b) => readyAt.get(a) - readyAt.get(b) || a - b);
    for (const pod of rows) {
      this.#ownerOf.set(pod, -1);
      this.#countedAs.set(pod, 0);
      this.readyQueue.leave(pod);
    }
    for (const pod of rows) this.update(pod);
  }

  /** An owner is gone: its pods count for nobody. */
  forget(owner: number): void {
    for (const pod of this.#podsOf(owner)) {
      if (this.#ownerOf.get(pod) === owner) this.#ownerOf.set(pod, -1);
      this.readyQueue.leave(pod);
    }
  }

  // hot: a few times a pod's life (bench/world).
  /** Brings the counts up to date with what the pod is now. */
  update(pod: number): void {
    const before = this.#ownerOf.get(pod);
    const after = this.#store.pods.isPresent(pod) ? this.#resolveOwner(pod, before) : -1;
    const was = before === -1 ? 0 : this.#countedAs.get(pod);
    const is = after === -1 ? 0 : this.#countAs(pod, after);
    if (before !== after || (is & READY) === 0) this.readyQueue.leave(pod);
    if ((is & READY) !== 0) this.readyQueue.enter(pod, after);
    if (before === after && was === is) return;
    if (was !== 0) this.#add(before, was, -1);
    if (is !== 0) this.#add(after, is, 1);
    this.#ownerOf.set(pod, after);
    this.#countedAs.set(pod, is);
  }

  #add(owner: number, bits: number, by: number): void {
    if ((bits & ACTIVE) !== 0) this.active.set(owner, this.active.get(owner) + by);
    if ((bits & READY) !== 0) this.ready.set(owner, this.ready.get(owner) + by);
    if ((bits & LABELED) !== 0) this.labeled.set(owner, this.labeled.get(owner) + by);
    if ((bits & TERMINATING) !== 0) this.terminating.set(owner, this.terminating.get(owner) + by);
  }

  #countAs(pod: number, owner: number): number {
    const { pods } = this.#store;
    if (pods.isTerminal(pod)) return 0;
    const labels = pods.labelsOf(pod);
    if (pods.isDeleting(pod)) return selectorOf(this.#table.get(owner)).matches(labels) ? TERMINATING : 0;
    const isLabeled = carries(labels, this.#table.get(owner).spec.template?.metadata?.labels);
    return ACTIVE | (pods.isReady(pod) ? READY : 0) | (isLabeled ? LABELED : 0);
  }

  /** The row of the present owner that the pod's reference names, or -1. `likely` is looked at first. */
  #resolveOwner(pod: number, likely: number): number {
    const { pods } = this.#store;
    const reference = pods.owner.get(pod);
    if (reference === null || reference.kind !== this.#table.kind) return -1;
    const isIt = (row: number): boolean =>
      this.#table.isPresent(row) && this.#table.get(row).metadata.uid === reference.uid;
    if (likely !== -1 && isIt(likely)) return likely;
    const row = this.#table.rowOf(pods.namespaceOf(pod), reference.name);
    return row !== -1 && isIt(row) ? row : -1;
  }

  #podsOf(owner: number): number[] {
    const { pods } = this.#store;
    return pods.byOwner.rows(pods.ownerList(this.#table.get(owner).metadata.uid ?? ""));
  }
}

function carries(labels: StringMap, wanted: StringMap | undefined): boolean {
  if (wanted === undefined || wanted === labels) return true;
  for (const key in wanted) if (labels[key] !== wanted[key]) return false;
  return true;
}
