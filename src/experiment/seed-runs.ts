import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeToString } from "fast-csv";
import { type SummaryDocument, seedFolder, writeIndex } from "../report/index.ts";
import type { LoadedScenario } from "../scenario/index.ts";
import { type Estimate, estimate } from "../statistics/index.ts";
import type { MetricUnit, Plan } from "../world/plan.ts";
import { PluginFault } from "./compare.ts";
import type { Seed } from "./comparison.ts";
import { measuresOf } from "./measures.ts";
import { pluginFilesOf, type Runner, type RunRequest, withSeed } from "./request.ts";
import { runAll } from "./run-all.ts";

export interface SeedRunsOptions {
  readonly loaded: LoadedScenario & { readonly plan: Plan };
  readonly seeds: readonly Seed[];
  readonly out: string;
  readonly version: string;
  readonly runner: Runner;
  readonly signal?: AbortSignal;
  readonly onRun?: () => void;
}

/** A measure over the seeds. */
export interface SeedMeasure {
  readonly measure: string;
  readonly unit: MetricUnit;
  readonly isAsserted: boolean;
  readonly estimate: Estimate;
  readonly min: number;
  readonly max: number;
}

export interface SeedRuns {
  /** `<out>/<scenario>`, with a result folder a seed, index.json and summary.csv. */
  readonly folder: string;
  /** The scenario's assertions, and with how many seeds each holds. */
  readonly assertions: readonly { readonly text: string; readonly heldCount: number }[];
  /** Seeds with which an assertion fails. */
  readonly failedSeeds: readonly Seed[];
  readonly measures: readonly SeedMeasure[];
}

/** Runs a scenario with every seed, each into a result folder of its own. @throws PluginFault, the signal's reason */
export async function runSeeds(options: SeedRunsOptions): Promise<SeedRuns> {
  const { loaded, seeds, out, runner, signal, onRun } = options;
  const folder = join(out, loaded.plan.name);
  await runAll(
    runner,
    requestsOf(options),
    ({ id }, { fault }) => {
      if (fault !== null) throw new PluginFault(`${id}: ${fault}`);
      onRun?.();
    },
    signal,
  );
  writeIndex(folder, loaded.plan.name);
  return summed(folder, seeds);
}

function* requestsOf({ loaded, seeds, out, version }: SeedRunsOptions): Generator<RunRequest> {
  const { plan, resolved, inputs } = loaded;
  const plugins = pluginFilesOf(loaded);
  for (const seed of seeds) {
    // The resolved scenario of a seed names that seed: run by itself, it is the same run.
    const own = resolved.replace(/^( {2}seed: ).*$/m, `$1${JSON.stringify(seed)}`);
    const target = { out, version, resolved: own, inputs };
    yield { id: `seed ${seed}`, plan: withSeed(plan, seed), plugins, folder: target };
  }
}

/** Reads the summaries one after the other; writes summary.csv, a row a seed. */
async function summed(folder: string, seeds: readonly Seed[]): Promise<SeedRuns> {
  const values = new Map<
    string,
    { readonly unit: MetricUnit; readonly isAsserted: boolean; readonly bySeed: Map<Seed, number> }
  >();
  const held = new Map<string, number>();
  const failedSeeds: Seed[] = [];
  const digests = new Map<Seed, string>();
  for (const seed of seeds) {
    const summary = JSON.parse(readFileSync(join(folder, seedFolder(seed), "summary.json"), "utf8")) as SummaryDocument;
    digests.set(seed, summary.digest ?? "");
    for (const { text, holds } of summary.assertions) held.set(text, (held.get(text) ?? 0) + (holds ? 1 : 0));
    if (summary.assertions.some(({ holds }) => !holds)) failedSeeds.push(seed);
    for (const { measure, unit, isAsserted, value } of measuresOf(summary)) {
      const known = values.get(measure) ?? { unit, isAsserted, bySeed: new Map<Seed, number>() };
      values.set(measure, known);
      if (value !== null) known.bySeed.set(seed, value);
    }
  }
  const rows = seeds.map((seed) => ({
    seed,
    digest: digests.get(seed),
    ...Object.fromEntries([...values].map(([measure, { bySeed }]) => [measure, bySeed.get(seed) ?? ""])),
  }));
  const text = await writeToString(rows, { headers: true, includeEndRowDelimiter: true });
  writeFileSync(join(folder, "summary.csv.tmp"), text);
  renameSync(join(folder, "summary.csv.tmp"), join(folder, "summary.csv"));
  const measures = [...values].flatMap(([measure, { unit, isAsserted, bySeed }]) => {
    const all = [...bySeed.values()];
    if (all.length === 0) return [];
    const [min, max] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
    return [{ measure, unit, isAsserted, estimate: estimate(all), min, max }];
  });
  return {
    folder,
    assertions: [...held].map(([line, heldCount]) => ({ text: line, heldCount })),
    failedSeeds,
    measures,
  };
}
