import { describe, expect, test } from "vitest";
import { Streams } from "../random/index.ts";
import { type Direction, estimate, pairedDifference, studentQuantile, type Verdict } from "./index.ts";

describe("studentQuantile", () => {
  // Percentage points of the t distribution as printed in statistical tables.
  test.each([
    [0.95, 1, 6.314],
    [0.975, 1, 12.706],
    [0.995, 1, 63.657],
    [0.9, 2, 1.886],
    [0.975, 2, 4.303],
    [0.975, 3, 3.182],
    [0.995, 3, 5.841],
    [0.975, 4, 2.776],
    [0.975, 5, 2.571],
    [0.975, 9, 2.262],
    [0.995, 9, 3.25],
    [0.975, 10, 2.228],
    [0.975, 19, 2.093],
    [0.95, 20, 1.725],
    [0.975, 29, 2.045],
    [0.975, 30, 2.042],
    [0.999, 30, 3.385],
    [0.975, 60, 2.0],
    [0.975, 120, 1.98],
    [0.9995, 120, 3.373],
    [0.975, 1_000_000, 1.96],
  ])("p %d, %d degrees of freedom: %d", (probability, freedom, expected) => {
    expect(studentQuantile(probability, freedom)).toBeCloseTo(expected, 3);
    expect(studentQuantile(1 - probability, freedom)).toBeCloseTo(-expected, 3);
  });

  test("agrees with the closed forms for one and two degrees of freedom to the last digits", () => {
    for (const p of [0.6, 0.9, 0.975, 0.9999]) {
      expect(studentQuantile(p, 1) / Math.tan(Math.PI * (p - 0.5))).toBeCloseTo(1, 11);
      expect(studentQuantile(p, 2) / ((2 * p - 1) / Math.sqrt(2 * p * (1 - p)))).toBeCloseTo(1, 11);
    }
  });

  test.each([
    [0, 3],
    [1, 3],
    [0.9, 0],
    [0.9, 1.5],
    [Number.NaN, 3],
  ])("refuses p %d with %d degrees of freedom", (probability, freedom) => {
    expect(() => studentQuantile(probability, freedom)).toThrow(RangeError);
  });
});

describe("estimate", () => {
  test("of a small sample, by hand", () => {
    // Mean 5, s² = 10, half width 2.776 · √(10 / 5).
    const { mean, deviation, low, high } = estimate([1, 3, 5, 7, 9]);
    expect([mean, deviation]).toEqual([5, Math.sqrt(10)]);
    expect(low).toBeCloseTo(5 - 2.7764451052 * Math.SQRT2, 9);
    expect(high).toBeCloseTo(5 + 2.7764451052 * Math.SQRT2, 9);
  });

  test("of one value has no interval, of equal values one without width", () => {
    expect(estimate([0.1])).toEqual({ count: 1, mean: 0.1, deviation: 0, low: null, high: null });
    expect(estimate([0.1, 0.1, 0.1])).toEqual({ count: 3, mean: 0.1, deviation: 0, low: 0.1, high: 0.1 });
    expect(() => estimate([])).toThrow(RangeError);
  });
});

describe("pairedDifference", () => {
  test.each<[string, number[], number[], Direction, Verdict]>([
    ["no pair differs", [1, 2, 3], [1, 2, 3], "lower", "same"],
    ["all fall, less is better", [10, 20, 30], [8, 17.9, 28.1], "lower", "better"],
    ["all fall, more is better", [10, 20, 30], [8, 17.9, 28.1], "higher", "worse"],
    ["all rise, more is better", [10, 20], [11, 21], "higher", "better"],
    ["no direction", [10, 20], [11, 21], null, "different"],
    ["either way", [10, 20, 30], [5, 26, 30], "lower", "unclear"],
    ["one pair decides by its sign", [3], [2], "lower", "better"],
  ])("%s", (_name, base, other, direction, verdict) => {
    expect(pairedDifference(base, other, direction).verdict).toBe(verdict);
  });

  test("pairs are what makes the interval narrow", () => {
    const base = [100, 200, 300, 400];
    const { difference, ratio, changedCount } = pairedDifference(base, [101, 203, 302, 402], "lower");
    expect(difference.mean).toBe(2);
    expect(difference.high as number).toBeLessThan(4);
    expect(ratio).toBeCloseTo(2 / 250, 12);
    expect(changedCount).toBe(4);
    expect(() => pairedDifference([1], [], null)).toThrow(RangeError);
  });
});

/** Share of 1,000 repetitions of a model whose interval holds the true difference. */
function coverage(
  seedCount: number,
  trueDifference: number,
  pair: (seed: number) => readonly [number, number],
): number {
  let covered = 0;
  for (let repetition = 0; repetition < 1000; repetition++) {
    const pairs = Array.from({ length: seedCount }, (_, index) => pair(repetition * seedCount + index));
    const { low, high } = pairedDifference(
      pairs.map(([base]) => base),
      pairs.map(([, other]) => other),
      null,
    ).difference;
    if ((low as number) <= trueDifference && trueDifference <= (high as number)) covered++;
  }
  return covered / 1000;
}

describe("95 % intervals cover the truth", () => {
  test("normal differences, five seeds", () => {
    const share = coverage(5, -3, (seed) => {
      const streams = new Streams(seed, 0);
      const [day, effect] = [streams.stream("day"), streams.stream("effect")];
      const base = day.normal(100, 20);
      return [base, base + effect.normal(-3, 1)];
    });
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });

  test("time in a queue of Poisson arrivals with one and with two slow servers, same arrivals, twenty seeds", () => {
    // The queue starts idle, so no formula gives its mean: the truth is the mean over a hundred thousand other seeds.
    const share = coverage(20, meanSaving(1_000_000, 100_000), (seed) => waits(seed));
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });
});

const CUSTOMERS = 60;

/** Mean wait of the first customers with one server, and with two of half the speed. */
function waits(seed: number): readonly [number, number] {
  const stream = new Streams(seed, 0).stream("queue");
  let at = 0;
  let oneFree = 0;
  let twoFree: readonly [number, number] = [0, 0];
  let one = 0;
  let two = 0;
  for (let customer = 0; customer < CUSTOMERS; customer++) {
    at += stream.exponential(1);
    const work = stream.exponential(0.5);
    one += Math.max(0, oneFree - at);
    oneFree = Math.max(oneFree, at) + work;
    const [first, second] = twoFree;
    two += Math.max(0, Math.min(first, second) - at);
    twoFree = [Math.max(first, second), Math.max(Math.min(first, second), at) + 2 * work];
  }
  return [one / CUSTOMERS, two / CUSTOMERS];
}

function meanSaving(from: number, count: number): number {
  let sum = 0;
  for (let seed = from; seed < from + count; seed++) {
    const [one, two] = waits(seed);
    sum += two - one;
  }
  return sum / count;
}
