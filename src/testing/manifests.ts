/** Manifests as a person would write them, short. */

export interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

export interface TemplateParts {
  readonly image?: string;
  readonly resources?: Resources;
  /** A readiness probe every 5 s. */
  readonly probed?: boolean;
  /** Further fields of the pod's spec. */
  readonly pod?: Readonly<Record<string, unknown>>;
  /** Further fields of the container. */
  readonly container?: Readonly<Record<string, unknown>>;
}

export interface WorkloadParts extends TemplateParts {
  readonly replicas?: number;
  /** Further fields of the workload's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

const PROBE = { readinessProbe: { httpGet: { path: "/", port: 80 }, periodSeconds: 5 } };

/** The spec of a pod with one container `app`. */
export function podSpec(parts: TemplateParts = {}): object {
  const { image = "app:1", resources = {}, probed = false, pod = {}, container = {} } = parts;
  return { containers: [{ name: "app", image, resources, ...(probed ? PROBE : {}), ...container }], ...pod };
}

/** A pod of its own, labelled `app: <name>`. */
export function pod(name: string, parts: TemplateParts = {}): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app: name } }, spec: podSpec(parts) };
}

/** A Deployment of pods labelled `app: <name>`. */
export function deployment(name: string, parts: WorkloadParts = {}): object {
  return workload("Deployment", name, parts);
}

export function replicaSet(name: string, parts: WorkloadParts = {}): object {
  return workload("ReplicaSet", name, parts);
}

function workload(kind: string, name: string, { replicas = 1, spec = {}, ...parts }: WorkloadParts): object {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: podSpec(parts) };
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template, ...spec },
  };
}

/** A Service of the pods labelled `app: <name>`. */
export function service(name: string): object {
  const spec = { selector: { app: name }, ports: [{ port: 80 }] };
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec };
}

/** An HPA of the Deployment of the same name, for CPU utilisation in percent. */
export function autoscaler(name: string, percent: number, min: number, max: number, behavior?: object): object {
  const cpu = { name: "cpu", target: { type: "Utilization", averageUtilization: percent } };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [{ type: "Resource", resource: cpu }],
      ...(behavior === undefined ? {} : { behavior }),
    },
  };
}
