import { cleanUp } from "./cleanup.ts";
import { type Revisions, syncRevisions } from "./new-replica-set.ts";
import { isActive, type Rollout, sumStatus } from "./rollout.ts";
import { resizeReplicaSet } from "./scale-replica-set.ts";
import { isComplete, syncRolloutStatus } from "./status.ts";

/**
 * All old pods go before the first new one comes; those being deleted count as long as they run. Returns the text of an
 * error.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/recreate.go rolloutRecreate
 */
export function recreate(rollout: Rollout, requeue: (delayMicros: number) => void): string | undefined {
  let revisions = syncRevisions(rollout, false);
  const active = revisions.old.filter(isActive);
  for (const view of active) resizeReplicaSet(rollout, view, 0);
  if (active.length > 0 || hasOldPods(rollout, revisions)) {
    syncRolloutStatus(rollout, revisions, requeue);
    return undefined;
  }
  if (revisions.latest === undefined) revisions = syncRevisions(rollout, true);
  if (revisions.failure !== undefined) return revisions.failure;
  if (revisions.latest !== undefined) resizeReplicaSet(rollout, revisions.latest, rollout.replicas);
  if (isComplete(rollout.deployment, rollout.status)) cleanUp(rollout, revisions.old);
  syncRolloutStatus(rollout, revisions, requeue);
  return undefined;
}

function hasOldPods(rollout: Rollout, { old }: Revisions): boolean {
  if (sumStatus(old, "replicas") > 0) return true;
  const { pods } = rollout.store;
  for (const { rs } of old) {
    const list = pods.ownerList(rs.metadata.uid ?? "");
    for (let pod = pods.byOwner.head(list); pod !== -1; pod = pods.byOwner.next(pod)) {
      if (!pods.isTerminal(pod)) return true;
    }
  }
  return false;
}
