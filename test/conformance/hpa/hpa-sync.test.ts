import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { KubeletSpec } from "./kubelets.ts";
import type { SyncScenario } from "./replay.ts";
import { runHpaLoop, runHpaSync } from "./run-sync.ts";

const recording = new URL("../recordings/control/hpa-sync.json.gz", import.meta.url);
const scenarios = JSON.parse(gunzipSync(readFileSync(recording)).toString("utf8")) as (SyncScenario & {
  kubelet: KubeletSpec;
})[];

describe("HPA controller, recorded scenarios", () => {
  it("plays all of them", () => {
    expect(scenarios.length).toBe(58);
  });

  it.each(runHpaSync(scenarios))("agrees in $name", ({ entries, differences }) => {
    expect(entries).toBeGreaterThan(0);
    expect(differences).toEqual([]);
  });
});

describe("HPA and ReplicaSet controllers together, recorded scenarios", () => {
  it.each(runHpaLoop(scenarios))("agree in $name", ({ entries, differences }) => {
    expect(entries).toBeGreaterThan(0);
    expect(differences).toEqual([]);
  });
});
