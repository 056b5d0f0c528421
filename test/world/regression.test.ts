import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../src/scenario/index.ts";
import type { Plan } from "../../src/world/index.ts";
import { World } from "../../src/world/index.ts";

const FOLDER = new URL("../../scenarios/regression/", import.meta.url).pathname;
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
const SECOND = 1_000_000;
const STEP = 600 * SECOND;

async function planOf(name: string, settings: readonly string[] = []): Promise<Plan> {
  const { plan, problems } = await loadScenario(`${FOLDER}${name}`, { version: "test", settings });
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  return plan;
}

function play(plan: Plan) {
  const rescales: number[] = [];
  const world = World.from(plan, {
    event: () => {},
    sample: () => {},
    decision: (record) => {
      if (record.by === "hpa" && record.what === "scale") rescales.push(record.t);
    },
  });
  world.run();
  return { rescales, summary: world.finish() };
}

describe("what users have reported", { timeout: 300_000 }, () => {
  it.each(NAMES)("%s holds", async (name) => {
    const { summary } = play(await planOf(name));
    expect(summary.assertions.length).toBeGreaterThan(0);
    expect(summary.assertions.filter(({ holds }) => !holds).map(({ assertion }) => assertion.text)).toEqual([]);
  });

  const delays: [string, string, number, number][] = [
    ["before tuning", "30s", 27.5, 55],
    ["after tuning", "15s", 20, 40],
  ];
  it.each(delays)("from a load step to the decision, %s", async (_what, scrape, mean, worst) => {
    const plan = await planOf("metrics-pipeline.yaml", [`spec.timing.metricsScrape=${scrape}`]);
    const seen = Array.from({ length: 150 }, (_, seed) => {
      const { rescales } = play({ ...plan, seed, durationMicros: STEP + 90 * SECOND });
      return ((rescales[0] ?? Number.NaN) - STEP) / SECOND;
    });
    expect(Math.max(...seen)).toBeLessThanOrEqual(worst);
    expect(Math.max(...seen)).toBeGreaterThan(worst * 0.85);
    expect(Math.min(...seen)).toBeLessThan(worst * 0.15);
    const average = seen.reduce((sum, delay) => sum + delay, 0) / seen.length;
    // Three standard errors of the mean of three uniform delays.
    const variance = (10 ** 2 + Number.parseInt(scrape, 10) ** 2 + 15 ** 2) / 12;
    expect(Math.abs(average - mean)).toBeLessThan(3 * Math.sqrt(variance / seen.length));
  });

  it("runs away in a rolling update by the old formula", async () => {
    const plan = await planOf("rolling-update-runaway.yaml", ["spec.fidelity.hpaFormula=before-1.16"]);
    const { summary } = play(plan);
    expect(summary.assertions.map(({ value }) => value)).toEqual([664, 383]);
  });
});
