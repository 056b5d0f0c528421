import type { HorizontalPodAutoscaler, MetricTarget } from "../../kube/index.ts";
import type { Decision } from "../../store/index.ts";
import { policiesOf } from "./behavior.ts";
import type { MetricProposal } from "./metric-proposal.ts";
import { formatMilliQuantity } from "./quantities.ts";
import type { SyncTrace } from "./reconcile.ts";

/**
 * The decision record of a sync: what explanations of the HPA print. Spans in microseconds; fields that play no part
 * are left out. `sync` counts the syncs of this HPA from 1.
 */
export function decisionOf(hpa: HorizontalPodAutoscaler, trace: SyncTrace, sync: number, now: number): Decision {
  const { namespace = "", name = "" } = hpa.metadata;
  const { scaleTargetRef: target, minReplicas, maxReplicas } = hpa.spec;
  const { metrics, normalisation } = trace;
  return {
    by: "hpa",
    what: trace.error !== undefined ? "fail" : trace.isRescaled ? "scale" : "keep",
    object: `hpa/${namespace}/${name}`,
    target: `${target.kind.toLowerCase()}/${namespace}/${target.name}`,
    sync,
    from: trace.currentReplicas,
    to: trace.isRescaled ? trace.desiredReplicas : trace.currentReplicas,
    min: minReplicas ?? 1,
    max: maxReplicas,
    ...(trace.reason !== "" && { reason: trace.reason }),
    ...(trace.error !== undefined && { error: trace.error }),
    ...(metrics !== undefined && {
      metrics: metrics.proposals.map((proposal, i) => metricRecord(hpa, proposal, i, now)),
      ...(metrics.replicas !== undefined && { proposed: metrics.replicas, byMetric: metrics.metricName }),
    }),
    ...(normalisation !== undefined && {
      stabilised: normalisation.stabilisedReplicas,
      ...(normalisation.ableToScale.reason !== "ReadyForNewScale" && { window: normalisation.ableToScale.reason }),
      ...(normalisation.policyLimit !== undefined && { policyLimit: normalisation.policyLimit }),
      ...(normalisation.policyLimits !== undefined && { policies: policyRecords(hpa, trace) }),
      normalised: normalisation.replicas,
      ...(normalisation.scalingLimited.isLimited && { limited: normalisation.scalingLimited.reason }),
    }),
  };
}

function metricRecord(hpa: HorizontalPodAutoscaler, proposal: MetricProposal, index: number, now: number): unknown {
  const spec = hpa.spec.metrics?.[index];
  const { calculation, error } = proposal;
  const source = spec?.resource ?? spec?.containerResource;
  const name = source?.name ?? (spec?.pods ?? spec?.object ?? spec?.external)?.metric.name ?? "cpu";
  const target = (source ?? spec?.pods ?? spec?.object ?? spec?.external)?.target;
  const head = { type: spec?.type ?? "Resource", name, target: targetText(target) };
  if (error !== undefined) return { ...head, error: error.message };
  const { oldestSampleMicros, newestSampleMicros, readyCount, unreadyCount, missingCount, ignoredCount, ...steps } =
    calculation.trace ?? {};
  return {
    ...head,
    ...(readyCount !== undefined && { ready: readyCount }),
    ...(unreadyCount !== undefined && unreadyCount > 0 && { unready: unreadyCount }),
    ...(missingCount !== undefined && missingCount > 0 && { missing: missingCount }),
    ...(ignoredCount !== undefined && ignoredCount > 0 && { ignored: ignoredCount }),
    ...(oldestSampleMicros !== undefined && { oldestSampleAge: now - oldestSampleMicros }),
    ...(newestSampleMicros !== undefined && { newestSampleAge: now - newestSampleMicros }),
    ...(calculation.utilizationPercent !== undefined && { utilization: calculation.utilizationPercent }),
    value: formatMilliQuantity(calculation.valueMilli, name === "memory" ? "BinarySI" : "DecimalSI"),
    ...steps,
    replicas: calculation.replicas,
  };
}

function targetText(target: MetricTarget | undefined): string {
  if (target?.averageUtilization !== undefined) return `${target.averageUtilization}%`;
  if (target?.averageValue !== undefined) return `${target.averageValue} (avg)`;
  return target?.value ?? "80%";
}

function policyRecords(hpa: HorizontalPodAutoscaler, trace: SyncTrace): unknown {
  const { behavior } = hpa.spec;
  const { normalisation } = trace;
  if (behavior === undefined || normalisation?.policyLimits === undefined) return [];
  const isUp = normalisation.stabilisedReplicas > trace.currentReplicas;
  const rules = isUp ? behavior.scaleUp : behavior.scaleDown;
  return {
    direction: isUp ? "scaleUp" : "scaleDown",
    select: rules?.selectPolicy ?? "Max",
    allow: policiesOf(behavior, isUp).map(({ type, value, periodSeconds }, i) => ({
      policy: `${type} ${value}/${periodSeconds}s`,
      ...(normalisation.policyLimits?.[i] !== undefined && { replicas: normalisation.policyLimits[i] }),
    })),
  };
}
