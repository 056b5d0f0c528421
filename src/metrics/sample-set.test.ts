import fc from "fast-check";
import { expect, test } from "vitest";
import { SampleSet } from "./index.ts";

const setOf = (values: readonly number[]) => {
  const set = new SampleSet();
  for (const value of values) set.add(value);
  return set;
};

test("quantiles are the nearest rank", () => {
  const set = setOf([5, 1, 4, 2, 3]);
  expect(set.statistics()).toMatchObject({ count: 5, sum: 15, mean: 3, min: 1, max: 5, last: 3, p50: 3, p90: 5 });
  expect(setOf([]).statistics()).toMatchObject({ count: 0, min: 0, max: 0, p99: 0 });
});

test("many values are kept as buckets, within 1/64 above the exact quantile", () => {
  const values = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(fc.array(values, { minLength: 50, maxLength: 100 }), (some) => {
      const all = Array.from({ length: 20_000 }, (_, i) => some[i % some.length] as number);
      const set = setOf(all);
      const sorted = [...all].sort((a, b) => a - b);
      for (const q of [0.5, 0.9, 0.99]) {
        const exact = sorted[Math.ceil(q * all.length) - 1] as number;
        expect(set.quantile(q)).toBeGreaterThanOrEqual(exact);
        expect(set.quantile(q)).toBeLessThanOrEqual(exact * (1 + 1 / 64));
      }
    }),
    { numRuns: 10 },
  );
});

test("a saved set goes on as it was", () => {
  const set = setOf([1, 2, 3]);
  const copy = setOf([]);
  copy.load(set.save());
  copy.add(4);
  expect(copy.statistics()).toMatchObject({ count: 4, sum: 10, last: 4, p50: 2 });
  expect(set.count).toBe(3);
});

test("a value that came so many times counts as if it had been added one by one", () => {
  const value = fc.oneof(fc.nat(50), fc.double({ min: 0, max: 3, noNaN: true }), fc.constant(9e15));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, fc.integer({ min: 1, max: 40 })), { minLength: 1 }), (runs) => {
      const held = new SampleSet();
      for (const [some, times] of runs) held.add(some, times);
      const each = setOf(runs.flatMap(([some, times]) => Array.from({ length: times }, () => some)));
      expect(held.statistics()).toEqual(each.statistics());
      expect(held.save()).toEqual(each.save());
    }),
  );
});
