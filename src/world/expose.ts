import type { Container, CronJob, Job, KubeObject, LabelSelector, ServicePort, StringMap } from "../kube/index.ts";

/** What the flags of `kubectl expose` say; null: they do not. */
export interface ExposeSettings {
  readonly name: string | null;
  /** Numbers, by commas. */
  readonly port: string | null;
  readonly targetPort: number | string | null;
  readonly protocol: string | null;
  readonly selector: StringMap | null;
  readonly labels: StringMap | null;
  /** Further fields of the Service's spec. */
  readonly spec: Readonly<Record<string, unknown>>;
}

interface Exposable extends KubeObject {
  readonly spec: {
    readonly selector?: LabelSelector | StringMap;
    readonly ports?: readonly ServicePort[];
    readonly containers?: readonly Container[];
    readonly template?: { readonly spec: { readonly containers: readonly Container[] } };
  };
}

interface ExposedPort {
  readonly port: number;
  readonly protocol?: string;
}

const SELF_SELECTING: ReadonlySet<string> = new Set(["Deployment", "ReplicaSet"]);
const NAME_LENGTH_MAX = 63;

/**
 * The Service that `kubectl expose` makes of a live object, without defaults; a text when it refuses.
 *
 * @source kubernetes 1.37 kubectl pkg/cmd/expose, pkg/generate/versioned/service.go
 */
export function exposedService(live: KubeObject, settings: ExposeSettings): KubeObject | string {
  const source = live as Exposable;
  const selector = settings.selector ?? selectorOf(source);
  if (typeof selector === "string") {
    return `couldn't retrieve selectors via --selector flag or introspection: ${selector}`;
  }
  const known = portsOf(source);
  const isHeadless = settings.spec.clusterIP === "None";
  const numbers = settings.port === null ? known.map(({ port }) => port) : settings.port.split(",").map(Number);
  if (numbers.length === 0 && !isHeadless) return "couldn't find port via --port flag or introspection";
  const ports = numbers.map((port, index) => ({
    ...(numbers.length > 1 && { name: `port-${index + 1}` }),
    port,
    protocol: settings.protocol ?? known.find((one) => one.port === port)?.protocol ?? "TCP",
    targetPort: settings.targetPort ?? port,
  }));
  const { namespace, labels, name = "" } = live.metadata;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: settings.name ?? name.slice(0, NAME_LENGTH_MAX),
      ...(namespace !== undefined && { namespace }),
      ...((settings.labels ?? labels) !== undefined && { labels: settings.labels ?? labels }),
    },
    spec: { selector, ...(ports.length > 0 && { ports }), ...settings.spec },
  } as KubeObject;
}

function selectorOf({ kind, metadata, spec }: Exposable): StringMap | string {
  if (kind === "Pod") return metadata.labels ?? "the pod has no labels and cannot be exposed";
  if (kind === "Service") return (spec.selector as StringMap | undefined) ?? "the service has no pod selector set";
  if (!SELF_SELECTING.has(kind)) return (spec.selector ?? {}) as StringMap;
  const { matchLabels, matchExpressions = [] } = (spec.selector ?? {}) as LabelSelector;
  if (matchLabels === undefined) return `invalid ${kind.toLowerCase()}: no selectors, therefore cannot be exposed`;
  if (matchExpressions.length === 0) return matchLabels;
  const texts = matchExpressions.map(
    ({ key, operator, values = [] }) => `{Key:${key} Operator:${operator} Values:[${values.join(" ")}]}`,
  );
  return `couldn't convert expressions - "[${texts.join(" ")}]" to map-based selector format`;
}

function portsOf({ kind, spec }: Exposable): ExposedPort[] {
  if (kind === "Service") return (spec.ports ?? []).map(({ port, protocol = "TCP" }) => ({ port, protocol }));
  const containers = spec.containers ?? spec.template?.spec.containers ?? [];
  return containers.flatMap(({ ports = [] }) =>
    ports.map(({ containerPort, protocol = "TCP" }) => ({ port: containerPort, protocol })),
  );
}

/** A Job as `kubectl create job NAME --from=cronjob/…` makes it. @source kubernetes 1.37 kubectl pkg/cmd/create/create_job.go */
export function jobFrom(cronJob: CronJob, name: string): KubeObject {
  const { metadata = {}, spec } = cronJob.spec.jobTemplate;
  const { namespace, uid = "", name: owner = "" } = cronJob.metadata;
  const job: Partial<Job> = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      annotations: { "cronjob.kubernetes.io/instantiate": "manual", ...metadata.annotations },
      ...(metadata.labels !== undefined && { labels: metadata.labels }),
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: owner, uid, controller: true }],
    },
    spec,
  };
  return job as KubeObject;
}
