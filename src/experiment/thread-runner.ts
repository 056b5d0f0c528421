import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import type { Runner, RunOutcome, RunRequest } from "./request.ts";

/** Worker threads load JavaScript only: from the sources, they run what was built of them. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/experiment/run-worker.js" : "./run-worker.js",
  import.meta.url,
);

/**
 * Runs in worker threads, one world each.
 * @param threads at the same time; by default as many as the machine has processors
 */
export async function threadRunner(threads: number = availableParallelism()): Promise<Runner> {
  const { Piscina } = await import("piscina");
  const pool = new Piscina<RunRequest, RunOutcome>({
    filename: fileURLToPath(ENTRY),
    name: "playInThread",
    minThreads: threads,
    maxThreads: threads,
    // A thread that waits for its next run costs less than one that is started again.
    idleTimeout: 60_000,
  });
  return {
    width: threads,
    run: (request, signal) => pool.run(request, signal === undefined ? {} : { signal }),
    close: () => pool.destroy(),
  };
}
