import fc from "fast-check";
import { expect, test } from "vitest";
import { CellRegistry } from "../tables/index.ts";
import { Measures } from "./measures.ts";

const NOTHING = Number.NaN;
const value = fc.constantFrom(0, 1, 3, 0.1, 0.7, NOTHING);
/** What three gauges are worth at each sample; null: the run is saved there, and goes on from what was saved. */
const samples = fc.array(fc.option(fc.tuple(value, value, value), { freq: 8 }), { maxLength: 60 });
const labels = [{ hpa: "a" }, { hpa: "b" }, { hpa: "c" }];

test("what is told of a gauge when it changes counts as if it had been told at every sample", () => {
  fc.assert(
    fc.property(samples, (steps) => {
      const told = new Measures(new CellRegistry(), []);
      let held = new Measures(new CellRegistry(), []);
      let gauges = labels.map((one) => held.gauge("hpa_replicas", one));
      for (const values of steps) {
        if (values === null) {
          const saved = held.save();
          held = new Measures(new CellRegistry(), []);
          held.load(saved);
          gauges = labels.map((one) => held.gauge("hpa_replicas", one));
          continue;
        }
        held.beginSample();
        for (const [index, worth] of values.entries()) {
          if (!Number.isNaN(worth)) told.add("hpa_replicas", worth, labels[index] as { hpa: string });
          held.sample(gauges[index] as (typeof gauges)[number], worth);
        }
      }
      expect(held.summaries()).toEqual(told.summaries());
    }),
  );
});

test("a gauge that nobody tells of again keeps its value, after it was read too", () => {
  const measures = new Measures(new CellRegistry(), []);
  const gauge = measures.gauge("pods_running", {});
  measures.beginSample();
  measures.sample(gauge, 2);
  measures.beginSample();
  measures.beginSample();
  expect(measures.summaries()).toMatchObject([{ count: 3, sum: 6 }]);
  measures.beginSample();
  measures.sample(gauge, 5);
  expect(measures.summaries()).toMatchObject([{ count: 4, sum: 11, last: 5 }]);
  measures.beginSample();
  measures.sample(gauge, NOTHING);
  measures.beginSample();
  expect(measures.summaries()).toMatchObject([{ count: 4, sum: 11, last: 5 }]);
});

test("gauges that an assertion looks at are not held: their values are in the order of the objects", () => {
  const measures = new Measures(new CellRegistry(), [
    {
      text: "hpa_replicas last == 2",
      metric: "hpa_replicas",
      stat: "last",
      comparison: "==",
      threshold: 2,
      matchers: [],
      unit: "count",
      source: { file: "x.yaml", line: 1, column: 1 },
    },
  ]);
  const gauges = labels.map((one) => measures.gauge("hpa_replicas", one));
  for (const values of [
    [1, 1, 1],
    [3, 1, 2],
  ]) {
    measures.beginSample();
    for (const [index, gauge] of gauges.entries()) measures.sample(gauge, values[index] ?? NOTHING);
  }
  expect(gauges.map(({ isHeld }) => isHeld)).toEqual([false, false, false]);
  expect(measures.results()).toMatchObject([{ value: 2, holds: true }]);
});
