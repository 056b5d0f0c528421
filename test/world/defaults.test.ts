import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadScenario } from "../../src/scenario/index.ts";
import { DEFAULT_TIMING } from "../../src/testing/index.ts";

test("plans of tests have the timing of a scenario that says nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "orrery-"));
  try {
    const file = join(folder, "nothing.yaml");
    const scenario = {
      apiVersion: "kube-orrery/v1alpha1",
      kind: "Scenario",
      metadata: { name: "nothing" },
      spec: { seed: 1, duration: "1m" },
    };
    writeFileSync(file, JSON.stringify(scenario));
    const { plan } = await loadScenario(file, { version: "test" });
    expect(plan?.timing).toEqual(DEFAULT_TIMING);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
