import { runSeeds, type Seed, type SeedMeasure, type SeedRuns, seedsText } from "../experiment/index.ts";
import { formatValue, headerLines, plural } from "../report/index.ts";
import { type LoadedScenario, severityOf } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";
import { interruptible } from "./interruptible.ts";
import { problemLines } from "./problems.ts";
import type { RunContext, RunOptions } from "./run.ts";
import { startRunProgress } from "./run-progress.ts";
import { tableLines } from "./table.ts";
import { EXIT, painter } from "./terminal.ts";
import { packageVersion } from "./version.ts";

type Loaded = LoadedScenario & { readonly plan: Plan };

/** `orrery run SCENARIO --seeds 1..20`: one scenario with many seeds, each into its own result folder. */
export async function runWithSeeds(
  loaded: Loaded,
  seeds: readonly Seed[],
  options: RunOptions,
  context: RunContext,
): Promise<number> {
  const { terminal } = context;
  const { problems, plan } = loaded;
  const warnings = problems.filter((problem) => severityOf(problem) === "warning");
  for (const line of problemLines(loaded, warnings, { notes: false, hasColour: terminal.errHasColour }))
    terminal.err(`${line}\n`);
  return interruptible(context, async (signal) => {
    const runner = await context.makeRunner(options.threads);
    const progress = await startRunProgress(terminal, seeds.length, { isQuiet: options.quiet });
    try {
      const version = packageVersion();
      const onRun = (): void => progress.add();
      const result = await runSeeds({ loaded, seeds, out: options.out, version, runner, signal, onRun });
      progress.stop();
      const exit = result.failedSeeds.length > 0 ? EXIT.assertion : EXIT.done;
      if (options.output === "json") {
        const document = { schema: "kube-orrery/seeds.v1", version, scenario: plan.name, seeds, ...result, exit };
        terminal.out(`${JSON.stringify(document, null, 2)}\n`);
      } else if (!options.quiet) {
        const notes = problems.filter((problem) => severityOf(problem) === "note").length;
        const head = headerLines(plan, version, notes);
        // The seed of the file is not the one that is run.
        head[0] = (head[0] ?? "").replace(/ · seed .*$/, ` · seeds ${seedsText(seeds)}`);
        terminal.out(`${[...head, "", ...lines(result, seeds, plan, painter(terminal.outHasColour))].join("\n")}\n`);
      }
      return exit;
    } finally {
      progress.stop();
      await runner.close();
    }
  });
}

function lines(result: SeedRuns, seeds: readonly Seed[], plan: Plan, paint: ReturnType<typeof painter>): string[] {
  const { assertions, measures, failedSeeds, folder } = result;
  const rows = measures.filter(({ isAsserted, max }) => isAsserted || max > 0).map((one) => cells(one, plan.currency));
  const marks = assertions.map(({ text, heldCount }) => {
    const isAll = heldCount === seeds.length;
    return `  ${isAll ? paint("good", "✓") : paint("bad", "✗")} ${text}   holds with ${heldCount} of ${plural(seeds.length, "seed")}`;
  });
  const failed = failedSeeds.length === 0 ? "" : ` They fail with seeds ${seedsText(failedSeeds)}.`;
  const held = `${seeds.length - failedSeeds.length} of ${plural(seeds.length, "seed")} meet all assertions.${failed}`;
  const table = tableLines([["", "mean", "95 % interval", "min", "max"], ...rows]).map((line) => `  ${line}`.trimEnd());
  return [...table, "", ...(marks.length === 0 ? [] : ["ASSERTIONS", ...marks, "", held]), folder];
}

function cells({ measure, unit, estimate, min, max }: SeedMeasure, currency: string): string[] {
  const value = (number: number): string => formatValue(number, unit, currency);
  const { mean, low, high } = estimate;
  const interval = low === null || high === null ? "—" : `[${value(low)}, ${value(high)}]`;
  return [measure, value(mean), interval, value(min), value(max)];
}
