import { POD_PHASE, type PodTable } from "../../store/index.ts";

/** Phases in order of deletion; ended pods are never ranked. */
const PHASE_ORDER: readonly number[] = [0, 2, 3, 3, 1];

/** Pending before Unknown before Running. */
export function phaseOrder(phase: number): number {
  return PHASE_ORDER[phase] ?? PHASE_ORDER[POD_PHASE.running] ?? 0;
}

/** Negative when `a` has restarted more often: its regular containers first, then its sidecars. */
export function compareRestarts(pods: PodTable, a: number, b: number): number {
  const regular = mostRestarts(pods, b) - mostRestarts(pods, a);
  return regular !== 0 ? regular : mostSidecarRestarts(pods, b) - mostSidecarRestarts(pods, a);
}

function mostRestarts(pods: PodTable, row: number): number {
  const statuses = pods.containers.get(row);
  if (statuses === null) return pods.restarts.get(row);
  let most = 0;
  for (const status of statuses) most = Math.max(most, status.restartCount);
  return most;
}

function mostSidecarRestarts(pods: PodTable, row: number): number {
  const statuses = pods.initContainers.get(row);
  if (statuses === null) return 0;
  const sidecars = (pods.templateOf(row).spec.initContainers ?? []).filter((c) => c.restartPolicy === "Always");
  let most = 0;
  for (const status of statuses) {
    if (sidecars.some(({ name }) => name === status.name)) most = Math.max(most, status.restartCount);
  }
  return most;
}

/**
 * The pods in the order in which they are given up, by the plain rules: not bound, not running, not ready, ready for a
 * shorter time, more restarts, younger; equal ones stay in their order.
 *
 * @source kubernetes 1.37 pkg/controller/controller_utils.go ActivePods
 */
export function inOrderOfRemoval(pods: PodTable, rows: readonly number[]): number[] {
  const isBound = (row: number): number => (pods.nodeId.get(row) === -1 ? 0 : 1);
  const isReady = (row: number): number => (pods.isReady(row) ? 1 : 0);
  return [...rows].sort(
    (a, b) =>
      isBound(a) - isBound(b) ||
      phaseOrder(pods.phase.get(a)) - phaseOrder(pods.phase.get(b)) ||
      isReady(a) - isReady(b) ||
      (isReady(a) === 1 ? pods.readyAt.get(b) - pods.readyAt.get(a) : 0) ||
      compareRestarts(pods, a, b) ||
      pods.createdAt.get(b) - pods.createdAt.get(a),
  );
}
