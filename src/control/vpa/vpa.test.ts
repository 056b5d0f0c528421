import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { minutes } from "../../units/index.ts";
import {
  bucketOf,
  bucketStart,
  CPU_BUCKETS,
  EMPTY_HISTOGRAM,
  HALF_LIFE,
  MEMORY_BUCKETS,
  percentile,
  withSamples,
} from "./decaying-histogram.ts";
import {
  bytesAfterOom,
  estimateRequests,
  NO_HISTORY,
  NO_WINDOW,
  observeMemory,
  withCpu,
  withPeaks,
} from "./estimate.ts";
import { recommend, statusWith } from "./recommendation.ts";

const DAY = minutes(24 * 60);
const START = 20_454 * DAY;
const MIB = 1024 * 1024;
const at = (day: number) => START + day * DAY;
const cpuOf = (values: readonly (readonly [value: number, day: number])[]) =>
  withSamples(
    EMPTY_HISTOGRAM,
    CPU_BUCKETS,
    values.map(([value, day]) => ({ value, weight: 0.1, at: at(day) })),
  );

describe("buckets", () => {
  test.each([
    [0, 0],
    [1, 0.01],
    [2, 0.0205],
    [3, 0.031525],
  ])("cpu bucket %i begins at %f", (bucket, start) => expect(bucketStart(CPU_BUCKETS, bucket)).toBeCloseTo(start, 12));

  test("as many as reach the largest value", () => {
    expect([CPU_BUCKETS.count, MEMORY_BUCKETS.count]).toEqual([176, 176]);
  });

  test("a value lies in its bucket", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 900, noNaN: true }), (value) => {
        const bucket = bucketOf(CPU_BUCKETS, value);
        const [from, to] = [bucketStart(CPU_BUCKETS, bucket), bucketStart(CPU_BUCKETS, bucket + 1)];
        return from <= value * (1 + 1e-9) && value < to * (1 + 1e-9);
      }),
    );
  });
});

describe("percentiles", () => {
  test("the end of the bucket in which the share is reached", () => {
    const histogram = cpuOf([...Array(9).fill([0.1, 0]), [1, 0]]);
    expect(percentile(histogram, CPU_BUCKETS, 0.5)).toBe(bucketStart(CPU_BUCKETS, bucketOf(CPU_BUCKETS, 0.1) + 1));
    expect(percentile(histogram, CPU_BUCKETS, 0.95)).toBe(bucketStart(CPU_BUCKETS, bucketOf(CPU_BUCKETS, 1) + 1));
    expect(percentile(EMPTY_HISTOGRAM, CPU_BUCKETS, 0.5)).toBe(0);
  });

  test("what is a half-life old counts half", () => {
    const histogram = cpuOf([
      [0.1, 0],
      [1, 1],
    ]);
    const [old = 0, young = 0] = [0.1, 1].map((value) => histogram.weights[bucketOf(CPU_BUCKETS, value)] ?? 0);
    expect(young / old).toBeCloseTo(2, 12);
    expect(HALF_LIFE).toBe(DAY);
  });

  test("after a hundred half-lives the reference moves on and shares stay", () => {
    const histogram = cpuOf([
      [0.1, 0],
      [1, 150],
      [1, 150],
    ]);
    expect(histogram.referenceAt).toBe(at(150));
    expect(percentile(histogram, CPU_BUCKETS, 0.1)).toBe(bucketStart(CPU_BUCKETS, bucketOf(CPU_BUCKETS, 1) + 1));
  });

  test("they rise with the share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 50, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (values) => {
          const histogram = cpuOf(values.map((value) => [value, 0]));
          const [a = 0, b = 0, c = 0] = [0.5, 0.9, 0.95].map((share) => percentile(histogram, CPU_BUCKETS, share));
          return a <= b && b <= c && c >= Math.max(...values) * 0.9999 * 0.5;
        },
      ),
    );
  });
});

