import fc from "fast-check";
import { expect, test } from "vitest";
import { Engine } from "../../src/engine/index.ts";
import { withDefaults } from "../../src/kube/index.ts";
import type { Distribution } from "../../src/random/index.ts";
import { Store } from "../../src/store/index.ts";
import { deployment, type PlanParts, planOf } from "../../src/testing/index.ts";
import { millis, minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";
import { breachesOf, unexplained } from "./invariants.ts";
import { settlingWorld } from "./worlds.ts";

/** Worlds in which news and requests take their time (`timing.watchLatency`, `timing.apiLatency`). */

const RUNS = Number(process.env.ORRERY_RUNS ?? 25);

const latency: fc.Arbitrary<Distribution> = fc.constantFrom<Distribution>(
  { constant: 0 },
  { constant: millis(40) },
  { uniform: { min: 0, max: millis(300) } },
  { exponential: { mean: millis(80) } },
  { lognormal: { median: millis(5), p95: millis(500) } },
);

const late = (plan: PlanParts, watchLatency: Distribution, apiLatency: Distribution): PlanParts => ({
  ...plan,
  timing: { ...plan.timing, watchLatency, apiLatency },
});

test("a world that is left alone comes to rest all the same; forked, it goes on alike", () => {
  fc.assert(
    fc.property(settlingWorld(), latency, latency, ({ plan: parts, forkAt }, watch, api) => {
      const plan = planOf(late(parts, watch, api));
      const world = World.from(plan);
      world.run(forkAt);
      const fork = World.fork(plan, world.checkpoint());
      fork.run();
      world.run();
      expect(breachesOf(world)).toEqual([]);
      expect(unexplained(world)).toEqual([]);
      expect(fork.finish()).toEqual(world.finish());
    }),
    { numRuns: RUNS },
  );
}, 120_000);

test("what was written first is heard first, nothing is lost, nothing early, and no time is no change", () => {
  fc.assert(
    fc.property(fc.integer(), latency, fc.array(fc.nat(millis(200)), { maxLength: 30 }), (seed, delay, gaps) => {
      const engine = new Engine({ seed });
      const store = new Store(engine, { epochMicros: 0, watchLatency: delay });
      const nodes = store.documents("Node");
      const heard: { name: string; at: number }[] = [];
      const cursor = store.watch("reader", ["Node"], () => {
        while (cursor.next()) heard.push({ name: nodes.get(cursor.row).metadata.name ?? "", at: engine.now });
      });
      const written: { name: string; at: number }[] = [];
      const write = engine.define("write", 3, (number) => {
        const name = `n${number}`;
        written.push({ name, at: engine.now });
        store.writer.create(withDefaults({ apiVersion: "v1", kind: "Node", metadata: { name } }));
      });
      let at = 0;
      for (const [number, gap] of gaps.entries()) {
        at += gap;
        engine.at(at, write, number);
      }
      engine.run(at + minutes(60));
      expect(heard.map(({ name }) => name)).toEqual(written.map(({ name }) => name));
      for (const [index, one] of heard.entries()) {
        const least = "constant" in delay ? delay.constant : 0;
        expect(one.at).toBeGreaterThanOrEqual((written[index]?.at ?? 0) + least);
        if ("constant" in delay) expect(one.at).toBe((written[index]?.at ?? 0) + delay.constant);
      }
    }),
    { numRuns: 200 },
  );
});

test("what a ReplicaSet has ordered and not heard of yet it does not order again", () => {
  const plan = planOf({
    objects: [deployment("web", { replicas: 10 })],
    actions: [
      {
        kind: "scale",
        atMicros: minutes(1),
        target: { kind: "Deployment", namespace: "default", name: "web" },
        replicas: 25,
      },
    ],
    duration: "5m",
    timing: {
      watchLatency: { uniform: { min: 0, max: seconds(4) } },
      apiLatency: { exponential: { mean: seconds(1) } },
    },
  });
  const made = new Set<string>();
  const world = World.from(plan, {
    event: () => undefined,
    decision: ({ by, what, pods }) => {
      if (by === "replicaset" && what === "create") for (const name of pods as string[]) made.add(name);
    },
    sample: () => undefined,
  });
  world.run();
  expect([made.size, world.store.pods.count]).toEqual([25, 25]);
});
