import type { Micros } from "../../engine/index.ts";
import type { Job } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, OWNER, type Store } from "../../store/index.ts";
import { Column } from "../../tables/index.ts";
import { minutes, seconds } from "../../units/index.ts";
import { claimPods, Expectations, isBeingDeleted } from "../pods/index.ts";
import { matcherOf } from "../scale.ts";
import { WorkQueue } from "../work-queue.ts";
import { BackoffStore } from "./backoff.ts";
import { JobPods, type JobPodsOptions } from "./job-pods.ts";
import { isFinished, JobSync } from "./job-sync.ts";
import { TRACKING_FINALIZER } from "./job-template.ts";
import { startOf } from "./termination.ts";

export interface JobControllerOptions extends JobPodsOptions {
  /** Microseconds from a write until the controller sees it. Default 0. */
  readonly watchDelayMicros?: Micros;
}

/** How long changes of pods and of the status are gathered before a sync. @source kubernetes 1.37 pkg/controller/job SyncJobBatchPeriod */
const BATCH_PERIOD = seconds(1);
/** @source kubernetes 1.37 pkg/controller/job DefaultJobApiBackOff, MaxJobApiBackOff */
const RETRY = { retryBaseMicros: seconds(1), retryMaxMicros: minutes(1) };
/** @source kubernetes 1.37 k8s.io/api/batch/v1 JobControllerName */
const CONTROLLER_NAME = "kubernetes.io/job-controller";

/**
 * Runs the pods of each Job until enough have succeeded or too many have failed.
 *
 * @source kubernetes 1.37 pkg/controller/job/job_controller.go
 */
export class JobController {
  readonly #store: Store;
  readonly #table: DocumentTable<Job>;
  readonly #queue: WorkQueue;
  /** Pods whose Job is gone or over, and which still carry its finalizer. */
  readonly #orphans: WorkQueue;
  readonly #cursor: Cursor;
  readonly #expectations: Expectations;
  readonly #backoff: BackoffStore;
  readonly #sync: JobSync;
  /** By pod row: the row of the Job that had it when it was last seen, or -1. */
  readonly #ownerOf: Column<Int32Array>;
  /** By row of the Job: some pod may have to be adopted or released. */
  readonly #needsClaim: Column<Uint8Array>;

