import {
  type Condition,
  type Deployment,
  type DeploymentStatus,
  getCondition,
  removeCondition,
} from "../../kube/index.ts";
import { sameData } from "../../tables/index.ts";
import { parseRfc3339, seconds } from "../../units/index.ts";
import { allOf, type Revisions } from "./new-replica-set.ts";
import { hasProgressDeadline, maxUnavailableOf, type Rollout, sumSpec, sumStatus, withCondition } from "./rollout.ts";

const COMPLETE = "NewReplicaSetAvailable";
const TIMED_OUT = "ProgressDeadlineExceeded";

/** All wanted replicas are updated and available, and no other is left, by this status. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  );
}

/** Writes counts and the condition Available; the rollout's progress is not looked at. */
export function syncDeploymentStatus(rollout: Rollout, revisions: Revisions): void {
  const status = countedStatus(rollout, revisions);
  if (!sameData(status, rollout.status)) rollout.writeStatus(status);
}

/**
 * Writes counts and all conditions. When nothing is new, `requeue` is asked to look again just after the progress
 * deadline.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/progress.go syncRolloutStatus
 */
export function syncRolloutStatus(
  rollout: Rollout,
  revisions: Revisions,
  requeue: (delayMicros: number) => void,
): void {
  const counted = countedStatus(rollout, revisions);
  const withProgress = progressConditions(rollout, counted, revisions);
  counted.conditions = failureConditions(rollout, withProgress, revisions);
  const status: DeploymentStatus = counted;
  if (!sameData(status, rollout.status)) {
    rollout.writeStatus(status);
    // The original looks again when it sees its own write. Unless all is done, it then finds what is known here.
    if (isComplete(rollout.deployment, status)) return;
    rollout.isSettled = true;
  }
  requeueBeforeTimeout(rollout, requeue);
}

function countedStatus(rollout: Rollout, revisions: Revisions): Writable<DeploymentStatus> {
  const { deployment } = rollout;
  const all = allOf(revisions);
  const available = sumStatus(all, "availableReplicas");
  const isAvailable = available >= rollout.replicas - maxUnavailableOf(deployment);
  const condition = isAvailable
    ? ({
        type: "Available",
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      } as const)
    : ({
        type: "Available",
        status: "False",
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
      } as const);
  const { collisionCount, conditions = [] } = rollout.status;
  // The API leaves out counts of zero.
  const next: Writable<DeploymentStatus> = { observedGeneration: deployment.metadata.generation ?? 0 };
  const replicas = sumStatus(all, "replicas");
  if (replicas > 0) next.replicas = replicas;
  const updated = revisions.latest?.rs.status?.replicas ?? 0;
  if (updated > 0) next.updatedReplicas = updated;
  const ready = sumStatus(all, "readyReplicas");
  if (ready > 0) next.readyReplicas = ready;
  if (available > 0) next.availableReplicas = available;
  const unavailable = sumSpec(all) - available;
  if (unavailable > 0) next.unavailableReplicas = unavailable;
  next.terminatingReplicas = sumStatus(all, "terminatingReplicas");
  if (collisionCount !== undefined) next.collisionCount = collisionCount;
  next.conditions = withCondition(conditions, condition, rollout.nowText);
  return next;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function progressConditions(rollout: Rollout, next: DeploymentStatus, { latest }: Revisions): readonly Condition[] {
  const { deployment, nowText, progressing: current } = rollout;
  const conditions = next.conditions ?? [];
  if (!hasProgressDeadline(deployment)) return removeCondition(conditions, "Progressing");
  const isSettled = (next.replicas ?? 0) === (next.updatedReplicas ?? 0) && current?.reason === COMPLETE;
  if (isSettled) return conditions;
  const subject =
    latest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${latest.rs.metadata.name}"`;
  if (isComplete(deployment, next)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(conditions, { type: "Progressing", status: "True", reason: COMPLETE, message }, nowText);
  }
  if (hasProgressed(rollout.status, next)) {
    const message = `${subject} is progressing.`;
    const condition = { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message } as const;
    // Unlike elsewhere the same reason is set anew: its update time says when progress was last seen.
    const since = current?.status === "True" ? current.lastTransitionTime : undefined;
    const kept = since === undefined ? condition : { ...condition, lastTransitionTime: since };
    return withCondition(removeCondition(conditions, "Progressing"), kept, nowText);
  }
  if (hasTimedOut(rollout, next)) {
    const message = `${subject} has timed out progressing.`;
    return withCondition(conditions, { type: "Progressing", status: "False", reason: TIMED_OUT, message }, nowText);
  }
  return conditions;
}

function hasProgressed(old: DeploymentStatus, next: DeploymentStatus): boolean {
  const outdated = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    outdated(next) < outdated(old) ||
    (next.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

/** Microseconds from now until the deadline has passed without progress; negative when it has. */
function untilDeadline(rollout: Rollout, condition: Condition): number {
  const { epochMicros, engine } = rollout.store;
  const from = parseRfc3339(condition.lastUpdateTime ?? rollout.nowText) - epochMicros;
  return from + seconds(rollout.deployment.spec.progressDeadlineSeconds ?? 600) - engine.now;
}

function hasTimedOut(rollout: Rollout, next: DeploymentStatus): boolean {
  const condition = getCondition(next.conditions, "Progressing");
  if (condition === undefined || condition.reason === COMPLETE) return false;
  return condition.reason === TIMED_OUT || untilDeadline(rollout, condition) < 0;
}

function failureConditions(rollout: Rollout, conditions: readonly Condition[], revisions: Revisions) {
  const { latest, old } = revisions;
  const failures = [latest, ...old].map((view) => getCondition(view?.rs.status?.conditions, "ReplicaFailure"));
  const failure = failures.find((condition) => condition !== undefined);
  if (failure === undefined) return removeCondition(conditions, "ReplicaFailure");
  const { lastTransitionTime = rollout.nowText } = failure;
  return withCondition(conditions, { ...failure, lastUpdateTime: lastTransitionTime }, rollout.nowText);
}

/** @source kubernetes 1.37 pkg/controller/deployment/progress.go requeueStuckDeployment */
function requeueBeforeTimeout(rollout: Rollout, requeue: (delayMicros: number) => void): void {
  const { deployment, progressing } = rollout;
  if (!hasProgressDeadline(deployment) || progressing === undefined) return;
  if (isComplete(deployment, rollout.status) || progressing.reason === TIMED_OUT) return;
  // What was complete once does not time out any more: the original asks again and again, and finds nothing.
  if (progressing.reason === COMPLETE) return;
  const remaining = untilDeadline(rollout, progressing);
  // Within the last second the original asks again at once, at the pace of its rate limiter.
  requeue(remaining < seconds(1) ? 0 : remaining + seconds(1));
}
