import type { CrossVersionObjectReference, MetricIdentifier, MetricSpec, MetricTarget } from "../../kube/index.ts";
import { selectorText } from "../selector-text.ts";
import type { Milli } from "./int64.ts";
import {
  type ReadyPods,
  replicasForExternalAverage,
  replicasForExternalValue,
  replicasForObjectAverage,
  replicasForObjectValue,
} from "./object-metrics.ts";
import { formatMilliQuantity, milliOfQuantity } from "./quantities.ts";
import { replicasForPodsMetric, replicasForResourceValue, replicasForUtilization } from "./replica-calculator.ts";
import type {
  Calculation,
  ExternalMetricAnswer,
  ObjectMetricAnswer,
  PodMetricAnswer,
  PodRecord,
  ReadinessPeriods,
  Tolerances,
} from "./types.ts";

/** Everything one sync reads, bound to the HPA's namespace and its target's selector. Read only when a metric asks. */
export interface MetricInputs {
  readonly namespace: string;
  readonly now: number;
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly periods: ReadinessPeriods;
  readonly isCountGuarded?: boolean;
  pods(): readonly PodRecord[];
  readyPods(): ReadyPods;
  resource(resource: string, container: string): PodMetricAnswer;
  podsMetric(metric: MetricIdentifier): PodMetricAnswer;
  objectMetric(described: CrossVersionObjectReference, metric: MetricIdentifier): ObjectMetricAnswer;
  externalMetric(metric: MetricIdentifier): ExternalMetricAnswer;
  /** Utilization by a cheaper way that is known to give the same answer; undefined when there is none this time. */
  quickUtilization?(resource: string, container: string, targetPercent: number): Calculation | undefined;
}

/** An entry of status.currentMetrics; a metric that failed has type "" and nothing else. */
export interface MetricStatus {
  readonly type: string;
  readonly [source: string]: unknown;
}

export interface MetricError {
  /** Reason of the event and, for the first error, of the condition. */
  readonly reason: string;
  /** The event's message. */
  readonly message: string;
  /** What the error is called where the whole computation fails. */
  readonly outerMessage: string;
}

/** What one metric asks for. */
export interface MetricProposal {
  readonly name: string;
  readonly calculation: Calculation;
  readonly status: MetricStatus;
  readonly error?: MetricError;
}

const FAILED_STATUS: MetricStatus = Object.freeze({ type: "" });

/**
 * The proposal of one entry of spec.metrics.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, computeReplicasForMetric
 */
export function proposeForMetric(spec: MetricSpec, inputs: MetricInputs): MetricProposal {
  if (spec.type === "Resource" && spec.resource !== undefined) return proposeResource(spec.resource, "", inputs);
  if (spec.type === "ContainerResource" && spec.containerResource !== undefined) {
    return proposeResource(spec.containerResource, spec.containerResource.container, inputs);
  }
  if (spec.type === "Pods" && spec.pods !== undefined) return proposePods(spec.pods, inputs);
  if (spec.type === "Object" && spec.object !== undefined) return proposeObject(spec.object, inputs);
  if (spec.type === "External" && spec.external !== undefined) return proposeExternal(spec.external, inputs);
  return invalid(`unknown metric source type "${spec.type}"`, "InvalidMetricSourceType", "");
}

function invalid(message: string, reason: string, prefix: string): MetricProposal {
  const calculation = { replicas: 0, valueMilli: 0, error: message };
  return failedProposal(calculation, reason, message, prefix);
}

function failedProposal(calculation: Calculation, reason: string, message: string, prefix: string): MetricProposal {
  const error = { reason, message, outerMessage: prefix + message };
  return { name: "", calculation, status: FAILED_STATUS, error };
}

function proposeResource(
  source: { readonly name: string; readonly target: MetricTarget },
  container: string,
  inputs: MetricInputs,
): MetricProposal {
  const { name, target } = source;
  const isWhole = container === "";
  const reason = isWhole ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric";
  const prefix = `failed to get ${isWhole ? `${name} resource` : `${container} container`} metric value: `;
  const isValue = target.averageValue !== undefined;
  if (!isValue && target.averageUtilization === undefined) {
    const text = "neither an average utilization target nor an average value (usage) target was set";
    return invalid(`invalid resource metric source: ${text}`, reason, prefix);
  }
  const calculation = calculateResource(name, container, target, inputs);
  if (calculation.error !== undefined) {
    const message = `failed to get ${name} ${isValue ? "usage" : "utilization"}: ${calculation.error}`;
    return failedProposal(calculation, reason, message, prefix);
  }
  const { valueMilli, utilizationPercent } = calculation;
  const kind = isWhole ? "resource" : "container resource";
  return {
    name: isValue ? `${name} resource` : `${name} ${kind} utilization (percentage of request)`,
    calculation,
    status: resourceStatus(name, container, valueMilli, isValue ? undefined : utilizationPercent),
  };
}

/** The entry of `currentMetrics` about a resource; with a container, about that one of each pod. */
export function resourceStatus(
  name: string,
  container: string,
  valueMilli: Calculation["valueMilli"],
  averageUtilization: number | undefined,
): MetricStatus {
  const averageValue = formatMilliQuantity(valueMilli, name === "memory" ? "BinarySI" : "DecimalSI");
  const current = averageUtilization === undefined ? { averageValue } : { averageUtilization, averageValue };
  return container === ""
    ? { type: "Resource", resource: { name, current } }
    : { type: "ContainerResource", containerResource: { name, container, current } };
}

