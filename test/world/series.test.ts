import { expect, test } from "vitest";
import { deployment, planOf } from "../../src/testing/index.ts";
import { type Plan, World } from "../../src/world/index.ts";

/** What of a run is written as series, and that nothing else depends on it. */

function play(record: Partial<Plan["record"]>) {
  const base = planOf({ nodes: [{ name: "n0" }], objects: [deployment("web", { replicas: 2 })], duration: "1m" });
  const names = new Set<string>();
  const world = World.from(
    { ...base, record: { ...base.record, ...record } },
    { event: () => undefined, decision: () => undefined, sample: (series) => names.add(series) },
  );
  world.run();
  return { names: [...names].sort(), summary: world.finish() };
}

test("only the series that are wanted are written, and the summary measures all the same", () => {
  const all = play({});
  const some = play({ series: ["nodes", "workloads"] });
  expect(all.names).toEqual(["node_usage", "nodes", "pods", "workloads"]);
  expect(some.names).toEqual(["nodes", "workloads"]);
  expect(play({ series: [] }).names).toEqual([]);
  expect(some.summary).toEqual(all.summary);
});
