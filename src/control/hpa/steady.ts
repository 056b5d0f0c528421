import type { HorizontalPodAutoscaler, KubeObject } from "../../kube/index.ts";
import type { DocumentTable } from "../../store/index.ts";
import { windowsOf } from "./behavior.ts";
import type { Recommendation, ScaleHistory } from "./history.ts";
import type { MetricProposal } from "./metric-proposal.ts";
import type { HpaStatus, ReconcileOutcome } from "./reconcile.ts";
import type { Tolerances } from "./types.ts";

/** A target's object, as it stood when its scale was read. */
export interface TargetSeen {
  readonly table: DocumentTable<KubeObject>;
  readonly row: number;
  readonly object: KubeObject;
}

/**
 * Utilization of a resource over pods that were all ready: what a calculation made of it depends on nothing else. What was
 * measured last is kept up.
 */
export interface SteadyResource {
  readonly resource: string;
  readonly container: string;
  readonly targetPercent: number;
  /** What this metric asks for. */
  readonly replicas: number;
  readyCount: number;
  utilizationPercent: number;
  valueMilli: number;
  /** What a measurement under way has found; it counts when all metrics have been measured. */
  readonly found: { readyCount: number; utilizationPercent: number; valueMilli: number };
  /** The pods measured, when all were ready and had been for long; undefined when not. */
  pods: SteadyPods | undefined;
}

/** Pods whose readiness and requests stay as they are as long as none of them is written. */
export interface SteadyPods {
  /** Sum of the versions of their groups. */
  readonly version: number;
  readonly count: number;
  readonly requestMilli: number;
}

/**
 * What a sync was based on that changed nothing but the metrics shown. As long as every metric asks for as many replicas as
 * it did, and all else is so, another sync changes nothing but the metrics shown and the instant of the last
 * recommendation. Derived, hence no state: it can be forgotten at any time.
 */
export interface SteadyState {
  hpa: HorizontalPodAutoscaler;
  readonly scale: { readonly currentReplicas: number; readonly tolerances: Tolerances };
  readonly target: TargetSeen;
  readonly history: ScaleHistory;
  readonly resources: readonly SteadyResource[];
  /** What the metrics ask for. */
  readonly proposed: number;
  /** Before this instant no remembered recommendation leaves a window in a way that matters. */
  readonly untilMicros: number;
}

/**
 * The steady state after a sync; undefined when it changed something or rests on more than utilization of ready pods. `hpa`
 * is the object as the sync found it; the caller puts the one it has written in its place.
 */
export function steadyStateOf(
  hpa: HorizontalPodAutoscaler,
  target: TargetSeen,
  outcome: ReconcileOutcome,
  at: { readonly now: number; readonly downscaleWindowMicros: number; readonly tolerances: Tolerances },
): SteadyState | undefined {
  const { trace, history, status, events } = outcome;
  if (!changesMetricsAlone(hpa.status, status) || events.length > 0 || history === undefined) return undefined;
  const proposed = trace?.metrics?.replicas;
  const normalisation = trace?.normalisation;
  if (trace === undefined || trace.isRescaled || trace.error !== undefined) return undefined;
  if (proposed === undefined || normalisation === undefined) return undefined;
  // With rules of its own, policies look back at past changes as soon as the size is to change.
  const { behavior } = hpa.spec;
  if (behavior !== undefined && normalisation.stabilisedReplicas !== trace.currentReplicas) return undefined;
  const resources = steadyResources(hpa, trace.metrics?.proposals ?? []);
  if (resources === undefined) return undefined;
  const windows = windowsOf(behavior, at.downscaleWindowMicros);
  const untilMicros = validUntil(history.recommendations, proposed, windows, at.now);
  const scale = { currentReplicas: trace.currentReplicas, tolerances: at.tolerances };
  return { hpa, scale, target, history, resources, proposed, untilMicros };
}

function changesMetricsAlone(old: HpaStatus | undefined, next: HpaStatus): boolean {
  if (old === next) return true;
  return (
    old !== undefined &&
    old.conditions === next.conditions &&
    old.currentReplicas === next.currentReplicas &&
    old.desiredReplicas === next.desiredReplicas &&
    old.lastScaleTime === next.lastScaleTime &&
    old.observedGeneration === next.observedGeneration &&
    old.currentMetrics?.length === next.currentMetrics?.length
  );
}

function steadyResources(
  { spec: { metrics = [] } }: HorizontalPodAutoscaler,
  proposals: readonly MetricProposal[],
): readonly SteadyResource[] | undefined {
  const resources: SteadyResource[] = [];
  for (const [i, { calculation }] of proposals.entries()) {
    const { replicas, utilizationPercent, valueMilli, trace } = calculation;
    const spec = metrics[i];
    const targetPercent = (spec?.resource ?? spec?.containerResource)?.target.averageUtilization;
    if (targetPercent === undefined) return undefined;
    if (utilizationPercent === undefined || typeof valueMilli !== "number" || trace?.readyCount === undefined) {
      return undefined;
    }
    if (trace.unreadyCount !== 0 || trace.missingCount !== 0) return undefined;
    const { name = "cpu" } = spec?.resource ?? spec?.containerResource ?? {};
    const container = spec?.containerResource?.container ?? "";
    const { readyCount } = trace;
    const measured = { readyCount, utilizationPercent, valueMilli };
    resources.push({
      resource: name,
      container,
      targetPercent,
      replicas,
      ...measured,
      found: { ...measured },
      pods: undefined,
    });
  }
  return resources.length === 0 ? undefined : resources;
}

function validUntil(
  recommendations: readonly Recommendation[],
  proposed: number,
  windows: readonly number[],
  now: number,
): number {
  let until = Number.POSITIVE_INFINITY;
  for (const { replicas, atMicros } of recommendations) {
    if (replicas === proposed) continue;
    for (const window of windows) if (atMicros + window >= now) until = Math.min(until, atMicros + window);
  }
  return until;
}

/** The history with its last recommendation of so many replicas moved to a later instant. */
export function prolonged(history: ScaleHistory, replicas: number, atMicros: number): ScaleHistory {
  let last = -1;
  for (const [index, past] of history.recommendations.entries()) {
    if (past.replicas !== replicas) continue;
    if (last === -1 || past.atMicros >= (history.recommendations[last]?.atMicros ?? 0)) last = index;
  }
  if (last === -1) return history;
  return { ...history, recommendations: history.recommendations.with(last, { replicas, atMicros }) };
}
