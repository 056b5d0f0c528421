import { Streams } from "../random/index.ts";
import { CONFIDENCE } from "./interval.ts";

/** How much two series of independent values differ, as a factor. */
export interface Ratio {
  /** Median of the one over the median of the other. */
  readonly ratio: number;
  /** Ends of the bootstrap interval. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2000;

/**
 * Ratio of the medians of two series that were measured independently, with the percentile bootstrap's interval: both series drawn
 * anew from themselves 2,000 times, with draws that are the same for the same series.
 * @param over values > 0, at least one
 * @param under values > 0, at least one
 * @throws RangeError when one has no values
 */
export function ratioOfMedians(
  over: readonly number[],
  under: readonly number[],
  confidence: number = CONFIDENCE,
): Ratio {
  const stream = new Streams("bootstrap").stream(`${over.length}/${under.length}`);
  const again = (values: readonly number[]): number =>
    median(values.map(() => values[stream.int(values.length)] as number));
  const ratio = median(over) / median(under);
  const drawn = Array.from({ length: RESAMPLES }, () => again(over) / again(under)).sort((a, b) => a - b);
  const tail = Math.floor(((1 - confidence) / 2) * RESAMPLES);
  return { ratio, low: drawn[tail] as number, high: drawn[RESAMPLES - 1 - tail] as number };
}

/** The middle value; of an even number of values the mean of the two in the middle. @throws RangeError for no values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("a median needs at least one value");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Median deviation from the median that a value of a normal distribution exceeds by this factor once in a thousand. */
const OUTLYING = 3.3 * 1.4826;

/** How many values lie so far from the median that something else must have been at work. @source Iglewicz and Hoaglin 1993 */
export function outlierCount(values: readonly number[]): number {
  const middle = median(values);
  const spread = median(values.map((value) => Math.abs(value - middle)));
  return values.filter(
    (value) => Math.abs(value - middle) > OUTLYING * spread && Math.abs(value - middle) > 0.02 * middle,
  ).length;
}
