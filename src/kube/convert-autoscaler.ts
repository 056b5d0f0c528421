import { compareQuantities, tryParseQuantity, ZERO_QUANTITY } from "../units/index.ts";
import type { Conversion } from "./convert-kinds.ts";
import { isObject, type JsonObject } from "./problems.ts";
import type { HorizontalPodAutoscaler } from "./types.ts";

const ANNOTATION = "autoscaling.alpha.kubernetes.io/";
const METRICS = `${ANNOTATION}metrics`;
const BEHAVIOR = `${ANNOTATION}behavior`;
const CONDITIONS = `${ANNOTATION}conditions`;
const CURRENT_METRICS = `${ANNOTATION}current-metrics`;
/** The tolerances are those of v2beta2, which is no longer served. */
const ROUND_TRIP: ReadonlySet<string> = new Set([
  METRICS,
  BEHAVIOR,
  CONDITIONS,
  CURRENT_METRICS,
  `${ANNOTATION}scale-down-tolerance`,
  `${ANNOTATION}scale-up-tolerance`,
]);

/**
 * HorizontalPodAutoscaler of extensions/v1beta1, autoscaling/v1 or autoscaling/v2beta1 to autoscaling/v2. What the old
 * version has no field for is taken from its annotations; one that does not parse says nothing.
 *
 * @source kubernetes 1.37 pkg/apis/autoscaling/v1/conversion.go
 */
export const convertAutoscaler: Conversion = (object) => {
  if (!isObject(object.spec)) return object;
  const { scaleRef, cpuUtilization, targetCPUUtilizationPercentage, ...spec } = record(object.spec);
  const metadata = record(object.metadata);
  const annotations = record(metadata.annotations);
  const cpuTarget = targetCPUUtilizationPercentage ?? record(cpuUtilization).targetPercentage;
  const metrics = [
    ...(Array.isArray(spec.metrics) ? spec.metrics : []),
    ...parsedList(annotations[METRICS]),
    ...(cpuTarget === undefined
      ? []
      : [{ type: "Resource", resource: { name: "cpu", targetAverageUtilization: cpuTarget } }]),
  ];
  const behavior = spec.behavior ?? uncapitalised(parsed(annotations[BEHAVIOR]));
  const { subresource: _dropped, ...target } = record(scaleRef);
  return {
    ...object,
    ...(isObject(metadata.annotations) && { metadata: withAnnotations(metadata, withoutRoundTrip(annotations)) }),
    spec: {
      ...spec,
      ...(scaleRef !== undefined && { scaleTargetRef: target }),
      ...(metrics.length > 0 && { metrics: metrics.map(newMetric) }),
      ...(behavior !== undefined && { behavior }),
    },
    ...(isObject(object.status) && { status: newStatus(object.status, annotations) }),
  };
};

/**
 * The autoscaler as it is served in autoscaling/v1: the target of cpu in a field of its own, all else that v1 does not
 * have in annotations, as JSON. `convertToServed` makes the same object of it again.
 *
 * @source kubernetes 1.37 pkg/apis/autoscaling/v1/conversion.go
 */
