import { expect, test } from "vitest";
import { publicRecordings, readSchedulerRecording } from "./recordings.ts";
import { runSchedulerFile } from "./run.ts";

/** Decisions that agreed when this was last looked at: the numbers may only rise. `all`: every decision of the file. */
const MINIMUMS: Readonly<Record<string, number | "all">> = {
  "decide-default-spread": "all",
  "decide-images": "all",
  "decide-large": "all",
  "decide-mixed": "all",
  "decide-node-affinity": "all",
  "decide-node-name": "all",
  "decide-pod-affinity": "all",
  "decide-ports": "all",
  "decide-resources": "all",
  "decide-taints": "all",
  "decide-topology-spread": "all",
  nodeorder: "all",
  "preempt-basic": "all",
  "preempt-constraints": "all",
  "preempt-nominated": "all",
  "preempt-pdb": "all",
  "queue-events": "all",
  "queue-preemption": "all",
};

test("every recording has a minimum", () => {
  expect([...publicRecordings().keys()]).toEqual(Object.keys(MINIMUMS).sort());
});

test.each([...publicRecordings()])("%s agrees with the real scheduler as far as it did before", (name, path) => {
  const result = runSchedulerFile(readSchedulerRecording(path));
  const minimum = MINIMUMS[name];
  expect(result.decisions).toBeGreaterThan(0);
  if (minimum === "all") expect(result.differences.slice(0, 3)).toEqual([]);
  expect(result.agreed).toBeGreaterThanOrEqual(minimum === "all" ? result.decisions : (minimum ?? 0));
});
