/**
 * The plan: everything one run needs, as frozen plain data.
 *
 * `src/scenario` builds it from files, `src/world` plays it, `src/report` writes it down again. Instants and spans
 * are integer microseconds since the start of the run, CPU is milli-CPU, memory is bytes, prices are per node and
 * hour. A plan holds no functions, no class instances and no `undefined`, so it can be cloned, posted to a worker
 * and compared by its JSON.
 */

import type { Checkpoint } from "../engine/index.ts";
import type { KubeObject, LabelSelector, StringMap } from "../kube/index.ts";
import type { Statistics } from "../metrics/index.ts";
import type { Distribution } from "../random/index.ts";
import type { ExtensionPoint, SchedulerConfig } from "../scheduler/index.ts";
import type { LoggedDecision } from "../store/index.ts";
import type { LoadMeasure, PodLoad, QueueSpec, ServiceLoad, TimedCurve } from "../workload/index.ts";
import type { SeriesName } from "./known-metrics.ts";
import type { Action } from "./plan-actions.ts";
import type {
  ClusterAutoscalerPlan,
  ImagePlan,
  NodeChoice,
  PlannedNode,
  PlannedPool,
  SourceLocation,
} from "./plan-nodes.ts";

export type { Distribution } from "../random/index.ts";
export type {
  Curve,
  CurvePoint,
  LoadMeasure,
  Noise,
  PodLoad,
  QueueSpec,
  ServiceLoad,
  TimedCurve,
} from "../workload/index.ts";
export { METRICS, type MetricDefinition, SERIES, type SeriesName } from "./known-metrics.ts";
export type { Action, ObjectReference, RollingReplacement, RollingUpdateTimes } from "./plan-actions.ts";
export type * from "./plan-nodes.ts";

export type Micros = number;

export interface Plan {
  readonly name: string;
  readonly seed: string | number;
  /** Replication number within one seed; 0 for a single run. */
  readonly run: number;
  readonly durationMicros: Micros;
  /** Nothing before this instant enters the summaries and assertions. */
  readonly warmupMicros: Micros;
  /** Unix time of instant 0, in microseconds. */
  readonly startEpochMicros: number;
  readonly kubernetesVersion: string;
  /** In the order of the files; all of them exist at instant 0. Nodes are in `nodes`, not here. */
  readonly objects: readonly PlannedObject[];
  readonly nodes: readonly PlannedNode[];
  /** Pools from which more nodes can be made while the run goes on. */
  readonly pools: readonly PlannedPool[];
  readonly images: ImagePlan;
  readonly timing: Timing;
  readonly loads: readonly Load[];
  /** Custom and external metrics besides those that every service load has. */
  readonly metrics: readonly PlannedMetric[];
  readonly failures: readonly Failure[];
  readonly actions: readonly Action[];
  /** Absent: none. */
  readonly arrivals?: readonly PlannedArrivals[];
  readonly assertions: readonly Assertion[];
  readonly fidelity: Fidelity;
  readonly record: RecordOptions;
  /** Absent: kube-scheduler's defaults. */
  readonly scheduler?: SchedulerPlan;
  /** The cluster autoscaler's flags; absent when no pool may change its size. */
  readonly clusterAutoscaler?: ClusterAutoscalerPlan;
  /** What prices are in, such as "USD". */
  readonly currency: string;
}

export interface Fidelity {
  /** `chain`: heartbeats and scrapes are formulas; `explicit`: every tick is an event. The outcome is the same. */
  readonly periodic: "chain" | "explicit";
  /** The HPA's formula: the present one, or that which ran away in rolling updates. */
  readonly hpaFormula: "current" | "before-1.16";
  /** Whether pods that want more CPU than their node has share it by weight; absent: only limits cap usage. */
  readonly cpuContention?: boolean;
}

export interface RecordOptions {
  /** Distance of two rows of a series. */
  readonly sampleMicros: Micros;
  /** The series that are written; absent: all. */
  readonly series?: readonly SeriesName[];
  readonly events: boolean;
  readonly decisions: boolean;
  /** Whether scheduler decisions carry every node's results, as annotations of kube-scheduler-simulator. */
  readonly schedulerResults?: boolean;
}

