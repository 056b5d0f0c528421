import type { Micros } from "../../engine/index.ts";
import type { PodTable } from "../../store/index.ts";

/** Whether a pod has been ready for `minReadyMicros`. @source kubernetes 1.37 pkg/api/v1/pod IsPodAvailable */
export function isAvailable(pods: PodTable, pod: number, minReadyMicros: Micros, now: Micros): boolean {
  if (!pods.isReady(pod)) return false;
  return minReadyMicros === 0 || (pods.readyAt.get(pod) !== -1 && pods.readyAt.get(pod) + minReadyMicros <= now);
}

/** Pods of one node: the bound ones first, then by age, then by name. @source kubernetes 1.37 pkg/controller/daemon podByCreationTimestampAndPhase */
export function oldestFirst(pods: PodTable, rows: readonly number[]): number[] {
  if (rows.length < 2) return [...rows];
  const isUnbound = (row: number): number => (pods.nodeId.get(row) === -1 ? 1 : 0);
  return [...rows].sort(
    (a, b) =>
      isUnbound(a) - isUnbound(b) ||
      pods.createdAt.get(a) - pods.createdAt.get(b) ||
      (pods.name.get(a) < pods.name.get(b) ? -1 : 1),
  );
}
