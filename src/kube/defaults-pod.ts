import { formatQuantity, roundUpToMilli, tryParseQuantity } from "../units/index.ts";
import { isPodLevelResource } from "./pod-requests.ts";
import type {
  Container,
  LifecycleHandler,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Quantities,
  ResourceRequirements,
  Volume,
} from "./types.ts";

/**
 * A pod's spec with every default filled in: what a template gets, and for pods requests from limits, host ports and
 * service links.
 *
 * @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_Pod
 */
export function defaultPodSpec(given: PodSpec): PodSpec {
  const spec = defaultTemplatePodSpec(given);
  const containers = spec.containers.map((container) => defaultPodContainer(container, spec));
  const initContainers = spec.initContainers?.map((container) => defaultPodContainer(container, spec));
  const resources = defaultPodLevelRequests(spec.resources, containers);
  return {
    ...spec,
    containers,
    ...(initContainers !== undefined && { initContainers }),
    ...(resources !== undefined && { resources }),
    enableServiceLinks: spec.enableServiceLinks ?? true,
  };
}

/** A template with the defaults of its spec. */
export function defaultPodTemplate(template: PodTemplateSpec): PodTemplateSpec {
  if (template.spec === undefined) return template;
  return { ...template, metadata: template.metadata ?? {}, spec: defaultTemplatePodSpec(template.spec) };
}

/** The defaults that a pod template stores. @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_PodSpec */
export function defaultTemplatePodSpec(spec: PodSpec): PodSpec {
  const initContainers = spec.initContainers?.map(defaultContainer);
  return {
    ...spec,
    containers: (spec.containers ?? []).map(defaultContainer),
    ...(initContainers !== undefined && { initContainers }),
    ...(spec.volumes !== undefined && { volumes: spec.volumes.map(defaultVolume) }),
    ...(spec.overhead !== undefined && { overhead: canonicalQuantities(spec.overhead) }),
    ...(spec.resources !== undefined && { resources: canonicalResources(spec.resources) }),
    restartPolicy: spec.restartPolicy ?? "Always",
    dnsPolicy: spec.dnsPolicy ?? "ClusterFirst",
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    schedulerName: spec.schedulerName ?? "default-scheduler",
    securityContext: spec.securityContext ?? {},
  };
}

function defaultContainer(container: Container): Container {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle, ports, resources } = container;
  return {
    ...container,
    imagePullPolicy: container.imagePullPolicy ?? defaultPullPolicy(container.image ?? ""),
    terminationMessagePath: container.terminationMessagePath ?? "/dev/termination-log",
    terminationMessagePolicy: container.terminationMessagePolicy ?? "File",
    resources: canonicalResources(resources ?? {}),
    ...(ports !== undefined && { ports: ports.map((port) => ({ ...port, protocol: port.protocol ?? "TCP" })) }),
    ...(livenessProbe !== undefined && { livenessProbe: defaultProbe(livenessProbe) }),
    ...(readinessProbe !== undefined && { readinessProbe: defaultProbe(readinessProbe) }),
    ...(startupProbe !== undefined && { startupProbe: defaultProbe(startupProbe) }),
    ...(lifecycle !== undefined && {
      lifecycle: {
        ...lifecycle,
        ...(lifecycle.preStop !== undefined && { preStop: defaultHandler(lifecycle.preStop) }),
        ...(lifecycle.postStart !== undefined && { postStart: defaultHandler(lifecycle.postStart) }),
      },
    }),
  };
}

/** Always for the tag `latest`, written or implied; a digest or another tag is pulled once. */
export function defaultPullPolicy(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]*)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

/** Zero counts as missing for all but the initial delay. */
function defaultProbe(probe: Probe): Probe {
  return {
    ...defaultHandler(probe),
    timeoutSeconds: probe.timeoutSeconds || 1,
    periodSeconds: probe.periodSeconds || 10,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
    ...(probe.grpc !== undefined && { grpc: { ...probe.grpc, service: probe.grpc.service ?? "" } }),
  };
}

function defaultHandler<T extends Probe | LifecycleHandler>(handler: T): T {
  if (handler.httpGet === undefined) return handler;
  const { httpGet } = handler;
  return { ...handler, httpGet: { ...httpGet, path: httpGet.path || "/", scheme: httpGet.scheme || "HTTP" } };
}

function defaultVolume(volume: Volume): Volume {
  const sources = Object.keys(volume).filter((key) => key !== "name");
  if (sources.length === 0) return { ...volume, emptyDir: {} };
  const filled: Record<string, unknown> = {};
  for (const source of ["secret", "configMap", "downwardAPI", "projected"]) {
    const value = volume[source];
    if (typeof value === "object" && value !== null) filled[source] = { defaultMode: 420, ...value };
  }
  return { ...volume, ...filled };
}

function defaultPodContainer(container: Container, spec: PodSpec): Container {
  const limits = container.resources?.limits;
  const ports =
    spec.hostNetwork === true
      ? container.ports?.map((port) => ({ ...port, hostPort: port.hostPort || port.containerPort }))
      : container.ports;
  const requests = limits === undefined ? undefined : { ...limits, ...container.resources?.requests };
  return {
    ...container,
    ...(ports !== undefined && { ports }),
    ...(requests !== undefined && { resources: { ...container.resources, requests } }),
  };
}

/**
 * A pod-level limit becomes the request where neither the pod nor a container names one; where a container does, the
 * sum of the containers' requests stands, as it would if it were written out.
 */
function defaultPodLevelRequests(
  podLevel: ResourceRequirements | undefined,
  containers: readonly Container[],
): ResourceRequirements | undefined {
  if (podLevel?.limits === undefined) return podLevel;
  const requests: Record<string, string> = { ...podLevel.requests };
  for (const [name, limit] of Object.entries(podLevel.limits)) {
    if (!isPodLevelResource(name) || requests[name] !== undefined) continue;
    if (!containers.some((container) => container.resources?.requests?.[name] !== undefined)) requests[name] = limit;
  }
  return { ...podLevel, requests };
}

function canonicalResources(resources: ResourceRequirements): ResourceRequirements {
  const { requests, limits } = resources;
  return {
    ...resources,
    ...(requests !== undefined && { requests: canonicalQuantities(requests) }),
    ...(limits !== undefined && { limits: canonicalQuantities(limits) }),
  };
}

/**
 * Quantities in canonical form, rounded up to thousandths; numbers become texts. What is no quantity is left for
 * validation to refuse.
 */
export function canonicalQuantities(quantities: Readonly<Record<string, string | number>>): Quantities {
  const canonical: Record<string, string> = {};
  for (const [name, text] of Object.entries(quantities)) {
    const parsed = tryParseQuantity(text);
    canonical[name] = "error" in parsed ? String(text) : formatQuantity(roundUpToMilli(parsed));
  }
  return canonical;
}
