import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Recording, readControlPlane } from "./recording.ts";
import { runControlPlane } from "./run.ts";

/** How many facts of each recording are compared, and all agree. A number may only rise. */
const FACTS: Readonly<Record<string, number>> = {
  a_rollout: 31,
  a2_rollout_small: 83,
  b_node_failure: 31,
  c_hpa: 41,
  d_workloads: 55,
  e_drain_pdb: 33,
  f_preempt: 56,
};

function recording(name: string): Recording {
  return readControlPlane(fileURLToPath(new URL(`../recordings/control-plane/${name}.marks.json`, import.meta.url)));
}

describe("whole worlds against the recordings of a control plane of Kubernetes 1.37.2", () => {
  it.each(Object.entries(FACTS))("%s", async (name, atLeast) => {
    const { facts, differences } = await runControlPlane(recording(name));
    expect(differences).toEqual([]);
    expect(facts).toBeGreaterThanOrEqual(atLeast);
  });

  it("fails what nobody knows how to play", async () => {
    const result = await runControlPlane({ ...recording("d_workloads"), name: "of_nothing" });
    expect(result).toMatchObject({ facts: 1, agreed: 0 });
  });

  it("notices a pod that is missing, a step that is late, a state and an event that are others", async () => {
    const whole = recording("d_workloads");
    const isFirstPod = ({ n }: Recording["entries"][number]): boolean => n === "job-p001";
    const found = async (entries: Recording["entries"]): Promise<string> =>
      (await runControlPlane({ ...whole, entries })).differences.join("\n");
    expect(await found(whole.entries.filter((entry) => !isFirstPod(entry)))).toContain("pods of job: created");
    const late = whole.entries.map((entry) => (isFirstPod(entry) ? { ...entry, t: entry.t + 7 } : entry));
    expect(await found(late)).toContain("pods of job: bound");
    const lessReady = whole.entries.map((entry) =>
      entry.k === "DaemonSet" ? { ...entry, st: { ...(entry.st as object), rd: 1 } } : entry,
    );
    expect(await found(lessReady)).toContain("DaemonSet ds before");
    const renamed = whole.entries.map((entry) => (entry.reason === "Completed" ? { ...entry, reason: "Done" } : entry));
    expect(await found(renamed)).toContain("events Job/job: Completed (Normal)");
  });
});
