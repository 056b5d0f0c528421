import { classifyPod, POD_CLASS, type PodClass } from "./group-pods.ts";
import { addInt64, divideInt64, floatToInt32, type Milli, multiplyInt64, percentInt32, toFloat } from "./int64.ts";
import { requestOf } from "./requests.ts";
import type {
  Calculation,
  CalculationTrace,
  PodMetricAnswer,
  PodRecord,
  PodSamples,
  ReadinessPeriods,
  Tolerances,
} from "./types.ts";

/** What every calculation over pods needs. Instants in microseconds; pods in the lister's order. */
export interface PodCalculationInput {
  readonly now: number;
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
  readonly periods: ReadinessPeriods;
  readonly pods: readonly PodRecord[];
  readonly answer: PodMetricAnswer;
  /** Whether a number against the direction of the ratio is dropped. Not so before Kubernetes 1.19 (kubernetes#85027). Default true. */
  readonly isCountGuarded?: boolean;
}

export interface ResourceCalculationInput extends PodCalculationInput {
  readonly resource: string;
  /** The container named by a ContainerResource metric, "" for the whole pod. */
  readonly container: string;
}

/**
 * Replicas for a target utilization in percent of the requests.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, GetResourceReplicas
 */
export function replicasForUtilization(input: ResourceCalculationInput, targetPercent: number): Calculation {
  const fail = (error: string): Calculation => ({ replicas: 0, utilizationPercent: 0, valueMilli: 0, error });
  const failure = failureOf(input, `unable to get metrics for resource ${input.resource}`, "resource");
  if (failure !== undefined) return fail(failure);
  const answer = input.answer as PodSamples;
  const groups = groupSamples(input, answer, input.resource === "cpu");
  if (groups.metricCount === 0) return fail(NO_METRICS_LEFT);

  const requests: Milli[] = [];
  for (const pod of input.pods) {
    const request = requestOf(pod, input.container, input.resource);
    if (typeof request === "string") return fail(request);
    requests.push(request);
  }
  const ready = sumReady(groups, requests);
  if (Number(ready.requestMilli) === 0) return fail("no metrics returned matched known pods");
  const utilization = percentInt32(ready.usageMilli, ready.requestMilli);
  const result = decide(input, groups, utilization / targetPercent, (ratio) => {
    const all = withAbsentPods(groups, requests, ready, ratio, targetPercent);
    return percentInt32(all.usageMilli, all.requestMilli) / targetPercent;
  });
  return { ...result, utilizationPercent: utilization, valueMilli: divideInt64(ready.usageMilli, groups.readyCount) };
}

/**
 * Replicas for a target average value a pod, in milli-units: Resource and ContainerResource metrics.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, GetRawResourceReplicas
 */
export function replicasForResourceValue(input: ResourceCalculationInput, targetMilli: Milli): Calculation {
  const failure = failureOf(input, `unable to get metrics for resource ${input.resource}`, "resource");
  return failure === undefined ? plainReplicas(input, input.resource === "cpu", targetMilli) : failed(failure);
}

/**
 * Replicas for a target average value a pod, in milli-units: Pods metrics.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, GetMetricReplicas
 */
export function replicasForPodsMetric(input: PodCalculationInput, metric: string, targetMilli: Milli): Calculation {
  const failure = failureOf(input, `unable to get metric ${metric}`, "custom");
  return failure === undefined ? plainReplicas(input, false, targetMilli) : failed(failure);
}

export const NO_PODS = "no pods returned by selector while calculating replica count";
const NO_METRICS_LEFT = "did not receive metrics for targeted pods (pods might be unready)";

export function failed(error: string): Calculation {
  return { replicas: 0, valueMilli: 0, error };
}

export function isWithinTolerance(ratio: number, tolerances: Tolerances): boolean {
  return 1 - tolerances.down <= ratio && ratio <= 1 + tolerances.up;
}

function failureOf(input: PodCalculationInput, subject: string, api: string): string | undefined {
  if ("error" in input.answer)
    return `${subject}: unable to fetch metrics from ${api} metrics API: ${input.answer.error}`;
  if (input.answer.itemCount === 0) return `${subject}: no metrics returned from ${api} metrics API`;
  return input.pods.length === 0 ? NO_PODS : undefined;
}

function plainReplicas(input: PodCalculationInput, isCpu: boolean, targetMilli: Milli): Calculation {
  const groups = groupSamples(input, input.answer as PodSamples, isCpu);
  if (groups.metricCount === 0) return failed(NO_METRICS_LEFT);
  const target = toFloat(targetMilli);
  const usage = divideInt64(groups.metricSumMilli, groups.metricCount);
  const result = decide(input, groups, toFloat(usage) / target, (ratio) => {
    const filled = ratio < 1 ? multiplyInt64(targetMilli, groups.missingCount) : 0;
    const sum = addInt64(groups.metricSumMilli, filled);
    return toFloat(divideInt64(sum, countedPods(groups, ratio))) / target;
  });
  return { ...result, valueMilli: usage };
}

/** The pods by class, and the samples that stay once those of ignored and unready pods are dropped. */
interface SampleGroups {
  readonly pods: readonly PodRecord[];
  readonly samples: PodSamples["samples"];
  readonly classes: readonly PodClass[];
  readonly readyCount: number;
  readonly unreadyCount: number;
  readonly missingCount: number;
  readonly ignoredCount: number;
  readonly oldestSampleMicros: number;
  readonly newestSampleMicros: number;
  /** Samples that stay, also those of pods that are not in the list. */
  readonly metricCount: number;
  readonly metricSumMilli: Milli;
}

