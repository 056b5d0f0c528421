import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { SummaryDocument } from "../report/index.ts";
import { type LoadedScenario, loadPlugins, loadScenario } from "../scenario/index.ts";
import { World } from "../world/index.ts";
import type { Plan } from "../world/plan.ts";
import { type PluginFile, pluginFilesOf, withSeed } from "./request.ts";

/** A finished run, ready to be made again from what lies in its own folder. */
export interface RecordedRun {
  readonly folder: string;
  readonly summary: SummaryDocument;
  readonly plan: Plan;
  readonly plugins: readonly PluginFile[];
  /** The resolved scenario that it was loaded from. */
  readonly scenario: string;
  readonly loaded: LoadedScenario;
}

/** The folder is not that of a run that can be made again: what is wrong with it. */
export class RerunRefusal extends Error {
  override readonly name = "RerunRefusal";
  /** The scenario with its problems, when that is what is wrong. */
  readonly loaded: LoadedScenario | null;
  constructor(message: string, loaded: LoadedScenario | null = null) {
    super(message);
    this.loaded = loaded;
  }
}

/** There is nothing to show: what was asked for is not there, or has nothing of the kind. */
export class ViewRefusal extends Error {
  override readonly name = "ViewRefusal";
}

/** The world of a run, made again up to an instant: its end by default, and at the latest. */
export async function worldAt({ plan, plugins }: RecordedRun, at: number | null): Promise<World> {
  const world = World.from(plan, undefined, await loadPlugins(plugins));
  world.run(Math.min(at ?? plan.durationMicros, plan.durationMicros));
  return world;
}

const RESOLVED = "scenario.resolved.yaml";

export interface RerunOptions {
  readonly version: string;
  readonly settings?: readonly string[];
  readonly overlays?: readonly string[];
}

/**
 * Reads the folder of a finished run: its summary, its resolved scenario (in it, or beside it, as experiments have one for all seeds
 * of a variant) and its inputs, which must be what the run has read.
 * @throws RerunRefusal
 */
export async function readRun(folder: string, options: RerunOptions): Promise<RecordedRun> {
  const summary = readSummary(folder);
  const home = [folder, dirname(folder)].find((path) => existsSync(join(path, RESOLVED)));
  if (home === undefined) throw new RerunRefusal(`${folder} holds no ${RESOLVED}`);
  for (const { path, sha256 } of summary.inputs) {
    const file = join(home, path);
    if (!existsSync(file)) throw new RerunRefusal(`${file} is missing`);
    if (createHash("sha256").update(readFileSync(file)).digest("hex") !== sha256) {
      throw new RerunRefusal(`${file} is not what the run has read (its SHA-256 differs)`);
    }
  }
  const scenario = join(home, RESOLVED);
  const { version, settings = [], overlays = [] } = options;
  const loaded = await loadScenario(scenario, { version, run: summary.run, settings, overlays });
  if (loaded.plan === null) throw new RerunRefusal(`${scenario} cannot be run`, loaded);
  const plan = withSeed(loaded.plan, summary.seed);
  return { folder, summary, plan, plugins: pluginFilesOf(loaded), scenario, loaded };
}

function readSummary(folder: string): SummaryDocument {
  const file = join(folder, "summary.json");
  if (!existsSync(file)) throw new RerunRefusal(`${folder} is not the folder of a run: it holds no summary.json`);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as SummaryDocument;
  } catch {
    throw new RerunRefusal(`${file} is not JSON`);
  }
}
