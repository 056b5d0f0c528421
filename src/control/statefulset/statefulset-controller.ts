import type { Micros } from "../../engine/index.ts";
import type { ControllerRevision, Matcher, StatefulSet, StatefulSetStatus } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, OWNER, type Store } from "../../store/index.ts";
import { Column, sameData } from "../../tables/index.ts";
import { seconds } from "../../units/index.ts";
import { OwnedDocuments } from "../owned-documents.ts";
import { type BatchOrder, claimPods } from "../pods/index.ts";
import { matcherOf } from "../scale.ts";
import { WorkQueue } from "../work-queue.ts";
import { isMember, REVISION_LABEL } from "./identity.ts";
import { Revisions } from "./revisions.ts";
import { SetSync } from "./set-sync.ts";
import { StatefulPods } from "./stateful-pods.ts";

export interface StatefulSetSettings {
  /** Microseconds from a write until the controller sees it. Default 0. */
  readonly watchDelayMicros?: number;
  /** Order of the creations of one batch of a Parallel set. */
  readonly batchOrder?: BatchOrder;
}

/**
 * Gives each StatefulSet its pods, by number and one after the other, each with its own volume claims.
 *
 * @source kubernetes 1.37 pkg/controller/statefulset/stateful_set.go
 */
export class StatefulSetController {
  readonly #store: Store;
  readonly #table: DocumentTable<StatefulSet>;
  readonly #revisionTable: DocumentTable<ControllerRevision>;
  readonly #owned: OwnedDocuments<ControllerRevision>;
  readonly #revisions: Revisions;
  readonly #pods: StatefulPods;
  readonly #batchOrder: BatchOrder;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;
  /** By set row: some pod may have to be adopted or released. */
  readonly #needsClaim: Column<Uint8Array>;
  /** By pod row: one more than the row of the set that it belonged to when it was last looked at. */
  readonly #setOf: Column<Int32Array>;