export interface SchedulerPlan {
  readonly config: SchedulerConfig;
  /** Plugins of the user's own; who makes a world of the plan brings their code. */
  readonly plugins: readonly PlannedPlugin[];
}

export interface PlannedPlugin {
  readonly name: string;
  /** The module, relative to the scenario. */
  readonly path: string;
  readonly points: readonly ExtensionPoint[];
  readonly source: SourceLocation;
}

// Objects and nodes.

export interface PlannedObject {
  /** Converted to the stored version and defaulted, as the API server would. */
  readonly object: KubeObject;
  readonly source: SourceLocation;
  /** The fields of the spec that the manifest itself names; absent where that is not known: all of them. */
  readonly written?: readonly string[];
  /** The version that the manifest is written in, where that is served too but not the one in which objects are kept. */
  readonly writtenIn?: "autoscaling/v1";
  /** False for kinds that are kept as documents only. */
  readonly simulated: boolean;
}

// Timing.

export interface Timing {
  // Heartbeats and node lifecycle. @source kubernetes 1.37 kubelet and node-lifecycle-controller defaults.
  readonly nodeStatusUpdateMicros: Micros;
  readonly nodeStatusReportMicros: Micros;
  readonly leaseRenewMicros: Micros;
  /** Share of the period that is added at random to status updates and lease renewals: 0.04. */
  readonly heartbeatJitter: number;
  readonly nodeMonitorPeriodMicros: Micros;
  readonly nodeMonitorGraceMicros: Micros;
  readonly nodeStartupGraceMicros: Micros;
  /** How long one monitor pass takes before the next period starts. */
  readonly nodeMonitorPassMicros: Micros;
  /** Nodes tainted per second in a healthy zone, and in an unhealthy large one. */
  readonly nodeEvictionRate: number;
  readonly secondaryNodeEvictionRate: number;
  readonly largeClusterSizeThreshold: number;
  readonly unhealthyZoneThreshold: number;
  readonly terminatedPodGcThreshold: number;

  // Metrics and autoscaling.
  /** Whether periodic work that goes on before the run begins has a phase of its own, or starts with the run. */
  readonly phases: "random" | "aligned";
  /** cAdvisor's looks at a container: least distance, and the share that is added at random. 0: at every instant. */
  readonly kubeletHousekeepingMicros: Micros;
  readonly kubeletHousekeepingJitter: number;
  readonly metricsPipeline: "metrics-server" | "heapster";
  readonly metricsScrapeMicros: Micros;
  // Custom and external metrics: the monitoring system's interval, and how old its answers are at least.
  readonly customMetricsScrapeMicros: Micros;
  readonly customMetricsDelayMicros: Micros;
  /** Window of the rates that service loads have by themselves. */
  readonly customMetricsWindowMicros: Micros;
  readonly hpaSyncMicros: Micros;
  readonly hpaTolerance: number;
  readonly hpaDownscaleStabilizationMicros: Micros;
  readonly hpaCpuInitializationMicros: Micros;
  readonly hpaInitialReadinessDelayMicros: Micros;

  // The way of a write, of a notification, and of a pod to its node.
  /** From a controller's look at an object to the effect of what it writes. */
  readonly apiLatency: Distribution;
  /** From a write to the notification of the scheduler or a controller that watches. */
  readonly watchLatency: Distribution;
  readonly schedulerCycle: Distribution;
  readonly bindLatency: Distribution;
  /** From the choice of victims to the requests for their deletion. */
  readonly preemptionLatency: Distribution;

  // Storage.
  /** From a claim's request for a volume to the volume. */
  readonly volumeProvision: Distribution;
  /** From the release of a provisioned volume to its end. */
  readonly volumeDelete: Distribution;

  // Load balancers of the cloud.
  /** From a Service's request for a load balancer to its address. */
  readonly loadBalancerEnsure: Distribution;
  /** From the end of a Service to that of its load balancer. */
  readonly loadBalancerDelete: Distribution;

