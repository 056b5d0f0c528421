import { cleanUp } from "./cleanup.ts";
import { allOf, newSize, type Revisions, syncRevisions } from "./new-replica-set.ts";
import { byCreation, isActive, maxUnavailableOf, type Rollout, specReplicas, sumSpec, sumStatus } from "./rollout.ts";
import { resizeReplicaSet } from "./scale-replica-set.ts";
import { isComplete, syncRolloutStatus } from "./status.ts";

/**
 * One step of a rolling update: the new ReplicaSet up, or else the old ones down, or else clean-up. Returns the text of an
 * error.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/rolling.go rolloutRolling
 */
export function rollForward(rollout: Rollout, requeue: (delayMicros: number) => void): string | undefined {
  const revisions = syncRevisions(rollout, true);
  if (revisions.failure !== undefined) return revisions.failure;
  const hasScaled = scaleNew(rollout, revisions) || scaleOld(rollout, revisions);
  if (!hasScaled && isComplete(rollout.deployment, rollout.status)) cleanUp(rollout, revisions.old);
  syncRolloutStatus(rollout, revisions, requeue);
  return undefined;
}

function scaleNew(rollout: Rollout, { latest, old }: Revisions): boolean {
  if (latest === undefined) return false;
  const current = specReplicas(latest);
  const wanted = current > rollout.replicas ? rollout.replicas : newSize(rollout, old, current);
  return current !== rollout.replicas && resizeReplicaSet(rollout, latest, wanted);
}

/** @source kubernetes 1.37 pkg/controller/deployment/rolling.go reconcileOldReplicaSets */
function scaleOld(rollout: Rollout, revisions: Revisions): boolean {
  const { latest } = revisions;
  const old = revisions.old.filter(isActive).sort(byCreation);
  if (latest === undefined || old.length === 0) return false;
  const minAvailable = rollout.replicas - maxUnavailableOf(rollout.deployment);
  const newUnavailable = specReplicas(latest) - (latest.rs.status?.availableReplicas ?? 0);
  const budget = sumSpec(allOf(revisions)) - minAvailable - newUnavailable;
  if (budget <= 0) return false;

  let cleaned = 0;
  for (const view of old) {
    if (cleaned >= budget) break;
    const unhealthy = specReplicas(view) - (view.rs.status?.availableReplicas ?? 0);
    if (unhealthy === 0) continue;
    // Its status is behind its spec: nothing can be decided yet.
    if (unhealthy < 0) return false;
    const count = Math.min(budget - cleaned, unhealthy);
    resizeReplicaSet(rollout, view, specReplicas(view) - count);
    cleaned += count;
  }

  const surplus = sumStatus([...old, latest], "availableReplicas") - minAvailable;
  let scaled = 0;
  for (const view of old) {
    if (scaled >= surplus) break;
    const count = Math.min(specReplicas(view), surplus - scaled);
    if (count === 0) continue;
    resizeReplicaSet(rollout, view, specReplicas(view) - count);
    scaled += count;
  }
  return cleaned + scaled > 0;
}
