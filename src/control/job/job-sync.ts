import type { Micros } from "../../engine/index.ts";
import { type Condition, getCondition, isConditionTrue, type Job, type JobStatus } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { decisionName, isBeingDeleted } from "../pods/index.ts";
import { type BackoffStore, finishedAt } from "./backoff.ts";
import { formatIntervals, totalOf, withIndexes } from "./indexes.ts";
import { EVENT_SOURCE, type JobPods, type Managed } from "./job-pods.ts";
import { TRACKING_FINALIZER } from "./job-template.ts";
import { JobView } from "./job-view.ts";
import { judgeFailure } from "./policies.ts";
import { COMPLETED, type Ending, endingOf, startOf } from "./termination.ts";

/** Pods counted at one sync. @source kubernetes 1.37 pkg/controller/job MaxUncountedPods */
const COUNTED_MAX = 500;

/** What a sync leaves to be done later. */
export interface SyncOutcome {
  readonly failure: string | undefined;
  /** No pod may be created before so long has passed; 0 for no wait. */
  readonly againMicros: Micros;
  /** Instant (microseconds) from which the deadline counts; -1 when none runs. */
  readonly deadlineFrom: Micros;
}

/** What the pods that were counted add to the status. */
interface Counted {
  readonly succeeded: number;
  readonly failed: number;
  readonly indexes: readonly number[];
  /** More pods were there than one sync may count. */
  readonly isPartial: boolean;
}

/** The state of a Job between its sync's steps. */
interface Progress {
  readonly conditions: readonly Condition[];
  readonly startTime: string | undefined;
}

/**
 * One sync of a Job: finds why it ends, or manages its pods; counts what ended and lets it go; writes the status.
 *
 * The original writes a pod's uid into the status, then removes its finalizer, then counts it; here this is one write.
 *
 * @source kubernetes 1.37 pkg/controller/job/job_controller.go syncJob, trackJobStatusAndRemoveFinalizers
 */
export class JobSync {
  readonly #store: Store;
  readonly #table: DocumentTable<Job>;
  readonly #pods: JobPods;
  readonly #backoff: BackoffStore;

  constructor(store: Store, table: DocumentTable<Job>, pods: JobPods, backoff: BackoffStore) {
    this.#store = store;
    this.#table = table;
    this.#pods = pods;
    this.#backoff = backoff;
  }

