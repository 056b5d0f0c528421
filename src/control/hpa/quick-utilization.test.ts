import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONDITION, POD_PHASE, POD_PHASE_NAMES } from "../../store/index.ts";
import { replicasFromTotals, sumReadyPods } from "./quick-utilization.ts";
import { replicasForUtilization } from "./replica-calculator.ts";
import type { PodRecord, PodSample } from "./types.ts";

const SECOND = 1_000_000;
const NOW = 1000 * SECOND;
const READY_NAMES = [undefined, "False", "True", "Unknown"] as const;
const periods = { cpuInitializationMicros: 300 * SECOND, initialReadinessDelayMicros: 30 * SECOND };

const seconds = (min: number, max: number) => fc.integer({ min, max }).map((value) => value * SECOND);
/** Mostly pods that are ready and measured, so that the quick way is taken often enough. */
const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) => fc.oneof({ weight: 60, arbitrary: usual }, odd);
const pod = fc.record({
  phase: rarely<number>(fc.constant(POD_PHASE.running), fc.integer({ min: 0, max: 4 })),
  deletionAt: rarely(fc.constant(-1), seconds(900, 1100)),
  ready: rarely<number>(fc.constant(CONDITION.true), fc.integer({ min: 0, max: 3 })),
  readyAt: rarely(seconds(0, 800), seconds(900, 1000)),
  startTime: rarely(seconds(0, 790), fc.oneof(seconds(900, 1000), fc.constant(-1))),
  value: rarely(fc.integer({ min: 0, max: 2000 }), fc.constant(Number.NaN)),
  sampledAt: seconds(950, 1000),
  request: fc.integer({ min: 1, max: 1000 }),
});
type Pod = typeof pod extends fc.Arbitrary<infer T> ? T : never;

function quick(pods: readonly Pod[], scale: Parameters<typeof replicasFromTotals>[2], target: number) {
  const column = (read: (each: Pod) => number) => Float64Array.from(pods, read);
  const totals = sumReadyPods({
    rows: Int32Array.from(pods.keys()),
    count: pods.length,
    samples: {
      valueMilli: column(({ value }) => value),
      timestampMicros: column(({ sampledAt }) => sampledAt),
      windowMicros: column(() => 30 * SECOND),
    },
    requestMilli: column(({ request }) => request),
    columns: {
      phase: Uint8Array.from(pods, ({ phase }) => phase),
      deletionAt: column(({ deletionAt }) => deletionAt),
      ready: Uint8Array.from(pods, ({ ready }) => ready),
      readyAt: column(({ readyAt }) => readyAt),
      startTime: column(({ startTime }) => startTime),
    },
    isCpu: true,
    now: NOW,
    periods,
  });
  return totals === undefined ? undefined : replicasFromTotals(totals, target, scale);
}

function byRecords(pods: readonly Pod[], scale: Parameters<typeof replicasFromTotals>[2], target: number) {
  const samples = new Map<string, PodSample>();
  const records = pods.map((each, index): PodRecord => {
    const name = `p${index}`;
    const sample = { valueMilli: each.value, timestampMicros: each.sampledAt, windowMicros: 30 * SECOND };
    if (!Number.isNaN(each.value)) samples.set(name, sample);
    return {
      name,
      phase: POD_PHASE_NAMES[each.phase],
      isDeleting: each.deletionAt !== -1,
      readyStatus: READY_NAMES[each.ready],
      readyTransitionMicros: each.readyAt,
      startMicros: each.startTime === -1 ? undefined : each.startTime,
      requests: { containers: [{ name: "a", requestMilli: new Map([["cpu", each.request]]) }] },
    };
  });
  const answer = { itemCount: pods.length, samples };
  const input = { now: NOW, ...scale, periods, pods: records, answer, resource: "cpu", container: "" };
  return replicasForUtilization(input, target);
}

describe("quick utilization", () => {
  const scales = fc.record({
    currentReplicas: fc.integer({ min: 1, max: 40 }),
    tolerances: fc.record({ down: fc.constantFrom(0, 0.1, 0.5), up: fc.constantFrom(0, 0.1, 0.3) }),
  });

  it("gives the same as the calculation by records whenever it gives anything", () => {
    let taken = 0;
    fc.assert(
      fc.property(
        fc.array(pod, { minLength: 1, maxLength: 12 }),
        scales,
        fc.integer({ min: 1, max: 200 }),
        (pods, scale, target) => {
          const result = quick(pods, scale, target);
          if (result === undefined) return;
          taken++;
          expect(result).toEqual(byRecords(pods, scale, target));
        },
      ),
      { seed: 7, numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(200);
  });

  it("is taken exactly when every pod is ready and measured", () => {
    fc.assert(
      fc.property(fc.array(pod, { minLength: 1, maxLength: 6 }), scales, (pods, scale) => {
        const { trace, error } = byRecords(pods, scale, 50);
        const isPlain = error === undefined && trace?.readyCount === pods.length;
        const isRunning = pods.every(({ phase, ready }) => phase === POD_PHASE.running && ready === CONDITION.true);
        expect(quick(pods, scale, 50) !== undefined).toBe(isPlain && isRunning);
      }),
      { seed: 11, numRuns: 2000 },
    );
  });
});
