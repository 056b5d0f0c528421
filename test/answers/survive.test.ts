import { describe, expect, test } from "vitest";
import {
  isLost,
  type Loss,
  lossesOf,
  type SurviveTask,
  struckPlan,
  survive,
  surviveLines,
  surviveTask,
} from "../../src/answers/index.ts";
import { deployment, planOf, pod, requests, service } from "../../src/testing/index.ts";
import { World } from "../../src/world/index.ts";
import type { Plan } from "../../src/world/plan.ts";

const SECOND = 1_000_000;
const TIMES = { atMicros: 600 * SECOND, horizonMicros: 1800 * SECOND };
const cpu = (milli: number) => ({ resources: { requests: { cpu: `${milli}m` }, limits: { cpu: `${milli}m` } } });

function ask(plan: Plan, losses: readonly Loss[], width = 1) {
  const play = async (task: SurviveTask) => surviveTask(task);
  return survive({ plan, losses, seeds: [1, 2], ...TIMES, width, play });
}

describe("losses", () => {
  test("every node, every zone, every pair", () => {
    const plan = planOf({ nodes: 6 });
    const names = (nodes: number, zones: number) =>
      lossesOf(plan, { nodes, zones, sample: 200 }).map(({ name }) => name);
    expect(names(1, 0)).toEqual(["n1", "n2", "n3", "n4", "n5", "n6"]);
    expect(names(0, 1)).toEqual(["zone a", "zone b", "zone c"]);
    expect(names(2, 0)).toHaveLength(15);
    expect(names(2, 0).slice(0, 2)).toEqual(["n1 + n2", "n1 + n3"]);
    expect(lossesOf(plan, { nodes: 0, zones: 2, sample: 9 })[0]).toEqual({
      kind: "zone",
      name: "zone a + zone b",
      nodes: ["n1", "n2", "n4", "n5"],
    });
  });

  test("a sample has no doubles, and is the same again", () => {
    const plan = planOf({ nodes: 40 });
    const sample = lossesOf(plan, { nodes: 2, zones: 0, sample: 25 });
    expect(new Set(sample.map(({ name }) => name)).size).toBe(25);
    expect(lossesOf(plan, { nodes: 2, zones: 0, sample: 25 })).toEqual(sample);
  });
});

describe("what a loss does", () => {
  const web = planOf({
    nodes: 6,
    objects: [deployment("web", { replicas: 12, ...cpu(900) }), service("web")],
    loads: [requests("web", 1000, 10_000)],
  });
  const losses = lossesOf(web, { nodes: 1, zones: 1, sample: 200 });

  test("a Deployment with room left comes back after grace, toleration and start", async () => {
    const answers = await ask(web, losses);
    const node = answers.find(({ loss }) => loss === "n1");
    expect(node).toMatchObject({ podsDown: 2, never: [] });
    // 50 s of grace less the age of the last heartbeat, up to a check late; then 300 s of toleration.
    for (const micros of [node?.recoveredP50 ?? 0, node?.recoveredP95 ?? 0]) {
      expect(micros).toBeGreaterThan(340 * SECOND);
      expect(micros).toBeLessThan(365 * SECOND);
    }
    expect(node?.budget.evicted?.p50).toBeGreaterThanOrEqual(299 * SECOND);
    expect(node?.budget.evicted?.p50).toBeLessThanOrEqual(301 * SECOND);
    const zone = answers.find(({ loss }) => loss === "zone a");
    expect(zone).toMatchObject({ podsDown: 4, never: [] });
    // Eight of twelve pods serve 720 of 1000 requests a second until the others are back.
    expect(zone?.below[0]).toMatchObject({ service: "default/web" });
    expect(zone?.below[0]?.micros).toBeGreaterThan(300 * SECOND);
    expect(answers.some((answer) => isLost(answer, null))).toBe(false);
    expect(answers.every((answer) => isLost(answer, 60 * SECOND))).toBe(true);
    expect(surviveLines(answers, web, null).at(-1)).toBe("Survives every loss of 9.");
  });

  test("the same answers, however the losses are dealt out", async () => {
    expect(await ask(web, losses, 8)).toEqual(await ask(web, losses, 1));
  });

  test("a fork plays what a whole run with the failure plays", () => {
    const { atMicros, horizonMicros } = TIMES;
    const base = struckPlan(web, atMicros, horizonMicros);
    const failures = base.failures.map((failure) => ({ ...failure, nodes: ["n2"] })) as Plan["failures"];
    const whole = World.from({ ...base, failures });
    whole.run();
    const past = World.from(base);
    past.run(atMicros - 1);
    const fork = World.fork({ ...base, failures }, past.checkpoint());
    fork.run();
    expect(fork.finish()).toEqual(whole.finish());
  });

  test("what never comes back, and why", async () => {
    const objects = [deployment("big", { replicas: 3, ...cpu(3000) }), pod("alone", cpu(100))];
    const plan = planOf({ nodes: 3, objects });
    const answers = await ask(plan, lossesOf(plan, { nodes: 1, zones: 0, sample: 9 }));
    for (const { never } of answers) {
      expect(never.find(({ workload }) => workload === "Deployment/default/big")).toMatchObject({
        count: 1,
        why: expect.stringMatching(/is pending: 0\/3 nodes are available: .*2 Insufficient cpu/),
      });
    }
    const alone = answers.flatMap(({ never }) => never.filter(({ workload }) => workload === "Pod/default/alone"));
    expect(alone).toContainEqual({ workload: "Pod/default/alone", count: 1, why: "no controller makes another" });
  });
});
