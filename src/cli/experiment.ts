import {
  type Conclusion,
  mergeExperiments,
  overviewRows,
  type Runner,
  readExperiment,
  runExperiment,
  type Shard,
} from "../experiment/index.ts";
import type { LoadedScenario } from "../scenario/index.ts";
import { refuse } from "./problems.ts";
import type { RunContext } from "./run.ts";
import { type RunProgress, startRunProgress } from "./run-progress.ts";
import { tableLines } from "./table.ts";
import { EXIT, painter, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface ExperimentCommandOptions {
  readonly file: string;
  readonly out: string;
  readonly mode: "start" | "resume" | "restart";
  readonly shard: Shard | null;
  readonly threads: number | undefined;
  /** Address of the Redis whose workers make the runs; undefined: threads of this process do. */
  readonly redis: string | undefined;
  readonly output: "table" | "json";
  readonly quiet: boolean;
}

/** `orrery experiment FILE`: all runs of an experiment, and what follows from them. */
export async function experimentCommand(options: ExperimentCommandOptions, context: RunContext): Promise<number> {
  const { terminal } = context;
  const { experiment, ...read } = readExperiment(options.file);
  if (experiment === null) {
    refuse(terminal, { ...read, plan: null, inputs: [], resolved: "", plugins: new Map() });
    return EXIT.usage;
  }
  const stop = new AbortController();
  const release = context.onInterrupt(() => stop.abort());
  let progress: RunProgress | undefined;
  try {
    const { folder, made, conclusion } = await runExperiment({
      experiment,
      out: options.out,
      version: packageVersion(),
      mode: options.mode,
      shard: options.shard,
      makeRunner: () => runnerOf(options, context),
      signal: stop.signal,
      onStart: async (total, done) => {
        progress = await startRunProgress(terminal, total, { doneBefore: done, isQuiet: options.quiet });
        if (done > 0 && !options.quiet) terminal.err(`${done} of ${total} runs are there already\n`);
      },
      onRun: () => progress?.add(),
    });
    progress?.stop();
    if (conclusion === null) {
      if (!options.quiet)
        terminal.err(`${made} runs made. Put the shards together with: orrery experiment merge DIR…\n`);
      return EXIT.done;
    }
    return conclude(conclusion, folder, options, terminal);
  } catch (error) {
    if (stop.signal.aborted) {
      terminal.err("Interrupted. Finished runs are kept; go on with --resume.\n");
      return EXIT.interrupted;
    }
    return refused(error, terminal);
  } finally {
    progress?.stop();
    release();
  }
}

function runnerOf({ redis, threads }: ExperimentCommandOptions, context: RunContext): Promise<Runner> {
  return redis === undefined ? context.makeRunner(threads) : context.makeRedisRunner(redis);
}

export interface MergeCommandOptions {
  readonly folders: readonly string[];
  readonly out: string;
  readonly output: "table" | "json";
  readonly quiet: boolean;
}

/** `orrery experiment merge DIR…`: puts shards together. */
export async function mergeCommand(options: MergeCommandOptions, terminal: Terminal): Promise<number> {
  try {
    const { folder, missing, missingCount, conclusion } = await mergeExperiments(options.folders, options.out);
    if (conclusion !== null) return conclude(conclusion, folder, options, terminal);
    const more = missingCount > missing.length ? ", …" : "";
    terminal.err(`${missingCount} runs are missing: ${missing.join("; ")}${more}\n`);
    return EXIT.assertion;
  } catch (error) {
    return refused(error, terminal);
  }
}

function conclude(
  conclusion: Conclusion,
  folder: string,
  options: { readonly output: "table" | "json"; readonly quiet: boolean },
  terminal: Terminal,
): number {
  const { best } = conclusion;
  const exit = best !== null && !best.isFeasible ? EXIT.assertion : EXIT.done;
  if (options.output === "json") {
    terminal.out(`${JSON.stringify({ schema: "kube-orrery/conclusion.v1", folder, ...conclusion, exit }, null, 2)}\n`);
  } else if (!options.quiet) {
    const paint = painter(terminal.outHasColour);
    const closing = best === null ? [] : ["", paint(best.isFeasible ? "good" : "bad", best.text)];
    terminal.out(
      `${[...tableLines(overviewRows(conclusion)), ...closing, "", `${folder}/report.html`, `${folder}/compare.md`].join("\n")}\n`,
    );
  }
  return exit;
}

/** What is the user's to mend becomes an exit of 2; the rest goes on. */
function refused(error: unknown, terminal: Terminal): number {
  if (!(error instanceof Error)) throw error;
  if (error.name === "VariantError" && "loaded" in error) {
    terminal.err(`${error.message}:\n`);
    refuse(terminal, error.loaded as LoadedScenario);
    return EXIT.usage;
  }
  if (["ExperimentRefusal", "PluginFault", "RedisRefusal"].includes(error.name)) throw new UsageError(error.message);
  throw error;
}
