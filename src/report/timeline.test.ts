import { expect, test } from "vitest";
import type { DecisionRecord } from "../world/plan.ts";
import { Timeline, timelineLines } from "./timeline.ts";

const SECOND = 1_000_000;

function decision(second: number, by: string, what: string, object: string): DecisionRecord {
  return {
    t: second * SECOND,
    by,
    what,
    object,
    from: 1,
    to: 2,
    message: "no room",
    error: "no metrics",
  } as unknown as DecisionRecord;
}

test("a month of happenings takes the room of the first ten thousand of each sort; the rest is counted", () => {
  const timeline = new Timeline();
  for (let second = 0; second < 12_000; second++) timeline.add(decision(second, "hpa", "scale", "hpa/web"));
  expect(timeline.all().length).toBe(10_000);
  expect(timeline.leftOut).toBe(2000);
  // A warning after all that is kept still.
  timeline.add(decision(12_000, "node-lifecycle", "not-ready", "node/n1"));
  expect(timeline.all().at(-1)?.text).toBe("node/n1 NotReady");
  const lines = timelineLines(timeline.all(), timeline.leftOut);
  expect(lines.length).toBe(17);
  expect(lines.at(-1)).toBe("  … 11985 more in decisions.jsonl");
});

test("pending pods are told once, and autoscalers when they fail for good, also when there is no more room", () => {
  const timeline = new Timeline();
  for (const pod of ["pod/a", "pod/a", "pod/b"]) timeline.add(decision(1, "scheduler", "unschedulable", pod));
  expect(timeline.all().map(({ text, more }) => [text, more])).toEqual([["pod/a pending: no room", 1]]);
  for (let fail = 0; fail < 6; fail++) timeline.add(decision(2, "hpa", "fail", "hpa/web"));
  expect(timeline.all().length).toBe(2);
  for (let node = 0; node < 10_000; node++) timeline.add(decision(node, "node-lifecycle", "not-ready", "node/n1"));
  const before = timeline.leftOut;
  expect(before).toBeGreaterThan(0);
  for (let fail = 0; fail < 6; fail++) timeline.add(decision(20_000 + fail, "hpa", "fail", "hpa/other"));
  expect(timeline.leftOut).toBe(before + 1);
});