describe("memory", () => {
  test("the day's peak, replaced by a higher one; then another day", () => {
    const first = observeMemory(NO_WINDOW, 100 * MIB, at(0));
    expect(first).toEqual({
      window: { endAt: at(1), peakBytes: 100 * MIB },
      samples: [{ value: 100 * MIB, weight: 1, at: at(1) }],
    });
    expect(observeMemory(first.window, 50 * MIB, at(0.5)).samples).toEqual([]);
    const higher = observeMemory(first.window, 200 * MIB, at(0.5));
    expect(higher.samples.map(({ value, weight }) => [value / MIB, weight])).toEqual([
      [100, -1],
      [200, 1],
    ]);
    expect(observeMemory(higher.window, 50 * MIB, at(3.2)).window).toEqual({ endAt: at(4), peakBytes: 50 * MIB });
  });

  test.each([
    [100, 50, 200],
    [100, 1000, 1200],
    [800, 0, 960],
  ])("killed with a request of %i MiB and a peak of %i: counts as %i", (request, peak, expected) => {
    expect(bytesAfterOom(request * MIB, peak * MIB)).toBe(expected * MIB);
  });
});

describe("estimates", () => {
  const history = (minutesSeen: number) => {
    const samples = Array.from({ length: minutesSeen }, (_, index) => ({ cores: 0.2, at: START + index * minutes(1) }));
    return withPeaks(withCpu(NO_HISTORY, samples), [{ value: 300 * MIB, weight: 1, at: at(1) }]);
  };

  test("after one look: the target, nothing below and no limit above", () => {
    const { target, lowerBound, upperBound } = estimateRequests(history(1), 1);
    expect(target.cpuMilli).toBe(
      Math.floor(Math.floor(bucketStart(CPU_BUCKETS, bucketOf(CPU_BUCKETS, 0.2) + 1) * 1000) * 1.15),
    );
    expect(lowerBound).toEqual({ cpuMilli: 25, memoryBytes: 250 * MIB });
    expect(upperBound).toEqual({ cpuMilli: 1e14, memoryBytes: 1e14 });
  });

  test("after a day the upper bound is about twice the target", () => {
    const { target, lowerBound, upperBound } = estimateRequests(history(1441), 1);
    expect(upperBound.cpuMilli / target.cpuMilli).toBeCloseTo(2, 1);
    expect(lowerBound.cpuMilli / target.cpuMilli).toBeCloseTo(1, 1);
  });

  test("bounds hold the target, and the least amounts are shared by the containers", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 4 }), (count, containers) => {
        const { target, lowerBound, upperBound } = estimateRequests(history(count), containers);
        return (
          lowerBound.cpuMilli <= target.cpuMilli &&
          target.cpuMilli <= upperBound.cpuMilli &&
          lowerBound.memoryBytes >= Math.floor((250 * MIB) / containers)
        );
      }),
      { numRuns: 20 },
    );
  });
});

describe("recommendations", () => {
  const spec = { containers: [{ name: "app", image: "app" }] };
  const used = withPeaks(withCpu(NO_HISTORY, [{ cores: 0.2, at: START }]), [
    { value: 300 * MIB, weight: 1, at: at(1) },
  ]);
  const one = (policy: object) => recommend(spec, new Map([["app", used]]), [{ containerName: "*", ...policy }])[0];

  test("policies cap what is recommended, and the uncapped target stays", () => {
    expect(one({ maxAllowed: { cpu: "100m" }, minAllowed: { memory: "1Gi" } })).toMatchObject({
      containerName: "app",
      target: { cpu: "100m", memory: "1073741824" },
      upperBound: { cpu: "100m" },
      uncappedTarget: { cpu: "247m" },
    });
    expect(one({ controlledResources: ["memory"] })?.target).not.toHaveProperty("cpu");
    expect(one({ mode: "Off" })).toBeUndefined();
    expect(recommend(spec, new Map(), [])).toEqual([]);
  });

  test("conditions", () => {
    const none = statusWith(undefined, [], false, "now");
    expect(none.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["RecommendationProvided", "False", "NoPodsMatched"],
      ["NoPodsMatched", "True", "NoPodsMatched"],
    ]);
    const some = statusWith(
      none,
      [one({})].flatMap((recommendation) => recommendation ?? []),
      true,
      "later",
    );
    expect(some.conditions).toEqual([{ type: "RecommendationProvided", status: "True", lastTransitionTime: "later" }]);
  });
});
