import { expect, it } from "vitest";
import type { DecisionRecord } from "../../world/plan.ts";
import { explanationsOf, HpaStories } from "./hpa-story.ts";

function sync(index: number, to: number, more: object = {}): DecisionRecord {
  return {
    t: index * 15_000_000,
    n: index,
    cause: 0,
    by: "hpa",
    what: "keep",
    object: "hpa/a/web",
    target: "deployment/a/web",
    from: to,
    to,
    min: 1,
    max: 10,
    sync: index,
    metrics: [
      { type: "Resource", name: "cpu", target: "50%", utilization: 40 + (index % 3), rawReplicas: to, replicas: to },
    ],
    proposed: to,
    stabilised: to,
    ...more,
  } as DecisionRecord;
}

function storyOf(decisions: readonly DecisionRecord[]) {
  const stories = new HpaStories();
  for (const decision of decisions) stories.add(decision);
  const [story] = stories.all();
  if (story === undefined) throw new Error("no story");
  return story;
}

it("counts changes, and turns against the direction of the change before", () => {
  const story = storyOf([2, 4, 4, 6, 5, 7, 7].map((to, index) => sync(index, to)));
  expect([story.changes, story.flaps]).toEqual([4, [60, 75]]);
});

it("tells raw, stabilised and final apart, and a sync that failed", () => {
  const story = storyOf([
    sync(1, 5, { proposed: 3, stabilised: 4 }),
    sync(2, 5, { what: "fail", metrics: [], proposed: undefined, stabilised: undefined }),
  ]);
  expect(story.syncs).toMatchObject([
    { raw: 3, stabilised: 4, final: 5, isFailed: false, utilization: 41 },
    { raw: 5, stabilised: 5, final: 5, isFailed: true, utilization: Number.NaN },
  ]);
});

it("carries the explanation of every change, and not of thousands of syncs in which nothing differs", () => {
  const decisions = Array.from({ length: 3000 }, (_, index) => sync(index, index < 1000 ? 2 : index < 2000 ? 3 : 2));
  const explanations = explanationsOf(storyOf(decisions), 400);
  expect(explanations.length).toBeLessThanOrEqual(400);
  const instants = explanations.map(({ at }) => at);
  expect(instants).toEqual([...instants].sort((a, b) => a - b));
  for (const at of [0, 15_000, 30_000]) expect(instants).toContain(at);
});

it("thins explanations evenly when the page has room for few", () => {
  const story = storyOf(Array.from({ length: 300 }, (_, index) => sync(index, 2)));
  const few = explanationsOf(story, 50);
  expect(few.length).toBeLessThanOrEqual(50);
  expect(few.length).toBeGreaterThan(25);
  expect(few[0]?.text).toContain("stays at 2 replicas");
});
