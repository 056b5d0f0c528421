import {
  addInt64,
  floatToInt32,
  floatToInt64,
  MAX_INT32,
  MAX_INT64,
  type Milli,
  normaliseInt64,
  toFloat,
} from "./int64.ts";
import { failed, isWithinTolerance, NO_PODS } from "./replica-calculator.ts";
import type { Calculation, CalculationTrace, ExternalMetricAnswer, ObjectMetricAnswer, Tolerances } from "./types.ts";

/** What a calculation for a value outside the pods needs of the pods: their number, and how many run and are ready. */
export interface ReadyPods {
  readonly podCount: number;
  /** Pods in phase Running whose Ready condition is True. */
  readonly runningReadyCount: number;
}

/**
 * Replicas for an Object metric with a Value target, in milli-units. `describedObject` is the text "Kind ns/name".
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, GetObjectMetricReplicas
 */
export function replicasForObjectValue(
  answer: ObjectMetricAnswer,
  names: { readonly metric: string; readonly describedObject: string },
  targetMilli: Milli,
  scale: { readonly currentReplicas: number; readonly tolerances: Tolerances; readonly pods: ReadyPods },
): Calculation {
  if ("error" in answer) return failed(objectFailure(answer.error, names));
  return valueReplicas(answer.valueMilli, targetMilli, scale);
}

/**
 * Replicas for an Object metric with an AverageValue target, in milli-units a pod; `statusReplicas` is what the scale
 * says it has.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, GetObjectPerPodMetricReplicas
 */
export function replicasForObjectAverage(
  answer: ObjectMetricAnswer,
  names: { readonly metric: string; readonly describedObject: string },
  targetMilli: Milli,
  scale: { readonly statusReplicas: number; readonly tolerances: Tolerances },
): Calculation {
  if ("error" in answer) return failed(objectFailure(answer.error, names));
  const usage = toFloat(answer.valueMilli);
  const divided = floatToInt32(Math.ceil(usage / toFloat(targetMilli)));
  return averageReplicas(usage, targetMilli, divided, scale);
}

/**
 * Replicas for an External metric with a Value target, in milli-units; all series are summed. `series` is the text
 * "namespace/metric/selector".
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, GetExternalMetricReplicas
 */
export function replicasForExternalValue(
  answer: ExternalMetricAnswer,
  series: string,
  targetMilli: Milli,
  scale: { readonly currentReplicas: number; readonly tolerances: Tolerances; readonly pods: ReadyPods },
): Calculation {
  const failure = externalFailure(answer, series);
  if (failure !== undefined) return failed(failure);
  return valueReplicas(sumSeries(answer as { readonly valuesMilli: readonly Milli[] }), targetMilli, scale);
}

/**
 * Replicas for an External metric with an AverageValue target, in milli-units a pod.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, GetExternalPerPodMetricReplicas
 */
export function replicasForExternalAverage(
  answer: ExternalMetricAnswer,
  series: string,
  targetMilli: Milli,
  scale: { readonly statusReplicas: number; readonly tolerances: Tolerances },
): Calculation {
  const failure = externalFailure(answer, series);
  if (failure !== undefined) return failed(failure);
  const usage = toFloat(sumSeries(answer as { readonly valuesMilli: readonly Milli[] }));
  const exact = Math.ceil(usage / toFloat(targetMilli));
  const divided = exact > MAX_INT32 ? MAX_INT32 : floatToInt32(exact);
  const result = averageReplicas(usage, targetMilli, divided, scale);
  return usage >= toFloat(MAX_INT64) ? { ...result, valueMilli: MAX_INT64 } : result;
}

function objectFailure(error: string, names: { readonly metric: string; readonly describedObject: string }): string {
  const api = `unable to fetch metrics from custom metrics API: ${error}`;
  return `unable to get metric ${names.metric} on ${names.describedObject}: ${api}`;
}

function externalFailure(answer: ExternalMetricAnswer, series: string): string | undefined {
  const subject = `unable to get external metric ${series}`;
  if ("error" in answer) return `${subject}: unable to fetch metrics from external metrics API: ${answer.error}`;
  return answer.valuesMilli.length === 0 ? `${subject}: no metrics returned from external metrics API` : undefined;
}

/** Sum of all series, held at the largest int64. */
function sumSeries(answer: { readonly valuesMilli: readonly Milli[] }): Milli {
  let sum: Milli = 0;
  for (const value of answer.valuesMilli) {
    if (value > 0 && BigInt(sum) + BigInt(value) > MAX_INT64) return MAX_INT64;
    sum = addInt64(sum, value);
  }
  return typeof sum === "bigint" ? normaliseInt64(sum) : sum;
}

function valueReplicas(
  usage: Milli,
  targetMilli: Milli,
  scale: { readonly currentReplicas: number; readonly tolerances: Tolerances; readonly pods: ReadyPods },
): Calculation {
  const ratio = toFloat(usage) / toFloat(targetMilli);
  const end = (replicas: number, rest: Omit<CalculationTrace, "ratio">): Calculation => ({
    replicas,
    valueMilli: usage,
    trace: { ratio, ...rest },
  });
  if (scale.currentReplicas === 0) {
    const replicas = floatToInt32(Math.ceil(ratio));
    return end(replicas, { rawReplicas: replicas, step: "divided" });
  }
  const ready = scale.pods.runningReadyCount;
  const exact = ratio * ready;
  const raw = exact > MAX_INT32 ? MAX_INT32 : floatToInt32(Math.ceil(exact));
  const counts = { readyCount: ready, countedPods: ready, rawReplicas: raw };
  if (isWithinTolerance(ratio, scale.tolerances)) {
    return end(scale.currentReplicas, { ...counts, step: "withinTolerance" });
  }
  if (scale.pods.podCount === 0) {
    return { replicas: 0, valueMilli: usage, error: `unable to calculate ready pods: ${NO_PODS}` };
  }
  return end(raw, { ...counts, step: "scaled" });
}

function averageReplicas(
  usage: number,
  targetMilli: Milli,
  divided: number,
  scale: { readonly statusReplicas: number; readonly tolerances: Tolerances },
): Calculation {
  const ratio = usage / (toFloat(targetMilli) * scale.statusReplicas);
  const isWithin = isWithinTolerance(ratio, scale.tolerances);
  return {
    replicas: isWithin ? scale.statusReplicas : divided,
    valueMilli: floatToInt64(Math.ceil(usage / scale.statusReplicas)),
    trace: {
      ratio,
      countedPods: scale.statusReplicas,
      rawReplicas: divided,
      step: isWithin ? "withinTolerance" : "divided",
    },
  };
}