  // Kubelet.
  readonly kubeletDelivery: Distribution;
  readonly volumeMount: Distribution;
  readonly sandboxStart: Distribution;
  readonly imageCheck: Distribution;
  readonly imagePullLatency: Distribution;
  readonly imageUnpackMicrosPerMebibyte: Micros;
  readonly containerCreate: Distribution;
  readonly containerStart: Distribution;
  readonly statusWrite: Distribution;
  /** From SIGTERM to exit of a container that no load describes. */
  readonly containerStop: Distribution;
  readonly sandboxStop: Distribution;
  readonly volumeUnmount: Distribution;
  /** From the last container's exit to the deletion of the API object. */
  readonly podDeletion: Distribution;
  /** From power on to the kubelet's first heartbeat after a crash. */
  readonly nodeBoot: Distribution;
  readonly crashBackoffInitialMicros: Micros;
  readonly crashBackoffMaxMicros: Micros;
  readonly crashBackoffResetMicros: Micros;
  readonly imageBackoffInitialMicros: Micros;
  readonly imageBackoffMaxMicros: Micros;
}

// Loads.

/** A load and where it was written. */
export type Load = (ServiceLoad | PodLoad) & { readonly source: SourceLocation };

// Custom and external metrics.

/** A metric that the custom or external metrics API serves. */
export interface PlannedMetric {
  readonly name: string;
  /** Pods: a value for each selected pod. Object: one for the object. External: one series. */
  readonly kind: "pods" | "object" | "external";
  /** null: every namespace. */
  readonly namespace: string | null;
  /** Labels of the series, which selectors in the HPA are matched with. */
  readonly labels: StringMap;
  /** Of `pods`: who has it; of a queue: who empties it. null: the backends of the load. */
  readonly selector: LabelSelector | null;
  /** Of `object`: what it describes. */
  readonly object: { readonly kind: string; readonly name: string } | null;
  /** Length of the window whose mean is shown; 0: the last sample. */
  readonly windowMicros: Micros;
  readonly from: MetricOrigin;
  /** Spans [from, to) without samples. */
  readonly gaps: readonly { readonly fromMicros: Micros; readonly toMicros: Micros }[];
}

export type MetricOrigin =
  | { readonly kind: "curve"; readonly value: TimedCurve }
  | { readonly kind: "load"; readonly load: string; readonly measure: LoadMeasure }
  | { readonly kind: "queue"; readonly queue: QueueSpec };

// Failures and actions.

/** Once, or again and again: `every` is drawn from the end of one failure to the start of the next, per target. */
export type FailureSchedule = { readonly at: Micros } | { readonly every: Distribution };

interface FailureBase {
  /** Position in `spec.failures`, for the timeline and the name of the random stream. */
  readonly index: number;
  readonly name: string;
  readonly source: SourceLocation;
  readonly schedule: FailureSchedule;
}

export interface NodeFailure extends FailureBase {
  readonly kind: "crash" | "partition" | "recover";
  /** Names, in the order of the plan's nodes. */
  readonly nodes: readonly string[];
  /** Which nodes that join later it strikes too; absent where nodes are named. */
  readonly later?: NodeChoice;
  /** So many of them, drawn at random; null for all. */
  readonly count: number | null;
  /** null: for good, or until a `recover`. */
  readonly lasts: Distribution | null;
}

export interface ContainerFailure extends FailureBase {
  readonly kind: "containerExit";
  readonly namespace: string | null;
  readonly selector: LabelSelector;
  readonly container: string | null;
  readonly count: number | null;
  readonly exitCode: number;
}

export type ControlPlaneComponent = "apiServer" | "etcd" | "scheduler" | "controllerManager" | "clusterAutoscaler";

export interface ControlPlaneFailure extends FailureBase {
  readonly kind: "controlPlaneDown";
  readonly components: readonly ControlPlaneComponent[];
  /** null: for good. */
  readonly lasts: Distribution | null;
}

