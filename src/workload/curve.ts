import type { Curve, CurvePoint, Micros } from "./types.ts";

const TWO_PI = 6.283185307179586;
/** Coefficients of sin x = x · (1 + x²·c0 + x⁴·c1 + …) on [-π/2, π/2]: the Taylor series, whose rest is below 1e-13 there. */
const SINE = [
  -1 / 6,
  1 / 120,
  -1 / 5040,
  1 / 362880,
  -1 / 39916800,
  1 / 6227020800,
  -1 / 1307674368000,
  1 / 355687428096000,
] as const;

/** sin(2π · turns), the same bits on every machine: only +, -, ×, ÷ and floor. Error below 1e-12. */
export function sineOfTurns(turns: number): number {
  let part = turns - Math.floor(turns + 0.5);
  if (part > 0.25) part = 0.5 - part;
  else if (part < -0.25) part = -0.5 - part;
  const x = part * TWO_PI;
  const square = x * x;
  let sum = 0;
  for (let i = SINE.length - 1; i >= 0; i--) sum = (sum + (SINE[i] as number)) * square;
  return x * (1 + sum);
}

/** The curve's value at `t` microseconds after its start. Not below 0. */
export function curveAt(curve: Curve, t: Micros): number {
  switch (curve.kind) {
    case "constant":
      return Math.max(0, curve.value);
    case "steps":
      return Math.max(0, stepBefore(curve.steps, t)?.value ?? 0);
    case "ramp":
      return Math.max(
        0,
        t >= curve.overMicros ? curve.to : curve.from + ((curve.to - curve.from) * t) / curve.overMicros,
      );
    case "sine":
      return Math.max(0, curve.mean + curve.amplitude * sineOfTurns((t + curve.offsetMicros) / curve.periodMicros));
    case "points":
      return Math.max(0, pointsAt(curve, t));
  }
}

/**
 * The value to reckon with from `t` until the next look: that in the middle of the cell of `tickMicros` around `t` for a curve that
 * moves continuously (for a straight line that is its mean over the cell), the value at `t` for one that steps.
 */
export function levelAt(curve: Curve, t: Micros, tickMicros: Micros): number {
  const isContinuous =
    curve.kind === "sine" || curve.kind === "ramp" || (curve.kind === "points" && curve.interpolate === "linear");
  return curveAt(curve, isContinuous ? Math.floor(t / tickMicros) * tickMicros + Math.floor(tickMicros / 2) : t);
}

/**
 * When the value should be looked at again after `t`: the exact instant of the next step where the curve has steps, the
 * next multiple of `tickMicros` while it moves continuously, Infinity when it will never change.
 */
export function nextLook(curve: Curve, t: Micros, tickMicros: Micros): Micros {
  const nextTick = (Math.floor(t / tickMicros) + 1) * tickMicros;
  switch (curve.kind) {
    case "constant":
      return Number.POSITIVE_INFINITY;
    case "steps":
      return stepAfter(curve.steps, t)?.atMicros ?? Number.POSITIVE_INFINITY;
    case "ramp":
      return t >= curve.overMicros ? Number.POSITIVE_INFINITY : Math.min(nextTick, curve.overMicros);
    case "sine":
      return nextTick;
    case "points": {
      const { repeatMicros: repeat, points } = curve;
      const round = repeat > 0 ? Math.floor(t / repeat) * repeat : 0;
      const next = stepAfter(points, t - round);
      const following =
        next === undefined ? (repeat > 0 ? round + repeat : Number.POSITIVE_INFINITY) : round + next.atMicros;
      const moves = curve.interpolate === "linear" && (next !== undefined || repeat > 0);
      return moves ? Math.min(nextTick, following) : following;
    }
  }
}

function pointsAt(curve: Extract<Curve, { kind: "points" }>, time: Micros): number {
  const { points, repeatMicros: repeat } = curve;
  const t = repeat > 0 ? time - Math.floor(time / repeat) * repeat : time;
  const before = stepBefore(points, t);
  const after = stepAfter(points, t);
  if (before === undefined) return after?.value ?? 0;
  if (curve.interpolate === "step" || after === undefined) return before.value;
  const share = (t - before.atMicros) / (after.atMicros - before.atMicros);
  return before.value + (after.value - before.value) * share;
}

function stepBefore(points: readonly CurvePoint[], t: Micros): CurvePoint | undefined {
  const index = firstAfter(points, t) - 1;
  return index >= 0 ? points[index] : undefined;
}
function stepAfter(points: readonly CurvePoint[], t: Micros): CurvePoint | undefined {
  return points[firstAfter(points, t)];
}
/** Index of the first point later than `t`, by bisection. */
function firstAfter(points: readonly CurvePoint[], t: Micros): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as CurvePoint).atMicros <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}