export function autoscalerAsV1(hpa: HorizontalPodAutoscaler): JsonObject {
  const { scaleTargetRef, minReplicas, maxReplicas, metrics = [], behavior } = hpa.spec;
  const { currentMetrics = [], conditions = [], ...status } = hpa.status ?? {};
  const isCpu = (metric: { readonly type: string; readonly resource?: { readonly name: string } }): boolean =>
    metric.type === "Resource" && metric.resource?.name === "cpu";
  const cpuTarget = metrics.find(isCpu)?.resource?.target.averageUtilization;
  const others = metrics.filter((metric) => !isCpu(metric) || metric.resource?.target.averageUtilization === undefined);
  const current = currentMetrics.filter(isObject);
  const cpuUsed = current.map((metric) => record(record(metric.resource).current).averageUtilization);
  const lastCpu = cpuUsed.findLast((used, index) => isCpuStatus(current[index]) && used !== undefined);
  const annotations = {
    ...withoutRoundTrip(hpa.metadata.annotations ?? {}),
    ...(others.length > 0 && { [METRICS]: JSON.stringify(others.map((metric) => oldMetric({ ...metric }))) }),
    ...(current.length > 0 && { [CURRENT_METRICS]: JSON.stringify(current.map(oldMetricStatus)) }),
    ...(conditions.length > 0 && { [CONDITIONS]: JSON.stringify(conditions) }),
    ...(behavior !== undefined && { [BEHAVIOR]: JSON.stringify(capitalised(behavior)) }),
  };
  return {
    apiVersion: "autoscaling/v1",
    kind: hpa.kind,
    metadata: withAnnotations({ ...hpa.metadata }, annotations),
    spec: {
      scaleTargetRef,
      ...(minReplicas !== undefined && { minReplicas }),
      maxReplicas,
      ...(cpuTarget !== undefined && { targetCPUUtilizationPercentage: cpuTarget }),
    },
    ...(hpa.status !== undefined && {
      status: { ...status, ...(lastCpu !== undefined && { currentCPUUtilizationPercentage: lastCpu }) },
    }),
  };
}

function isCpuStatus(metric: JsonObject | undefined): boolean {
  return metric?.type === "Resource" && record(metric.resource).name === "cpu";
}

function withAnnotations({ annotations: _old, ...metadata }: JsonObject, annotations: JsonObject): JsonObject {
  return { ...metadata, ...(Object.keys(annotations).length > 0 && { annotations }) };
}

function withoutRoundTrip(annotations: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !ROUND_TRIP.has(name)));
}

function newMetric(metric: unknown): unknown {
  return mapSources(metric, newSource);
}

function newSource(source: string, value: JsonObject): JsonObject {
  const { targetAverageUtilization, targetAverageValue, targetValue, averageValue, metricName, ...others } = value;
  const { selector, metricSelector, target, ...rest } = others;
  // In v1 and v2beta1 an object metric's target is the object described, and is no target in the sense of v2.
  const isOldObject = source === "object" && isObject(target) && target.kind !== undefined;
  if (target !== undefined && !isOldObject) return value;
  return {
    ...rest,
    ...(isOldObject && { describedObject: target }),
    ...identifier(metricName, metricSelector ?? selector),
    target: newTarget(source, targetAverageUtilization, targetAverageValue ?? averageValue, targetValue),
  };
}

/** An object's average comes with a value that the old version cannot leave out; zero means that there is none. */
function newTarget(source: string, averageUtilization: unknown, averageValue: unknown, given: unknown): JsonObject {
  const value = averageValue !== undefined && isZero(given) ? undefined : given;
  const isValue = source === "object" ? averageValue === undefined : value !== undefined;
  return {
    type: averageUtilization !== undefined ? "Utilization" : isValue ? "Value" : "AverageValue",
    ...(value !== undefined && { value }),
    ...(averageValue !== undefined && { averageValue }),
    ...(averageUtilization !== undefined && { averageUtilization }),
  };
}

function newStatus(status: JsonObject, annotations: JsonObject): JsonObject {
  const { currentCPUUtilizationPercentage: used, ...rest } = status;
  const cpu =
    used === undefined ? [] : [{ type: "Resource", resource: { name: "cpu", currentAverageUtilization: used } }];
  const inAnnotation = parsedList(annotations[CURRENT_METRICS]);
  const current = (inAnnotation.length > 0 ? inAnnotation : cpu).map((one) => mapSources(one, newSourceStatus));
  const conditions = parsedList(annotations[CONDITIONS]);
  return {
    ...rest,
    ...(current.length > 0 && { currentMetrics: current }),
    ...(conditions.length > 0 && { conditions }),
  };
}

