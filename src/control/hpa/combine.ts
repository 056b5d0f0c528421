import type { MetricSpec } from "../../kube/index.ts";
import type { Reason } from "./behavior.ts";
import { type MetricInputs, type MetricProposal, type MetricStatus, proposeForMetric } from "./metric-proposal.ts";

/** What all metrics together ask for. */
export interface CombinedProposal {
  /** Undefined when the metrics give no answer; then `error` says why. */
  readonly replicas?: number;
  /** Name of the metric that asks for the most. */
  readonly metricName: string;
  readonly error?: string;
  /** The condition ScalingActive. */
  readonly scalingActive: Reason & { readonly isActive: boolean };
  /** One entry a metric; empty when the selector failed. */
  readonly statuses: readonly MetricStatus[];
  /** Warnings about single metrics, in the order of spec.metrics. */
  readonly warnings: readonly Reason[];
  readonly proposals: readonly MetricProposal[];
}

/**
 * Asks every metric of the spec and takes the largest proposal. With some metrics failed, the answer stands only when
 * it would not scale down.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, computeReplicasForMetrics
 */
export function combineMetrics(metrics: readonly MetricSpec[], inputs: MetricInputs): CombinedProposal {
  const proposals = metrics.map((spec) => proposeForMetric(spec, inputs));
  let replicas = 0;
  let metricName = "";
  let invalidCount = 0;
  for (const proposal of proposals) {
    if (proposal.error !== undefined) invalidCount++;
    else if (replicas === 0 || proposal.calculation.replicas > replicas) {
      replicas = proposal.calculation.replicas;
      metricName = proposal.name;
    }
  }
  const errors = proposals.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const statuses = proposals.map(({ status }) => status);
  const first = errors[0];
  if (first !== undefined && (invalidCount >= metrics.length || replicas < inputs.specReplicas)) {
    const message = `the HPA was unable to compute the replica count: ${first.message}`;
    const counts = `${invalidCount} invalid out of ${metrics.length}`;
    return {
      metricName: "",
      error: `invalid metrics (${counts}), first error is: ${first.outerMessage}`,
      scalingActive: { isActive: false, reason: first.reason, message },
      statuses,
      warnings: errors,
      proposals,
    };
  }
  const message = `the HPA was able to successfully calculate a replica count from ${metricName}`;
  return {
    replicas,
    metricName,
    scalingActive: { isActive: true, reason: "ValidMetricFound", message },
    statuses,
    warnings: errors,
    proposals,
  };
}

/** The outcome when the target's selector cannot be used: no metric is asked. */
export function selectorFailure(eventReason: string, condition: Reason, error: string): CombinedProposal {
  return {
    metricName: "",
    error,
    scalingActive: { isActive: false, ...condition },
    statuses: [],
    warnings: [{ reason: eventReason, message: error }],
    proposals: [],
  };
}
