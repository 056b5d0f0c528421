import fc from "fast-check";
import { expect, test } from "vitest";
import { type Curve, curveAt, levelAt, nextLook, sineOfTurns } from "./index.ts";

const check = (curve: Curve, t: number, value: number, next: number) => {
  expect(curveAt(curve, t)).toBeCloseTo(value, 9);
  expect(nextLook(curve, t, 5)).toBe(next);
};
const never = Number.POSITIVE_INFINITY;

test("constants and steps change when they say", () => {
  check({ kind: "constant", value: 7 }, 3, 7, never);
  const steps: Curve = {
    kind: "steps",
    steps: [
      { atMicros: 10, value: 1 },
      { atMicros: 23, value: 4 },
    ],
  };
  check(steps, 0, 0, 10);
  check(steps, 10, 1, 23);
  check(steps, 22, 1, 23);
  check(steps, 23, 4, never);
});

test("a ramp is looked at every tick until it is up", () => {
  const ramp: Curve = { kind: "ramp", from: 2, to: 12, overMicros: 12 };
  check(ramp, 0, 2, 5);
  check(ramp, 6, 7, 10);
  check(ramp, 11, 2 + (10 * 11) / 12, 12);
  check(ramp, 12, 12, never);
});

test("points hold, interpolate and repeat", () => {
  const points = [
    { atMicros: 0, value: 0 },
    { atMicros: 10, value: 20 },
  ];
  check({ kind: "points", points, interpolate: "linear", repeatMicros: 0 }, 4, 8, 5);
  check({ kind: "points", points, interpolate: "linear", repeatMicros: 0 }, 10, 20, never);
  check({ kind: "points", points, interpolate: "step", repeatMicros: 0 }, 9, 0, 10);
  check({ kind: "points", points, interpolate: "step", repeatMicros: 40 }, 12, 20, 40);
  check({ kind: "points", points, interpolate: "step", repeatMicros: 40 }, 40, 0, 50);
});

test("nothing demands less than nothing", () => {
  check({ kind: "sine", mean: 1, amplitude: 5, periodMicros: 100, offsetMicros: 0 }, 75, 0, 80);
});

test("the sine is the sine", () => {
  fc.assert(
    fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (turns) => {
      expect(sineOfTurns(turns)).toBeCloseTo(Math.sin(2 * Math.PI * turns), 10);
    }),
  );
  expect(sineOfTurns(0.25)).toBeCloseTo(1, 12);
});

test("between two looks a straight line counts with its mean, and a step with its value", () => {
  const ramp: Curve = { kind: "ramp", from: 0, to: 100, overMicros: 100 };
  expect([0, 3, 9].map((t) => levelAt(ramp, t, 10))).toEqual([5, 5, 5]);
  expect(levelAt({ kind: "steps", steps: [{ atMicros: 7, value: 3 }] }, 7, 10)).toBe(3);
});