  constructor(store: Store, options: JobControllerOptions = {}) {
    const { engine } = store;
    this.#store = store;
    this.#table = store.documents<Job>("Job");
    this.#expectations = new Expectations(engine, "job");
    this.#backoff = new BackoffStore(store);
    this.#sync = new JobSync(store, this.#table, new JobPods(store, this.#expectations, options), this.#backoff);
    this.#ownerOf = new Column<Int32Array>(engine.cells, "job.ownerOf", Int32Array, -1);
    this.#needsClaim = new Column<Uint8Array>(engine.cells, "job.needsClaim", Uint8Array);
    this.#queue = new WorkQueue(store, "job", this.#table.rows, (row) => this.#syncJob(row), RETRY);
    this.#orphans = new WorkQueue(store, "job.orphans", store.pods.rows, (pod) => this.#letGo(pod));
    const delay = options.watchDelayMicros ?? 0;
    this.#cursor = store.watch("job", ["Job", "Pod"], () => this.#readChanges(), delay, {
      pods: { owners: OWNER.none | OWNER.Job },
    });
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    const podKindId = this.#store.kindIdOf("Pod");
    while (cursor.next()) {
      if (cursor.kindId === podKindId) this.#notePod(cursor.row, cursor.flags);
      else this.#noteJob(cursor.row, cursor.flags, cursor.old as Job | undefined);
    }
  }

  #noteJob(row: number, flags: number, old: Job | undefined): void {
    const job = this.#table.get(row);
    if ((flags & CHANGE.deleted) !== 0) {
      this.#expectations.forget(row);
      this.#backoff.forget(row);
      this.#letAllGo(job);
      return;
    }
    if (!this.#table.isPresent(row)) return;
    if ((flags & CHANGE.added) !== 0) {
      this.#expectations.forget(row);
      this.#needsClaim.set(row, 1);
      this.#queue.add(row);
    } else if (isFinished(job)) this.#letAllGo(job);
    else {
      this.#queue.addAfter(row, (flags & CHANGE.spec) === 0 ? BATCH_PERIOD : 0);
      const { activeDeadlineSeconds } = job.spec;
      if (old?.spec.activeDeadlineSeconds !== activeDeadlineSeconds) {
        this.#armDeadline(row, startOf(this.#store, job.status?.startTime));
      }
    }
  }

  #armDeadline(row: number, from: Micros): void {
    const { activeDeadlineSeconds } = this.#table.get(row).spec;
    if (activeDeadlineSeconds === undefined || from === -1) return;
    this.#queue.addAfter(row, from + seconds(activeDeadlineSeconds) - this.#store.engine.now);
  }

  // hot: a few times a pod's life (bench/world).
  #notePod(pod: number, flags: number): void {
    const { pods } = this.#store;
    const isGone = (flags & CHANGE.deleted) !== 0;
    const before = this.#ownerOf.get(pod);
    const reference = pods.owner.get(pod);
    const after = reference?.kind === "Job" ? this.#rowOf(pods.namespaceOf(pod), reference.name, reference.uid) : -1;
    this.#ownerOf.set(pod, isGone ? -1 : after);
    if (before === -1 && after === -1 && reference !== null && reference.kind !== "Job") return;
    if ((flags & (CHANGE.deleting | CHANGE.deleted)) !== 0) this.#expectations.noteDeletion(pod);
    if (before !== -1 && before !== after) this.#wake(before);
    const isTracked = !isGone && pods.isPresent(pod) && pods.finalizersOf(pod).includes(TRACKING_FINALIZER);
    if (after !== -1) {
      if ((flags & CHANGE.added) !== 0) this.#expectations.lowerCreations(after, 1);
      const isOver = isFinished(this.#table.get(after));
      if (isOver && isTracked && pods.isDeleting(pod)) this.#orphans.add(pod);
      if ((flags & (CHANGE.added | CHANGE.metadata)) !== 0 && !this.#isSelected(pod, after)) {
        this.#needsClaim.set(after, 1);
      }
      this.#wake(after);
      return;
    }
    if (isTracked && (reference === null || pods.isDeleting(pod))) this.#orphans.add(pod);
    const isRelabelled = (flags & (CHANGE.added | CHANGE.metadata)) !== 0;
    if (reference === null && isRelabelled && pods.isPresent(pod)) this.#offerOrphan(pod);
  }

  #wake(row: number): void {
    if (this.#table.isPresent(row) && !isFinished(this.#table.get(row))) this.#queue.addAfter(row, BATCH_PERIOD);
  }

  #rowOf(namespace: string, name: string, uid: string): number {
    const row = this.#table.rowOf(namespace, name);
    return row !== -1 && this.#table.get(row).metadata.uid === uid ? row : -1;
  }

  #isSelected(pod: number, row: number): boolean {
    return matcherOf("Job", this.#table.get(row).spec.selector).matches(this.#store.pods.labelsOf(pod));
  }

  #offerOrphan(pod: number): void {
    const namespace = this.#store.pods.namespaceOf(pod);
    for (let row = this.#table.first(); row !== -1; row = this.#table.after(row)) {
      if (this.#table.get(row).metadata.namespace !== namespace || !this.#isSelected(pod, row)) continue;
      this.#needsClaim.set(row, 1);
      this.#wake(row);
    }
  }

  /** The Job is over or gone: no pod of it is kept for counting any more. */
  #letAllGo({ metadata }: Job): void {
    const { pods } = this.#store;
    for (const pod of pods.byOwner.rows(pods.ownerList(metadata.uid ?? ""))) {
      if (pods.finalizersOf(pod).includes(TRACKING_FINALIZER)) this.#orphans.add(pod);
    }
  }

  #letGo(pod: number): void {
    const { pods, podWriter } = this.#store;
    if (!pods.isPresent(pod)) return;
    const reference = pods.owner.get(pod);
    if (reference !== null) {
      if (reference.kind !== "Job") return;
      const row = this.#rowOf(pods.namespaceOf(pod), reference.name, reference.uid);
      if (row !== -1 && !isFinished(this.#table.get(row))) return;
    }
    podWriter.removeFinalizer(pod, TRACKING_FINALIZER);
  }

  #syncJob(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const job = this.#table.get(row);
    const { managedBy = CONTROLLER_NAME } = job.spec;
    if (managedBy !== CONTROLLER_NAME) return;
    if (isFinished(job)) {
      this.#backoff.forget(row);
      return;
    }
    if (this.#needsClaim.get(row) === 1 && !isBeingDeleted(job)) {
      this.#needsClaim.set(row, 0);
      claimPods(this.#store, job, matcherOf("Job", job.spec.selector), { finalizer: TRACKING_FINALIZER });
    }
    const { failure, againMicros, deadlineFrom } = this.#sync.run(row, this.#expectations.isSatisfied(row));
    if (againMicros > 0) this.#queue.addAfter(row, Math.max(againMicros, BATCH_PERIOD));
    this.#armDeadline(row, deadlineFrom);
    if (failure === undefined) this.#queue.forget(row);
    else this.#queue.retry(row);
  }
}
