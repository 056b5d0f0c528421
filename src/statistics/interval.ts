import { mean as meanOf, sampleStandardDeviation } from "simple-statistics";
import { studentQuantile } from "./student.ts";

export const CONFIDENCE = 0.95;

/** The mean of independent values, and where the mean of all that could be drawn lies. */
export interface Estimate {
  readonly count: number;
  readonly mean: number;
  /** Sample standard deviation; 0 of a single value. */
  readonly deviation: number;
  /** Ends of the confidence interval; null of a single value, which says nothing about its spread. */
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Mean and Student-t interval of independent values, such as one measure over seeds.
 * @param values at least one
 * @param confidence share of such intervals that contain the true mean
 * @throws RangeError for no values
 */
export function estimate(values: readonly number[], confidence: number = CONFIDENCE): Estimate {
  const count = values.length;
  if (count === 0) throw new RangeError("an estimate needs at least one value");
  const data = [...values];
  // Equal values have their mean exactly, which a sum over their number may miss by a bit.
  const isConstant = data.every((value) => value === data[0]);
  const mean = isConstant ? (data[0] as number) : meanOf(data);
  if (count === 1) return { count, mean, deviation: 0, low: null, high: null };
  const deviation = isConstant ? 0 : sampleStandardDeviation(data);
  const reach = (studentFactor(confidence, count - 1) * deviation) / Math.sqrt(count);
  return { count, mean, deviation, low: mean - reach, high: mean + reach };
}

const factors = new Map<string, number>();

/** The two-sided quantile; the same few are asked for again and again. */
function studentFactor(confidence: number, freedom: number): number {
  const key = `${confidence} ${freedom}`;
  const known = factors.get(key);
  if (known !== undefined) return known;
  const factor = studentQuantile((1 + confidence) / 2, freedom);
  factors.set(key, factor);
  return factor;
}
