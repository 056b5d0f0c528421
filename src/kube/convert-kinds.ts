import { isObject, type JsonObject, type Problem, problem } from "./problems.ts";

/** Rewrites an object's fields for the newer version and adds what it changed to the notes. */
export type Conversion = (object: JsonObject, notes: Problem[]) => JsonObject;

/** Only the version changes. */
export const restated: Conversion = (object) => object;

/** Stands for "no limit" in old defaults. */
const NO_LIMIT = 2_147_483_647;

/** Workloads of extensions/v1beta1, apps/v1beta1 and apps/v1beta2 to apps/v1, with the defaults they had there. */
export const convertWorkload: Conversion = (object, notes) => {
  if (!isObject(object.spec)) return object;
  const spec: Record<string, unknown> = { ...record(object.spec) };
  const labels = record(record(record(spec.template).metadata).labels);
  if (spec.selector === undefined && Object.keys(labels).length > 0) {
    spec.selector = { matchLabels: labels };
    notes.push(changed(["spec"], "spec.selector is required now; set to the labels of the template"));
  }
  for (const field of ["rollbackTo", "templateGeneration"]) {
    if (spec[field] === undefined) continue;
    delete spec[field];
    notes.push(changed(["spec", field], `spec.${field} no longer exists; left out`));
  }
  for (const [field, value] of Object.entries(oldDefaults(object, spec))) {
    spec[field] = value;
    notes.push(changed(["spec"], `spec.${field} set to ${JSON.stringify(value)}, the default of ${object.apiVersion}`));
  }
  return { ...object, spec };
};

function oldDefaults(object: JsonObject, spec: JsonObject): JsonObject {
  const isExtensions = object.apiVersion === "extensions/v1beta1";
  if (object.apiVersion === "apps/v1beta2") return {};
  const defaults: Record<string, unknown> = {};
  if (object.kind === "Deployment" && isExtensions) {
    const strategy = record(spec.strategy);
    const rollingUpdate = record(strategy.rollingUpdate);
    const isComplete = rollingUpdate.maxSurge !== undefined && rollingUpdate.maxUnavailable !== undefined;
    if (strategy.type !== "Recreate" && !isComplete) {
      const filled = { maxSurge: 1, maxUnavailable: 1, ...rollingUpdate };
      defaults.strategy = { ...strategy, type: "RollingUpdate", rollingUpdate: filled };
    }
    if (spec.progressDeadlineSeconds === undefined) defaults.progressDeadlineSeconds = NO_LIMIT;
  }
  if (object.kind === "Deployment" && spec.revisionHistoryLimit === undefined) {
    defaults.revisionHistoryLimit = isExtensions ? NO_LIMIT : 2;
  }
  if (object.kind === "DaemonSet" && isExtensions && spec.updateStrategy === undefined) {
    defaults.updateStrategy = { type: "OnDelete" };
  }
  return defaults;
}

/** Ingress of v1beta1 to networking.k8s.io/v1. */
export const convertIngress: Conversion = (object, notes) => {
  if (!isObject(object.spec)) return object;
  const { backend, rules, ...spec } = record(object.spec);
  const before = JSON.stringify(object.spec);
  const converted = {
    ...spec,
    ...(backend !== undefined && { defaultBackend: newBackend(backend) }),
    ...(Array.isArray(rules) && { rules: rules.map(newRule) }),
  };
  if (JSON.stringify(converted) !== before) {
    notes.push(
      changed(["spec"], "backends rewritten to service.name and service.port, pathType added where it was missing"),
    );
  }
  return { ...object, spec: converted };
};

function newRule(rule: unknown): unknown {
  const http = record(record(rule).http);
  if (!Array.isArray(http.paths)) return rule;
  const paths = http.paths.map((path: unknown) => ({
    pathType: "ImplementationSpecific",
    ...record(path),
    backend: newBackend(record(path).backend),
  }));
  return { ...record(rule), http: { ...http, paths } };
}