export type Failure = NodeFailure | ContainerFailure | ControlPlaneFailure;

/** Pods that come one after the other. `template`, `atMicros` and `lastsMicros` are rows of one list. */
export interface PlannedArrivals {
  readonly name: string;
  /** Pods; their names begin the names of what arrives. */
  readonly templates: readonly PlannedObject[];
  /** By row: which of the templates. */
  readonly template: readonly number[];
  /** By row: when, never falling; empty when `everyMicros` says it. */
  readonly atMicros: readonly Micros[];
  /** By row: how long after its arrival the pod is deleted; empty, or null in it, for never. */
  readonly lastsMicros: readonly (Micros | null)[];
  /** Distance of two arrivals; null: `atMicros`. */
  readonly everyMicros: Micros | null;
  /** `shuffled`: in an order drawn by the seed. */
  readonly order: "listed" | "shuffled";
  /** After the list: more of its rows, drawn by the seed, as long as the sum of all requests of the resource stays within
   *  this share of what the nodes of instant 0 have. */
  readonly fill: { readonly resource: string; readonly share: number } | null;
  readonly source: SourceLocation;
}

// Assertions.

export type Stat = "p50" | "p90" | "p95" | "p99" | "max" | "min" | "mean" | "sum" | "last" | "count";
export type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";
/** Base units: seconds, bytes, cores, and plain numbers; `currency` is that of the plan. */
export type MetricUnit = "seconds" | "bytes" | "cores" | "ratio" | "count" | "currency" | "hours";

export interface LabelMatcher {
  readonly label: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

export interface Assertion {
  readonly metric: string;
  readonly matchers: readonly LabelMatcher[];
  readonly stat: Stat;
  readonly comparison: Comparison;
  /** In the metric's base unit. */
  readonly threshold: number;
  readonly unit: MetricUnit;
  /** The line as written. */
  readonly text: string;
  readonly source: SourceLocation;
}

// The run.

/** Something that can stand in a line of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** One line of decisions.jsonl. */
export type DecisionRecord = LoggedDecision;

/** What a world hands out while it runs; called synchronously, in order. A world must not depend on what it does. */
export interface ResultSink {
  /** A Kubernetes Event object as it stands when it is written, with `metadata`, `count`, first and last time. */
  event(line: JsonObject): void;
  decision(record: DecisionRecord): void;
  /** A row of `series/<series>.csv`; all rows of a series have the same keys in the same order. */
  sample(series: string, row: { readonly [column: string]: string | number }): void;
}

export interface MetricSummary extends Statistics {
  readonly metric: string;
  readonly labels: StringMap;
}

export interface AssertionResult {
  readonly assertion: Assertion;
  /** null when nothing was observed: such an assertion fails. */
  readonly value: number | null;
  readonly holds: boolean;
}

/** What a world knows at its end, or where it was stopped. */
export interface RunSummary {
  readonly endMicros: Micros;
  readonly eventCount: number;
  readonly digest: string;
  readonly unseed: string;
  readonly counts: { readonly nodes: number; readonly pods: number; readonly workloads: number };
  readonly metrics: readonly MetricSummary[];
  readonly assertions: readonly AssertionResult[];
}

/** The face of a world towards whoever drives it. */
export interface RunnableWorld {
  readonly nowMicros: Micros;
  readonly eventCount: number;
  /** Plays at most `maxEvents` events with time ≤ `untilMicros`; true when that instant is reached. */
  runSlice(untilMicros: Micros, maxEvents: number): boolean;
  /** The state between two slices. */
  checkpoint(): Checkpoint;
  finish(): RunSummary;
}

/** Whether `value` stands in the wanted relation to `threshold`. */
export function compares(value: number, comparison: Comparison, threshold: number): boolean {
  switch (comparison) {
    case "<":
      return value < threshold;
    case "<=":
      return value <= threshold;
    case ">":
      return value > threshold;
    case ">=":
      return value >= threshold;
    case "==":
      return value === threshold;
    case "!=":
      return value !== threshold;
  }
}
