import { CONFIDENCE, type Estimate, estimate } from "./interval.ts";

/** Which way a measure is better; null for one that only describes. */
export type Direction = "lower" | "higher" | null;

/**
 * What a difference says. `same`: no pair differs. `unclear`: pairs differ, and the interval of their mean holds 0.
 * `different`: of a measure without a direction.
 */
export type Verdict = "better" | "worse" | "different" | "unclear" | "same";

export interface PairedDifference {
  readonly base: Estimate;
  readonly other: Estimate;
  /** Of other − base, pair by pair. */
  readonly difference: Estimate;
  /** Mean difference over the mean of the base; null when that is 0. */
  readonly ratio: number | null;
  /** Pairs that differ by more than the rounding of sums. */
  readonly changedCount: number;
  readonly direction: Direction;
  readonly verdict: Verdict;
}

/**
 * Compares two series of values of which the k-th ones were made under the same conditions (common random numbers).
 * @param base values of the base, one a seed
 * @param other values of the other in the order of the same seeds
 * @throws RangeError when the series are empty or of different length
 */
export function pairedDifference(
  base: readonly number[],
  other: readonly number[],
  direction: Direction,
  confidence: number = CONFIDENCE,
): PairedDifference {
  if (base.length !== other.length) throw new RangeError(`${base.length} values against ${other.length}`);
  const differences = base.map((value, index) => differenceOf(value, other[index] as number));
  const difference = estimate(differences, confidence);
  const baseEstimate = estimate(base, confidence);
  return {
    base: baseEstimate,
    other: estimate(other, confidence),
    difference,
    ratio: baseEstimate.mean === 0 ? null : difference.mean / baseEstimate.mean,
    changedCount: differences.filter((value) => value !== 0).length,
    direction,
    verdict: verdictOf(difference, differences, direction),
  };
}

/** Below this share of the values, a difference is the rounding of sums in another order. */
const ROUNDING = 1e-9;

function differenceOf(base: number, other: number): number {
  const difference = other - base;
  return Math.abs(difference) <= ROUNDING * Math.max(Math.abs(base), Math.abs(other)) ? 0 : difference;
}

function verdictOf(difference: Estimate, differences: readonly number[], direction: Direction): Verdict {
  if (differences.every((value) => value === 0)) return "same";
  const { mean, low, high } = difference;
  if (mean === 0 || (low !== null && high !== null && low <= 0 && high >= 0)) return "unclear";
  if (direction === null) return "different";
  return mean < 0 === (direction === "lower") ? "better" : "worse";
}