  run(row: number, isSatisfied: boolean): SyncOutcome {
    const store = this.#store;
    const view = new JobView(store, this.#table.get(row));
    const { job, now } = view;
    const starts = job.status?.startTime === undefined && !view.isSuspended;
    const startAt = starts ? now : startOf(store, job.status?.startTime);
    const endOf = (pod: number): Micros => finishedAt(store, pod);
    const record = this.#backoff.next(row, view.newlySucceeded.map(endOf), view.newlyFailed.map(endOf));
    const deadlineRuns = job.spec.activeDeadlineSeconds !== undefined && !view.isSuspended;

    const cause = endingOf(store, view, startAt);
    let ending = cause;
    let managed: Managed = { active: view.active.length, deleted: 0, deletedReady: 0 };
    let progress: Progress = {
      conditions: job.status?.conditions ?? [],
      startTime: starts ? this.#nowText() : job.status?.startTime,
    };
    if (cause !== undefined) {
      managed = this.#pods.deleteActive(view, cause.reason);
      if (!isSatisfied) ending = undefined;
    } else {
      const isManaged = isSatisfied && !isBeingDeleted(job);
      if (isManaged) managed = this.#pods.manage(row, view, record);
      if (isDone(view, managed.active)) ending = COMPLETED;
      else if (isManaged) progress = this.#noteSuspension(view, progress);
    }
    const counted = this.#count(view, ending);
    const status = this.#statusOf(view, { managed, counted, ending, progress });
    if (store.writer.updateStatus(this.#table, row, status)) this.#backoff.set(row, record);
    this.#announce(this.#table.get(row), job, ending);
    return {
      failure: managed.failure,
      againMicros: managed.againMicros ?? 0,
      deadlineFrom: deadlineRuns && cause === undefined ? startAt : -1,
    };
  }

  /** The condition Suspended follows the spec; it appears when the Job is suspended for the first time. */
  #noteSuspension(view: JobView, progress: Progress): Progress {
    const { job, isSuspended } = view;
    const old = getCondition(progress.conditions, "Suspended");
    if (old === undefined && !isSuspended) return progress;
    const wanted = isSuspended ? "True" : "False";
    if (old?.status === wanted) return progress;
    const [reason, message] = isSuspended ? ["JobSuspended", "Job suspended"] : ["JobResumed", "Job resumed"];
    this.#store.event(job, EVENT_SOURCE, "Normal", isSuspended ? "Suspended" : "Resumed", message);
    this.#tell(job, isSuspended ? "suspend" : "resume", {});
    return {
      conditions: withCondition(progress.conditions, this.#condition("Suspended", wanted, reason, message)),
      startTime: isSuspended ? undefined : this.#nowText(),
    };
  }

  /** Counts the pods that have ended, or that end with the Job, and removes their finalizers. */
  #count(view: JobView, ending: Ending | undefined): Counted {
    const { job } = view;
    const isFailing = ending !== undefined && ending.type !== "SuccessCriteriaMet";
    const isLettingGo = isBeingDeleted(job) || ending !== undefined;
    let [succeeded, failed] = [0, 0];
    const indexes = new Set<number>();
    for (const pod of view.pods) {
      // A pod removed in this sync lost its finalizer before; one without is counted already.
      if (!this.#store.pods.isPresent(pod) || !view.isTracked(pod)) continue;
      const isFailed = view.failedPods.has(pod);
      const isSucceeded = view.isSucceeded(pod);
      const isDelayed = view.delayed.get(view.indexOf(pod)) === pod;
      if (!isLettingGo && !isSucceeded && (!isFailed || isDelayed)) continue;
      const hasPlace = !view.isIndexed || view.hasValidIndex(pod);
      if (isSucceeded && view.isIndexed) {
        if (hasPlace) indexes.add(view.indexOf(pod));
      } else if (isSucceeded) succeeded++;
      else if ((isFailed || isFailing) && hasPlace && judgeFailure(this.#store, job.spec, pod).isCounted) failed++;
      this.#store.podWriter.removeFinalizer(pod, TRACKING_FINALIZER);
      if (succeeded + failed + indexes.size >= COUNTED_MAX) {
        return { succeeded, failed, indexes: [...indexes], isPartial: true };
      }
    }
    return { succeeded, failed, indexes: [...indexes], isPartial: false };
  }

  #statusOf(
    view: JobView,
    done: {
      readonly managed: Managed;
      readonly counted: Counted;
      readonly ending: Ending | undefined;
      readonly progress: Progress;
    },
  ): JobStatus {
    const { managed, counted, ending, progress } = done;
    const { status = {} } = view.job;
    const completed = withIndexes(view.completedBefore, counted.indexes);
    const succeeded = view.isIndexed ? totalOf(completed) : (status.succeeded ?? 0) + counted.succeeded;
    const failed = (status.failed ?? 0) + counted.failed;
    const terminating = view.terminating + managed.deleted;
    const completedIndexes = formatIntervals(completed);
    let { conditions } = progress;
    let completionTime = status.completionTime;
    if (ending !== undefined) {
      conditions = this.#endingConditions(conditions, ending, terminating === 0 && !counted.isPartial);
      if (isConditionTrue(conditions, "Complete")) completionTime ??= this.#nowText();
    }
    return {
      ...(conditions.length === 0 ? {} : { conditions }),
      ...(progress.startTime === undefined ? {} : { startTime: progress.startTime }),
      ...(completionTime === undefined ? {} : { completionTime }),
      ...(managed.active === 0 ? {} : { active: managed.active }),
      ready: view.ready - managed.deletedReady,
      terminating,
      ...(succeeded === 0 ? {} : { succeeded }),
      ...(failed === 0 ? {} : { failed }),
      ...(completedIndexes === "" ? {} : { completedIndexes }),
      ...(view.failedIndexes === undefined ? {} : { failedIndexes: formatIntervals(view.failedIndexes) }),
      uncountedTerminatedPods: {},
    };
  }

  /** First what the Job is going to be, then, when none of its pods is left over, what it is. */
  #endingConditions(conditions: readonly Condition[], ending: Ending, isOver: boolean): readonly Condition[] {
    const { type, reason, message } = ending;
    let next = conditions;
    if (type !== "Failed" && getCondition(next, type) === undefined) {
      next = [...next, this.#condition(type, "True", reason, message)];
    }
    if (!isOver) return next;
    const final = type === "SuccessCriteriaMet" ? "Complete" : "Failed";
    return withCondition(next, this.#condition(final, "True", reason, message));
  }

  #announce(job: Job, before: Job, ending: Ending | undefined): void {
    if (ending === undefined || !isFinished(job) || isFinished(before)) return;
    const { reason, message, type } = ending;
    if (type === "SuccessCriteriaMet") {
      const { completions } = job.spec;
      if (completions !== undefined && (job.status?.succeeded ?? 0) > completions) {
        const text = "Too many succeeded pods running after completion count reached";
        this.#store.event(job, EVENT_SOURCE, "Warning", "TooManySucceededPods", text);
      }
      this.#store.event(job, EVENT_SOURCE, "Normal", "Completed", "Job completed");
    } else this.#store.event(job, EVENT_SOURCE, "Warning", reason, message);
    this.#tell(job, type === "SuccessCriteriaMet" ? "complete" : "fail", { reason, message });
  }

  #condition(type: string, status: "True" | "False", reason: string, message: string): Condition {
    const now = this.#nowText();
    return { type, status, reason, message, lastProbeTime: now, lastTransitionTime: now };
  }

  #nowText(): string {
    return this.#store.timestamp(this.#store.nowSecond);
  }

  #tell(job: Job, what: string, more: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "job", what, object: decisionName(job), ...more });
  }
}

/** Whether a Job is over: complete or failed. */
export function isFinished({ status }: Job): boolean {
  return isConditionTrue(status?.conditions, "Complete") || isConditionTrue(status?.conditions, "Failed");
}

function isDone(view: JobView, active: number): boolean {
  if (active !== 0) return false;
  const { completions } = view.job.spec;
  return completions === undefined ? view.succeeded > 0 : view.succeeded >= completions;
}

/** The conditions with one of them set, in its old place or at the end. */
function withCondition(conditions: readonly Condition[], next: Condition): readonly Condition[] {
  const at = conditions.findIndex(({ type }) => type === next.type);
  return at === -1 ? [...conditions, next] : conditions.map((condition, i) => (i === at ? next : condition));
}
