import fc from "fast-check";
import { expect, test } from "vitest";
import { autoscaler, deployment, type PlanParts, planOf, timed, usage } from "../../src/testing/index.ts";
import { seconds } from "../../src/units/index.ts";
import { type Curve, World } from "../../src/world/index.ts";

/**
 * Pods that have one load alone follow it; with a second load, here one that asks for nothing, each pod is looked at by
 * itself, with an event for each look. Both must come to the same usage, decisions and measures.
 */
const NOTHING = { name: "nothing", cpuMilli: timed(0), endMicros: Number.POSITIVE_INFINITY };

const curve: fc.Arbitrary<Curve> = fc.oneof(
  fc.integer({ min: 0, max: 900 }).map((value): Curve => ({ kind: "constant", value })),
  fc.record({
    kind: fc.constant("sine" as const),
    mean: fc.integer({ min: 100, max: 400 }),
    amplitude: fc.integer({ min: 0, max: 300 }),
    periodMicros: fc.integer({ min: 60, max: 600 }).map(seconds),
    offsetMicros: fc.constant(0),
  }),
);

const load = fc.record({
  curve,
  noise: fc.option(
    fc.record({
      relativeSd: fc.constantFrom(0.05, 0.3, 2),
      everyMicros: fc.constantFrom(seconds(10), seconds(15), seconds(37)),
    }),
  ),
  startup: fc.option(
    fc.record({
      cpuMilli: fc.constant(300),
      forMicros: fc.constantFrom(seconds(20), seconds(45)),
      readyAfterMicros: fc.constantFrom(0, seconds(10)),
    }),
  ),
});

/** Usage of every pod every half minute, and how the run ended. */
function usageOf(parts: PlanParts): unknown {
  const world = World.from(planOf(parts));
  const seen: number[][] = [];
  for (let at = 30; at <= 480; at += 30) {
    world.run(seconds(at));
    const { pods } = world.store;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      seen.push([at, row, world.meter.cpuMilli(row), world.meter.memoryBytes(row)]);
    }
  }
  const { metrics, counts } = world.finish();
  return { seen, metrics, counts };
}

test("a load alone is followed as it is applied pod by pod", () => {
  fc.assert(
    fc.property(load, fc.constantFrom(undefined, "250m"), ({ curve, noise, startup }, limit) => {
      const web = usage("web", { cpuMilli: timed(curve, { noise }), startup });
      const resources = { requests: { cpu: "200m" }, ...(limit === undefined ? {} : { limits: { cpu: limit } }) };
      const parts: PlanParts = {
        duration: "8m",
        objects: [deployment("web", { replicas: 2, resources }), autoscaler("web", 60, 1, 6)],
      };
      const followed = usageOf({ ...parts, loads: [web] });
      expect(followed).toEqual(usageOf({ ...parts, loads: [web, usage("web", NOTHING)] }));
    }),
    { numRuns: 25 },
  );
});
