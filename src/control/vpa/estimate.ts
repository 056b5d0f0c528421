import { type Micros, minutes } from "../../units/index.ts";
import {
  CPU_BUCKETS,
  EMPTY_HISTOGRAM,
  type Histogram,
  MEMORY_BUCKETS,
  percentile,
  type Sample,
  withSamples,
} from "./decaying-histogram.ts";

/** What was seen of the containers of one name under one VerticalPodAutoscaler. Frozen data; Unix microseconds. */
export interface UsageHistory {
  readonly cpu: Histogram;
  readonly memoryPeaks: Histogram;
  /** Samples of cpu so far, the first, and the last. */
  readonly sampleCount: number;
  readonly firstAt: Micros;
  readonly lastAt: Micros;
}

/** What one pod's container used at its highest within a day. */
export interface MemoryWindow {
  /** End of the day that is being watched; 0 before the first sample. */
  readonly endAt: Micros;
  readonly peakBytes: number;
}

export interface Amounts {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** Before anybody's limits. */
export interface Estimate {
  readonly target: Amounts;
  readonly lowerBound: Amounts;
  readonly upperBound: Amounts;
}

export const NO_HISTORY: UsageHistory = Object.freeze({
  cpu: EMPTY_HISTOGRAM,
  memoryPeaks: EMPTY_HISTOGRAM,
  sampleCount: 0,
  firstAt: 0,
  lastAt: 0,
});
export const NO_WINDOW: MemoryWindow = Object.freeze({ endAt: 0, peakBytes: 0 });

/** @source vertical-pod-autoscaler 1.6 pkg/recommender: flags and model/aggregations_config.go */
const DAY = minutes(24 * 60);
const CPU_WEIGHT = 0.1;
const MARGIN = 0.15;
const MINIMUM: Amounts = { cpuMilli: 25, memoryBytes: 250 * 1024 * 1024 };
const SAMPLES_A_DAY = 24 * 60;
const MEBIBYTE = 1024 * 1024;
const OOM_BUMP_BYTES = 100 * MEBIBYTE;
const OOM_BUMP_RATIO = 1.2;
/** @source vertical-pod-autoscaler 1.6 pkg/recommender/model/types.go MaxResourceAmount */
const AMOUNT_MAX = 1e14;

/** A look at cpu usage: cores, at an instant. */
export interface CpuSample {
  readonly cores: number;
  readonly at: Micros;
}

export function withCpu(history: UsageHistory, samples: readonly CpuSample[]): UsageHistory {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return history;
  const weighed = samples.map(({ cores, at }) => ({ value: cores, weight: CPU_WEIGHT, at }));
  return Object.freeze({
    ...history,
    cpu: withSamples(history.cpu, CPU_BUCKETS, weighed),
    sampleCount: history.sampleCount + samples.length,
    firstAt: history.sampleCount === 0 ? first.at : Math.min(history.firstAt, first.at),
    lastAt: Math.max(history.lastAt, last.at),
  });
}

export function withPeaks(history: UsageHistory, samples: readonly Sample[]): UsageHistory {
  if (samples.length === 0) return history;
  return Object.freeze({ ...history, memoryPeaks: withSamples(history.memoryPeaks, MEMORY_BUCKETS, samples) });
}

/**
 * What a look at a container's memory changes: its window, and the peaks that the histogram loses and gains. Each container counts
 * once a day, with the most that it used.
 */
export function observeMemory(
  window: MemoryWindow,
  bytes: number,
  at: Micros,
): { readonly window: MemoryWindow; readonly samples: readonly Sample[] } {
  const endAt = window.endAt === 0 ? at : window.endAt;
  if (at < endAt) {
    if (window.peakBytes === 0 || bytes <= window.peakBytes) return { window, samples: [] };
    const old = { value: window.peakBytes, weight: -1, at: endAt };
    return { window: { endAt, peakBytes: bytes }, samples: [old, { value: bytes, weight: 1, at: endAt }] };
  }
  const next = endAt + Math.floor((at - endAt) / DAY) * DAY + DAY;
  return { window: { endAt: next, peakBytes: bytes }, samples: [{ value: bytes, weight: 1, at: next }] };
}

/** What a container that was killed for memory counts as having used. */
export function bytesAfterOom(requestBytes: number, peakBytes: number): number {
  const used = Math.max(requestBytes, peakBytes);
  return Math.floor(Math.max(used + OOM_BUMP_BYTES, used * OOM_BUMP_RATIO));
}

/**
 * The requests that the history asks for; `containerCount` containers of the pod share the least amounts.
 * @source vertical-pod-autoscaler 1.6 pkg/recommender/logic/recommender.go, estimator.go
 */
export function estimateRequests(history: UsageHistory, containerCount: number): Estimate {
  const confidence = Math.min((history.lastAt - history.firstAt) / DAY, history.sampleCount / SAMPLES_A_DAY);
  // A number that is not finite is cut to the largest amount.
  const upper = confidence === 0 ? Number.POSITIVE_INFINITY : 1 + 1 / confidence;
  const lower = confidence === 0 ? 0 : 1 / ((1 + 0.001 / confidence) * (1 + 0.001 / confidence));
  return {
    target: amountsAt(history, 0.9, 1, containerCount),
    lowerBound: amountsAt(history, 0.5, lower, containerCount),
    upperBound: amountsAt(history, 0.95, upper, containerCount),
  };
}

function amountsAt({ cpu, memoryPeaks }: UsageHistory, share: number, factor: number, containerCount: number): Amounts {
  const raised = (amount: number, minimum: number): number => {
    const withMargin = scaled(Math.floor(amount), 1 + MARGIN);
    return Math.max(scaled(withMargin, factor), scaled(minimum, 1 / containerCount));
  };
  return {
    cpuMilli: raised(percentile(cpu, CPU_BUCKETS, share) * 1000, MINIMUM.cpuMilli),
    memoryBytes: raised(percentile(memoryPeaks, MEMORY_BUCKETS, share), MINIMUM.memoryBytes),
  };
}

function scaled(amount: number, factor: number): number {
  if (amount === 0) return 0;
  return Math.min(Math.floor(amount * factor), AMOUNT_MAX);
}
