import { DESIRED_REPLICAS, MAX_REPLICAS, numberIn, ROLLBACK_TO } from "./annotations.ts";
import { cleanUp } from "./cleanup.ts";
import { allOf, type Revisions, syncRevisions } from "./new-replica-set.ts";
import {
  byCreation,
  isActive,
  isRollingUpdate,
  maxSurgeOf,
  type ReplicaSetView,
  type Rollout,
  specReplicas,
  sumSpec,
} from "./rollout.ts";
import { resizeReplicaSet, scaleReplicaSet } from "./scale-replica-set.ts";
import { syncDeploymentStatus } from "./status.ts";

/** Whether the Deployment was scaled: some active ReplicaSet was last scaled for another number of replicas. */
export function isScalingEvent(rollout: Rollout): boolean {
  return allOf(syncRevisions(rollout, false)).some((view) => {
    const desired = numberIn(view.rs.metadata.annotations, DESIRED_REPLICAS);
    return isActive(view) && desired !== undefined && desired !== rollout.replicas;
  });
}

/**
 * Scales what there is, without rolling: used when paused and when only the number of replicas changed.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/sync.go sync
 */
export function resize(rollout: Rollout): void {
  const revisions = syncRevisions(rollout, false);
  scale(rollout, revisions);
  const { metadata, spec } = rollout.deployment;
  if (spec.paused === true && metadata.annotations?.[ROLLBACK_TO] === undefined) cleanUp(rollout, revisions.old);
  syncDeploymentStatus(rollout, revisions);
}

function scale(rollout: Rollout, { latest, old }: Revisions): void {
  const all = allOf({ latest, old });
  const active = all.filter(isActive);
  if (active.length <= 1) {
    const youngest = [...old].sort(byCreation).at(-1);
    const only = active[0] ?? latest ?? youngest;
    if (only !== undefined) resizeReplicaSet(rollout, only, rollout.replicas);
  } else if (isSaturated(rollout, latest)) {
    for (const view of old.filter(isActive)) resizeReplicaSet(rollout, view, 0);
  } else if (isRollingUpdate(rollout.deployment)) {
    scaleInProportion(rollout, active);
  }
}

function isSaturated(rollout: Rollout, latest: ReplicaSetView | undefined): boolean {
  if (latest === undefined) return false;
  const desired = numberIn(latest.rs.metadata.annotations, DESIRED_REPLICAS);
  const available = latest.rs.status?.availableReplicas ?? 0;
  const { replicas } = rollout;
  return specReplicas(latest) === replicas && desired === replicas && available === replicas;
}

/** Shares what is to be added or taken away by size; the largest gets what rounding leaves. */
function scaleInProportion(rollout: Rollout, active: readonly ReplicaSetView[]): void {
  const allowed = rollout.replicas > 0 ? rollout.replicas + maxSurgeOf(rollout.deployment) : 0;
  const change = allowed - sumSpec(active);
  const ageSign = change > 0 ? -1 : 1;
  const sorted =
    change === 0 ? active : [...active].sort((a, b) => specReplicas(b) - specReplicas(a) || ageSign * byCreation(a, b));
  let changed = 0;
  const sizes = sorted.map((view) => {
    const share = change === 0 || changed === change ? 0 : fractionOf(rollout, view);
    const part = change > 0 ? Math.min(share, change - changed) : Math.max(share, change - changed);
    changed += part;
    return specReplicas(view) + part;
  });
  if (sizes[0] !== undefined && change !== 0) sizes[0] = Math.max(0, sizes[0] + change - changed);
  sorted.forEach((view, i) => {
    scaleReplicaSet(rollout, view, sizes[i] ?? specReplicas(view));
  });
}

/** @source kubernetes 1.37 pkg/controller/deployment/util getReplicaSetFraction */
function fractionOf(rollout: Rollout, view: ReplicaSetView): number {
  const size = specReplicas(view);
  if (rollout.replicas === 0) return -size;
  const before = numberIn(view.rs.metadata.annotations, MAX_REPLICAS) || (rollout.status.replicas ?? 0);
  if (before === 0) return 0;
  return roundHalfAwayFromZero((size * (rollout.replicas + maxSurgeOf(rollout.deployment))) / before) - size;
}

function roundHalfAwayFromZero(value: number): number {
  return value < 0 ? -Math.floor(-value + 0.5) : Math.floor(value + 0.5);
}
