import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  rightsize as ask,
  observeThreads,
  patchText,
  type RightsizeAnswer,
  rightsizeLines,
  type SizingPolicy,
} from "../answers/index.ts";
import { pluginFilesOf, RerunRefusal, readRun, type Seed } from "../experiment/index.ts";
import { type Cluster, type ClusterFiles, loadCluster } from "./cluster.ts";
import { interruptible } from "./interruptible.ts";
import { refuse } from "./problems.ts";
import type { RunContext } from "./run.ts";
import { startRunProgress } from "./run-progress.ts";
import { EXIT, painter, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface RightsizeOptions extends ClusterFiles {
  /** undefined: 1..5, or the seed of the run. */
  readonly seeds: readonly Seed[] | undefined;
  readonly policy: SizingPolicy;
  readonly countsNodes: boolean;
  /** File for the patches. */
  readonly write: string | undefined;
  readonly threads: number | undefined;
  readonly output: "table" | "json" | "patch";
  readonly quiet: boolean;
}

/** `orrery rightsize`: requests from use, played again with the same seeds. Exit code 3 when they would do harm. */
export async function rightsize(options: RightsizeOptions, context: RunContext): Promise<number> {
  const { terminal } = context;
  const found = await loadSubject(options, terminal);
  if (found === null) return EXIT.usage;
  const { cluster, seeds } = found;
  const { plan, plugins } = cluster;
  if (plan.durationMicros <= plan.warmupMicros) throw new UsageError("rightsize: the scenario ends with its warm-up");
  return interruptible(context, async (signal) => {
    const player = await observeThreads({
      plugins: pluginFilesOf(cluster),
      threads: options.threads,
      signal,
    });
    const progress = await startRunProgress(terminal, 2 * seeds.length, { isQuiet: options.quiet });
    try {
      const { policy, countsNodes } = options;
      const { play } = player;
      const answer = await ask({ plan, plugins, seeds, policy, countsNodes, play, onRun: () => progress.add() });
      progress.stop();
      return print(answer, cluster, seeds, options, terminal);
    } finally {
      progress.stop();
      await player.close();
    }
  });
}

function print(
  answer: RightsizeAnswer,
  { plan }: Cluster,
  seeds: readonly Seed[],
  options: RightsizeOptions,
  terminal: Terminal,
): number {
  const { policy, output, write } = options;
  const exit = answer.harm.length > 0 ? EXIT.assertion : EXIT.done;
  const patch = patchText(answer.patches, `Requests of ${plan.name} from use, by orrery rightsize`);
  if (output === "patch") terminal.out(patch);
  else if (output === "json") {
    const document = {
      schema: "kube-orrery/rightsize.v1",
      version: packageVersion(),
      scenario: plan.name,
      seeds,
      policy,
    };
    terminal.out(`${JSON.stringify({ ...document, ...jsonOf(answer), exit }, null, 2)}\n`);
  } else {
    const printing = { plan, seeds, policy, paint: painter(terminal.outHasColour) };
    terminal.out(`${rightsizeLines(answer, printing).join("\n")}\n`);
  }
  if (write === undefined) return exit;
  try {
    writeFileSync(write, patch);
  } catch (error) {
    throw new UsageError(`--write: ${error instanceof Error ? error.message : String(error)}`);
  }
  terminal.err(`Wrote ${write}: orrery run ${options.files[0]} --overlay ${write}\n`);
  return exit;
}

/** Figures of what was used, not the histograms. */
function jsonOf({ proposals, ...rest }: RightsizeAnswer): object {
  const short = proposals.map(({ usage, ...proposal }) => {
    const { cpuCoresMax, memoryBytesMax, podsMax, oomKills } = usage;
    return { ...proposal, used: { cpuCoresMax, memoryBytesMax, podsMax, oomKills } };
  });
  return { proposals: short, ...rest };
}

interface Subject {
  readonly cluster: Cluster;
  readonly seeds: readonly Seed[];
}

/** A scenario, or the folder of a finished run, which has its own inputs and seed. */
async function loadSubject(options: RightsizeOptions, terminal: Terminal): Promise<Subject | null> {
  const { files, settings, overlays } = options;
  const [first = ""] = files;
  if (!existsSync(join(first, "summary.json"))) {
    const cluster = await loadCluster(options, terminal);
    return cluster === null ? null : { cluster, seeds: options.seeds ?? [1, 2, 3, 4, 5] };
  }
  try {
    const { loaded, plan, summary } = await readRun(first, { version: packageVersion(), settings, overlays });
    return { cluster: { ...loaded, plan }, seeds: options.seeds ?? [summary.seed] };
  } catch (error) {
    if (!(error instanceof RerunRefusal)) throw error;
    if (error.loaded !== null) refuse(terminal, error.loaded);
    throw new UsageError(error.message);
  }
}
