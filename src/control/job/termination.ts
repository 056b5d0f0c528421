import type { Micros } from "../../engine/index.ts";
import { getCondition } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { POD_PHASE } from "../../store/index.ts";
import { parseRfc3339, seconds } from "../../units/index.ts";
import { totalOf } from "./indexes.ts";
import type { JobView } from "./job-view.ts";
import { judgeFailure, metSuccessRule } from "./policies.ts";

/** Why a Job ends. The first two are written before its pods are let go; `Failed` follows a FailureTarget of an earlier sync. */
export interface Ending {
  readonly type: "FailureTarget" | "SuccessCriteriaMet" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/**
 * The first cause that makes the Job end, or undefined. `startAt` is when it was started; -1 for not yet.
 *
 * @source kubernetes 1.37 pkg/controller/job/job_controller.go syncJob
 */
export function endingOf(store: Store, view: JobView, startAt: Micros): Ending | undefined {
  const { job, failedIndexes } = view;
  const { spec, status = {} } = job;
  const met = getCondition(status.conditions, "SuccessCriteriaMet");
  if (met?.status === "True") return { type: "SuccessCriteriaMet", ...textsOf(met) };
  const target = getCondition(status.conditions, "FailureTarget");
  if (target?.status === "True") return { type: "Failed", ...textsOf(target) };
  for (const pod of spec.podFailurePolicy === undefined ? [] : view.failedPods) {
    const { message } = judgeFailure(store, spec, pod);
    if (message !== undefined) return failure("PodFailurePolicy", message);
  }
  if (view.failed > (spec.backoffLimit ?? 6) || hasRestartedTooOften(store, view)) {
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  const { activeDeadlineSeconds } = spec;
  if (activeDeadlineSeconds !== undefined && startAt !== -1 && !view.isSuspended) {
    if (view.now - startAt >= seconds(activeDeadlineSeconds)) {
      return failure("DeadlineExceeded", "Job was active longer than specified deadline");
    }
  }
  if (!view.isIndexed) return undefined;
  if (failedIndexes !== undefined) {
    const count = totalOf(failedIndexes);
    if (spec.maxFailedIndexes !== undefined && count > spec.maxFailedIndexes) {
      return failure("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
    }
    if (count > 0 && count + totalOf(view.completed) >= view.completions) {
      return failure("FailedIndexes", "Job has failed indexes");
    }
  }
  const rule = metSuccessRule(spec, view.completions, view.completed);
  return rule === undefined ? undefined : { type: "SuccessCriteriaMet", reason: "SuccessPolicy", message: rule };
}

/** The ending of a Job that has all it was made for. */
export const COMPLETED: Ending = Object.freeze({
  type: "SuccessCriteriaMet",
  reason: "CompletionsReached",
  message: "Reached expected number of succeeded pods",
});

/** When the Job was started, as its status says: microseconds, or -1. */
export function startOf(store: Store, startTime: string | undefined): Micros {
  return startTime === undefined ? -1 : parseRfc3339(startTime) - store.epochMicros;
}

function failure(reason: string, message: string): Ending {
  return { type: "FailureTarget", reason, message };
}

function textsOf({ reason = "", message = "" }: { readonly reason?: string; readonly message?: string }) {
  return { reason, message };
}

/** Restarts in place count towards the limit where the kubelet restarts. */
function hasRestartedTooOften({ pods }: Store, { job, pods: rows }: JobView): boolean {
  if (job.spec.template.spec.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const pod of rows) {
    const phase = pods.phase.get(pod);
    if (phase !== POD_PHASE.running && phase !== POD_PHASE.pending) continue;
    restarts += pods.restarts.get(pod);
    for (const { restartCount } of pods.initContainers.get(pod) ?? []) restarts += restartCount;
  }
  const { backoffLimit = 6 } = job.spec;
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}
