import { expect, test } from "vitest";
import type { KubeNode } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { deployment, type FailureParts, type NodeParts, planOf } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

/** Failures of nodes as whole worlds show them: how many at a time, when not at all, and what a return undoes. */

const LATER = minutes(3);

function played(nodes: readonly NodeParts[], failures: readonly FailureParts[], duration = "20m") {
  const decisions: LoggedDecision[] = [];
  const objects = [deployment("web", { replicas: nodes.length })];
  const world = World.from(planOf({ nodes, objects, failures, duration }), {
    event: () => undefined,
    decision: (one) => decisions.push(one),
    sample: () => undefined,
  });
  world.run();
  const when = (by: string, what: string) =>
    decisions.filter((one) => one.by === by && one.what === what).map(({ t, object }) => ({ t, object }));
  const taints = world.store
    .documents<KubeNode>("Node")
    .list()
    .flatMap(({ spec }) => spec?.taints ?? []);
  return { when, taints, pods: world.store.pods.count };
}

const inZone = (zone: string, count: number): NodeParts[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${zone}${index + 1}`, zone }));
const crash = (nodes: readonly string[], kind: "crash" | "partition" = "crash"): FailureParts => ({
  kind,
  nodes,
  schedule: { at: LATER },
});

test("nodes of one zone are tainted ten seconds apart, those of another on their own", () => {
  const { when } = played([...inZone("a", 5), ...inZone("b", 5)], [crash(["a1", "a2", "b1"])]);
  const taints = when("node-lifecycle", "taint");
  const ofZone = (zone: string) => taints.filter(({ object }) => object.startsWith(`node/${zone}`)).map(({ t }) => t);
  expect(ofZone("b")).toHaveLength(1);
  expect(ofZone("a")).toHaveLength(2);
  const [first, second] = ofZone("a") as [number, number];
  // The first of a zone goes at once. The second waits for its token, on the grid of 100 ms.
  expect(second - first).toBeGreaterThanOrEqual(seconds(10));
  expect(second - first).toBeLessThanOrEqual(seconds(15.1));
});

test("more than half of a small zone: nobody there is evicted", () => {
  const { when, pods } = played([...inZone("a", 5), ...inZone("b", 2)], [crash(["a1", "a2", "a3"])]);
  expect(when("node-lifecycle", "not-ready")).toHaveLength(3);
  // One may be tainted in the seconds in which not all three have been noticed.
  expect(when("taint-eviction", "evict").length).toBeLessThanOrEqual(1);
  expect(pods).toBe(7 + when("taint-eviction", "evict").length);
});

test("the only node: no eviction, and its pod is left alone", () => {
  const { when, taints, pods } = played(inZone("a", 1), [crash(["a1"])]);
  expect(when("node-lifecycle", "not-ready")).toHaveLength(1);
  expect(when("taint-eviction", "evict")).toEqual([]);
  expect(taints.map(({ effect }) => effect)).toEqual(["NoSchedule"]);
  expect(pods).toBe(1);
});

test("a node that is back in time keeps its pods", () => {
  const back: FailureParts = { ...crash(["a1"], "partition"), lasts: { constant: minutes(4) } } as FailureParts;
  const { when, taints, pods } = played(inZone("a", 4), [back]);
  expect(when("taint-eviction", "schedule")).toHaveLength(1);
  expect(when("taint-eviction", "cancel")).toHaveLength(1);
  expect(when("taint-eviction", "evict")).toEqual([]);
  expect([taints, pods]).toEqual([[], 4]);
});

test("an outage that is shorter than the grace is not seen by anybody", () => {
  const short: FailureParts = { ...crash(["a1"], "partition"), lasts: { constant: seconds(25) } } as FailureParts;
  expect(played(inZone("a", 4), [short]).when("node-lifecycle", "not-ready")).toEqual([]);
});
