import type { KubeNode, KubeObject, PersistentVolumeClaim } from "../kube/index.ts";
import { sameData } from "../tables/index.ts";
import type { PodInfo } from "./pod-info.ts";

/**
 * What happens in the cluster that may make a waiting pod schedulable. "AssignedPod" is any pod on a node, "TargetPod"
 * the waiting pod itself.
 * @source kubernetes 1.37 scheduler framework events
 */
export type EventName =
  | "Node/Add"
  | "Node/Delete"
  | "Node/UpdateAllocatable"
  | "Node/UpdateLabel"
  | "Node/UpdateTaint"
  | "Node/UpdateCondition"
  | "Node/UpdateAnnotation"
  | "Node/UpdateDeclaredFeature"
  | `${"PersistentVolume" | "PersistentVolumeClaim" | "StorageClass" | "CSINode"}/${"Add" | "Update"}`
  | `${"AssignedPod" | "TargetPod"}/${PodChange}`
  | "AssignedPod/Add"
  | "AssignedPod/Delete"
  | "UnschedulableTimeout";

export type PodChange =
  | "Update"
  | "UpdateLabel"
  | "UpdateScaleDown"
  | "UpdateScaleUp"
  | "UpdateGatesEliminated"
  | "UpdateToleration";

export interface ClusterEvent {
  readonly name: EventName;
  readonly oldNode?: KubeNode;
  readonly newNode?: KubeNode;
  readonly oldPod?: PodInfo;
  readonly newPod?: PodInfo;
  readonly newClaim?: PersistentVolumeClaim;
  /** Of classes, volumes and CSINodes. */
  readonly oldObject?: KubeObject;
  readonly newObject?: KubeObject;
}

/** Leftovers of the unschedulable pool get this one: it moves them whatever rejected them. */
export const TIMEOUT_EVENT: ClusterEvent = Object.freeze({ name: "UnschedulableTimeout" });

/** The changes that one update of a node makes, in the order in which they are told. */
export function nodeUpdateEvents(oldNode: KubeNode, newNode: KubeNode): ClusterEvent[] {
  const names: EventName[] = [];
  if (oldNode.spec?.unschedulable === true && newNode.spec?.unschedulable !== true) names.push("Node/UpdateTaint");
  if (!sameData(oldNode.status?.allocatable ?? {}, newNode.status?.allocatable ?? {})) {
    names.push("Node/UpdateAllocatable");
  }
  if (!sameData(oldNode.metadata.labels ?? {}, newNode.metadata.labels ?? {})) names.push("Node/UpdateLabel");
  if (!sameData(oldNode.spec?.taints ?? [], newNode.spec?.taints ?? [])) names.push("Node/UpdateTaint");
  if (!sameData(conditionsOf(oldNode), conditionsOf(newNode))) names.push("Node/UpdateCondition");
  if (!sameData(oldNode.metadata.annotations ?? {}, newNode.metadata.annotations ?? {})) {
    names.push("Node/UpdateAnnotation");
  }
  if (!sameData(oldNode.status?.declaredFeatures ?? [], newNode.status?.declaredFeatures ?? [])) {
    names.push("Node/UpdateDeclaredFeature");
  }
  return names.map((name) => ({ name, oldNode, newNode }));
}

/** Heartbeats change times and nothing else: only type and status count. */
function conditionsOf(node: KubeNode): Record<string, string> {
  return Object.fromEntries((node.status?.conditions ?? []).map((condition) => [condition.type, condition.status]));
}

/** The changes that one update of a pod makes, in the order in which they are told; at least a plain update. */
export function podUpdateEvents(
  resource: "AssignedPod" | "TargetPod",
  oldPod: PodInfo,
  newPod: PodInfo,
): ClusterEvent[] {
  const changes: PodChange[] = [];
  const [before, after] = [oldPod.template, newPod.template];
  if (before !== after) {
    if (!sameData(before.labels, after.labels)) changes.push("UpdateLabel");
    const { hasFallen, hasRisen } = compareRequests(oldPod, newPod);
    if (hasFallen) changes.push("UpdateScaleDown");
    if (hasRisen) changes.push("UpdateScaleUp");
    if (before.gates.length > 0 && after.gates.length === 0) changes.push("UpdateGatesEliminated");
    if (before.tolerations.length !== after.tolerations.length) changes.push("UpdateToleration");
  }
  if (changes.length === 0) changes.push("Update");
  return changes.map((change) => ({ name: `${resource}/${change}`, oldPod, newPod }));
}

/** A pod's request by resource name; zeros are left out. */
export function requestsByName(pod: PodInfo): ReadonlyMap<string, number> {
  const { requests } = pod.template;
  const all: [string, number][] = [
    ["cpu", requests.cpuMilli],
    ["memory", requests.memoryBytes],
    ["ephemeral-storage", requests.ephemeralStorageBytes],
    ...requests.scalars,
  ];
  return new Map(all.filter(([, amount]) => amount > 0));
}

function compareRequests(oldPod: PodInfo, newPod: PodInfo): { hasFallen: boolean; hasRisen: boolean } {
  const before = requestsByName(oldPod);
  const after = requestsByName(newPod);
  return {
    hasFallen: [...before].some(([name, amount]) => (after.get(name) ?? 0) < amount),
    hasRisen: [...after].some(([name, amount]) => (before.get(name) ?? 0) < amount),
  };
}
