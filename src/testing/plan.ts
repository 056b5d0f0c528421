import { checkManifest, findKind, type Taint } from "../kube/index.ts";
import { deepFreeze } from "../tables/index.ts";
import { type Micros, parseDuration, seconds } from "../units/index.ts";
import type {
  Action,
  Assertion,
  ClusterAutoscalerPlan,
  ContainerFailure,
  ControlPlaneFailure,
  Curve,
  Failure,
  Fidelity,
  ImagePlan,
  Load,
  NodeFailure,
  Plan,
  PlannedNode,
  PlannedObject,
  PlannedPool,
  PodLoad,
  RecordOptions,
  ServiceLoad,
  TimedCurve,
  Timing,
} from "../world/plan.ts";
import { DEFAULT_TIMING } from "./timing.ts";

/** A span such as "20m", or microseconds. */
type Span = string | Micros;
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export interface NodeParts {
  readonly name: string;
  readonly zone?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly taints?: readonly Taint[];
  readonly pricePerHour?: number;
}

export type FailureParts =
  | (Pick<NodeFailure, "kind" | "nodes" | "schedule"> & Partial<NodeFailure>)
  | (Pick<ControlPlaneFailure, "kind" | "components" | "schedule"> & Partial<ControlPlaneFailure>)
  | (Pick<ContainerFailure, "kind" | "selector" | "schedule"> & Partial<ContainerFailure>);
export type ActionParts = Without<Action, "index" | "text" | "source">;

export interface PlanParts {
  readonly name?: string;
  readonly seed?: string | number;
  readonly run?: number;
  /** Default 10m. */
  readonly duration?: Span;
  readonly warmup?: Span;
  /** So many nodes n1, n2, … of 4 CPU and 16Gi in zones a, b, c in turn; or each by its parts. Default 3. */
  readonly nodes?: number | readonly NodeParts[];
  readonly pools?: readonly PlannedPool[];
  /** Given: the cluster autoscaler runs, for the pools with `autoscale`. */
  readonly clusterAutoscaler?: ClusterAutoscalerPlan;
  /** Manifests; what is wrong in them is thrown. */
  readonly objects?: readonly object[];
  readonly loads?: readonly Load[];
  readonly failures?: readonly FailureParts[];
  readonly actions?: readonly ActionParts[];
  readonly assertions?: readonly Without<Assertion, "source" | "text">[];
  readonly timing?: Partial<Timing>;
  readonly images?: Partial<ImagePlan>;
  readonly periodic?: Fidelity["periodic"];
  readonly cpuContention?: boolean;
  readonly record?: Partial<RecordOptions>;
}

const NOWHERE = Object.freeze({ file: "test", line: 1, column: 1 });
const ZONES = ["a", "b", "c"];

/**
 * A plan for a test, from the few things that the test is about; the rest is as a scenario has it by default, with all
 * images on all nodes.
 *
 * ```ts
 * const world = World.from(planOf({ nodes: 2, objects: [deployment("web", { replicas: 3 })] }));
 * ```
 */
export function planOf(parts: PlanParts = {}): Plan {
  const { nodes = 3 } = parts;
  const nodeParts = typeof nodes === "number" ? Array.from({ length: nodes }, (_, index) => numbered(index)) : nodes;
  return deepFreeze({
    name: parts.name ?? "test",
    seed: parts.seed ?? 1,
    run: parts.run ?? 0,
    durationMicros: spanOf(parts.duration ?? "10m"),
    warmupMicros: spanOf(parts.warmup ?? 0),
    startEpochMicros: 1_767_225_600_000_000,
    kubernetesVersion: "1.37",
    objects: (parts.objects ?? []).map(planned),
    nodes: nodeParts.map(plannedNode),
    pools: parts.pools ?? [],
    ...(parts.clusterAutoscaler && { clusterAutoscaler: parts.clusterAutoscaler }),
    images: { defaultSizeBytes: 100 * 1024 * 1024, preloaded: true, images: [], ...parts.images },
    timing: { ...DEFAULT_TIMING, ...parts.timing },
    loads: parts.loads ?? [],
    metrics: [],
    failures: (parts.failures ?? []).map(failure),
    actions: (parts.actions ?? []).map((action, index) => ({
      ...action,
      index,
      text: `${action.kind} ${index}`,
      source: NOWHERE,
    })),
    assertions: (parts.assertions ?? []).map((assertion) => ({
      ...assertion,
      text: `${assertion.metric} ${assertion.stat} ${assertion.comparison} ${assertion.threshold}`,
      source: NOWHERE,
    })),
    fidelity: {
      periodic: parts.periodic ?? "chain",
      hpaFormula: "current",
      ...(parts.cpuContention === true && { cpuContention: true }),
    },
    record: { sampleMicros: seconds(15), events: true, decisions: true, ...parts.record },
    currency: "USD",
  });
}

