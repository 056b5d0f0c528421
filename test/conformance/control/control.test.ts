import { describe, expect, it } from "vitest";
import { runControlFile } from "./run.ts";
import { readRecording } from "./scenario.ts";

/** How many scenarios of each recording agree. A number may only rise. */
const AGREED: Readonly<Record<string, { readonly atLeast: number; readonly of: number }>> = {
  rc: { atLeast: 10, of: 10 },
  scaledown: { atLeast: 24, of: 24 },
  deploy: { atLeast: 39, of: 39 },
  daemonset: { atLeast: 12, of: 12 },
  endpointslice: { atLeast: 6, of: 6 },
  job: { atLeast: 19, of: 19 },
  "hpa-sync": { atLeast: 58, of: 58 },
  nodelife: { atLeast: 23, of: 23 },
  pdb: { atLeast: 14, of: 14 },
  statefulset: { atLeast: 15, of: 15 },
  "other-outcomes": { atLeast: 4, of: 4 },
};

function recording(family: string) {
  return readRecording(new URL(`../recordings/control/${family}.json.gz`, import.meta.url));
}

describe("controllers against the recordings of kube-controller-manager 1.37.2", () => {
  it.each(Object.entries(AGREED))("%s", (family, { atLeast, of }) => {
    const result = runControlFile(recording(family));
    expect(result.scenarios).toBe(of);
    const lines = result.differences.map(({ scenario, lines: [first = ""] }) => `${scenario}: ${first}`);
    expect(result.agreed, lines.join("\n")).toBeGreaterThanOrEqual(atLeast);
  });

  it("does not skip a scenario whose controllers do not exist", () => {
    const [first] = recording("rc");
    const result = runControlFile([{ ...(first as NonNullable<typeof first>), controllers: ["of-nothing"] }]);
    expect(result).toMatchObject({ scenarios: 1, agreed: 0 });
    expect(result.differences[0]?.lines).toEqual(["not simulated yet: of-nothing"]);
  });

  it("takes another order of one instant only where the recording is of one outcome of several", () => {
    const scenarios = recording("other-outcomes");
    const certain = scenarios.map(({ racy: _, ...rest }) => rest);
    expect(runControlFile(certain)).toMatchObject({ scenarios: 4, agreed: 0 });
  });

  it("notices an entry and an event that differ", () => {
    const [first] = recording("rc") as [NonNullable<ReturnType<typeof recording>[number]>];
    const [entry, ...entries] = first.timeline as [NonNullable<(typeof first.timeline)[number]>];
    const [event, ...events] = first.events as [NonNullable<(typeof first.events)[number]>];
    const late = runControlFile([{ ...first, timeline: [{ ...entry, t: 17 }, ...entries] }]);
    expect(late.differences[0]?.lines).toHaveLength(2);
    const renamed = runControlFile([{ ...first, events: [{ ...event, msg: "Created pod: P99" }, ...events] }]);
    expect(renamed.differences[0]?.lines).toHaveLength(2);
  });
});
