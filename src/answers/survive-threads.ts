import { availableParallelism } from "node:os";
import { type PluginFile, threadPool } from "../experiment/index.ts";
import type { LossOutcome, SurviveTask } from "./survive-run.ts";
import type { ThreadTask } from "./survive-worker.ts";

/** Plays tasks of `survive`, some at a time. */
export interface SurvivePlayer {
  readonly width: number;
  readonly play: (task: SurviveTask) => Promise<LossOutcome[]>;
  readonly close: () => Promise<void>;
}

const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/answers/survive-worker.js" : "./survive-worker.js",
  import.meta.url,
);

/** Plays in worker threads; a single one is this thread itself. */
export async function surviveThreads(
  plugins: readonly PluginFile[],
  threads: number = availableParallelism(),
  signal?: AbortSignal,
): Promise<SurvivePlayer> {
  if (threads === 1) {
    const { surviveInThread } = await import("./survive-worker.ts");
    const play = async (task: SurviveTask): Promise<LossOutcome[]> => {
      signal?.throwIfAborted();
      return surviveInThread({ ...task, plugins });
    };
    return { width: 1, play, close: async () => undefined };
  }
  const pool = await threadPool<ThreadTask, LossOutcome[]>(ENTRY, "surviveInThread", threads);
  return { width: threads, play: (task) => pool.run({ ...task, plugins }, signal), close: pool.close };
}
