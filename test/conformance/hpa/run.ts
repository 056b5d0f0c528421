/** The replica calculator against answers recorded from the controller of Kubernetes 1.37.2. */
import {
  type Calculation,
  type Milli,
  milliOfQuantity,
  type PodMetricAnswer,
  type PodRecord,
  type PodSample,
  podRequestsOf,
  type ReadyPods,
  replicasForExternalAverage,
  replicasForExternalValue,
  replicasForObjectAverage,
  replicasForObjectValue,
  replicasForPodsMetric,
  replicasForResourceValue,
  replicasForUtilization,
  selectorText,
} from "../../../src/control/hpa/index.ts";
import type { MetricSpec, Pod } from "../../../src/kube/types.ts";
import { parseRfc3339 } from "../../../src/units/index.ts";

interface MetricValue {
  readonly describedObject: { readonly name: string };
  readonly timestamp: string;
  readonly value: string;
}

export interface CalcVector {
  readonly id: string;
  readonly family: string;
  readonly now: string;
  readonly params: {
    readonly cpuInitializationPeriod: number;
    readonly initialReadinessDelay: number;
    readonly toleranceDown: number;
    readonly toleranceUp: number;
  };
  readonly namespace: string;
  readonly selector: string;
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly metric: MetricSpec;
  readonly pods: readonly Pod[];
  readonly podMetrics?: readonly {
    readonly metadata: { readonly name: string };
    readonly timestamp: string;
    readonly window: string;
    readonly containers: readonly { readonly name: string; readonly usage: Record<string, string> }[] | null;
  }[];
  readonly customMetrics?: readonly MetricValue[];
  readonly externalMetrics?: readonly { readonly value: string }[];
  readonly apiError?: string;
  readonly out: {
    readonly replicas: number;
    readonly utilization?: number;
    /** Milli-units; a text where a double cannot hold it. */
    readonly raw: number | string;
    readonly error?: string;
  };
}

export interface FamilyAgreement {
  readonly family: string;
  readonly cases: number;
  readonly agreed: number;
  readonly differences: readonly { readonly id: string; readonly expected: unknown; readonly actual: unknown }[];
}

/** Plays every vector; `document` is the recording's text, in which large integers are still exact. */
export function runHpaCalc(document: string): FamilyAgreement[] {
  const families = new Map<string, { cases: number; differences: FamilyAgreement["differences"][number][] }>();
  for (const vector of JSON.parse(keepLargeIntegers(document)) as CalcVector[]) {
    const family = families.get(vector.family) ?? { cases: 0, differences: [] };
    families.set(vector.family, family);
    family.cases++;
    const result = calculate(vector);
    const actual = {
      replicas: result.replicas,
      ...(result.utilizationPercent !== undefined && { utilization: result.utilizationPercent }),
      raw: String(result.valueMilli),
      ...(result.error !== undefined && { error: result.error }),
    };
    const expected = { ...vector.out, raw: String(vector.out.raw) };
    if (text(actual) !== text(expected)) family.differences.push({ id: vector.id, expected, actual });
  }
  return [...families].map(([family, { cases, differences }]) => ({
    family,
    cases,
    agreed: cases - differences.length,
    differences,
  }));
}

function text(out: { replicas: number; utilization?: number; raw: string; error?: string }): string {
  return JSON.stringify([out.replicas, out.utilization ?? null, out.raw, out.error ?? null]);
}

/** Integers of 16 digits and more as texts, which JSON.parse would round. */
function keepLargeIntegers(document: string): string {
  return document.replace(/("raw": ?)(-?\d{16,})/g, '$1"$2"');
}

function calculate(vector: CalcVector): Calculation {
  const { metric } = vector;
  if (metric.resource !== undefined) {
    return resource(vector, metric.resource.name, "", metric.resource.target);
  }
  if (metric.containerResource !== undefined) {
    const { name, container, target } = metric.containerResource;
    return resource(vector, name, container, target);
  }
  if (metric.pods !== undefined) {
    const target = milliOfQuantity(metric.pods.target.averageValue ?? "");
    return replicasForPodsMetric(common(vector, customAnswer(vector)), metric.pods.metric.name, target);
  }
  return metric.object === undefined ? external(vector) : object(vector);
}

function resource(
  vector: CalcVector,
  name: string,
  container: string,
  target: { readonly averageUtilization?: number; readonly averageValue?: string },
): Calculation {
  const input = { ...common(vector, resourceAnswer(vector, name, container)), resource: name, container };
  return target.averageUtilization === undefined
    ? replicasForResourceValue(input, milliOfQuantity(target.averageValue ?? ""))
    : replicasForUtilization(input, target.averageUtilization);
}

