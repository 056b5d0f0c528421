import type { RunContext } from "./run.ts";
import { EXIT, UsageError } from "./terminal.ts";

/** A plugin of the user's that fails, here and on a worker: the user's error, not ours. */
const PLUGIN_ERRORS: readonly string[] = ["PluginError", "PluginFault"];

/** Work that Ctrl-C stops; returns its exit code, or that of an interruption. */
export async function interruptible(
  context: RunContext,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  const release = context.onInterrupt(() => stop.abort());
  try {
    return await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) return EXIT.interrupted;
    if (error instanceof Error && PLUGIN_ERRORS.includes(error.name)) throw new UsageError(error.message);
    throw error;
  } finally {
    release();
  }
}
