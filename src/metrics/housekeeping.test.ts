import { describe, expect, it } from "vitest";
import { Housekeeping, NO_HOUSEKEEPING } from "./housekeeping.ts";

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;

function lastLook(housekeeping: Housekeeping, row: number, startedAt: number, now: number): number {
  return housekeeping.lastLookAt(housekeeping.keyOf(row), startedAt, now);
}

/** All looks up to `end`, found by asking at every half second. */
function looks(housekeeping: Housekeeping, row: number, startedAt: number, end: number): number[] {
  const found = new Set<number>();
  for (let now = startedAt; now <= end; now += SECOND / 2) found.add(lastLook(housekeeping, row, startedAt, now));
  return [...found];
}

describe("Housekeeping", () => {
  it("looks at the start and then every 10 to 20 s, 15 s on average", () => {
    const housekeeping = new Housekeeping(7, { periodMicros: 10 * SECOND, jitter: 1, hasRandomPhase: true });
    for (const row of [0, 1, 999]) {
      const at = looks(housekeeping, row, 3 * SECOND, HOUR);
      expect(at[0]).toBe(3 * SECOND);
      const distances = at.slice(1).map((one, i) => one - (at[i] ?? 0));
      expect(Math.min(...distances)).toBeGreaterThanOrEqual(10 * SECOND);
      expect(Math.max(...distances)).toBeLessThanOrEqual(20 * SECOND);
      const mean = distances.reduce((sum, one) => sum + one, 0) / distances.length;
      expect(Math.abs(mean - 15 * SECOND)).toBeLessThan(SECOND / 5);
    }
  });

  it("never says a later instant than now, nor an earlier one than before", () => {
    const housekeeping = new Housekeeping(1, { periodMicros: 10 * SECOND, jitter: 1, hasRandomPhase: true });
    let before = 0;
    for (let now = 0; now < HOUR; now += 777_777) {
      const at = lastLook(housekeeping, 5, 0, now);
      expect(at).toBeLessThanOrEqual(now);
      expect(at).toBeGreaterThanOrEqual(before);
      before = at;
    }
  });

  it("keeps a grid of its own for each container without jitter", () => {
    const housekeeping = new Housekeeping(1, { periodMicros: 10 * SECOND, jitter: 0, hasRandomPhase: true });
    const firsts = [1, 2, 3].map((row) => looks(housekeeping, row, 0, 60 * SECOND));
    for (const at of firsts)
      expect(at.slice(2).map((one, i) => one - (at[i + 1] ?? 0))).toEqual(Array(at.length - 2).fill(10 * SECOND));
    expect(new Set(firsts.map((at) => at[1])).size).toBe(3);
    const aligned = new Housekeeping(1, { periodMicros: 10 * SECOND, jitter: 0, hasRandomPhase: false });
    expect(looks(aligned, 1, 0, 25 * SECOND)).toEqual([0, 10 * SECOND, 20 * SECOND]);
  });

  it("can be left out", () => {
    expect(new Housekeeping(1, NO_HOUSEKEEPING).isContinuous).toBe(true);
  });
});
