import { CONDITION, POD_PHASE } from "../../store/index.ts";
import { floatToInt32, percentInt32 } from "./int64.ts";
import type { SampleColumns } from "./metrics-source.ts";
import { isWithinTolerance } from "./replica-calculator.ts";
import type { Calculation, ReadinessPeriods, Tolerances } from "./types.ts";

/** The pod columns that decide readiness, indexed by row; instants in microseconds, -1 is unset. Set anew for each sweep. */
export interface ReadinessColumns {
  phase: Uint8Array;
  deletionAt: Float64Array;
  ready: Uint8Array;
  readyAt: Float64Array;
  startTime: Float64Array;
}

/** Sums over pods that are all ready and measured. Buffers of a sync: written anew by each sweep. */
export interface ReadyTotals {
  readyCount: number;
  usageMilli: number;
  requestMilli: number;
  oldestSampleMicros: number;
  newestSampleMicros: number;
}

export function emptyTotals(): ReadyTotals {
  return { readyCount: 0, usageMilli: 0, requestMilli: 0, oldestSampleMicros: 0, newestSampleMicros: 0 };
}

export interface ReadyPodsInput {
  /** Rows of the pods, and by position their samples and requests. */
  readonly rows: Int32Array;
  readonly count: number;
  readonly samples: SampleColumns;
  /** Milli-units; NaN when the request is missing. */
  readonly requestMilli: Float64Array;
  readonly columns: ReadinessColumns;
  readonly isCpu: boolean;
  readonly now: number;
  readonly periods: ReadinessPeriods;
}

/**
 * Sums usage and requests in one sweep when every pod runs, counts as ready and has a sample and a request; undefined
 * as soon as one does not, and the calculation by records has to say. Cost: a few nanoseconds a pod.
 */
// hot: once a pod and sync (bench/world).
export function sumReadyPods(input: ReadyPodsInput, into: ReadyTotals = emptyTotals()): ReadyTotals | undefined {
  const { rows, count, requestMilli, isCpu, now } = input;
  const { phase, deletionAt, ready, readyAt, startTime } = input.columns;
  const { valueMilli, timestampMicros, windowMicros } = input.samples;
  const initializedBefore = now - input.periods.cpuInitializationMicros;
  let usage = 0;
  let request = 0;
  let oldest = Number.POSITIVE_INFINITY;
  let newest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    // Columns may end before the row: what was never written reads as undefined, which is unset too.
    if (phase[row]! !== POD_PHASE.running || deletionAt[row]! >= 0) return undefined;
    const value = valueMilli[i]!;
    const wanted = requestMilli[i]!;
    if (!(value >= 0 && wanted >= 0)) return undefined;
    const sampledAt = timestampMicros[i]!;
    if (isCpu) {
      const startedAt = startTime[row]!;
      if (ready[row]! !== CONDITION.true || !(startedAt >= 0)) return undefined;
      if (startedAt > initializedBefore && sampledAt < readyAt[row]! + windowMicros[i]!) return undefined;
    }
    usage += value;
    request += wanted;
    if (sampledAt < oldest) oldest = sampledAt;
    if (sampledAt > newest) newest = sampledAt;
  }
  if (count === 0 || request === 0 || usage > Number.MAX_SAFE_INTEGER || request > Number.MAX_SAFE_INTEGER) {
    return undefined;
  }
  into.readyCount = count;
  into.usageMilli = usage;
  into.requestMilli = request;
  into.oldestSampleMicros = oldest;
  into.newestSampleMicros = newest;
  return into;
}

/** Utilization in percent, as the calculator rounds it. */
export function percentOf({ usageMilli, requestMilli }: ReadyTotals): number {
  return percentInt32(usageMilli, requestMilli);
}

/** Usage a pod, as the calculator rounds it. */
export function averageOf({ usageMilli, readyCount }: ReadyTotals): number {
  return (usageMilli - (usageMilli % readyCount)) / readyCount;
}

function rawReplicasOf(ratio: number, readyCount: number): number {
  return floatToInt32(Math.ceil(ratio * readyCount));
}

// hot: once a sync of an HPA at rest (bench/world).
/** The number of replicas alone that `replicasFromTotals` gives, without a trace. */
export function replicasOf(
  { readyCount }: ReadyTotals,
  utilizationPercent: number,
  targetPercent: number,
  scale: { readonly currentReplicas: number; readonly tolerances: Tolerances },
): number {
  const ratio = utilizationPercent / targetPercent;
  return isWithinTolerance(ratio, scale.tolerances) ? scale.currentReplicas : rawReplicasOf(ratio, readyCount);
}

/** What `replicasForUtilization` gives for these pods. */
export function replicasFromTotals(
  totals: ReadyTotals,
  targetPercent: number,
  scale: { readonly currentReplicas: number; readonly tolerances: Tolerances },
): Calculation {
  const { readyCount, oldestSampleMicros, newestSampleMicros } = totals;
  const utilizationPercent = percentOf(totals);
  const ratio = utilizationPercent / targetPercent;
  const rawReplicas = rawReplicasOf(ratio, readyCount);
  const isWithin = isWithinTolerance(ratio, scale.tolerances);
  return {
    replicas: isWithin ? scale.currentReplicas : rawReplicas,
    utilizationPercent,
    valueMilli: averageOf(totals),
    trace: {
      readyCount,
      unreadyCount: 0,
      missingCount: 0,
      ignoredCount: 0,
      oldestSampleMicros,
      newestSampleMicros,
      ratio,
      countedPods: readyCount,
      rawReplicas,
      step: isWithin ? "withinTolerance" : "scaled",
    },
  };
}
