import { survive as ask, isLost, lossesOf, surviveLines, surviveThreads, tasksOf } from "../answers/index.ts";
import { pluginFilesOf, type Seed } from "../experiment/index.ts";
import { type ClusterFiles, loadCluster } from "./cluster.ts";
import { interruptible } from "./interruptible.ts";
import type { RunContext } from "./run.ts";
import { startRunProgress } from "./run-progress.ts";
import { EXIT, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface SurviveOptions extends ClusterFiles {
  readonly nodes: number | null;
  readonly zones: number | null;
  readonly sample: number;
  readonly seeds: readonly Seed[];
  readonly at: number | null;
  readonly horizonMicros: number;
  readonly within: number | null;
  readonly threads: number | undefined;
  readonly output: "table" | "json";
  readonly quiet: boolean;
}

const TEN_MINUTES = 600_000_000;
const SHORTEST = 60_000_000;

/** `orrery survive`: every loss of nodes and zones, or a sample of them, with every seed. Exit code 3 when the answer is no. */
export async function survive(options: SurviveOptions, context: RunContext): Promise<number> {
  const { terminal } = context;
  const { seeds, horizonMicros, within } = options;
  const cluster = await loadCluster(options, terminal);
  if (cluster === null) return EXIT.usage;
  const { plan } = cluster;
  const losses = readLosses(options, cluster);
  const atMicros = options.at ?? Math.max(TEN_MINUTES, plan.warmupMicros);
  if (atMicros < 1) throw new UsageError("--at: nothing can be lost before the run begins");
  if (horizonMicros < SHORTEST) throw new UsageError("--for: less than a minute shows nothing");
  return interruptible(context, async (signal) => {
    const player = await surviveThreads({
      plugins: pluginFilesOf(cluster),
      threads: options.threads,
      signal,
    });
    const question = { plan, losses, seeds, atMicros, horizonMicros, width: player.width, play: player.play };
    const progress = await startRunProgress(terminal, tasksOf(question).length, { isQuiet: options.quiet });
    try {
      const answers = await ask({ ...question, onTask: () => progress.add() });
      progress.stop();
      const exit = answers.some((answer) => isLost(answer, within)) ? EXIT.assertion : EXIT.done;
      if (options.output === "json") {
        const document = {
          schema: "kube-orrery/survive.v1",
          version: packageVersion(),
          seeds,
          atMicros,
          horizonMicros,
        };
        terminal.out(`${JSON.stringify({ ...document, withinMicros: within, losses: answers, exit }, null, 2)}\n`);
      } else terminal.out(`${surviveLines(answers, plan, within).join("\n")}\n`);
      return exit;
    } finally {
      progress.stop();
      await player.close();
    }
  });
}

function readLosses(options: SurviveOptions, { plan }: { readonly plan: Parameters<typeof lossesOf>[0] }) {
  const isAny = options.nodes === null && options.zones === null;
  const zoneCount = new Set(plan.nodes.map(({ zone }) => zone).filter((zone) => zone !== null)).size;
  const nodes = options.nodes ?? (isAny ? 1 : 0);
  const zones = options.zones ?? (isAny && zoneCount > 0 ? 1 : 0);
  if (nodes > plan.nodes.length) throw new UsageError(`--nodes ${nodes}: the cluster has ${plan.nodes.length}`);
  if (zones > zoneCount) throw new UsageError(`--zones ${zones}: the cluster has ${zoneCount}`);
  return lossesOf(plan, { nodes, zones, sample: options.sample });
}
