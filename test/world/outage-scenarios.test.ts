import { join } from "node:path";
import { expect, test } from "vitest";
import { loadScenario } from "../../src/scenario/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

/** The stories of outages that users of clusters know, as scenario files whose assertions hold, and what the files cannot say. */

const FOLDER = join(import.meta.dirname, "../../scenarios");
const FILES = [
  "failure/master-outage.yaml",
  "failure/node-dies.yaml",
  "regression/failover-budget.yaml",
  "regression/rollout-full-cluster.yaml",
  "regression/zone-loss-full.yaml",
  "regression/zone-loss-partial.yaml",
];

async function played(file: string) {
  const { plan, problems } = await loadScenario(join(FOLDER, file), { version: "test" });
  if (plan === null || plan === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
  const decisions: LoggedDecision[] = [];
  const world = World.from(plan, {
    event: () => undefined,
    decision: (one) => decisions.push(one),
    sample: () => undefined,
  });
  world.run();
  const { assertions } = world.finish();
  const when = (by: string, what: string) =>
    decisions.filter((one) => one.by === by && one.what === what).map(({ t }) => t);
  return { world, when, decisions, failing: assertions.filter(({ holds }) => !holds) };
}

test.each(FILES)("%s: what it asserts holds", async (file) => {
  const { failing } = await played(file);
  expect(failing.map(({ assertion, value }) => `${assertion.text}: ${value}`)).toEqual([]);
});

test("a dead node is noticed after 40 to 55 s, its pods go 300 s later", async () => {
  const { when } = await played("regression/failover-budget.yaml");
  const noticed = (when("node-lifecycle", "not-ready")[0] ?? 0) - minutes(2);
  expect(noticed).toBeGreaterThanOrEqual(seconds(40));
  expect(noticed).toBeLessThanOrEqual(seconds(55));
  const evicted = (when("taint-eviction", "evict")[0] ?? 0) - minutes(2) - noticed;
  expect(evicted).toBeGreaterThanOrEqual(seconds(300));
  expect(evicted).toBeLessThanOrEqual(seconds(300.2));
});

test("a zone lost as a whole: its nodes are tainted ten seconds apart", async () => {
  const { when } = await played("regression/zone-loss-full.yaml");
  const taints = when("node-lifecycle", "taint");
  expect(taints).toHaveLength(4);
  for (const [index, t] of taints.entries()) {
    if (index > 0) expect(t - (taints[index - 1] ?? 0)).toBeGreaterThanOrEqual(seconds(10));
  }
});

test("most of a small zone lost: at most the node that was noticed first is tainted", async () => {
  const { when } = await played("regression/zone-loss-partial.yaml");
  expect(when("node-lifecycle", "not-ready")).toHaveLength(3);
  expect(when("taint-eviction", "evict").length).toBeLessThanOrEqual(1);
});

test("the control plane down: nothing is noticed before it is back, and both processes wait for their leases", async () => {
  const { when, decisions } = await played("failure/master-outage.yaml");
  const back = minutes(13);
  expect(when("control-plane", "lead").every((t) => t >= back + seconds(15))).toBe(true);
  expect(when("node-lifecycle", "not-ready")).toHaveLength(1);
  expect(when("node-lifecycle", "not-ready")[0]).toBeGreaterThan(back + seconds(60));
  const refused = decisions.filter(({ by, what }) => by === "action" && what === "refused");
  expect(refused).toMatchObject([{ t: minutes(6), error: expect.stringContaining("was refused") }]);
});
