import { resolve } from "node:path";
import type { InputFile, LoadedScenario } from "../scenario/index.ts";
import type { Plan, RunSummary } from "../world/plan.ts";

/** The code of a scheduler plugin of the user's own: its name in the plan and an absolute path. */
export interface PluginFile {
  readonly name: string;
  readonly path: string;
}

/** Where the result folder of a run is written, and what goes into it besides the run's outcome. */
export interface ResultTarget {
  /** The folder that holds the results of all scenarios. */
  readonly out: string;
  readonly version: string;
  readonly resolved: string;
  readonly inputs: readonly InputFile[];
}

/** One run to be made: plain data, so that it can go to another thread or another machine. */
export interface RunRequest {
  /** Names the run in messages; unique among the runs that are made together. */
  readonly id: string;
  readonly plan: Plan;
  readonly plugins: readonly PluginFile[];
  /** Absent: nothing is written, which is what a machine without these files can do too. */
  readonly folder?: ResultTarget;
}

/** How a run ended. */
export interface RunOutcome {
  readonly summary: RunSummary;
  /** What a plugin of the user's own did wrong: the run ended there. null otherwise. */
  readonly fault: string | null;
}

/** Makes runs, some at a time. What it gives depends on the request alone. */
export interface Runner {
  /** How many runs go on at the same time; more may be handed over, and wait. */
  readonly width: number;
  /** @throws what the run throws, or the signal's reason */
  run(request: RunRequest, signal?: AbortSignal): Promise<RunOutcome>;
  close(): Promise<void>;
}

/** The same plan with another seed. */
export function withSeed(plan: Plan, seed: string | number): Plan {
  return { ...plan, seed };
}

/** The plugins of a scenario, as files that another thread can load. */
export function pluginFilesOf({ plan, folder }: LoadedScenario): PluginFile[] {
  return (plan?.scheduler?.plugins ?? []).map(({ name, path }) => ({ name, path: resolve(folder, path) }));
}
