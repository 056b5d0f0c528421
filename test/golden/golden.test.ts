import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadScenario } from "../../src/scenario/index.ts";
import { millis, minutes, seconds } from "../../src/units/index.ts";
import type { Plan } from "../../src/world/index.ts";
import { World } from "../../src/world/index.ts";
import { type Story, storyOf, traceText } from "./trace.ts";

/** Traces that a person can read. `UPDATE_GOLDEN=1` writes them anew; the commit then says what has changed and why. */

const NODE_DIES = await planOf("node-dies");

async function planOf(name: string): Promise<Plan> {
  const file = join(import.meta.dirname, name, "scenario.yaml");
  const { plan, problems } = await loadScenario(file, { version: "test" });
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  return plan;
}

test("the trace of a node that dies and comes back", () => {
  const file = join(import.meta.dirname, "node-dies", "trace.txt");
  const text = traceText(storyOf(NODE_DIES).happenings);
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
});

/** A pass of the monitor takes 1 ms, and the next one starts 5 s after its end. */
const PASS = seconds(5) + millis(1);
const NODE = "node/general-02";

/** The instants of the story as they follow from the last sign of life before the node stopped. */
function instantsOf(plan: Plan, stopsAt: number, backAt: number) {
  const before = World.from(plan);
  before.run(stopsAt);
  const id = before.store.pods.nodeNames.find("general-02");
  const lastSign = Math.max(before.store.leases.lastTickAt(id), before.store.nodeStatusPosts.lastTickAt(id));
  const passAfter = (at: number): number => Math.ceil(at / PASS) * PASS;
  // Noticed by the pass at or after it; over when more than 50 s have gone by since that pass.
  const silentAt = passAfter(passAfter(lastSign) + seconds(50) + 1);
  // The tainter looks every 100 ms, and the pass has to end first.
  const taintedAt = Math.ceil((silentAt + millis(1)) / millis(100)) * millis(100);
  const readyAt = backAt + seconds(30);
  return { lastSign, silentAt, taintedAt, evictedAt: taintedAt + seconds(300), readyAt, clearAt: passAfter(readyAt) };
}

function checkStory(plan: Plan, stopsAt: number, backAt: number): void {
  const { decisions, happenings }: Story = storyOf(plan);
  const is = instantsOf(plan, stopsAt, backAt);
  const when = (by: string, what: string, object: string | RegExp): number[] =>
    decisions
      .filter((one) => one.by === by && one.what === what)
      .filter((one) => (typeof object === "string" ? one.object === object : object.test(one.object)))
      .map(({ t }) => t);
  const told = (reason: string): number[] => happenings.filter(({ what }) => what === reason).map(({ t }) => t);
  const endpoints = decisions.filter(({ by, t }) => by === "endpointslice" && t > stopsAt);
  expect(stopsAt - is.lastSign).toBeLessThan(seconds(10.4));
  expect(is.silentAt - stopsAt).toBeGreaterThan(seconds(39.6));
  expect(is.silentAt - stopsAt).toBeLessThan(seconds(55.02));
  expect(when("node-lifecycle", "not-ready", NODE)).toEqual([is.silentAt]);
  expect(when("node-lifecycle", "condition-taints", NODE)[0]).toBe(is.silentAt);
  // Pods are marked when the write of the node's status has returned; their endpoints go at that instant.
  expect(told("NodeNotReady")).toEqual([is.silentAt + millis(1), is.silentAt + millis(1)]);
  expect(endpoints[0]).toMatchObject({ t: is.silentAt + millis(1), object: "service/shop/web", notReady: 1 });
  expect(when("node-lifecycle", "taint", NODE)).toEqual([is.taintedAt]);
  expect(when("taint-eviction", "schedule", /^pod/)).toEqual([is.taintedAt]);
  expect(when("taint-eviction", "evict", /^pod/)).toEqual([is.evictedAt]);
  // The replacement is created and placed at once, and becomes an endpoint when it is ready.
  expect(when("replicaset", "create", /^replicaset/)).toEqual([0, is.evictedAt]);
  expect(when("scheduler", "bind", /^pod/).at(-1)).toBe(is.evictedAt);
  const started = when("kubelet", "start", /^pod/).at(-1) as number;
  expect(started - is.evictedAt).toBeGreaterThan(millis(300));
  expect(started - is.evictedAt).toBeLessThan(seconds(2));
  expect(endpoints.find(({ added }) => added === 1)).toMatchObject({ t: started, ready: 1 });
  // The kubelet is back 30 s after power on: ready at once, free of the NoExecute taint at the next pass.
  expect(told("NodeReady")).toEqual([is.readyAt]);
  expect(when("node-lifecycle", "condition-taints", NODE)).toEqual([is.silentAt, is.readyAt]);
  expect(when("node-lifecycle", "untaint", NODE)).toEqual([is.clearAt]);
  // Only now is the evicted pod stopped and removed.
  expect(when("kubelet", "kill", /^pod/)).toEqual([is.readyAt]);
}

describe("the instants of the story", () => {
  test("of the golden trace", () => {
    checkStory(NODE_DIES, minutes(2), minutes(10));
  });

  test.each([1, 2, 3, 4, 5, 6, 8, 9, 10, 11])("of seed %i, stopping at another instant", (seed) => {
    const stopsAt = minutes(1) + seed * 3_141_593;
    const failures = NODE_DIES.failures.map((one) => ({ ...one, schedule: { at: stopsAt } }));
    checkStory({ ...NODE_DIES, seed, failures } as Plan, stopsAt, stopsAt + minutes(8));
  });
});
