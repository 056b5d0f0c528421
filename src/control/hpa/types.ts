import type { ConditionStatus, PodPhase } from "../../kube/index.ts";
import type { Milli } from "./int64.ts";

/** How far from 1 a usage ratio may be without a change, each direction by itself (0.1 is 10 %). */
export interface Tolerances {
  readonly down: number;
  readonly up: number;
}

/** What the replica calculator reads of a pod. Instants in microseconds of one clock. */
export interface PodRecord {
  readonly name: string;
  readonly phase: PodPhase | undefined;
  readonly isDeleting: boolean;
  /** Status of the Ready condition; undefined when the pod has none. */
  readonly readyStatus: ConditionStatus | undefined;
  /** Last transition of the Ready condition; read only when there is one. */
  readonly readyTransitionMicros: number;
  /** status.startTime; undefined when absent. */
  readonly startMicros: number | undefined;
  readonly requests: PodRequests;
}

/** Requests of a pod in milli-units (memory: bytes · 1000); shared by the pods of one template. */
export interface PodRequests {
  /** Containers, then init containers that restart always, in the order of the spec. */
  readonly containers: readonly ContainerRequests[];
  /** The whole pod's requests with overhead, when the pod sets any request at pod level. */
  readonly podLevelMilli?: ReadonlyMap<string, Milli>;
}

export interface ContainerRequests {
  readonly name: string;
  readonly requestMilli: ReadonlyMap<string, Milli>;
}

/** One pod's value of a metric. */
export interface PodSample {
  readonly valueMilli: Milli;
  readonly timestampMicros: number;
  /** Length of the window that the value is measured over. */
  readonly windowMicros: number;
}

/** A metrics API refused to answer. `error` is in its own words; "unable to fetch metrics from … metrics API: " is put
 *  before it. An API that answers with nothing has not failed: its answer is empty (or 0 pods). */
export interface MetricsFailure {
  readonly error: string;
}

/** Answer of a metrics API about pods. `itemCount` counts pods answered, also those without a usable value. */
export interface PodSamples {
  readonly itemCount: number;
  readonly samples: ReadonlyMap<string, PodSample>;
}

export type PodMetricAnswer = PodSamples | MetricsFailure;
/** The value of an object's metric. */
export type ObjectMetricAnswer = { readonly valueMilli: Milli } | MetricsFailure;
/** The series of an external metric. */
export type ExternalMetricAnswer = { readonly valuesMilli: readonly Milli[] } | MetricsFailure;

/** Why a calculation ended with its number of replicas. */
export type CalculationStep =
  /** ceil(ratio · counted). */
  | "scaled"
  /** The ratio is within the tolerance: the current number stays. */
  | "withinTolerance"
  /** Counting the missing or unready pods turned the direction: the current number stays. */
  | "directionTurned"
  /** The number of pods counted would move the replicas against the ratio: the current number stays. */
  | "countAgainstRatio"
  /** ceil(usage / target), the number of pods playing no part. */
  | "divided";

/** How a calculation came to its number: what explanations print. */
export interface CalculationTrace {
  readonly readyCount?: number;
  readonly unreadyCount?: number;
  readonly missingCount?: number;
  readonly ignoredCount?: number;
  /** Oldest and newest sample of the ready pods. */
  readonly oldestSampleMicros?: number;
  readonly newestSampleMicros?: number;
  readonly ratio: number;
  /** The ratio after missing and unready pods were counted, where they were. */
  readonly rebalancedRatio?: number;
  /** Pods that the ratio is multiplied with. */
  readonly countedPods?: number;
  /** The proposal that the ratio alone would give. */
  readonly rawReplicas: number;
  readonly step: CalculationStep;
}

/** Outcome of the replica calculator. With an error, `replicas` is 0 and there is no trace. */
export interface Calculation {
  readonly replicas: number;
  /** Percent of the requests; only of utilization targets. */
  readonly utilizationPercent?: number;
  /** Average usage, or the metric's value. */
  readonly valueMilli: Milli;
  readonly error?: string;
  readonly trace?: CalculationTrace;
}

export interface ReadinessPeriods {
  /** From a pod's start: how long cpu samples taken before or while it became ready are set aside. */
  readonly cpuInitializationMicros: number;
  /** From a pod's start: how long a first readiness change may take without counting as having been ready. */
  readonly initialReadinessDelayMicros: number;
}
