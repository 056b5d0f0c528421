import { CHANGE, type Cursor, type DocumentTable, OWNER, type Store } from "../../store/index.ts";
import { Column, sameData } from "../../tables/index.ts";
import { seconds } from "../../units/index.ts";
import { OwnWrites } from "../own-writes.ts";
import { OwnedDocuments } from "../owned-documents.ts";
import { claimPods, Expectations, isBeingDeleted } from "../pods/index.ts";
import { WorkQueue } from "../work-queue.ts";
import { PodManager, type TieChooser } from "./pod-manager.ts";
import { type ReplicaKind, type ReplicaOwner, selectorOf } from "./replica-kind.ts";
import { nextStatus, type ReplicaCounts } from "./replica-status.ts";
import { ReplicaTally } from "./replica-tally.ts";

export interface ReplicaControllerOptions {
  /** Microseconds from a write until the controller sees it. Default 0. */
  readonly watchDelayMicros?: number;
  /** Chooses among pods of equal rank; without it the oldest go first. */
  readonly chooseTied?: TieChooser;
  /** Whether a sync deletes by itself, so that owners synced at one instant rank their pods one after the other; the original leaves it open. Default false. */
  readonly deletesInSync?: boolean;
}

/** Changes of a pod that cannot change what its owner counts or does. */
const IRRELEVANT = CHANGE.bound | CHANGE.unschedulable | CHANGE.nominated | CHANGE.podIp | CHANGE.status | CHANGE.spec;

/**
 * Keeps the number of pods of each ReplicaSet, or of each ReplicationController, at what its spec says.
 *
 * A replacement is made as soon as a pod has its deletion timestamp, not when it is gone.
 *
 * @source kubernetes 1.37 pkg/controller/replicaset/replica_set.go
 */
export class ReplicaController {
  readonly #store: Store;
  readonly #kind: ReplicaKind;
  readonly #table: DocumentTable<ReplicaOwner>;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;
  readonly #podKindId: number;
  readonly #tally: ReplicaTally;
  readonly #expectations: Expectations;
  readonly #siblings: OwnedDocuments<ReplicaOwner>;
  readonly #manager: PodManager;
  readonly #ownWrites: OwnWrites<ReplicaOwner>;
  /** By owner row: some pod may have to be adopted or released. */
  readonly #needsClaim: Column<Uint8Array>;

