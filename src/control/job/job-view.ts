import type { Micros } from "../../engine/index.ts";
import type { Job } from "../../kube/index.ts";
import { POD_PHASE, type Store } from "../../store/index.ts";
import { finishedAt } from "./backoff.ts";
import { hasIndex, type Intervals, NO_INDEXES, parseIntervals, withIndexes } from "./indexes.ts";
import { FAILURES_KEY, IGNORED_FAILURES_KEY, INDEX_KEY, TRACKING_FINALIZER } from "./job-template.ts";
import { judgeFailure } from "./policies.ts";

/**
 * A Job and its pods as one sync finds them, before it changes anything. Pods are rows, in order of creation; those that
 * still carry the tracking finalizer have not been counted yet.
 */
export class JobView {
  readonly job: Job;
  readonly now: Micros;
  readonly pods: readonly number[];
  readonly active: readonly number[];
  readonly terminating: number;
  readonly ready: number;
  /** Pods that count as failed now. */
  readonly failedPods: ReadonlySet<number>;
  /** Not counted yet, and with a valid index where the Job is indexed. */
  readonly newlySucceeded: readonly number[];
  readonly newlyFailed: readonly number[];
  /** All failures that count, those not counted yet included. */
  readonly failed: number;
  readonly completedBefore: Intervals;
  readonly completed: Intervals;
  /** Undefined without a limit per index. */
  readonly failedIndexes: Intervals | undefined;
  /** The last failed pod of each index that waits for its replacement: it keeps its finalizer until then. */
  readonly delayed: ReadonlyMap<number, number>;
  readonly #store: Store;

  constructor(store: Store, job: Job) {
    const { pods } = store;
    this.#store = store;
    this.job = job;
    this.now = store.engine.now;
    const own = pods.byOwner.rows(pods.ownerList(job.metadata.uid ?? ""));
    this.pods = own.sort((a, b) => pods.serial.get(a) - pods.serial.get(b));
    this.active = this.pods.filter((pod) => pods.isActive(pod));
    this.terminating = this.pods.filter((pod) => this.isTerminating(pod)).length;
    this.ready = this.active.filter((pod) => pods.isReady(pod)).length;
    this.failedPods = new Set(this.pods.filter((pod) => this.#isFailed(pod)));
    const uncounted = this.pods.filter((pod) => this.isTracked(pod) && (!this.isIndexed || this.hasValidIndex(pod)));
    this.newlySucceeded = uncounted.filter((pod) => this.isSucceeded(pod));
    this.newlyFailed = uncounted.filter((pod) => this.failedPods.has(pod));
    const { status = {}, spec } = job;
    const counted = this.newlyFailed.filter((pod) => judgeFailure(store, spec, pod).isCounted);
    this.failed = (status.failed ?? 0) + counted.length;
    this.completedBefore = this.isIndexed
      ? parseIntervals(status.completedIndexes ?? "", this.completions)
      : NO_INDEXES;
    this.completed = withIndexes(
      this.completedBefore,
      this.isIndexed ? this.newlySucceeded.map((pod) => this.indexOf(pod)) : [],
    );
    this.failedIndexes = this.hasLimitPerIndex ? this.#failedIndexes() : undefined;
    this.delayed = this.hasLimitPerIndex ? this.#delayed() : new Map();
  }

  get isIndexed(): boolean {
    return this.job.spec.completionMode === "Indexed";
  }
  get hasLimitPerIndex(): boolean {
    return this.isIndexed && this.job.spec.backoffLimitPerIndex !== undefined;
  }
  get isSuspended(): boolean {
    return this.job.spec.suspend === true;
  }
  get completions(): number {
    return this.job.spec.completions ?? 0;
  }
  /** Whether a pod is replaced only when it has failed, not already when it is being deleted. */
  get replacesFailedOnly(): boolean {
    return this.job.spec.podReplacementPolicy === "Failed";
  }
  get succeeded(): number {
    const { succeeded = 0 } = this.job.status ?? {};
    return this.isIndexed
      ? this.completed.reduce((sum, [first, last]) => sum + last - first + 1, 0)
      : succeeded + this.newlySucceeded.length;
  }

  isTracked(pod: number): boolean {
    return this.#store.pods.finalizersOf(pod).includes(TRACKING_FINALIZER);
  }
  isSucceeded(pod: number): boolean {
    return this.#store.pods.phase.get(pod) === POD_PHASE.succeeded;
  }
  isTerminating(pod: number): boolean {
    const { pods } = this.#store;
    return pods.isDeleting(pod) && !pods.isTerminal(pod);
  }
  /** The completion index of a pod; -1 for none. */
  indexOf(pod: number): number {
    const text = this.#store.pods.annotationsOf(pod)[INDEX_KEY] ?? "";
    return /^[0-9]+$/.test(text) ? Number(text) : -1;
  }
  hasValidIndex(pod: number): boolean {
    const index = this.indexOf(pod);
    return index !== -1 && index < this.completions;
  }
  indexesOf(pods: readonly number[]): number[] {
    return pods.map((pod) => this.indexOf(pod)).filter((index) => index !== -1);
  }

  /** Failures of the pod's index before this pod: those that count, and those that a policy ignores. */
  failuresBefore(pod: number): { readonly counted: number; readonly ignored: number } {
    const annotations = this.#store.pods.annotationsOf(pod);
    return { counted: countOf(annotations[FAILURES_KEY]), ignored: countOf(annotations[IGNORED_FAILURES_KEY]) };
  }

  /** A pod that is being deleted counts as failed, as it may never get to the phase Failed. */
  #isFailed(pod: number): boolean {
    const { pods } = this.#store;
    if (pods.phase.get(pod) === POD_PHASE.failed) return true;
    return !this.replacesFailedOnly && pods.isDeleting(pod) && !this.isSucceeded(pod);
  }

  #failedIndexes(): Intervals {
    const { status = {}, spec } = this.job;
    const failed = this.newlyFailed.filter((pod) => {
      const { action, isCounted } = judgeFailure(this.#store, spec, pod);
      if (action === "FailIndex") return true;
      return isCounted && this.failuresBefore(pod).counted >= (spec.backoffLimitPerIndex ?? 0);
    });
    const before = parseIntervals(status.failedIndexes ?? "", this.completions);
    return withIndexes(before, this.indexesOf(failed));
  }

  #delayed(): Map<number, number> {
    const active = new Set(this.indexesOf(this.active));
    const absolute = (pod: number): number => this.failuresBefore(pod).counted + this.failuresBefore(pod).ignored;
    const delayed = new Map<number, number>();
    for (const pod of this.newlyFailed) {
      const index = this.indexOf(pod);
      if (hasIndex(this.completed, index) || active.has(index)) continue;
      if (hasIndex(this.failedIndexes ?? NO_INDEXES, index)) continue;
      const other = delayed.get(index);
      const isLater =
        other === undefined ||
        (absolute(other) <= absolute(pod) && finishedAt(this.#store, pod) >= finishedAt(this.#store, other));
      if (isLater) delayed.set(index, pod);
    }
    return delayed;
  }
}

function countOf(text: string | undefined): number {
  return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : 0;
}
