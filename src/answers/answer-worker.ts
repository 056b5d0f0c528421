/** The entry of a worker thread: the pool calls one of these functions. */
import type { PluginFile } from "../experiment/index.ts";
import { loadPlugins } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";
import { type ObservedRun, observeRun } from "./rightsize/observe.ts";
import { type LossOutcome, type SurviveTask, surviveTask } from "./survive-run.ts";

/** A task, and the plugins that its world needs. */
export interface ThreadTask<Task> {
  readonly task: Task;
  readonly plugins: readonly PluginFile[];
}

export async function surviveInThread({ task, plugins }: ThreadTask<SurviveTask>): Promise<LossOutcome[]> {
  return surviveTask(task, await loadPlugins(plugins));
}

export async function observeInThread({ task, plugins }: ThreadTask<Plan>): Promise<ObservedRun> {
  return observeRun(task, await loadPlugins(plugins));
}