/** An object as a scenario would hold it: checked, converted, defaulted, in a namespace. */
export function planned(manifest: object): PlannedObject {
  const { object, problems } = checkManifest(manifest);
  if (object === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
  const { metadata } = object;
  const isNamespaced = findKind(object.apiVersion, object.kind)?.isNamespaced !== false;
  return {
    object: isNamespaced
      ? { ...object, metadata: { ...metadata, namespace: metadata.namespace ?? "default" } }
      : object,
    source: NOWHERE,
    simulated: true,
  };
}

/** Requests per second on a Service of namespace `default`. */
export function requests(
  service: string,
  perSecond: Curve | number,
  cpuMicros: Micros,
  parts: Partial<ServiceLoad> = {},
): Load {
  return {
    kind: "service",
    name: `requests-${service}`,
    namespace: "default",
    service,
    startMicros: 0,
    endMicros: Number.MAX_SAFE_INTEGER,
    requestsPerSecond: timed(perSecond),
    perRequest: { cpuMicros, latencyMicros: 0 },
    source: NOWHERE,
    ...parts,
  };
}

/** Usage of the pods labelled `app: <app>`. */
export function usage(app: string, parts: Partial<PodLoad> = {}): Load {
  return {
    kind: "pods",
    name: `usage-${app}`,
    namespace: null,
    selector: { matchLabels: { app } },
    container: null,
    startMicros: 0,
    endMicros: Number.MAX_SAFE_INTEGER,
    cpuMilli: null,
    memoryBytes: null,
    startup: null,
    stop: null,
    source: NOWHERE,
    ...parts,
  };
}

export function timed(curve: Curve | number, parts: Partial<TimedCurve> = {}): TimedCurve {
  const whole: Curve = typeof curve === "number" ? { kind: "constant", value: curve } : curve;
  return { curve: whole, since: "run", noise: null, ...parts };
}

function spanOf(span: Span): Micros {
  return typeof span === "number" ? span : parseDuration(span);
}

function numbered(index: number): NodeParts {
  return { name: `n${index + 1}`, zone: ZONES[index % ZONES.length] as string };
}

function plannedNode(parts: NodeParts): PlannedNode {
  const { name, zone = null, cpu = "4", memory = "16Gi", pods = "110", taints = [], pricePerHour = 0 } = parts;
  const capacity = { cpu, memory, pods, "ephemeral-storage": "100Gi" };
  const labels: Record<string, string> = { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" };
  if (zone !== null) labels["topology.kubernetes.io/zone"] = zone;
  return {
    name,
    pool: "",
    zone,
    region: null,
    labels,
    annotations: {},
    taints,
    unschedulable: false,
    capacity,
    allocatable: capacity,
    pricePerHour,
    imageBandwidthBytesPerSecond: 50 * 1024 * 1024,
    parallelImagePulls: 1,
    images: [],
    source: NOWHERE,
  };
}

function failure(parts: FailureParts, index: number): Failure {
  const base = { index, name: `failures[${index}]`, source: NOWHERE, count: null };
  if (parts.kind === "containerExit") return { ...base, namespace: null, container: null, exitCode: 1, ...parts };
  return { ...base, lasts: null, ...parts };
}
