import { expect, test } from "vitest";
import type { PodSpec } from "../kube/index.ts";
import { seconds } from "../units/index.ts";
import { Framework, type Plugin } from "./framework.ts";
import { prioritySort } from "./plugins/priority-sort.ts";
import { schedulingGates } from "./plugins/scheduling-gates.ts";
import { PodCompiler, type PodInfo } from "./pod-info.ts";
import { SchedulingQueue } from "./queue.ts";
import type { QueuedPod } from "./queued-pod.ts";

const at = (count: number) => seconds(count);
const compiler = new PodCompiler();

/** Rejects nothing itself; cares for new nodes. */
const picky: Plugin = { name: "Picky", hints: [{ events: ["Node/Add"], hint: () => true }] };

function queueOf(...more: Plugin[]): SchedulingQueue {
  const plugins = [prioritySort(), schedulingGates(), picky, ...more].map((plugin) => ({ plugin, weight: 1 }));
  return new SchedulingQueue(new Framework("default-scheduler", plugins));
}

function pod(name: string, spec: Partial<PodSpec> = {}): PodInfo {
  return compiler.compile({
    namespace: "default",
    name,
    uid: name,
    labels: {},
    spec: { containers: [{ name: "c" }], ...spec },
    nodeName: "",
    nominatedNodeName: "",
    isTerminating: false,
    startAt: -1,
  });
}

function popped(queue: SchedulingQueue, now: number): QueuedPod {
  const entry = queue.pop(now);
  if (entry === undefined) throw new Error("nothing to pop");
  return entry;
}

const rejectedBy = (...plugins: string[]) => new Set(plugins);

test("higher priority goes first, then whoever came first", () => {
  const queue = queueOf();
  for (const [name, priority] of [
    ["a", 0],
    ["b", 5],
    ["c", 0],
    ["d", 5],
  ] as const)
    queue.add(pod(name, { priority }), 0);
  const order = [0, 1, 2, 3].map(() => popped(queue, 0).pod.name);
  expect(order).toEqual(["b", "d", "a", "c"]);
});

test("the backoff doubles up to ten seconds and ends strictly after its second", () => {
  const waits: number[] = [];
  const queue = queueOf();
  queue.add(pod("p"), 0);
  let now = 0;
  for (let i = 0; i < 6; i++) {
    queue.addFailed(popped(queue, now), new Set(), now);
    const since = now;
    while (queue.active.size === 0) {
      now += at(1);
      queue.flushBackoff(now);
    }
    waits.push((now - since) / at(1));
  }
  expect(waits).toEqual([2, 3, 5, 9, 11, 11]);
});

test("a rejected pod sleeps until an event that its plugin cares for, then is popped out of its backoff", () => {
  const queue = queueOf();
  queue.add(pod("p"), 0);
  queue.addFailed(popped(queue, 0), rejectedBy("Picky"), 0);
  queue.move({ name: "AssignedPod/Delete" }, at(1));
  expect([queue.unschedulable.size, queue.isReady]).toEqual([1, false]);
  queue.move({ name: "Node/Add" }, at(1));
  expect([queue.backoff.size, queue.isReady]).toEqual([1, true]);
  const entry = popped(queue, at(1));
  expect([entry.attempts, entry.unschedulableCount, [...entry.unschedulablePlugins]]).toEqual([2, 1, []]);
});

test("a plugin that did not reject the pod is not asked", () => {
  const queue = queueOf();
  queue.add(pod("p"), 0);
  queue.addFailed(popped(queue, 0), rejectedBy("Other"), 0);
  queue.move({ name: "Node/Add" }, at(1));
  expect(queue.isReady).toBe(false);
});

test("an event during the attempt is heard when the pod comes back", () => {
  const queue = queueOf();
  queue.add(pod("p"), 0);
  const entry = popped(queue, 0);
  queue.move({ name: "Node/Add" }, 0);
  queue.addFailed(entry, rejectedBy("Picky"), 0);
  expect(queue.backoff.size).toBe(1);
  expect(queue.inFlight.size).toBe(0);
});

test("pods that failed without a rejection are not popped early", () => {
  const queue = queueOf();
  queue.add(pod("p"), 0);
  queue.addFailed(popped(queue, 0), new Set(), 0);
  expect([queue.errorBackoff.size, queue.isReady]).toEqual([1, false]);
});

test("leftovers move when more than five minutes old, and again five minutes later", () => {
  const queue = queueOf();
  queue.add(pod("p"), 0);
  queue.addFailed(popped(queue, 0), rejectedBy("Other"), 0);
  queue.flushUnschedulable(at(300));
  expect(queue.unschedulable.size).toBe(1);
  queue.flushUnschedulable(at(330));
  expect([queue.unschedulable.size, queue.active.size]).toEqual([0, 1]);
});

test("a gated pod waits for its gates, whatever else happens", () => {
  const queue = queueOf();
  const gated = pod("p", { schedulingGates: [{ name: "hold" }] });
  queue.add(gated, 0);
  queue.move({ name: "Node/Add" }, at(1));
  expect([queue.isReady, [...queue.unschedulable][0]?.gatingPlugin]).toEqual([false, "SchedulingGates"]);
  queue.update(gated, pod("p"), at(2));
  expect(popped(queue, at(2)).gatingPlugin).toBe("");
});

test("a saved queue goes on as the first one did", () => {
  const queue = queueOf();
  for (const name of ["a", "b", "c", "d", "e"]) queue.add(pod(name), 0);
  queue.addFailed(popped(queue, 0), new Set(), 0);
  queue.addFailed(popped(queue, 0), rejectedBy("Picky"), 0);
  const flying = popped(queue, 0);
  queue.move({ name: "Node/Add" }, at(1));
  const copy = queueOf();
  copy.load(queue.save(), compiler);
  expect(copy.save()).toEqual(queue.save());
  const finish = (one: SchedulingQueue) => {
    one.addFailed(one.entries.get(flying.pod.uid) as QueuedPod, rejectedBy("Picky"), at(1));
    one.flushBackoff(at(30));
    const order: string[] = [];
    for (let entry = one.pop(at(30)); entry !== undefined; entry = one.pop(at(30))) order.push(entry.pod.name);
    return order;
  };
  expect(finish(copy)).toEqual(finish(queue));
});
