import { type Micros, parseRfc3339, seconds } from "../units/index.ts";
import { getCondition, isConditionTrue } from "./conditions.ts";
import type { Pod, PodPhase } from "./types.ts";

/** Whether the pod has run to its end. */
export function isTerminalPhase(phase: PodPhase | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

/** Whether the pod counts for its controller: not ended and not being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !isTerminalPhase(pod.status?.phase) && pod.metadata.deletionTimestamp === undefined;
}

/** Whether the pod is being deleted and has not ended yet. */
export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isTerminalPhase(pod.status?.phase);
}

export function isPodReady(pod: Pod): boolean {
  return isConditionTrue(pod.status?.conditions, "Ready");
}

/**
 * Whether the pod has been ready for `minReadySeconds`; `nowEpochMicros` counts from 1970.
 *
 * @source kubernetes 1.37 kubectl/pkg/util/podutils IsPodAvailable
 */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowEpochMicros: Micros): boolean {
  const ready = getCondition(pod.status?.conditions, "Ready");
  if (ready?.status !== "True") return false;
  if (minReadySeconds === 0) return true;
  if (ready.lastTransitionTime === undefined) return false;
  return parseRfc3339(ready.lastTransitionTime) + seconds(minReadySeconds) <= nowEpochMicros;
}

/** Restarts of all containers of the pod together, init containers included. */
export function podRestartCount(pod: Pod): number {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** `namespace/name`, as messages and keys write it. */
export function objectKey(object: {
  readonly metadata: { readonly namespace?: string; readonly name?: string };
}): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? (name ?? "") : `${namespace}/${name ?? ""}`;
}
