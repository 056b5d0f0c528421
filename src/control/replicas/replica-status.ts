import type { ReplicaStatus } from "../../kube/index.ts";
import { removeCondition } from "../../kube/index.ts";
import type { ReplicaKind, ReplicaOwner } from "./replica-kind.ts";

/** What a sync has counted, before it created or deleted anything. */
export interface ReplicaCounts {
  readonly active: number;
  readonly labeled: number;
  readonly ready: number;
  readonly available: number;
  readonly terminating: number;
}

/** Why pods could not be created (`difference` < 0) or deleted. */
export interface ManageFailure {
  readonly message: string;
  readonly difference: number;
}

/**
 * The status to be written, or `undefined` when the stored one already says so.
 *
 * @source kubernetes 1.37 pkg/controller/replicaset/replica_set_utils.go calculateStatus, updateReplicaSetStatus
 */
export function nextStatus(
  kind: ReplicaKind,
  owner: ReplicaOwner,
  counts: ReplicaCounts,
  failure: ManageFailure | undefined,
  nowText: string,
): ReplicaStatus | undefined {
  const old: ReplicaStatus = owner.status ?? {};
  const conditions = nextConditions(old, failure, nowText);
  const generation = owner.metadata.generation ?? 0;
  const isSame =
    (old.replicas ?? 0) === counts.active &&
    (old.fullyLabeledReplicas ?? 0) === counts.labeled &&
    (old.readyReplicas ?? 0) === counts.ready &&
    (old.availableReplicas ?? 0) === counts.available &&
    (!kind.countsTerminating || (old.terminatingReplicas ?? -1) === counts.terminating) &&
    (old.observedGeneration ?? 0) === generation &&
    conditions === (old.conditions ?? NONE);
  if (isSame) return undefined;
  return {
    replicas: counts.active,
    ...(counts.labeled === 0 ? {} : { fullyLabeledReplicas: counts.labeled }),
    ...(counts.ready === 0 ? {} : { readyReplicas: counts.ready }),
    ...(counts.available === 0 ? {} : { availableReplicas: counts.available }),
    ...(kind.countsTerminating ? { terminatingReplicas: counts.terminating } : {}),
    observedGeneration: generation,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

const NONE: NonNullable<ReplicaStatus["conditions"]> = [];

/** ReplicaFailure is set only when absent, and goes with the first sync that has no failure. */
function nextConditions(old: ReplicaStatus, failure: ManageFailure | undefined, nowText: string) {
  const present = old.conditions ?? NONE;
  if (failure === undefined) return removeCondition(present, "ReplicaFailure");
  if (present.some(({ type }) => type === "ReplicaFailure")) return present;
  const reason = failure.difference < 0 ? "FailedCreate" : "FailedDelete";
  const { message } = failure;
  const condition = { type: "ReplicaFailure", status: "True", reason, message, lastTransitionTime: nowText } as const;
  return [...present, condition];
}