function calculateResource(
  resource: string,
  container: string,
  target: MetricTarget,
  inputs: MetricInputs,
): Calculation {
  if (target.averageValue === undefined) {
    const targetPercent = target.averageUtilization ?? 0;
    const quick = inputs.quickUtilization?.(resource, container, targetPercent);
    if (quick !== undefined) return quick;
    const input = { ...podInput(inputs, inputs.resource(resource, container)), resource, container };
    return replicasForUtilization(input, targetPercent);
  }
  const input = { ...podInput(inputs, inputs.resource(resource, container)), resource, container };
  return replicasForResourceValue(input, milliOfQuantity(target.averageValue));
}

function podInput(inputs: MetricInputs, answer: PodMetricAnswer) {
  const { now, specReplicas: currentReplicas, tolerances, periods, isCountGuarded = true } = inputs;
  const pods = "error" in answer ? [] : inputs.pods();
  return { now, currentReplicas, tolerances, periods, isCountGuarded, pods, answer };
}

function proposePods(source: NonNullable<MetricSpec["pods"]>, inputs: MetricInputs): MetricProposal {
  const { metric, target } = source;
  const input = podInput(inputs, inputs.podsMetric(metric));
  const calculation = replicasForPodsMetric(input, metric.name, milliOfQuantity(target.averageValue ?? "0"));
  if (calculation.error !== undefined) {
    return failedProposal(calculation, "FailedGetPodsMetric", calculation.error, "failed to get pods metric value: ");
  }
  const current = { averageValue: formatMilliQuantity(calculation.valueMilli) };
  return { name: `pods metric ${metric.name}`, calculation, status: { type: "Pods", pods: { metric, current } } };
}

function proposeObject(source: NonNullable<MetricSpec["object"]>, inputs: MetricInputs): MetricProposal {
  const { describedObject: described, metric, target } = source;
  const reason = "FailedGetObjectMetric";
  const prefix = "failed to get object metric value: ";
  const targetMilli = targetOf(target);
  if (targetMilli === undefined) {
    return invalid(`invalid object metric source: ${NO_VALUE_TARGET}`, reason, prefix);
  }
  const answer = inputs.objectMetric(described, metric);
  const names = { metric: metric.name, describedObject: `${described.kind} ${inputs.namespace}/${described.name}` };
  if (target.type === "Value") {
    const calculation = replicasForObjectValue(answer, names, targetMilli, valueScale(inputs));
    if (calculation.error !== undefined) return failedProposal(calculation, reason, calculation.error, prefix);
    const current = { value: formatMilliQuantity(calculation.valueMilli) };
    const status = { type: "Object", object: { metric, current, describedObject: described } };
    return { name: `${described.kind} metric ${metric.name}`, calculation, status };
  }
  const calculation = replicasForObjectAverage(answer, names, targetMilli, inputs);
  if (calculation.error !== undefined) {
    const outer = `${prefix}failed to get ${metric.name} object metric: `;
    return failedProposal(calculation, reason, calculation.error, outer);
  }
  const current = { averageValue: formatMilliQuantity(calculation.valueMilli) };
  // The original leaves the described object out here, and so gives it back with empty names.
  const status = { type: "Object", object: { metric, current, describedObject: { kind: "", name: "" } } };
  return { name: externalName(metric), calculation, status };
}

function proposeExternal(source: NonNullable<MetricSpec["external"]>, inputs: MetricInputs): MetricProposal {
  const { metric, target } = source;
  const reason = "FailedGetExternalMetric";
  const prefix = `failed to get ${metric.name} external metric value: `;
  const targetMilli = targetOf(target);
  if (targetMilli === undefined) {
    return invalid(`invalid external metric source: ${NO_VALUE_TARGET}`, reason, prefix);
  }
  const answer = inputs.externalMetric(metric);
  const series = `${inputs.namespace}/${metric.name}/${selectorText(metric.selector)}`;
  const isAverage = target.averageValue !== undefined;
  const calculation = isAverage
    ? replicasForExternalAverage(answer, series, targetMilli, inputs)
    : replicasForExternalValue(answer, series, targetMilli, valueScale(inputs));
  if (calculation.error !== undefined) {
    const inner = isAverage
      ? `failed to get ${metric.name} external metric: `
      : `failed to get external metric ${metric.name}: `;
    return failedProposal(calculation, reason, calculation.error, prefix + inner);
  }
  const text = formatMilliQuantity(calculation.valueMilli);
  const current = isAverage ? { averageValue: text } : { value: text };
  return { name: externalName(metric), calculation, status: { type: "External", external: { metric, current } } };
}

const NO_VALUE_TARGET = "neither a value target nor an average value target was set";

function targetOf(target: MetricTarget): Milli | undefined {
  const text = target.averageValue ?? target.value;
  return text === undefined ? undefined : milliOfQuantity(text);
}

function externalName(metric: MetricIdentifier): string {
  return `external metric ${metric.name}(${selectorText(metric.selector)})`;
}

function valueScale(inputs: MetricInputs) {
  return { currentReplicas: inputs.specReplicas, tolerances: inputs.tolerances, pods: inputs.readyPods() };
}
