import { expect, test } from "vitest";
import { Engine } from "../engine/index.ts";
import type { KubeEvent } from "../kube/index.ts";
import { seconds } from "../units/index.ts";
import { EventRecorder } from "./event-recorder.ts";

/** Reports of one pod: instant in seconds, version of the pod, message. */
type Report = readonly [at: number, version: number, message: string];

/** Plays reports; what was written: instant in seconds, message, count. */
function play(reports: readonly Report[], until = 3000) {
  const engine = new Engine({ seed: 1 });
  const recorder = new EventRecorder(engine);
  const written: [number, string, number][] = [];
  recorder.sink = { written: ({ message, count }) => written.push([engine.now / 1e6, message, count]) };
  const involvedObject = { kind: "Pod", namespace: "default", name: "p", uid: "u" };
  const report = engine.define("report", 4, (index) => {
    const [, version, message] = reports[index] as Report;
    const event: KubeEvent = { involvedObject, type: "Warning", reason: "FailedScheduling", message, source: "s" };
    recorder.recordSeries(event, version);
  });
  for (const [index, [at]] of reports.entries()) engine.at(seconds(at), report, index);
  engine.run(seconds(until));
  return { written, kept: recorder.kept().map(({ message, count }) => [message, count]) };
}

test("a report about another version of the object is another event", () => {
  const { written } = play([
    [10, 1, "a"],
    [11, 2, "a"],
    [12, 2, "a"],
  ]);
  expect(written).toEqual([
    [10, "a", 1],
    [11, "a", 1],
    [12, "a", 2],
  ]);
});

test("the note is that of the first report", () => {
  const { written } = play([
    [10, 1, "a"],
    [11, 1, "b"],
  ]);
  expect(written).toEqual([
    [10, "a", 1],
    [11, "a", 2],
  ]);
});

test("from the third report on a series is written when it is over", () => {
  const { written, kept } = play([
    [10, 1, "a"],
    [20, 1, "a"],
    [30, 1, "a"],
    [40, 1, "a"],
  ]);
  // The looks are each 6 minutes; nothing must have come for more than 6.
  expect(written).toEqual([
    [10, "a", 1],
    [20, "a", 2],
    [720, "a", 4],
  ]);
  expect(kept).toEqual([["a", 4]]);
});

test("a series that is over is not continued", () => {
  const { written, kept } = play([
    [10, 1, "a"],
    [719, 1, "a"],
    [1500, 1, "a"],
  ]);
  expect(written).toEqual([
    [10, "a", 1],
    [719, "a", 2],
    [1500, "a", 1],
  ]);
  expect(kept).toEqual([
    ["a", 2],
    ["a", 1],
  ]);
});

test("series that are over are not remembered for ever", () => {
  const engine = new Engine({ seed: 1 });
  const recorder = new EventRecorder(engine);
  const report = engine.define("report", 4, (index) => {
    const involvedObject = { kind: "Pod", namespace: "default", name: `p-${index}`, uid: `u-${index}` };
    recorder.recordSeries({ involvedObject, type: "Normal", reason: "Scheduled", message: "m", source: "s" }, 1);
  });
  for (let pod = 0; pod < 2000; pod++) engine.at(seconds(60 * pod), report, pod);
  engine.run(seconds(60 * 2000));
  const saved = JSON.stringify(engine.checkpoint().cells.get("kubeEvents.series")?.data);
  const kept = saved.split("Scheduled").length - 1;
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(20);
});
