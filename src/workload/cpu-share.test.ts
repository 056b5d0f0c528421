import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CpuClaim, cpuWeight, type PodClaim, podShares, sharesOf } from "./cpu-share.ts";

const claims = fc.array(
  fc.record({
    weight: fc.integer({ min: 1, max: 10_000 }),
    wantedMilli: fc.double({ min: 0, max: 9000, noNaN: true }),
  }),
  { maxLength: 12 },
);
const capacity = fc.integer({ min: 0, max: 16_000 });
const pods = fc.array(
  fc.record({
    qos: fc.constantFrom("Guaranteed" as const, "Burstable" as const, "BestEffort" as const),
    requestMilli: fc.constantFrom(0, 10, 100, 250, 1000, 4000),
    wantedMilli: fc.integer({ min: 0, max: 6000 }),
  }),
  { maxLength: 12 },
);
const EPSILON = 1e-6;

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What must hold of any division. */
function checkDivision(limit: number, wanted: readonly number[], given: readonly number[]): void {
  expect(sum(given)).toBeLessThanOrEqual(limit + EPSILON);
  for (const [i, one] of given.entries()) {
    expect(one).toBeGreaterThanOrEqual(0);
    expect(one).toBeLessThanOrEqual((wanted[i] ?? 0) + EPSILON);
  }
  // Nothing lies idle while somebody wants more.
  expect(sum(given)).toBeCloseTo(Math.min(limit, sum(wanted)), 5);
}

describe("CPU shared by weight", () => {
  test("is never more than there is or than is wanted, and never idle", () => {
    fc.assert(
      fc.property(capacity, claims, (limit, list) => {
        checkDivision(
          limit,
          list.map(({ wantedMilli }) => wantedMilli),
          sharesOf(limit, list),
        );
      }),
    );
  });

  test("is in proportion to weight among those who do not get all, and the others need no more than that", () => {
    fc.assert(
      fc.property(capacity, claims, (limit, list) => {
        const given = sharesOf(limit, list);
        const isShort = (claim: CpuClaim, i: number): boolean => (given[i] ?? 0) < claim.wantedMilli - EPSILON;
        const rates = list.flatMap((claim, i) => (isShort(claim, i) ? [(given[i] ?? 0) / claim.weight] : []));
        if (rates.length === 0) return;
        const [least, most] = [Math.min(...rates), Math.max(...rates)];
        expect(most - least).toBeLessThanOrEqual(EPSILON * Math.max(1, most));
        for (const [i, { weight }] of list.entries()) {
          expect((given[i] ?? 0) / weight).toBeLessThanOrEqual(most + EPSILON);
        }
      }),
    );
  });

  test.each<[string, number, CpuClaim[], number[]]>([
    ["nobody", 1000, [], []],
    ["enough for all", 1000, [claim(1, 400), claim(9, 500)], [400, 500]],
    ["nothing to share", 0, [claim(1, 400), claim(9, 500)], [0, 0]],
    ["twice the weight", 900, [claim(1, 900), claim(2, 900)], [300, 600]],
    ["what one leaves is for the others", 1000, [claim(2, 100), claim(1, 900), claim(2, 900)], [100, 300, 600]],
  ])("%s", (_, limit, list, expected) => {
    expect(sharesOf(limit, list)).toEqual(expected);
  });
});

describe("CPU of a node", () => {
  test("is shared by the cgroups' rules all the same", () => {
    fc.assert(
      fc.property(capacity, pods, (limit, list) => {
        checkDivision(
          limit,
          list.map(({ wantedMilli }) => wantedMilli),
          podShares(limit, list),
        );
      }),
    );
  });

  test("a Guaranteed pod stands against all Burstable pods together, by what they request", () => {
    const list: PodClaim[] = [
      { qos: "Guaranteed", requestMilli: 2000, wantedMilli: 4000 },
      { qos: "Burstable", requestMilli: 1000, wantedMilli: 4000 },
      { qos: "Burstable", requestMilli: 1000, wantedMilli: 0 },
    ];
    const [first = 0, second = 0] = podShares(4000, list);
    // Both weigh two CPUs; the idle pod's part stays in its group.
    expect(first).toBeCloseTo(2000, 0);
    expect(second).toBeCloseTo(2000, 0);
  });

  test("BestEffort pods get what the others leave, and almost nothing where they leave nothing", () => {
    const busy = (wantedMilli: number): PodClaim => ({ qos: "Burstable", requestMilli: 1000, wantedMilli });
    const idle: PodClaim = { qos: "BestEffort", requestMilli: 0, wantedMilli: 5000 };
    expect(podShares(4000, [busy(1500), idle])).toEqual([1500, 2500]);
    expect(podShares(4000, [busy(5000), idle])).toEqual([3900, 100]);
  });

  test.each([
    [0, 1],
    [1, 1],
    [100, 4],
    [250, 10],
    [500, 20],
    [1000, 39],
    [2000, 79],
    [400_000, 10_000],
  ])("%im requested weigh %i", (milli, weight) => {
    expect(cpuWeight(milli)).toBe(weight);
  });
});

function claim(weight: number, wantedMilli: number): CpuClaim {
  return { weight, wantedMilli };
}
