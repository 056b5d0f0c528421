import type { Condition, KubeNode } from "../../kube/index.ts";
import { getCondition } from "../../kube/index.ts";

/** The conditions that a silent node loses, in the order in which missing ones are added. */
const WATCHED_CONDITIONS = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] as const;

/**
 * The conditions of a node that has been silent for longer than its grace: each of the four Unknown, those missing
 * added. `now` and `createdAt` are API timestamps.
 *
 * @source kubernetes 1.37 pkg/controller/nodelifecycle tryUpdateNodeHealth
 */
export function silentConditions(node: KubeNode, now: string): readonly Condition[] {
  const conditions = node.status?.conditions ?? [];
  const createdAt = node.metadata.creationTimestamp ?? now;
  const marked = conditions.map((condition): Condition => {
    const isWatched = (WATCHED_CONDITIONS as readonly string[]).includes(condition.type);
    if (!isWatched || condition.status === "Unknown") return condition;
    return {
      ...condition,
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
      lastTransitionTime: now,
    };
  });
  const missing = WATCHED_CONDITIONS.filter((type) => getCondition(conditions, type) === undefined);
  const added = missing.map(
    (type): Condition => ({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: createdAt,
      lastTransitionTime: now,
    }),
  );
  return [...marked, ...added];
}