function object(vector: CalcVector): Calculation {
  const spec = vector.metric.object;
  if (spec === undefined) throw new Error(`${vector.id}: no object`);
  const value = vector.customMetrics?.[0]?.value;
  const answer =
    vector.apiError === undefined ? { valueMilli: milliOfQuantity(value ?? "") } : { error: vector.apiError };
  const described = spec.describedObject;
  const names = {
    metric: spec.metric.name,
    describedObject: `${described.kind} ${vector.namespace}/${described.name}`,
  };
  return spec.target.type === "Value"
    ? replicasForObjectValue(answer, names, milliOfQuantity(spec.target.value ?? ""), scaleOf(vector))
    : replicasForObjectAverage(answer, names, milliOfQuantity(spec.target.averageValue ?? ""), scaleOf(vector));
}

function external(vector: CalcVector): Calculation {
  const spec = vector.metric.external;
  if (spec === undefined) throw new Error(`${vector.id}: no metric`);
  const values = (vector.externalMetrics ?? []).map(({ value }) => milliOfQuantity(value));
  const answer = vector.apiError === undefined ? { valuesMilli: values } : { error: vector.apiError };
  const series = `${vector.namespace}/${spec.metric.name}/${selectorText(spec.metric.selector)}`;
  return spec.target.averageValue === undefined
    ? replicasForExternalValue(answer, series, milliOfQuantity(spec.target.value ?? ""), scaleOf(vector))
    : replicasForExternalAverage(answer, series, milliOfQuantity(spec.target.averageValue), scaleOf(vector));
}

function tolerancesOf({ params }: CalcVector) {
  return { down: params.toleranceDown, up: params.toleranceUp };
}

function scaleOf(vector: CalcVector) {
  const selected = podsOf(vector);
  const ready: ReadyPods = {
    podCount: selected.length,
    runningReadyCount: selected.filter((pod) => pod.phase === "Running" && pod.readyStatus === "True").length,
  };
  return {
    currentReplicas: vector.specReplicas,
    statusReplicas: vector.statusReplicas,
    tolerances: tolerancesOf(vector),
    pods: ready,
  };
}

function common(vector: CalcVector, answer: PodMetricAnswer) {
  return {
    now: parseRfc3339(vector.now),
    currentReplicas: vector.specReplicas,
    tolerances: tolerancesOf(vector),
    periods: {
      cpuInitializationMicros: vector.params.cpuInitializationPeriod * 1e6,
      initialReadinessDelayMicros: vector.params.initialReadinessDelay * 1e6,
    },
    pods: podsOf(vector),
    answer,
  };
}

function podsOf(vector: CalcVector): PodRecord[] {
  const [key = "", value] = vector.selector.split("=");
  return vector.pods.filter((pod) => pod.metadata.labels?.[key] === value).map(podRecord);
}

function podRecord(pod: Pod): PodRecord {
  const ready = pod.status?.conditions?.find((condition) => condition.type === "Ready");
  return {
    name: pod.metadata.name ?? "",
    phase: pod.status?.phase,
    isDeleting: pod.metadata.deletionTimestamp !== undefined,
    readyStatus: ready?.status,
    readyTransitionMicros: ready?.lastTransitionTime === undefined ? 0 : parseRfc3339(ready.lastTransitionTime),
    startMicros: pod.status?.startTime === undefined ? undefined : parseRfc3339(pod.status.startTime),
    requests: podRequestsOf(pod.spec),
  };
}

function resourceAnswer(vector: CalcVector, name: string, container: string): PodMetricAnswer {
  if (vector.apiError !== undefined) return { error: vector.apiError };
  const samples = new Map<string, PodSample>();
  for (const item of vector.podMetrics ?? []) {
    const usages = (item.containers ?? []).filter((entry) => container === "" || entry.name === container);
    const values = usages.map(({ usage }) => (usage[name] === undefined ? undefined : milliOfQuantity(usage[name])));
    if (values.length === 0 || values.includes(undefined)) continue;
    samples.set(item.metadata.name, {
      valueMilli: (values as Milli[]).reduce((sum, value) => Number(sum) + Number(value), 0),
      timestampMicros: parseRfc3339(item.timestamp),
      windowMicros: Number.parseFloat(item.window) * 1e6,
    });
  }
  return { itemCount: vector.podMetrics?.length ?? 0, samples };
}

function customAnswer(vector: CalcVector): PodMetricAnswer {
  if (vector.apiError !== undefined) return { error: vector.apiError };
  const samples = new Map<string, PodSample>();
  for (const item of vector.customMetrics ?? []) {
    const timestampMicros = parseRfc3339(item.timestamp);
    const valueMilli = milliOfQuantity(item.value);
    samples.set(item.describedObject.name, { valueMilli, timestampMicros, windowMicros: 60e6 });
  }
  return { itemCount: vector.customMetrics?.length ?? 0, samples };
}
