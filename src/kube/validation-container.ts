import { compareQuantities, formatQuantity, parseQuantity, quantityValue, tryParseQuantity } from "../units/index.ts";
import {
  at,
  atKey,
  duplicate,
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  notFound,
  required,
  unsupported,
} from "./field-errors.ts";
import { dnsLabelProblems, labelKeyProblems, portNameProblems } from "./labels.ts";
import type { Container, ContainerPort, Probe, Quantities, ResourceRequirements } from "./types.ts";
import { NOT_NEGATIVE, validateNotNegative, validatePort } from "./validation-common.ts";

/** Complaints about containers or init containers. @source kubernetes 1.37 pkg/apis/core/validation validateContainers */
export function validateContainers(
  containers: readonly Container[],
  volumeNames: ReadonlySet<string>,
  path: FieldPath,
): FieldError[] {
  const names = new Set<string>();
  return containers.flatMap((container, i) => {
    const here = at(path, i);
    const errors = [...validateName(container, names, here), ...validateContainer(container, volumeNames, here)];
    names.add(container.name);
    return errors;
  });
}

function validateName({ name }: Container, taken: ReadonlySet<string>, path: FieldPath): FieldError[] {
  if (!name) return [required(at(path, "name"))];
  const problems = dnsLabelProblems(name);
  if (problems.length > 0) return problems.map((text) => invalid(at(path, "name"), name, text));
  return taken.has(name) ? [duplicate(at(path, "name"), name)] : [];
}

function validateContainer(container: Container, volumeNames: ReadonlySet<string>, path: FieldPath): FieldError[] {
  const { image, livenessProbe, readinessProbe, startupProbe, imagePullPolicy } = container;
  const errors: FieldError[] = [];
  if (!image) errors.push(required(at(path, "image")));
  else if (image.trim() !== image) {
    errors.push(invalid(at(path, "image"), image, "must not have leading or trailing whitespace"));
  }
  errors.push(...validateProbe(livenessProbe, at(path, "livenessProbe"), true));
  errors.push(...validateProbe(readinessProbe, at(path, "readinessProbe"), false));
  errors.push(...validateProbe(startupProbe, at(path, "startupProbe"), true));
  errors.push(...validatePorts(container.ports ?? [], at(path, "ports")));
  (container.env ?? []).forEach(({ name }, i) => {
    if (!name) errors.push(required(at(path, "env", i, "name")));
  });
  errors.push(...validateVolumeMounts(container, volumeNames, at(path, "volumeMounts")));
  if (!imagePullPolicy) errors.push(required(at(path, "imagePullPolicy")));
  else if (!PULL_POLICIES.includes(imagePullPolicy)) {
    errors.push(unsupported(at(path, "imagePullPolicy"), imagePullPolicy, PULL_POLICIES));
  }
  errors.push(...validateResources(container.resources, at(path, "resources")));
  return errors;
}

const PULL_POLICIES: readonly string[] = ["Always", "IfNotPresent", "Never"];
const PROTOCOLS: readonly string[] = ["SCTP", "TCP", "UDP"];

function validatePorts(ports: readonly ContainerPort[], path: FieldPath): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, i) => {
    const here = at(path, i);
    const errors: FieldError[] = [];
    if (name) {
      const problems = portNameProblems(name);
      errors.push(...problems.map((text) => invalid(at(here, "name"), name, text)));
      if (problems.length === 0 && names.has(name)) errors.push(duplicate(at(here, "name"), name));
      names.add(name);
    }
    if (!containerPort) errors.push(required(at(here, "containerPort")));
    else errors.push(...validatePort(containerPort, at(here, "containerPort")));
    if (hostPort) errors.push(...validatePort(hostPort, at(here, "hostPort")));
    if (!protocol) errors.push(required(at(here, "protocol")));
    else if (!PROTOCOLS.includes(protocol)) errors.push(unsupported(at(here, "protocol"), protocol, PROTOCOLS));
    return errors;
  });
}

function validateVolumeMounts(container: Container, volumeNames: ReadonlySet<string>, path: FieldPath): FieldError[] {
  const mountPaths = new Set<string>();
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath }, i) => {
    const errors: FieldError[] = [];
    if (!name) errors.push(required(at(path, i, "name")));
    else if (!volumeNames.has(name)) errors.push(notFound(at(path, i, "name"), name));
    if (!mountPath) errors.push(required(at(path, i, "mountPath")));
    else if (mountPaths.has(mountPath)) errors.push(invalid(at(path, i, "mountPath"), mountPath, "must be unique"));
    mountPaths.add(mountPath);
    return errors;
  });
}

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc"] as const;

