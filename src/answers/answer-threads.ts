import { availableParallelism } from "node:os";
import { type PluginFile, threadPool } from "../experiment/index.ts";
import type { Plan } from "../world/plan.ts";
import type { ThreadTask } from "./answer-worker.ts";
import type { ObservedRun } from "./rightsize/observe.ts";
import type { LossOutcome, SurviveTask } from "./survive-run.ts";

/** Plays tasks, some at a time. */
export interface TaskPlayer<Task, Result> {
  readonly width: number;
  readonly play: (task: Task) => Promise<Result>;
  readonly close: () => Promise<void>;
}

export interface PlayerOptions {
  readonly plugins: readonly PluginFile[];
  /** As many as the machine has processors by default. */
  readonly threads: number | undefined;
  readonly signal?: AbortSignal;
}

const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/answers/answer-worker.js" : "../answers/answer-worker.js",
  import.meta.url,
);

/** Plays the losses of `survive`. */
export function surviveThreads(options: PlayerOptions): Promise<TaskPlayer<SurviveTask, LossOutcome[]>> {
  return playerOf("surviveInThread", options);
}

/** Plays the runs of `rightsize`. */
export function observeThreads(options: PlayerOptions): Promise<TaskPlayer<Plan, ObservedRun>> {
  return playerOf("observeInThread", options);
}

/** In worker threads; a single one is this thread itself. */
async function playerOf<Task, Result>(
  name: keyof typeof import("./answer-worker.ts"),
  { plugins, threads = availableParallelism(), signal }: PlayerOptions,
): Promise<TaskPlayer<Task, Result>> {
  if (threads === 1) {
    const worker = await import("./answer-worker.ts");
    const call = worker[name] as unknown as (given: ThreadTask<Task>) => Promise<Result>;
    const play = async (task: Task): Promise<Result> => {
      signal?.throwIfAborted();
      return call({ task, plugins });
    };
    return { width: 1, play, close: async () => undefined };
  }
  const pool = await threadPool<ThreadTask<Task>, Result>(ENTRY, name, threads);
  return { width: threads, play: (task) => pool.run({ task, plugins }, signal), close: pool.close };
}
