import { expect, test } from "vitest";
import { defineSchedulerPlugin, guarded, pointsOf } from "./index.ts";

test.each<[string, () => unknown]>([
  [
    "Math.random is not to be had in a simulation: cycle.draw(text) follows from the seed of the run",
    () => Math.random(),
  ],
  ["Date is not to be had in a simulation: cycle.nowMicros is the simulated time", () => Date.now()],
  ["Date is not to be had in a simulation: cycle.nowMicros is the simulated time", () => new Date()],
  ["performance.now is not to be had in a simulation: cycle.nowMicros is the simulated time", () => performance.now()],
  ["setTimeout is not to be had in a simulation: a plugin answers at once", () => setTimeout(() => {}, 0)],
  ["fetch is not to be had in a simulation: read data into a module of its own, and import that", () => fetch("x:")],
])("guarded: %s", (message, use) => {
  expect(() => guarded(use)).toThrow(message);
});

test("after the guarded work all is as before, also when it throws", () => {
  const before = [Math.random, globalThis.Date, globalThis.setTimeout];
  expect(guarded(() => guarded(() => 3))).toBe(3);
  expect(() =>
    guarded(() => {
      throw new Error("mine");
    }),
  ).toThrow("mine");
  expect([Math.random, globalThis.Date, globalThis.setTimeout]).toEqual(before);
  expect(Date.now()).toBeGreaterThan(0);
});

test.each<[string, unknown, unknown]>([
  ["nothing", undefined, "it exports no plugin: export one as default, or as plugin"],
  ["another name", { name: "B", filter: () => "no" }, 'its plugin is named "B", not "A"'],
  [
    "no method",
    { name: "A" },
    "it has no method of a plugin: preEnqueue, preFilter, filter, postFilter, preScore, score, reserve, permit, preBind",
  ],
  ["no function", { name: "A", score: 3 }, "its score is not a function"],
  ["normalize alone", { name: "A", normalize: () => [] }, "it has normalize, but no score"],
  ["unreserve alone", { name: "A", unreserve: () => undefined }, ["reserve"]],
  ["a plugin", defineSchedulerPlugin({ name: "A", score: () => 1, filter: () => undefined }), ["filter", "score"]],
])("what a module exports: %s", (_title, plugin, expected) => {
  expect(pointsOf(plugin, "A")).toEqual(expected);
});
