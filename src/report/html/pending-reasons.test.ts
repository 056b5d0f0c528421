import { expect, it } from "vitest";
import type { DecisionRecord } from "../../world/plan.ts";
import { PendingReasons } from "./pending-reasons.ts";

const SECOND = 1_000_000;
let n = 0;
function decided(at: number, by: string, what: string, object: string, more: object = {}): DecisionRecord {
  return { t: at * SECOND, n: ++n, cause: 0, by, what, object, ...more };
}
const unschedulable = (at: number, pod: string, reasons: Record<string, number>): DecisionRecord =>
  decided(at, "scheduler", "unschedulable", pod, { reasons, message: "0/3 nodes are available" });

function told(decisions: readonly DecisionRecord[], end: number): [reason: string, podSeconds: number, most: number][] {
  const pending = new PendingReasons();
  for (const decision of decisions) pending.add(decision);
  return pending.all(end * SECOND).map(({ reason, podSeconds, podsMost }) => [reason, podSeconds, podsMost]);
}

it("counts the time from the first refusal to the binding, under the reason that turned most nodes away", () => {
  const decisions = [
    unschedulable(10, "pod/a/x", { "Insufficient cpu": 2, "too many pods": 1 }),
    unschedulable(12, "pod/a/y", { "Insufficient cpu": 3 }),
    unschedulable(15, "pod/a/x", { "Insufficient cpu": 3 }),
    decided(20, "scheduler", "bind", "pod/a/x"),
    decided(22, "scheduler", "bind", "pod/a/y"),
  ];
  expect(told(decisions, 100)).toEqual([["Insufficient cpu", 20, 2]]);
});

it("moves a pod to another reason, and lets it wait up to the end", () => {
  const decisions = [unschedulable(10, "pod/a/x", { cpu: 1 }), unschedulable(14, "pod/a/x", { memory: 1 })];
  expect(told(decisions, 20)).toEqual([
    ["memory", 6, 1],
    ["cpu", 4, 1],
  ]);
});

it("lets go of a pod that its controller deletes", () => {
  const decisions = [
    unschedulable(10, "pod/a/x", { cpu: 1 }),
    decided(13, "replicaset", "delete", "replicaset/a/web", { pods: ["x"] }),
  ];
  expect(told(decisions, 50)).toEqual([["cpu", 3, 1]]);
});
