import { describe, expect, test } from "vitest";
import type { KubeNode, PodDisruptionBudget } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { type ActionParts, deployment, planOf, pod } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

/** A node is drained while budgets look on. */

const AT = minutes(2);
const DRAIN: ActionParts = { kind: "drain", atMicros: AT, nodes: ["n1"], gracePeriodSeconds: null };

const budget = (spec: object): object => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "web" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
});

function played(objects: readonly object[], nodes = 2) {
  const decisions: LoggedDecision[] = [];
  const allowed: number[] = [];
  const world = World.from(planOf({ nodes, objects, actions: [DRAIN], duration: "10m" }), {
    event: () => undefined,
    decision: (one) => {
      decisions.push(one);
      if (one.by === "disruption") allowed.push(Number(one.currentHealthy) - Number(one.desiredHealthy));
    },
    sample: () => undefined,
  });
  world.run(AT);
  const before = world.store.pods.byNode.rows(world.store.pods.nodeNames.idOf("n1")).length;
  world.run();
  const of = (by: string, what: string) => decisions.filter((one) => one.by === by && one.what === what);
  const { pods } = world.store;
  const left = pods.byNode.rows(pods.nodeNames.idOf("n1")).map((row) => pods.name.get(row));
  return { world, of, before, left, allowed };
}

describe("draining a node", () => {
  test("cordons it and moves its pods away at once where nothing guards them", () => {
    const { world, of, before, left } = played([deployment("web", { replicas: 6 })]);
    expect(before).toBeGreaterThan(1);
    expect(of("eviction", "evict").map(({ t }) => t)).toEqual(new Array(before).fill(AT));
    expect(left).toEqual([]);
    expect(world.store.documents<KubeNode>("Node").find("", "n1")?.spec?.unschedulable).toBe(true);
    expect(of("drain", "drained")).toHaveLength(1);
  });

  test("asks again every five seconds where a budget refuses, and never breaks it", () => {
    const { of, before, left, allowed } = played([deployment("web", { replicas: 6 }), budget({ minAvailable: 5 })]);
    expect(of("eviction", "evict").filter(({ t }) => t === AT)).toHaveLength(1);
    const refused = of("eviction", "refuse");
    expect(refused.length).toBeGreaterThanOrEqual(before - 1);
    for (const { t } of refused) expect((t - AT) % seconds(5)).toBe(0);
    // From the drain on, the healthy pods never fall below what the budget wants.
    expect(Math.min(...allowed.slice(allowed.indexOf(1)))).toBeGreaterThanOrEqual(0);
    expect(left).toEqual([]);
    expect(of("drain", "drained")).toHaveLength(1);
  });

  test("never ends where the budget never allows it", () => {
    const { of, before, left } = played([deployment("web", { replicas: 4 }), budget({ maxUnavailable: 0 })]);
    expect(of("eviction", "evict")).toEqual([]);
    expect(left).toHaveLength(before);
    expect(of("drain", "drained")).toEqual([]);
  });

  test("gives up on a pod that two budgets guard", () => {
    const second = { ...(budget({ minAvailable: 0 }) as PodDisruptionBudget), metadata: { name: "other" } };
    const { of, before } = played([deployment("web", { replicas: 4 }), budget({ minAvailable: 1 }), second]);
    expect(of("eviction", "refuse")).toHaveLength(before);
    expect(of("drain", "fail")).toHaveLength(before);
  });

  test("takes pods that nobody will make again", () => {
    const { world, of } = played([pod("lonely", {})], 1);
    expect(of("eviction", "evict")).toHaveLength(1);
    expect(world.store.pods.count).toBe(0);
  });
});

test("a fork in the midst of a drain goes on as its origin does", () => {
  const objects = [deployment("web", { replicas: 6 }), budget({ minAvailable: 5 })];
  const plan = planOf({ nodes: 2, objects, actions: [DRAIN], duration: "10m" });
  const origin = World.from(plan);
  origin.run(AT + seconds(3));
  const fork = World.fork(plan, origin.checkpoint());
  origin.run();
  fork.run();
  expect(fork.finish()).toEqual(origin.finish());
});
