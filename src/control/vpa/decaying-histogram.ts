import { ln, pow } from "../../random/index.ts";
import { type Micros, minutes } from "../../units/index.ts";

/** Buckets whose width grows by a ratio; the first begins at 0. */
export interface BucketLayout {
  readonly firstSize: number;
  readonly ratio: number;
  readonly count: number;
}

/** A histogram in which what is old counts less. Frozen data: its weights are those that count at the reference instant. */
export interface Histogram {
  readonly weights: readonly number[];
  readonly totalWeight: number;
  /** Unix microseconds, a whole number of half-lives; 0 while nothing was added. */
  readonly referenceAt: Micros;
}

/** A value, and how much it counts; a negative weight takes one away. Unix microseconds. */
export interface Sample {
  readonly value: number;
  readonly weight: number;
  readonly at: Micros;
}

/** @source vertical-pod-autoscaler 1.6 pkg/recommender/model/aggregations_config.go, util/decaying_histogram.go, util/histogram.go */
export const HALF_LIFE: Micros = minutes(24 * 60);
const RATIO = 1.05;
const DECAY_EXPONENT_MAX = 100;
const WEIGHT_MIN = 0.1;
/** Less than this in a bucket is nothing. */
const EPSILON = 0.001 * WEIGHT_MIN;

export const EMPTY_HISTOGRAM: Histogram = Object.freeze({ weights: Object.freeze([]), totalWeight: 0, referenceAt: 0 });

/** Cores, up to 1000. */
export const CPU_BUCKETS: BucketLayout = bucketsUpTo(1000, 0.01);
/** Bytes, up to 10^12. */
export const MEMORY_BUCKETS: BucketLayout = bucketsUpTo(1e12, 1e7);

function bucketsUpTo(max: number, firstSize: number): BucketLayout {
  const count = Math.ceil(ln((max * (RATIO - 1)) / firstSize + 1) / ln(RATIO)) + 1;
  return Object.freeze({ firstSize, ratio: RATIO, count });
}

/** Where a bucket begins: the sum of the widths before it. */
export function bucketStart({ firstSize, ratio, count }: BucketLayout, bucket: number): number {
  if (bucket <= 0) return 0;
  return (firstSize * (pow(ratio, Math.min(bucket, count - 1)) - 1)) / (ratio - 1);
}

/** The bucket that holds a value; the last one has no end. */
export function bucketOf({ firstSize, ratio, count }: BucketLayout, value: number): number {
  if (value < firstSize) return 0;
  return Math.min(Math.floor(ln((value * (ratio - 1)) / firstSize + 1) / ln(ratio)), count - 1);
}

/** The histogram with samples added, in their order. */
export function withSamples(histogram: Histogram, layout: BucketLayout, samples: readonly Sample[]): Histogram {
  if (samples.length === 0) return histogram;
  const weights = Array.from({ length: layout.count }, (_, bucket) => histogram.weights[bucket] ?? 0);
  let { totalWeight, referenceAt } = histogram;
  for (const { value, weight, at } of samples) {
    if (at > referenceAt + DECAY_EXPONENT_MAX * HALF_LIFE) {
      const next = Math.floor(at / HALF_LIFE + 0.5) * HALF_LIFE;
      const factor = pow(2, (referenceAt - next) / HALF_LIFE);
      for (let bucket = 0; bucket < weights.length; bucket++) weights[bucket] = (weights[bucket] ?? 0) * factor;
      totalWeight *= factor;
      referenceAt = next;
    }
    const counted = weight * pow(2, (at - referenceAt) / HALF_LIFE);
    const bucket = bucketOf(layout, value);
    const before = weights[bucket] ?? 0;
    const after = Math.max(before + counted, 0);
    weights[bucket] = after;
    totalWeight = Math.max(totalWeight + counted, 0);
  }
  return Object.freeze({ weights: Object.freeze(weights), totalWeight, referenceAt });
}

/** Two histograms of one layout and one reference instant, taken together. */
export function merged(left: Histogram, right: Histogram): Histogram {
  const [longer, shorter] = left.weights.length < right.weights.length ? [right, left] : [left, right];
  const weights = longer.weights.map((weight, bucket) => weight + (shorter.weights[bucket] ?? 0));
  return Object.freeze({
    weights: Object.freeze(weights),
    totalWeight: left.totalWeight + right.totalWeight,
    referenceAt: left.referenceAt,
  });
}

/** The end of the first bucket up to which the share of the weight lies; 0 for an empty histogram. */
export function percentile({ weights, totalWeight }: Histogram, layout: BucketLayout, share: number): number {
  const used = weights.flatMap((weight, bucket) => (weight >= EPSILON ? [bucket] : []));
  const [first, last] = [used[0], used.at(-1)];
  if (first === undefined || last === undefined) return 0;
  const threshold = share * totalWeight;
  let sum = 0;
  let bucket = first;
  for (; bucket < last; bucket++) {
    sum += weights[bucket] ?? 0;
    if (sum >= threshold) break;
  }
  return bucketStart(layout, bucket < layout.count - 1 ? bucket + 1 : bucket);
}
