import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadScenario } from "../../src/scenario/index.ts";
import { deployment, service } from "../../src/testing/index.ts";
import { World } from "../../src/world/index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "orrery-csv-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Requests wanted in ten minutes by a load whose curve is in a CSV file. */
async function requestsOf(csv: string, curve: object): Promise<number> {
  writeFileSync(join(folder, "load.csv"), csv);
  const loads = [
    {
      name: "visitors",
      service: "web",
      demand: { rps: { csv: "load.csv", ...curve } },
      perRequest: { cpu: "1ms", latency: "1ms" },
    },
  ];
  const scenario = {
    apiVersion: "kube-orrery/v1alpha1",
    kind: "Scenario",
    metadata: { name: "csv" },
    spec: { seed: 1, duration: "10m", warmup: "0s", objects: [deployment("web"), service("web")], loads },
  };
  const file = join(folder, "scenario.yaml");
  writeFileSync(file, JSON.stringify(scenario));
  const { plan, problems } = await loadScenario(file, { version: "test" });
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  const world = World.from(plan);
  world.run();
  return world.finish().metrics.find(({ metric }) => metric === "service_requests")?.sum ?? Number.NaN;
}

test("a curve of steps from a file", async () => {
  expect(await requestsOf("time,rps\n0s,10\n2m,50\n5m,0\n", { value: "rps", interpolate: "step" })).toBeCloseTo(
    120 * 10 + 180 * 50,
    6,
  );
});

test("a curve of straight lines from a file, repeated", async () => {
  // Up to 60 and down again every four minutes: a mean of 30 over two rounds and the first half of a third.
  const csv = "time,rps\n0,0\n120,60\n240,0\n";
  expect(await requestsOf(csv, { value: "rps", repeat: "4m" })).toBeCloseTo(600 * 30, 0);
});

test("a single row holds for ever", async () => {
  expect(await requestsOf("time,rps\n0,7\n", { value: "rps" })).toBeCloseTo(600 * 7, 6);
});