function newBackend(backend: unknown): unknown {
  const { serviceName, servicePort, ...rest } = record(backend);
  if (serviceName === undefined) return backend;
  const port = typeof servicePort === "number" ? { number: servicePort } : { name: servicePort };
  return { ...rest, service: { name: serviceName, port } };
}

const METRICS_ANNOTATION = "autoscaling.alpha.kubernetes.io/metrics";
const BEHAVIOR_ANNOTATION = "autoscaling.alpha.kubernetes.io/behavior";
const OTHER_ANNOTATIONS = ["current-metrics", "conditions"].map((name) => `autoscaling.alpha.kubernetes.io/${name}`);

/** HorizontalPodAutoscaler of extensions/v1beta1, autoscaling/v1 or autoscaling/v2beta1 to autoscaling/v2. */
export const convertAutoscaler: Conversion = (object) => {
  if (!isObject(object.spec)) return object;
  const { scaleRef, cpuUtilization, targetCPUUtilizationPercentage, ...spec } = record(object.spec);
  const metadata = record(object.metadata);
  const annotations: Record<string, unknown> = { ...record(metadata.annotations) };
  const cpuTarget = targetCPUUtilizationPercentage ?? record(cpuUtilization).targetPercentage;
  const metrics = [
    ...(Array.isArray(spec.metrics) ? spec.metrics : []),
    ...(cpuTarget === undefined
      ? []
      : [{ type: "Resource", resource: { name: "cpu", targetAverageUtilization: cpuTarget } }]),
    ...parsedList(annotations[METRICS_ANNOTATION]),
  ];
  const behavior = spec.behavior ?? parsed(annotations[BEHAVIOR_ANNOTATION]);
  for (const name of [METRICS_ANNOTATION, BEHAVIOR_ANNOTATION, ...OTHER_ANNOTATIONS]) delete annotations[name];
  const { subresource: _dropped, ...target } = record(scaleRef);
  return {
    ...object,
    ...(isObject(metadata.annotations) && { metadata: { ...metadata, annotations } }),
    spec: {
      ...spec,
      ...(scaleRef !== undefined && { scaleTargetRef: target }),
      ...(metrics.length > 0 && { metrics: metrics.map(newMetric) }),
      ...(behavior !== undefined && { behavior }),
    },
  };
};

function newMetric(metric: unknown): unknown {
  const converted: Record<string, unknown> = { ...record(metric) };
  for (const source of ["resource", "containerResource", "pods", "object", "external"]) {
    const value = converted[source];
    if (isObject(value)) converted[source] = newSource(source, value);
  }
  return converted;
}

function newSource(source: string, value: JsonObject): JsonObject {
  const { targetAverageUtilization, targetAverageValue, targetValue, averageValue, metricName, ...others } = value;
  const { selector, metricSelector, target, ...rest } = others;
  // In v2beta1 an object metric's target is the object described, and is no target in the sense of v2.
  const isOldObject = source === "object" && isObject(target) && target.kind !== undefined;
  if (target !== undefined && !isOldObject) return value;
  const chosen = metricSelector ?? selector;
  const metric = { name: metricName, ...(chosen !== undefined && { selector: chosen }) };
  return {
    ...rest,
    ...(isOldObject && { describedObject: target }),
    ...(metricName !== undefined && { metric }),
    target: newTarget(targetAverageUtilization, targetAverageValue ?? averageValue, targetValue),
  };
}

function newTarget(averageUtilization: unknown, averageValue: unknown, value: unknown): JsonObject {
  if (averageUtilization !== undefined) return { type: "Utilization", averageUtilization };
  if (averageValue !== undefined) return { type: "AverageValue", averageValue };
  return { type: "Value", ...(value !== undefined && { value }) };
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

function changed(path: readonly (string | number)[], message: string): Problem {
  return problem("W0202", path, message);
}

function record(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
