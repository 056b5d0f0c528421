import type { Micros } from "../engine/index.ts";

/**
 * Where the usage of pods that follow it comes from: a level that changes at known instants, the same for all, times the noise
 * of each. A change is known by its index: 0, 1, … in order of time. What a follower uses from change i on is
 * min(limit, idle + level · max(0, 1 + relativeSd · normal(noiseKey, k))) with k = ⌊instant / everyMicros⌋.
 */
export interface UsageSource {
  /** Instant of a change; Infinity when there is none, or none yet (`UsageMeter.changed` tells of it). */
  changeAt(index: number): Micros;
  /** Milli-CPU from this change on. */
  levelAt(index: number): number;
  /** Index of the first change later than `time`. */
  firstAfter(time: Micros): number;
  readonly noise: { readonly relativeSd: number; readonly everyMicros: Micros } | null;
  /** All followers have seen the changes before this one. */
  forgetBefore?(index: number): void;
}

/** What never changes: pods that nobody asks anything of. */
export const STILL: UsageSource = {
  changeAt: () => Number.POSITIVE_INFINITY,
  levelAt: () => 0,
  firstAfter: () => 0,
  noise: null,
};
