import type { Stream } from "./stream.ts";

/** Longest span: no sum of a run's time and a span leaves the safe integers. */
const MAX_SPAN = 4503599627370496;

/** A distribution of spans of time, as plain data. All figures but `shape` and `weights` are microseconds ≥ 0. */
export type Distribution =
  | { readonly constant: number }
  | { readonly uniform: { readonly min: number; readonly max: number } }
  | { readonly exponential: { readonly mean: number } }
  | { readonly normal: { readonly mean: number; readonly deviation: number } }
  | { readonly lognormal: { readonly median: number; readonly p95: number } }
  | { readonly weibull: { readonly shape: number; readonly scale: number } }
  | { readonly pareto: { readonly shape: number; readonly minimum: number } }
  | { readonly empirical: { readonly values: readonly number[]; readonly weights?: readonly number[] } };

/**
 * Draws a span: an integer number of microseconds ≥ 0, rounded half up, cut off at 0 below and at 2^52 above (143 years).
 * A constant draws nothing from the stream.
 */
export function sample(distribution: Distribution, stream: Stream): number {
  return Math.min(Math.max(Math.floor(draw(distribution, stream) + 0.5), 0), MAX_SPAN);
}

/** Whether a distribution is the span of no time. */
export function isZero(distribution: Distribution): boolean {
  return "constant" in distribution && Math.floor(distribution.constant + 0.5) <= 0;
}

function draw(distribution: Distribution, stream: Stream): number {
  if ("constant" in distribution) return distribution.constant;
  if ("uniform" in distribution) {
    const { min, max } = distribution.uniform;
    return min + (max - min) * stream.uniform();
  }
  if ("exponential" in distribution) return stream.exponential(distribution.exponential.mean);
  if ("normal" in distribution) return stream.normal(distribution.normal.mean, distribution.normal.deviation);
  if ("lognormal" in distribution) return stream.lognormal(distribution.lognormal.median, distribution.lognormal.p95);
  if ("weibull" in distribution) return stream.weibull(distribution.weibull.shape, distribution.weibull.scale);
  if ("pareto" in distribution) return stream.pareto(distribution.pareto.shape, distribution.pareto.minimum);
  return stream.empirical(distribution.empirical.values, distribution.empirical.weights);
}