function validateProbe(probe: Probe | undefined, path: FieldPath, needsOneSuccess: boolean): FieldError[] {
  if (probe === undefined) return [];
  const errors: FieldError[] = [];
  const handlers = HANDLERS.filter((handler) => probe[handler] !== undefined);
  if (handlers.length === 0) errors.push(required(path, "must specify a handler type"));
  for (const extra of handlers.slice(1)) {
    errors.push(forbidden(at(path, extra), "may not specify more than 1 handler type"));
  }
  for (const field of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const) {
    errors.push(...validateNotNegative(probe[field], at(path, field)));
  }
  const { successThreshold } = probe;
  if (needsOneSuccess && successThreshold !== undefined && successThreshold !== 1) {
    errors.push(invalid(at(path, "successThreshold"), successThreshold, "must be 1"));
  }
  return errors;
}

/** @source kubernetes 1.37 pkg/apis/core/validation ValidateContainerResourceRequirements */
export function validateResources(resources: ResourceRequirements | undefined, path: FieldPath): FieldError[] {
  const limits = resources?.limits ?? {};
  const requests = resources?.requests ?? {};
  const errors = validateResourceList(limits, at(path, "limits"));
  errors.push(...validateResourceList(requests, at(path, "requests")));
  for (const [name, text] of Object.entries(requests)) {
    errors.push(...validateAgainstLimit(name, text, limits, path));
  }
  return errors;
}

function validateAgainstLimit(name: string, text: string, limits: Quantities, path: FieldPath): FieldError[] {
  const request = tryParseQuantity(text);
  if ("error" in request) return [];
  const limitText = limits[name];
  if (limitText === undefined) {
    const rule = "Limit must be set for non overcommitable resources";
    return isOvercommittable(name) ? [] : [required(at(path, "limits"), rule)];
  }
  const limit = tryParseQuantity(limitText);
  if ("error" in limit) return [];
  const order = compareQuantities(request, limit);
  const value = formatQuantity(request);
  const bound = `${name} limit of ${formatQuantity(limit)}`;
  if (!isOvercommittable(name)) {
    return order === 0 ? [] : [invalid(at(path, "requests"), value, `must be equal to ${bound}`)];
  }
  return order > 0 ? [invalid(at(path, "requests"), value, `must be less than or equal to ${bound}`)] : [];
}

function validateResourceList(list: Quantities, path: FieldPath): FieldError[] {
  return Object.entries(list).flatMap(([name, text]) => {
    const here = atKey(path, name);
    const errors = labelKeyProblems(name).map((problem) => invalid(here, name, problem));
    if (!name.includes("/")) {
      if (!isStandardResource(name))
        errors.push(invalid(here, name, "must be a standard resource type or fully qualified"));
      if (!isContainerResource(name)) errors.push(invalid(here, name, "must be a standard resource for containers"));
    }
    return [...errors, ...validateQuantity(text, here, name.includes("/"))];
  });
}

/** Complaints about a resource quantity: negative, or a fraction of what comes in whole units only. */
export function validateQuantity(text: string, path: FieldPath, isWhole = false): FieldError[] {
  const quantity = tryParseQuantity(text);
  if ("error" in quantity) return [invalid(path, text, quantity.error)];
  const value = formatQuantity(quantity);
  if (quantity.nanos < 0n) return [invalid(path, value, NOT_NEGATIVE)];
  const isFraction = isWhole && compareQuantities(quantity, parseQuantity(quantityValue(quantity))) !== 0;
  return isFraction ? [invalid(path, value, "must be an integer")] : [];
}

const CONTAINER_RESOURCES: readonly string[] = ["cpu", "memory", "ephemeral-storage"];
/** What quotas count in whole numbers. */
export const COUNTED_RESOURCES: readonly string[] = [
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
];
const QUOTA_RESOURCES: ReadonlySet<string> = new Set([
  ...CONTAINER_RESOURCES,
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  ...COUNTED_RESOURCES,
]);

function isContainerResource(name: string): boolean {
  return CONTAINER_RESOURCES.includes(name) || name.startsWith("hugepages-");
}

/** Whether a name without a prefix may be in a quota. @source kubernetes 1.37 pkg/apis/core/helper IsStandardQuotaResourceName */
export function isQuotaResource(name: string): boolean {
  return QUOTA_RESOURCES.has(name) || name.startsWith("hugepages-") || name.startsWith("requests.hugepages-");
}

/** Whether a name without a prefix is one that the API server knows, for containers or quotas. */
export function isStandardResource(name: string): boolean {
  return isQuotaResource(name) || name === "storage";
}

/** Only native resources may be promised beyond what a node has. */
function isOvercommittable(name: string): boolean {
  return !name.startsWith("hugepages-") && (!name.includes("/") || name.includes("kubernetes.io/"));
}
