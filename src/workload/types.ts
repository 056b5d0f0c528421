import type { LabelSelector } from "../kube/index.ts";
import type { Distribution } from "../random/index.ts";

export type Micros = number;

/** A function of time. Values are in the unit of the field that holds the curve; instants are relative to its start. */
export type Curve =
  | { readonly kind: "constant"; readonly value: number }
  /** The value of the last step at or before now; 0 before the first one. Sorted by `atMicros`. */
  | { readonly kind: "steps"; readonly steps: readonly CurvePoint[] }
  /** From `from` to `to` in a straight line, then `to`. */
  | { readonly kind: "ramp"; readonly from: number; readonly to: number; readonly overMicros: Micros }
  /** mean + amplitude · sin(2π (t + offset) / period), not below 0. */
  | {
      readonly kind: "sine";
      readonly mean: number;
      readonly amplitude: number;
      readonly periodMicros: Micros;
      readonly offsetMicros: Micros;
    }
  /** Sorted points; before the first and after the last one the nearest value holds. */
  | {
      readonly kind: "points";
      readonly points: readonly CurvePoint[];
      readonly interpolate: "linear" | "step";
      /** Distance after which the points start again; 0 for never. */
      readonly repeatMicros: Micros;
    };

export interface CurvePoint {
  readonly atMicros: Micros;
  readonly value: number;
}

/** Multiplicative noise: the value times max(0, 1 + relativeSd · normal), drawn anew every `everyMicros`. */
export interface Noise {
  readonly relativeSd: number;
  readonly everyMicros: Micros;
}

export interface TimedCurve {
  readonly curve: Curve;
  /** Whether the curve's time starts with the run or with each container. */
  readonly since: "run" | "container";
  readonly noise: Noise | null;
}

interface LoadBase {
  /** Unique among the loads; names the random stream. */
  readonly name: string;
  readonly startMicros: Micros;
  /** The load is absent at and after this instant. */
  readonly endMicros: Micros;
}

/** Clients that keep their connections, so that each sends all its requests to one endpoint for a while. */
export interface ClientSpec {
  readonly count: number;
  /** How long a connection lasts; 0: a new one for each request. */
  readonly keepAliveMicros: Micros;
}

/** Demand on a Service, shared over its ready endpoints. */
export interface ServiceLoad extends LoadBase {
  readonly kind: "service";
  readonly namespace: string;
  readonly service: string;
  /** Requests per second. */
  readonly requestsPerSecond: TimedCurve;
  readonly perRequest: { readonly cpuMicros: Micros; readonly latencyMicros: Micros };
  /** Who sends the requests, each alike; absent: so many that all endpoints get the same. */
  readonly clients?: ClientSpec;
}

/** What can be measured of a Service load: requests served per second, and requests being served (the mean, by Little's law). */
export type LoadMeasure = "requests_per_second" | "requests_in_flight";

/** A queue that somebody fills and selected pods empty. */
export interface QueueSpec {
  /** Items per second that come in. */
  readonly arrivalsPerSecond: TimedCurve;
  /** Items per second that one ready pod takes out. */
  readonly takenPerSecond: number;
  readonly initialLength: number;
}

/** Usage of each selected pod on its own. */
export interface PodLoad extends LoadBase {
  readonly kind: "pods";
  readonly namespace: string | null;
  readonly selector: LabelSelector;
  /** Name of the container that bears the load; null for the first one. */
  readonly container: string | null;
  readonly cpuMilli: TimedCurve | null;
  readonly memoryBytes: TimedCurve | null;
  /** Added while a container starts; `readyAfterMicros` holds back its readiness. */
  readonly startup: {
    readonly cpuMilli: number;
    readonly forMicros: Micros;
    readonly readyAfterMicros: Micros;
  } | null;
  /** From SIGTERM to exit; null for the default. */
  readonly stop: Distribution | null;
  /** How long the container runs before it exits by itself, and its exit code; absent for one that runs on. */
  readonly run?: { readonly forMicros: Distribution; readonly exitCode: number };
}