  constructor(store: Store, settings: StatefulSetSettings = {}) {
    this.#store = store;
    const { cells } = store.engine;
    this.#table = store.documents<StatefulSet>("StatefulSet");
    this.#revisionTable = store.documents<ControllerRevision>("ControllerRevision");
    this.#owned = new OwnedDocuments(cells, "statefulset.revisions", this.#revisionTable);
    this.#revisions = new Revisions(store, this.#revisionTable, this.#owned);
    this.#pods = new StatefulPods(store);
    const { watchDelayMicros = 0, batchOrder = "in-order" } = settings;
    this.#batchOrder = batchOrder;
    this.#needsClaim = new Column<Uint8Array>(cells, "statefulset.needsClaim", Uint8Array);
    this.#setOf = new Column<Int32Array>(cells, "statefulset.setOf", Int32Array);
    this.#queue = new WorkQueue(store, "statefulset", this.#table.rows, (row) => this.#sync(row));
    const kinds = ["StatefulSet", "ControllerRevision", "Pod"] as const;
    this.#cursor = store.watch("statefulset", kinds, () => this.#read(), watchDelayMicros, {
      pods: { owners: OWNER.none | OWNER.StatefulSet },
    });
  }

  #read(): void {
    const cursor = this.#cursor;
    const podKind = this.#store.kindIdOf("Pod");
    while (cursor.next()) {
      const { kindId, row, flags } = cursor;
      if (kindId === podKind) this.#notePod(row, flags);
      else if (kindId === this.#revisionTable.kindId) this.#owned.noteChange(row, flags);
      else {
        if ((flags & (CHANGE.added | CHANGE.spec)) !== 0) this.#needsClaim.set(row, 1);
        this.#queue.add(row);
      }
    }
  }

  // hot: several times a pod's life, for pods of all owners (bench/world).
  #notePod(pod: number, flags: number): void {
    const { pods } = this.#store;
    const owner = pods.owner.get(pod);
    const before = this.#setOf.get(pod) - 1;
    const mayBeOurs = owner === null || owner.kind === "StatefulSet";
    if (before === -1 && !mayBeOurs) return;
    const after = owner === null ? -1 : this.#rowOf(pod, owner.name, owner.uid);
    const isGone = (flags & CHANGE.deleted) !== 0;
    if (before !== after || isGone) this.#setOf.set(pod, isGone ? 0 : after + 1);
    // A set that is gone may have left pods behind.
    if (before !== after && this.#table.isPresent(before)) this.#queue.add(before);
    const mayChangeHands = (flags & (CHANGE.added | CHANGE.metadata)) !== 0;
    if (after !== -1) {
      if (mayChangeHands && !this.#selects(after, pod)) this.#needsClaim.set(after, 1);
      this.#queue.add(after);
    } else if (owner === null && mayChangeHands && !isGone) this.#offerOrphan(pod);
  }

  #rowOf(pod: number, name: string, uid: string): number {
    const row = this.#table.rowOf(this.#store.pods.namespaceOf(pod), name);
    return row !== -1 && this.#table.get(row).metadata.uid === uid ? row : -1;
  }

  #selects(row: number, pod: number): boolean {
    return selectorOf(this.#table.get(row)).matches(this.#store.pods.labelsOf(pod));
  }

  #offerOrphan(pod: number): void {
    const { pods } = this.#store;
    for (let row = this.#table.first(); row !== -1; row = this.#table.after(row)) {
      if (this.#table.get(row).metadata.namespace !== pods.namespaceOf(pod) || !this.#selects(row, pod)) continue;
      this.#needsClaim.set(row, 1);
      this.#queue.add(row);
    }
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const set = this.#table.get(row);
    const members = this.#membersOf(row, set);
    const revisions = this.#revisions.of(set);
    if ("failure" in revisions) {
      this.#queue.retry(row);
      return;
    }
    const context = { revisions, pods: this.#pods, order: this.#batchOrder };
    const { status, failure } = new SetSync(this.#store, set, members, context).run();
    this.#writeStatus(row, set, completed(set, status));
    const { pods } = this.#store;
    const inUse = new Set(members.map((pod) => pods.labelsOf(pod)[REVISION_LABEL]));
    this.#revisions.truncate(set, revisions, (name) => inUse.has(name));
    if (failure !== undefined) {
      this.#queue.retry(row);
      return;
    }
    this.#queue.forget(row);
    const { minReadySeconds = 0 } = set.spec;
    if (minReadySeconds > 0 && status.readyReplicas !== status.availableReplicas) {
      this.#queue.addAfter(row, this.#nextAvailability(members, seconds(minReadySeconds)));
    }
  }

  /** Rows of the pods that the set has, by name and selector, after adoptions and releases. */
  #membersOf(row: number, set: StatefulSet): number[] {
    const { pods } = this.#store;
    const matcher = selectorOf(set);
    if (this.#needsClaim.get(row) === 1) {
      this.#needsClaim.set(row, 0);
      claimPods(this.#store, set, matcher, { isCandidate: (pod) => isMember(set, pods.name.get(pod)) });
    }
    const own = pods.byOwner.rows(pods.ownerList(set.metadata.uid ?? ""));
    return own.filter((pod) => isMember(set, pods.name.get(pod)) && matcher.matches(pods.labelsOf(pod)));
  }

  #writeStatus(row: number, set: StatefulSet, status: StatefulSetStatus): void {
    const old: StatefulSetStatus = set.status ?? { replicas: 0 };
    const isNewer = (status.observedGeneration ?? 0) > (old.observedGeneration ?? 0);
    const isSame =
      COUNTS.every((field) => (old[field] ?? 0) === (status[field] ?? 0)) &&
      old.currentRevision === status.currentRevision &&
      old.updateRevision === status.updateRevision &&
      sameData(old.conditions, status.conditions);
    if (isSame && !isNewer) return;
    const { readyReplicas, currentReplicas, updatedReplicas, ...always } = status;
    this.#store.writer.updateStatus(this.#table, row, {
      ...always,
      ...(readyReplicas ? { readyReplicas } : {}),
      ...(currentReplicas ? { currentReplicas } : {}),
      ...(updatedReplicas ? { updatedReplicas } : {}),
    });
  }

  #nextAvailability(members: readonly number[], minReadyMicros: Micros): Micros {
    const { pods, engine } = this.#store;
    let delay = minReadyMicros;
    for (const pod of members) {
      const left = pods.readyAt.get(pod) + minReadyMicros - engine.now;
      if (pods.isReady(pod) && left > 0) delay = Math.min(delay, left);
    }
    return delay;
  }
}

const COUNTS = ["replicas", "readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"] as const;

function selectorOf({ kind, spec }: StatefulSet): Matcher {
  return matcherOf(kind, spec.selector);
}

/** When all pods are there, new and ready, the update is over. @source kubernetes 1.37 completeUpdate */
function completed(set: StatefulSet, status: StatefulSetStatus): StatefulSetStatus {
  const wanted = set.spec.replicas ?? 1;
  const { updatedReplicas = 0, updateRevision = "" } = status;
  const isDone = updatedReplicas === wanted && status.readyReplicas === wanted && status.replicas === wanted;
  return isDone ? { ...status, currentReplicas: updatedReplicas, currentRevision: updateRevision } : status;
}
