import { startWorker } from "../experiment/index.ts";
import type { RunContext } from "./run.ts";
import { EXIT, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface WorkerCommandOptions {
  readonly url: string;
  readonly threads: number | undefined;
  readonly quiet: boolean;
}

/** `orrery worker`: makes runs of experiments elsewhere, until it is told to stop; what is going on is brought to its end. */
export async function worker({ url, threads, quiet }: WorkerCommandOptions, context: RunContext): Promise<number> {
  const { terminal } = context;
  const stopped = new Promise<void>((resolve) => void context.onInterrupt(resolve));
  const runner = await context.makeRunner(threads);
  try {
    const onRun = (id: string): void => (quiet ? undefined : terminal.err(`${id}\n`));
    const running = await startWorker({ url, version: packageVersion(), runner, onRun });
    if (!quiet) terminal.err(`orrery ${packageVersion()} takes up to ${runner.width} runs at a time\n`);
    await stopped;
    await running.close();
    return EXIT.done;
  } catch (error) {
    if (error instanceof Error && error.name === "RedisRefusal") throw new UsageError(error.message);
    throw error;
  } finally {
    await runner.close();
  }
}