function newSourceStatus(_source: string, status: JsonObject): JsonObject {
  const { currentAverageUtilization, currentAverageValue, currentValue, averageValue, ...others } = status;
  const { metricName, selector, metricSelector, target, ...rest } = others;
  const average = currentAverageValue ?? averageValue;
  return {
    ...rest,
    ...(target !== undefined && { describedObject: target }),
    ...identifier(metricName, metricSelector ?? selector),
    current: {
      ...(currentValue !== undefined && { value: currentValue }),
      ...(average !== undefined && { averageValue: average }),
      ...(currentAverageUtilization !== undefined && { averageUtilization: currentAverageUtilization }),
    },
  };
}

function identifier(metricName: unknown, selector: unknown): JsonObject {
  if (metricName === undefined) return {};
  return { metric: { name: metricName, ...(selector !== undefined && { selector }) } };
}

/** Names that v1 gives what a metric asks for or shows, by its source. */
const OLD_NAMES = {
  object: { value: "Value", average: "averageValue", selector: "selector" },
  pods: { value: "", average: "AverageValue", selector: "selector" },
  external: { value: "Value", average: "AverageValue", selector: "metricSelector" },
} as const;

function oldMetric(metric: JsonObject): unknown {
  return mapSources(metric, (source, value) => oldSource(source, value, "target", record(value.target)));
}

function oldMetricStatus(metric: JsonObject): unknown {
  return mapSources(metric, (source, value) => oldSource(source, value, "current", record(value.current)));
}

/** Fields that v1 cannot leave out are "0" where v2 has none. */
function oldSource(source: string, value: JsonObject, verb: "target" | "current", amount: JsonObject): JsonObject {
  const { averageUtilization, averageValue } = amount;
  if (source === "resource" || source === "containerResource") {
    const average = averageValue ?? (verb === "current" ? "0" : undefined);
    return {
      name: value.name,
      ...(averageUtilization !== undefined && { [`${verb}AverageUtilization`]: averageUtilization }),
      ...(average !== undefined && { [`${verb}AverageValue`]: average }),
      ...(value.container !== undefined && { container: value.container }),
    };
  }
  const names = OLD_NAMES[source as keyof typeof OLD_NAMES];
  const { name, selector } = record(value.metric);
  const isNeeded = source === "object" || (source === "external" && verb === "current");
  const whole = amount.value ?? (isNeeded ? "0" : undefined);
  const average = averageValue ?? (source === "pods" ? "0" : undefined);
  return {
    ...(value.describedObject !== undefined && { target: value.describedObject }),
    metricName: name,
    ...(whole !== undefined && { [`${verb}${names.value}`]: whole }),
    ...(average !== undefined && {
      [names.average === "averageValue" ? "averageValue" : `${verb}AverageValue`]: average,
    }),
    ...(selector !== undefined && { [names.selector]: selector }),
  };
}

const SOURCES = ["resource", "containerResource", "pods", "object", "external"];

function mapSources(metric: unknown, convert: (source: string, value: JsonObject) => JsonObject): unknown {
  const converted: Record<string, unknown> = { ...record(metric) };
  for (const source of SOURCES) {
    const value = converted[source];
    if (isObject(value)) converted[source] = convert(source, value);
  }
  return converted;
}

/** The annotation has the fields as they are called inside the API server. */
function capitalised(value: unknown): unknown {
  return renamed(value, (letter) => letter.toUpperCase());
}

function uncapitalised(value: unknown): unknown {
  return renamed(value, (letter) => letter.toLowerCase());
}

function renamed(value: unknown, change: (letter: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, change));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(
    entries.map(([key, inner]) => [change(key.slice(0, 1)) + key.slice(1), renamed(inner, change)]),
  );
}

function isZero(value: unknown): boolean {
  if (value === undefined) return false;
  const quantity = tryParseQuantity(String(value));
  return !("error" in quantity) && compareQuantities(quantity, ZERO_QUANTITY) === 0;
}

function parsedList(text: unknown): unknown[] {
  const value = parsed(text);
  return Array.isArray(value) ? value : [];
}

/** What an annotation says in JSON; nothing when it does not parse, as the API server has it. */
function parsed(text: unknown): unknown {
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function record(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
