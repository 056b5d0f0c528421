import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Runner, RunOutcome, RunRequest } from "./request.ts";

/** Tasks in worker threads. */
export interface ThreadPool<Task, Result> {
  run(task: Task, signal?: AbortSignal): Promise<Result>;
  close(): Promise<void>;
}

/**
 * A pool of worker threads that call one function of a module.
 * @param entry the module; threads load JavaScript only, so from the sources they run what was built of it
 */
export async function threadPool<Task, Result>(
  entry: URL,
  name: string,
  threads: number,
): Promise<ThreadPool<Task, Result>> {
  const { Piscina } = await import("piscina");
  const pool = new Piscina<Task, Result>({
    filename: fileURLToPath(entry),
    name,
    minThreads: threads,
    maxThreads: threads,
    // A thread that waits for its next run costs less than one that is started again.
    idleTimeout: 60_000,
  });
  return {
    run: (task, signal) => pool.run(task, signal === undefined ? {} : { signal }),
    close: () => pool.destroy(),
  };
}

/** Seen from a room and from the folder of the built chunks alike. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/experiment/run-worker.js" : "../experiment/run-worker.js",
  import.meta.url,
);

/**
 * Runs in worker threads, one world each.
 * @param threads at the same time; by default as many as the machine has processors
 */
export async function threadRunner(threads: number = availableParallelism()): Promise<Runner> {
  const pool = await threadPool<RunRequest, RunOutcome>(ENTRY, "playInThread", threads);
  return { width: threads, run: pool.run, close: pool.close };
}