  constructor(store: Store, kind: ReplicaKind, options: ReplicaControllerOptions = {}) {
    this.#store = store;
    this.#kind = kind;
    const { engine } = store;
    this.#table = store.documents<ReplicaOwner>(kind.kind);
    this.#podKindId = store.kindIdOf("Pod");
    this.#tally = new ReplicaTally(store, kind.name, this.#table);
    this.#expectations = new Expectations(engine, kind.name);
    this.#siblings = new OwnedDocuments(engine.cells, `${kind.name}.siblings`, this.#table);
    this.#needsClaim = new Column<Uint8Array>(engine.cells, `${kind.name}.needsClaim`, Uint8Array);
    this.#ownWrites = new OwnWrites(engine.cells, kind.name, this.#table);
    const { watchDelayMicros = 0 } = options;
    this.#manager = new PodManager(store, kind, this.#table, this.#expectations, this.#siblings, options);
    this.#queue = new WorkQueue(store, kind.name, this.#table.rows, (row) => this.#sync(row));
    this.#cursor = store.watch(kind.name, [kind.kind, "Pod"], () => this.#readChanges(), watchDelayMicros, {
      pods: { flags: ~IRRELEVANT, owners: OWNER.none | OWNER[kind.kind] },
    });
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    while (cursor.next()) {
      if (cursor.kindId === this.#podKindId) this.#notePod(cursor.row, cursor.flags);
      else this.#noteOwner(cursor.row, cursor.flags, cursor.old as ReplicaOwner | undefined);
    }
  }

  #noteOwner(row: number, flags: number, old: ReplicaOwner | undefined): void {
    this.#siblings.noteChange(row, flags);
    if ((flags & CHANGE.deleted) !== 0) {
      this.#tally.forget(row);
      this.#expectations.forget(row);
      return;
    }
    if (!this.#table.isPresent(row) || this.#ownWrites.isEcho(row, flags)) return;
    const owner = this.#table.get(row);
    const isNew = (flags & CHANGE.added) !== 0;
    if (isNew) this.#expectations.forget(row);
    const selectsOtherwise = isNew || !sameData(old?.spec.selector, owner.spec.selector);
    const isRelabelled = !sameData(old?.spec.template?.metadata?.labels, owner.spec.template?.metadata?.labels);
    const isPatient = (old?.spec.minReadySeconds ?? 0) !== (owner.spec.minReadySeconds ?? 0);
    if (selectsOtherwise || isRelabelled || isPatient) this.#tally.recount(row);
    if (selectsOtherwise) this.#needsClaim.set(row, 1);
    this.#queue.add(row);
  }

  // hot: a few times a pod's life (bench/world).
  #notePod(pod: number, flags: number): void {
    const { pods } = this.#store;
    const before = this.#tally.ownerOf(pod);
    if ((flags & (CHANGE.deleting | CHANGE.deleted)) !== 0) this.#expectations.noteDeletion(pod);
    this.#tally.update(pod);
    const after = this.#tally.ownerOf(pod);
    if (before !== -1 && before !== after && this.#table.isPresent(before)) this.#queue.add(before);
    if (after !== -1) {
      if ((flags & CHANGE.added) !== 0) this.#expectations.lowerCreations(after, 1);
      if ((flags & (CHANGE.added | CHANGE.metadata)) !== 0 && !this.#isSelected(pod, after)) {
        this.#needsClaim.set(after, 1);
      }
      this.#queue.add(after);
    } else if ((flags & (CHANGE.added | CHANGE.metadata)) !== 0 && pods.isPresent(pod)) {
      if (pods.owner.get(pod) === null) this.#offerOrphan(pod);
    }
  }

  #isSelected(pod: number, owner: number): boolean {
    return selectorOf(this.#table.get(owner)).matches(this.#store.pods.labelsOf(pod));
  }

  #offerOrphan(pod: number): void {
    const { pods } = this.#store;
    const namespace = pods.namespaceOf(pod);
    for (let row = this.#table.first(); row !== -1; row = this.#table.after(row)) {
      if (this.#table.get(row).metadata.namespace !== namespace || !this.#isSelected(pod, row)) continue;
      this.#needsClaim.set(row, 1);
      this.#queue.add(row);
    }
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const owner = this.#table.get(row);
    const mayManage = this.#expectations.isSatisfied(row) && !isBeingDeleted(owner);
    if (this.#needsClaim.get(row) === 1) {
      this.#needsClaim.set(row, 0);
      const isActive = (pod: number): boolean => this.#store.pods.isActive(pod);
      for (const pod of claimPods(this.#store, owner, selectorOf(owner), { isCandidate: isActive })) {
        this.#tally.update(pod);
      }
    }
    const counts = this.#count(row, owner);
    const difference = counts.active - (owner.spec.replicas ?? 1);
    const message = mayManage && difference !== 0 ? this.#manager.manage(row, difference) : undefined;
    const failure = message === undefined ? undefined : { message, difference };
    const status = nextStatus(this.#kind, owner, counts, failure, this.#store.timestamp(this.#store.nowSecond));
    if (status !== undefined) {
      this.#store.writer.updateStatus(this.#table, row, status);
      if (failure === undefined) this.#ownWrites.note(row);
    }
    if (failure !== undefined) {
      this.#queue.retry(row);
      return;
    }
    this.#queue.forget(row);
    if (counts.ready === counts.available) return;
    const minReadyMicros = seconds(owner.spec.minReadySeconds ?? 0);
    this.#queue.addAfter(row, this.#tally.readyQueue.nextIn(row, minReadyMicros, this.#store.engine.now));
  }

  #count(row: number, owner: ReplicaOwner): ReplicaCounts {
    const ready = this.#tally.ready.get(row);
    const minReadyMicros = seconds(owner.spec.minReadySeconds ?? 0);
    const { now } = this.#store.engine;
    const waiting = minReadyMicros === 0 ? 0 : this.#tally.readyQueue.settle(row, minReadyMicros, now);
    return {
      active: this.#tally.active.get(row),
      labeled: this.#tally.labeled.get(row),
      ready,
      available: ready - waiting,
      terminating: this.#tally.terminating.get(row),
    };
  }
}
