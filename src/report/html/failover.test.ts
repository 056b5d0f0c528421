import { expect, it } from "vitest";
import type { DecisionRecord } from "../../world/plan.ts";
import { Failovers } from "./failover.ts";

const SECOND = 1_000_000;
interface Told {
  readonly at: number;
  readonly by: string;
  readonly what: string;
  readonly object: string;
  readonly n?: number;
  readonly cause?: number;
  readonly [more: string]: unknown;
}
function budgetsOf(decisions: readonly Told[]) {
  const failovers = new Failovers();
  for (const { at, n = 0, cause = 0, ...rest } of decisions)
    failovers.add({ ...rest, t: at * SECOND, n, cause } as DecisionRecord);
  return failovers.budgets();
}

const LOST: readonly Told[] = [
  { at: 100, by: "fault", what: "crash", object: "node/n1", failure: "failures[0]" },
  { at: 148, by: "node-lifecycle", what: "not-ready", object: "node/n1", graceMicros: 50 * SECOND },
  { at: 149, by: "node-lifecycle", what: "taint", object: "node/n1" },
  { at: 449, by: "taint-eviction", what: "evict", object: "pod/a/x", node: "n1", n: 7 },
  { at: 449, by: "replicaset", what: "create", object: "replicaset/a/web", pods: ["y"], cause: 7 },
  { at: 450, by: "scheduler", what: "bind", object: "pod/a/y" },
  { at: 455, by: "kubelet", what: "start", object: "pod/a/y" },
];

it("splits the time from the failure to the last replacement, with nothing left over", () => {
  const [budget] = budgetsOf(LOST);
  expect(budget?.steps.map(({ name, micros }) => [name, micros / SECOND])).toEqual([
    ["silence until NotReady", 48],
    ["taint", 1],
    ["toleration", 300],
    ["placement", 1],
    ["start", 5],
  ]);
  expect(budget).toMatchObject({ node: "n1", evicted: 1, replaced: 1, totalMicros: 355 * SECOND, note: "" });
});

it.each<[string, readonly Told[], string]>([
  [
    "noticed by nobody",
    [...LOST.slice(0, 1), { at: 120, by: "fault", what: "ends", object: "node/n1" }],
    "The node was back before anybody noticed.",
  ],
  [
    "back in time",
    [...LOST.slice(0, 3), { at: 300, by: "fault", what: "ends", object: "node/n1" }],
    "The node was back before its pods were evicted.",
  ],
  ["cut short", LOST.slice(0, 3), "No pod was evicted up to the end."],
  ["not replaced", LOST.slice(0, 4), "Nothing was made in place of the evicted pods."],
])("says what came of a failure that was %s", (_name, decisions, note) => {
  expect(budgetsOf(decisions)).toMatchObject([{ note, totalMicros: null }]);
});
