import type { CrossVersionObjectReference, MetricIdentifier } from "../../kube/index.ts";
import type { ShownUsage } from "../../metrics/index.ts";
import type { ExternalMetricAnswer, MetricsFailure, ObjectMetricAnswer } from "./types.ts";

/** The pods an answer is wanted for: the first `count` of `rows` (rows of the pod table), all of one namespace. */
export interface PodRowsQuery {
  readonly namespace: string;
  readonly rows: Int32Array;
  readonly count: number;
}

export interface ResourceQuery extends PodRowsQuery {
  /** "cpu", "memory", … */
  readonly resource: string;
  /** A container's name, or "" for the sum over all containers. */
  readonly container: string;
}

/** Values of a metric by position in the query; at least `count` long, all positions before it are written. */
export interface SampleColumns {
  /** Milli-units (cpu: thousandths of a core; memory: bytes · 1000), whole; NaN when there is no usable value. */
  readonly valueMilli: Float64Array;
  /** When the sample was taken: microseconds since the start of the run, whole seconds as the API gives them. */
  readonly timestampMicros: Float64Array;
  /** Length of the window it covers. */
  readonly windowMicros: Float64Array;
}

/** How many pods the API lists, with or without a usable value (0: "no metrics returned"); or its error. */
export type SampleCount = number | MetricsFailure;

/**
 * The metrics APIs as the HPA reads them. The world gives one; it answers from what has been scraped so far and changes
 * nothing. A resource's value is the sum of its containers' values, each rounded up to milli-units; it is NaN when a
 * container lacks the resource.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/metrics/client.go
 */
export interface MetricsSource {
  /** metrics.k8s.io */
  resource(query: ResourceQuery, into: SampleColumns): SampleCount;
  /**
   * Adds up the CPU shown of pods of a group of the pod table (`PodTable.byGroup`), those of which the sum is at hand; absent
   * where a source has no such sums.
   */
  addCpu?(group: number, into: ShownUsage): void;
  /** custom.metrics.k8s.io, one value a pod. */
  pods(metric: MetricIdentifier, query: PodRowsQuery, into: SampleColumns): SampleCount;
  /** custom.metrics.k8s.io, one object. */
  object(namespace: string, described: CrossVersionObjectReference, metric: MetricIdentifier): ObjectMetricAnswer;
  /** external.metrics.k8s.io */
  external(namespace: string, metric: MetricIdentifier): ExternalMetricAnswer;
}
