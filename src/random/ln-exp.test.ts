import { expect, test } from "vitest";
import { drawAt, exp, ln, pow, standardNormal } from "./index.ts";

const float = new Float64Array(1);
const word = new BigInt64Array(float.buffer);

/** Distance of two doubles in units in the last place. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  float[0] = a;
  const first = word[0] as bigint;
  float[0] = b;
  return Math.abs(Number(first - (word[0] as bigint)));
}

/** Largest distance from the oracle over many random arguments. */
function worst(
  draws: number,
  argument: (u: number) => number,
  own: (x: number) => number,
  oracle: (x: number) => number,
) {
  let most = 0;
  for (let k = 0; k < draws; k++) {
    const x = argument(drawAt(1, 2, k));
    most = Math.max(most, ulps(own(x), oracle(x)));
  }
  return most;
}

test("ln, exp and pow are within 2 ulp of the platform's over the range that draws use", () => {
  const check = (found: number) => expect(found).toBeLessThanOrEqual(2);
  check(worst(100_000, (u) => u + 2 ** -54, ln, Math.log));
  check(worst(100_000, (u) => 1 + (u - 0.5) * 1e-3, ln, Math.log));
  check(worst(100_000, (u) => 2 ** (2000 * u - 1000) * 1.37, ln, Math.log));
  check(worst(100_000, (u) => u * 60 - 30, exp, Math.exp));
  check(worst(100_000, (u) => u * 1400 - 700, exp, Math.exp));
  check(worst(100_000, (u) => u * 2e-6 - 1e-6, exp, Math.exp));
  for (const y of [0.1, 0.5, 1 / 1.5, 2, 3.7, -0.4, -1 / 1.2]) {
    check(
      worst(
        20_000,
        (u) => u + 2 ** -20,
        (x) => pow(x, y),
        (x) => x ** y,
      ),
    );
    check(
      worst(
        20_000,
        (u) => u * 50 + 1e-9,
        (x) => pow(x, y),
        (x) => x ** y,
      ),
    );
  }
});

test("limits", () => {
  const check = (given: number, expected: number) => expect(Object.is(given, expected)).toBe(true);
  check(ln(0), -Infinity);
  check(ln(-1), NaN);
  check(ln(NaN), NaN);
  check(ln(Infinity), Infinity);
  check(ln(1), 0);
  expect(ulps(ln(5e-324), Math.log(5e-324))).toBeLessThanOrEqual(1);
  check(exp(0), 1);
  check(exp(710), Infinity);
  check(exp(-746), 0);
  check(exp(-Infinity), 0);
  check(exp(NaN), NaN);
  expect(ulps(exp(-744), Math.exp(-744))).toBeLessThanOrEqual(1);
  check(pow(0, 2), 0);
  check(pow(0, -2), Infinity);
  check(pow(Infinity, 2), Infinity);
  check(pow(Infinity, -2), 0);
  check(pow(7, 0), 1);
  check(pow(1, 1e300), 1);
  check(pow(10, 400), Infinity);
  check(pow(10, -400), 0);
  check(pow(-1, 2), NaN);
});

test("the normal quantile inverts the distribution function", () => {
  // Phi by Simpson's rule from 0, with our own exp; the error of 2000 steps is far below the tolerance.
  const phi = (x: number) => {
    const h = x / 2000;
    let sum = 1 + exp((-x * x) / 2);
    for (let i = 1; i < 2000; i++) sum += (i % 2 === 1 ? 4 : 2) * exp((-i * h * i * h) / 2);
    return 0.5 + ((sum * h) / 3) * 0.3989422804014327;
  };
  for (const u of [0.5, 0.6, 0.9, 0.925, 0.926, 0.95, 0.99, 0.999, 0.9999999, 1 - 1e-10, 1 - 3e-12]) {
    expect(phi(standardNormal(u))).toBeCloseTo(u, 13);
    expect(standardNormal(1 - u)).toBeCloseTo(-standardNormal(u), 4);
  }
  expect(standardNormal(0.95)).toBeCloseTo(1.6448536269514722, 14);
  expect(standardNormal(1e-300)).toBeCloseTo(-37.0471, 3);
  expect(standardNormal(0)).toBeCloseTo(-8.2924, 3);
});