function groupSamples(input: PodCalculationInput, answer: PodSamples, isCpu: boolean): SampleGroups {
  const counts = [0, 0, 0, 0];
  const classes: PodClass[] = [];
  let metricCount = answer.samples.size;
  let metricSumMilli: Milli = 0;
  for (const sample of answer.samples.values()) metricSumMilli = addInt64(metricSumMilli, sample.valueMilli);
  let oldest = Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  for (const pod of input.pods) {
    const sample = answer.samples.get(pod.name);
    const podClass = classifyPod(pod, sample, isCpu, input.now, input.periods);
    classes.push(podClass);
    counts[podClass] = (counts[podClass] ?? 0) + 1;
    if (sample === undefined) continue;
    if (podClass === POD_CLASS.ready) {
      oldest = Math.min(oldest, sample.timestampMicros);
      newest = Math.max(newest, sample.timestampMicros);
    } else {
      metricCount--;
      metricSumMilli = addInt64(metricSumMilli, multiplyInt64(sample.valueMilli, -1));
    }
  }
  const [readyCount = 0, unreadyCount = 0, missingCount = 0, ignoredCount = 0] = counts;
  return {
    pods: input.pods,
    samples: answer.samples,
    classes,
    readyCount,
    unreadyCount,
    missingCount,
    ignoredCount,
    oldestSampleMicros: oldest,
    newestSampleMicros: newest,
    metricCount,
    metricSumMilli,
  };
}

interface UsageSums {
  readonly usageMilli: Milli;
  readonly requestMilli: Milli;
}

function sumReady(groups: SampleGroups, requests: readonly Milli[]): UsageSums {
  let usageMilli: Milli = 0;
  let requestMilli: Milli = 0;
  for (let i = 0; i < groups.classes.length; i++) {
    const sample = groups.samples.get(groups.pods[i]?.name ?? "");
    if (groups.classes[i] !== POD_CLASS.ready || sample === undefined) continue;
    usageMilli = addInt64(usageMilli, sample.valueMilli);
    requestMilli = addInt64(requestMilli, requests[i] ?? 0);
  }
  return { usageMilli, requestMilli };
}

/** Sums with the missing pods (at their request when scaling down, at 0 when up) and, up, the unready ones at 0. */
function withAbsentPods(
  groups: SampleGroups,
  requests: readonly Milli[],
  ready: UsageSums,
  ratio: number,
  targetPercent: number,
): UsageSums {
  let { usageMilli, requestMilli } = ready;
  const fallbackPercent = Math.max(100, targetPercent);
  for (let i = 0; i < groups.classes.length; i++) {
    const request = requests[i] ?? 0;
    if (groups.classes[i] === POD_CLASS.missing && ratio !== 1) {
      requestMilli = addInt64(requestMilli, request);
      if (ratio < 1) {
        usageMilli = addInt64(usageMilli, divideInt64(multiplyInt64(request, fallbackPercent), 100));
      }
    } else if (groups.classes[i] === POD_CLASS.unready && ratio > 1) {
      requestMilli = addInt64(requestMilli, request);
    }
  }
  return { usageMilli, requestMilli };
}

/** Number of samples once missing and unready pods are counted in. */
function countedPods(groups: SampleGroups, ratio: number): number {
  return groups.metricCount + (ratio === 1 ? 0 : groups.missingCount) + (ratio > 1 ? groups.unreadyCount : 0);
}

/** The steps that utilization and average value share; `rebalance` gives the ratio with absent pods counted in. */
function decide(
  input: PodCalculationInput,
  groups: SampleGroups,
  ratio: number,
  rebalance: (ratio: number) => number,
): Pick<Calculation, "replicas"> & { trace: CalculationTrace } {
  const seen = {
    readyCount: groups.readyCount,
    unreadyCount: groups.unreadyCount,
    missingCount: groups.missingCount,
    ignoredCount: groups.ignoredCount,
    ...(groups.readyCount > 0 && {
      oldestSampleMicros: groups.oldestSampleMicros,
      newestSampleMicros: groups.newestSampleMicros,
    }),
    ratio,
  };
  const current = input.currentReplicas;
  const isUpWithUnready = groups.unreadyCount > 0 && ratio > 1;
  if (!isUpWithUnready && groups.missingCount === 0) {
    const rawReplicas = floatToInt32(Math.ceil(ratio * groups.readyCount));
    const isWithin = isWithinTolerance(ratio, input.tolerances);
    const step = isWithin ? "withinTolerance" : "scaled";
    const trace = { ...seen, countedPods: groups.readyCount, rawReplicas, step } as const;
    return { replicas: isWithin ? current : rawReplicas, trace };
  }
  const rebalancedRatio = rebalance(ratio);
  const counted = countedPods(groups, ratio);
  const rawReplicas = floatToInt32(Math.ceil(rebalancedRatio * counted));
  const end = (step: CalculationTrace["step"]) => ({
    replicas: step === "scaled" ? rawReplicas : current,
    trace: { ...seen, rebalancedRatio, countedPods: counted, rawReplicas, step },
  });
  if (isWithinTolerance(rebalancedRatio, input.tolerances)) return end("withinTolerance");
  if ((ratio < 1 && rebalancedRatio > 1) || (ratio > 1 && rebalancedRatio < 1)) return end("directionTurned");
  if (input.isCountGuarded === false) return end("scaled");
  if ((rebalancedRatio < 1 && rawReplicas > current) || (rebalancedRatio > 1 && rawReplicas < current)) {
    return end("countAgainstRatio");
  }
  return end("scaled");
}
