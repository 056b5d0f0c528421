import type { KubeNode } from "../../kube/index.ts";
import type { Micros } from "../../units/index.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";

/** Growth of a group that was asked for and has not arrived. */
export interface ScaleUpRequest {
  readonly increase: number;
  readonly at: Micros;
  readonly expectedBy: Micros;
}

/** A group that failed to grow and is left alone for a while. */
export interface Backoff {
  readonly durationMicros: Micros;
  readonly until: Micros;
  readonly failedAt: Micros;
  readonly reason: string;
}

/** What has become of the nodes that a group's machines are. */
export interface Readiness {
  readonly ready: number;
  readonly unready: number;
  /** Registered, not ready, and young enough to be starting. */
  readonly notStarted: readonly string[];
  /** Machines without a node: for a while, and for so long that they are given up. */
  readonly unregistered: number;
  readonly longUnregistered: readonly string[];
}

export interface GroupMachine {
  readonly name: string;
  /** Undefined while there is no Node object. */
  readonly node: KubeNode | undefined;
  readonly createdAt: Micros;
  /** Since when the machine is known without a node. */
  readonly unregisteredSince: Micros | undefined;
}

const NOT_READY_TAINTS = new Set([
  "node.kubernetes.io/not-ready",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/network-unavailable",
]);

/** @source cluster-autoscaler 1.37 utils/kubernetes/ready.go GetNodeReadiness */
export function isReadyNode({ status, spec }: KubeNode): boolean {
  let isReady = false;
  for (const { type, status: value } of status?.conditions ?? []) {
    if (type === "Ready") isReady = value === "True";
    else if ((type === "DiskPressure" || type === "NetworkUnavailable") && value === "True") return false;
  }
  return isReady && spec?.taints?.some(({ key }) => NOT_READY_TAINTS.has(key)) !== true;
}

/** @source cluster-autoscaler 1.37 clusterstate/clusterstate.go updateReadinessStats */
export function readinessOf(
  machines: readonly GroupMachine[],
  now: Micros,
  settings: Pick<ClusterAutoscalerSettings, "maxNodeStartupMicros" | "maxNodeProvisionMicros">,
): Readiness {
  const counts = { ready: 0, unready: 0, unregistered: 0 };
  const notStarted: string[] = [];
  const longUnregistered: string[] = [];
  for (const { name, node, createdAt, unregisteredSince } of machines) {
    if (node === undefined) {
      if ((unregisteredSince ?? now) + settings.maxNodeProvisionMicros < now) longUnregistered.push(name);
      else counts.unregistered++;
    } else if (isReadyNode(node)) counts.ready++;
    else if (createdAt + settings.maxNodeStartupMicros > now) notStarted.push(name);
    else counts.unready++;
  }
  return { ...counts, notStarted, longUnregistered };
}

/** Nodes that are on their way: what was asked for less what has arrived, or will not. */
export function upcomingCount(target: number, { ready, unready, longUnregistered }: Readiness): number {
  return Math.max(0, target - ready - unready - longUnregistered.length);
}

/** Whether a group has about the nodes that it should have. @source cluster-autoscaler 1.37 clusterstate IsNodeGroupHealthy */
export function isHealthy(
  target: number,
  readiness: Readiness,
  request: ScaleUpRequest | undefined,
  settings: Pick<ClusterAutoscalerSettings, "okUnreadyCount" | "maxUnreadyPercentage">,
): boolean {
  const { ready, unready, notStarted, longUnregistered } = readiness;
  const expected = target - longUnregistered.length - (request?.increase ?? 0);
  const missing = Math.max(0, expected - ready);
  const known = ready + unready + notStarted.length;
  return missing <= settings.okUnreadyCount || missing <= (settings.maxUnreadyPercentage / 100) * known;
}

/** The request after more nodes were asked for, or some given up; undefined when nothing is left of it.
 *  @source cluster-autoscaler 1.37 clusterstate registerOrUpdateScaleUpNoLock */
export function changedRequest(
  before: ScaleUpRequest | undefined,
  delta: number,
  now: Micros,
  provisionMicros: Micros,
): ScaleUpRequest | undefined {
  const increase = (before?.increase ?? 0) + delta;
  if (increase <= 0) return undefined;
  if (delta <= 0 && before !== undefined) return { ...before, increase };
  return { increase, at: now, expectedBy: now + provisionMicros };
}

/** The back-off after one more failure. Failures while a group is backed off already do not make it longer.
 *  @source cluster-autoscaler 1.37 utils/backoff/exponential_backoff.go */
export function backedOff(
  before: Backoff | undefined,
  now: Micros,
  reason: string,
  settings: Pick<ClusterAutoscalerSettings, "backoffInitialMicros" | "backoffMaxMicros">,
): Backoff {
  let durationMicros = before?.durationMicros ?? settings.backoffInitialMicros;
  if (before !== undefined && before.until < now)
    durationMicros = Math.min(2 * durationMicros, settings.backoffMaxMicros);
  return { durationMicros, until: now + durationMicros, failedAt: now, reason };
}
