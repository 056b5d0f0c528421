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

function changed(path: readonly (string | number)[], message: string): Problem {
  return problem("W0202", path, message);
}

function record(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
