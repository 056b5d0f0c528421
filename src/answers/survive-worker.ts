/** The entry of a worker thread: the pool calls `surviveInThread`. */
import type { PluginFile } from "../experiment/index.ts";
import { loadPlugins } from "../scenario/index.ts";
import { type LossOutcome, type SurviveTask, surviveTask } from "./survive-run.ts";

export interface ThreadTask extends SurviveTask {
  readonly plugins: readonly PluginFile[];
}

export async function surviveInThread({ plugins, ...task }: ThreadTask): Promise<LossOutcome[]> {
  return surviveTask(task, await loadPlugins(plugins));
}
