import { basename, extname } from "node:path";
import {
  type Comparison,
  compareVariants,
  comparisonLines,
  comparisonMarkdown,
  differs,
  pluginFilesOf,
  type Seed,
  type Variant,
} from "../experiment/index.ts";
import { type LoadedScenario, loadScenario, severityOf } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";
import { interruptible } from "./interruptible.ts";
import { problemLines, refuse } from "./problems.ts";
import type { RunContext } from "./run.ts";
import { startRunProgress } from "./run-progress.ts";
import { EXIT, painter, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface CompareCommandOptions {
  readonly base: string;
  readonly others: readonly string[];
  readonly seeds: readonly Seed[];
  readonly until: string | undefined;
  /** Changes to the base that make one more variant. */
  readonly settings: readonly string[];
  readonly overlays: readonly string[];
  readonly threads: number | undefined;
  readonly output: "table" | "markdown" | "json";
  readonly exitCode: boolean;
  readonly quiet: boolean;
}

/** `orrery compare`: scenarios against a base, with the same seeds. Bad input runs nothing at all. */
export async function compare(options: CompareCommandOptions, context: RunContext): Promise<number> {
  const variants = await loadVariants(options, context);
  if (variants === null) return EXIT.usage;
  const { terminal } = context;
  return interruptible(context, async (signal) => {
    const runner = await context.makeRunner(options.threads);
    const total = variants.length * options.seeds.length;
    const progress = await startRunProgress(terminal, total, { isQuiet: options.quiet });
    try {
      const { seeds } = options;
      const comparisons = await compareVariants({
        variants,
        seeds,
        runner,
        signal,
        onRun: () => progress.add(),
      });
      progress.stop();
      const isOther = options.exitCode && comparisons.some(differs);
      const exit = isOther ? EXIT.differs : EXIT.done;
      terminal.out(text(comparisons, variants[0] as Variant, { options, exit, hasColour: terminal.outHasColour }));
      return exit;
    } finally {
      progress.stop();
      await runner.close();
    }
  });
}

interface Printing {
  readonly options: CompareCommandOptions;
  readonly exit: number;
  readonly hasColour: boolean;
}

function text(comparisons: readonly Comparison[], base: Variant, { options, exit, hasColour }: Printing): string {
  const { currency } = base.loaded.plan;
  if (options.output === "json") {
    const document = { schema: "kube-orrery/comparison.v1", version: packageVersion(), currency, comparisons, exit };
    return `${JSON.stringify(document, null, 2)}\n`;
  }
  const blocks = comparisons.map((comparison) => {
    if (options.output === "markdown") return comparisonMarkdown(comparison, currency).join("\n");
    return comparisonLines(comparison, currency, painter(hasColour)).join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

async function loadVariants(options: CompareCommandOptions, context: RunContext): Promise<Variant[] | null> {
  const { base, others, settings, overlays } = options;
  const hasChanges = settings.length + overlays.length > 0;
  if (others.length === 0 && !hasChanges) {
    throw new UsageError(
      "nothing to compare with: give another scenario, or changes to the base by --set or --overlay",
    );
  }
  const sources = [
    { file: base, settings: [], overlays: [] },
    ...others.map((file) => ({ file, settings: [], overlays: [] })),
    ...(hasChanges ? [{ file: base, settings, overlays }] : []),
  ];
  const until = options.until === undefined ? [] : [`spec.duration=${options.until}`];
  const loaded: LoadedScenario[] = [];
  for (const { file, settings: own, overlays: patches } of sources) {
    const version = packageVersion();
    loaded.push(await loadScenario(file, { version, settings: [...own, ...until], overlays: patches }));
  }
  const bad = loaded.filter(({ plan }) => plan === null);
  for (const one of bad) refuse(context.terminal, one);
  if (bad.length > 0) return null;
  for (const [index, one] of loaded.entries()) {
    // What the base has been warned of need not be said again.
    if (index > 0 && sources[index]?.file === base) continue;
    warn(one, context);
  }
  const names = namesOf(sources.map(({ file }, index) => (index > others.length ? null : file)));
  return loaded.map((one, index) => ({
    name: names[index] as string,
    loaded: one as LoadedScenario & { readonly plan: Plan },
    plugins: pluginFilesOf(one),
  }));
}

function warn(loaded: LoadedScenario, { terminal }: RunContext): void {
  const warnings = loaded.problems.filter((problem) => severityOf(problem) === "warning");
  for (const line of problemLines(loaded, warnings, { notes: false, hasColour: terminal.errHasColour }))
    terminal.err(`${line}\n`);
}

/** File names without folder and ending where that tells them apart, else as given; null is the changed base. */
function namesOf(files: readonly (string | null)[]): string[] {
  const short = files.map((file) => (file === null ? "changed" : basename(file, extname(file))));
  if (new Set(short).size === short.length) return short;
  const long = files.map((file) => file ?? "changed");
  return long.map((name, index) => (long.indexOf(name) === index ? name : `${name} (${index + 1})`));
}
