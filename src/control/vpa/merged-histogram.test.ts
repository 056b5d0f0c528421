import { expect, test } from "vitest";
import { CPU_BUCKETS, EMPTY_HISTOGRAM, merged, percentile, withSamples } from "./index.ts";

test("two histograms together are the histogram of all samples", () => {
  const samples = [0.1, 0.2, 0.2, 0.9, 3].map((value) => ({ value, weight: 1, at: 0 }));
  const of = (from: number, to: number) => withSamples(EMPTY_HISTOGRAM, CPU_BUCKETS, samples.slice(from, to));
  const whole = of(0, 5);
  expect(merged(of(0, 2), of(2, 5))).toEqual(whole);
  expect(merged(EMPTY_HISTOGRAM, whole)).toEqual(whole);
  expect(percentile(merged(of(0, 4), of(4, 5)), CPU_BUCKETS, 1)).toBe(percentile(whole, CPU_BUCKETS, 1));
});
