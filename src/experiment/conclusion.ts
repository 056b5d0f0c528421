import { writeToString } from "fast-csv";
import { experimentPageText, formatValue, plural, type SummaryDocument } from "../report/index.ts";
import type { Estimate, Verdict } from "../statistics/index.ts";
import type { MetricUnit } from "../world/plan.ts";
import { compareMeasures, type MeasureComparison, type Seed } from "./comparison.ts";
import { comparisonMarkdown } from "./comparison-text.ts";
import type { Experiment } from "./definition.ts";
import { ExperimentFolder } from "./experiment-folder.ts";
import { type Measured, measuresOf } from "./measures.ts";
import { seedsText } from "./seeds.ts";
import { type Trial, trialText } from "./tune.ts";
import type { Variation } from "./variations.ts";

/** What came out of an experiment, variant by variant. */
export interface Conclusion {
  readonly currency: string;
  readonly baseline: string;
  readonly variants: readonly VariantConclusion[];
  /** The variant that tuning has found; null without tuning. */
  readonly best: { readonly name: string; readonly isFeasible: boolean; readonly text: string } | null;
}

export interface VariantConclusion {
  readonly name: string;
  readonly values: Variation["values"];
  /** Runs of which an assertion of the scenario failed. */
  readonly failedCount: number;
  readonly measures: readonly MeasureConclusion[];
}

export interface MeasureConclusion {
  readonly measure: string;
  readonly unit: MetricUnit;
  readonly estimate: Estimate;
  /** Against the baseline. */
  readonly verdict: Verdict;
}

export interface ConcludeOptions extends Omit<Experiment, "base"> {
  readonly best: Trial | null;
  readonly version: string;
  readonly identity: string;
}

/**
 * Sums up the runs of an experiment that are all there: writes summary.csv (a row a run), compare.md, index.json and report.html. One
 * variant and the baseline are held at a time.
 */
export async function conclude(folder: ExperimentFolder, options: ConcludeOptions): Promise<Conclusion> {
  const { seeds, variations } = options;
  const baseline = variations.find(({ name }) => name === options.baseline) as Variation;
  const base = new Map(seeds.map((seed) => [seed, measuresOf(folder.run(baseline.folder, seed))]));
  const columns = measureNames(folder, options);
  const table = folder.writer("summary.csv");
  const comparisons = folder.writer("compare.md.body");
  const index = indexWriter(folder, options);
  const currency = folder.run(baseline.folder, seeds[0] as Seed).currency;
  const variants: VariantConclusion[] = [];
  for (const [position, variation] of variations.entries()) {
    const runs = seeds.map((seed) => [seed, folder.run(variation.folder, seed)] as const);
    const measures = new Map(runs.map(([seed, run]) => [seed, measuresOf(run)]));
    const failed = runs.map(([seed, run]) => index.add(variation, seed, run));
    table.add(await csvOf(runs, { variation, columns, isFirst: position === 0, failed, measures }));
    const compared = compareMeasures(seeds, base, measures);
    const { name, values } = variation;
    variants.push({ name, values, failedCount: failed.filter((count) => count > 0).length, measures: kept(compared) });
    if (variation !== baseline) {
      const comparison = { base: baseline.name, other: name, seeds, changes: [], measures: compared };
      comparisons.add(`\n${comparisonMarkdown(comparison, currency).join("\n")}\n`);
    }
  }
  table.close();
  const best = bestOf(options, currency);
  const conclusion = { currency, baseline: baseline.name, variants, best };
  comparisons.close();
  folder.putBefore("compare.md", overviewMarkdown(options, conclusion), "compare.md.body");
  index.close(best);
  folder.put("report.html", pageText(options, conclusion));
  folder.complete();
  return conclusion;
}

function pageText({ name, version, identity, seeds }: ConcludeOptions, conclusion: Conclusion): string {
  return experimentPageText({
    name,
    version,
    identity,
    seeds: seedsText(seeds),
    seedCount: seeds.length,
    ...conclusion,
  });
}

/** The names of all measures that any run has, those that assertions ask for first. */
function measureNames(folder: ExperimentFolder, { seeds, variations }: ConcludeOptions): string[] {
  const [asked, all] = [new Set<string>(), new Set<string>()];
  for (const { folder: variant } of variations) {
    for (const seed of seeds) {
      for (const { measure, isAsserted } of measuresOf(folder.run(variant, seed)))
        (isAsserted ? asked : all).add(measure);
    }
  }
  return [...new Set([...asked, ...all])];
}

interface CsvContext {
  readonly variation: Variation;
  readonly columns: readonly string[];
  readonly isFirst: boolean;
  readonly failed: readonly number[];
  readonly measures: ReadonlyMap<Seed, readonly Measured[]>;
}

function csvOf(runs: readonly (readonly [Seed, SummaryDocument])[], context: CsvContext): Promise<string> {
  const { variation, columns, isFirst, failed, measures } = context;
  const rows = runs.map(([seed, run], index) => {
    const values = new Map((measures.get(seed) ?? []).map(({ measure, value }) => [measure, value]));
    return {
      variant: variation.name,
      ...variation.values,
      seed,
      digest: run.digest,
      events: run.events,
      failed_assertions: failed[index],
      ...Object.fromEntries(columns.map((column) => [column, values.get(column) ?? ""])),
    };
  });
  return writeToString(rows, { headers: true, writeHeaders: isFirst, includeEndRowDelimiter: true });
}

/** index.json, run by run; `add` gives the number of assertions of the scenario that failed. */
function indexWriter(
  folder: ExperimentFolder,
  options: ConcludeOptions,
): {
  add(variation: Variation, seed: Seed, run: SummaryDocument): number;
  close(best: Conclusion["best"]): void;
} {
  const { name, version, identity, seeds, baseline, variations, measures, tune } = options;
  const appended = measures.length + (tune?.constraints.length ?? 0);
  const writer = folder.writer("index.json");
  const variants = variations.map((one) => ({ name: one.name, path: `variants/${one.folder}`, values: one.values }));
  const head = {
    schema: "kube-orrery/experiment-index.v1",
    experiment: name,
    version,
    identity,
    seeds,
    baseline,
    variants,
  };
  // Everything but the closing brace; the runs follow one a line.
  writer.add(`${JSON.stringify(head, null, 2).slice(0, -2)},\n  "runs": [`);
  let separator = "\n";
  return {
    add: (variation, seed, { digest, assertions }) => {
      const own = assertions.slice(0, assertions.length - appended);
      const failed = own.filter(({ holds }) => !holds).length;
      const path = ExperimentFolder.runPath(variation.folder, seed);
      const run = { variant: variation.name, seed, path, digest, assertions: { total: own.length, failed } };
      writer.add(`${separator}    ${JSON.stringify(run)}`);
      separator = ",\n";
      return failed;
    },
    close: (best) => {
      writer.add(`\n  ],\n  "best": ${JSON.stringify(best)}\n}\n`);
      writer.close();
    },
  };
}

/** What a line of the overview needs of a comparison: the measures asked for, or else those with a direction. */
function kept(compared: readonly MeasureComparison[]): MeasureConclusion[] {
  const asked = compared.filter(({ isAsserted }) => isAsserted);
  const shown = asked.length > 0 ? asked : compared.filter(({ direction }) => direction !== null);
  return shown.map(({ measure, unit, other, verdict }) => ({ measure, unit, estimate: other, verdict }));
}

function bestOf({ best, tune }: ConcludeOptions, currency: string): Conclusion["best"] {
  return best === null || tune === null ? null : trialText(best, tune, currency);
}

function overviewMarkdown(options: ConcludeOptions, conclusion: Conclusion): string {
  const { name, seeds, variations } = options;
  const rows = overviewRows(conclusion);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const lines = [
    `## ${name}`,
    "",
    `${plural(variations.length, "variant")}, ${plural(seeds.length, "seed")} each (${seedsText(seeds)}): mean and 95 % interval; better or worse than \`${conclusion.baseline}\` with the same seeds.`,
    "",
    ...(conclusion.best === null ? [] : [conclusion.best.text, ""]),
    line(rows[0] ?? []),
    line((rows[0] ?? []).map((_, column) => (column === 0 ? "---" : "--:"))),
    ...rows.slice(1).map(line),
  ];
  return `${lines.join("\n")}\n`;
}

/** A row a variant, headings first: each measure's mean, interval, and how it stands to the baseline. */
export function overviewRows({ variants, baseline, currency }: Conclusion): string[][] {
  const measures = [...new Set(variants.flatMap((variant) => variant.measures.map(({ measure }) => measure)))];
  const isAnyFailed = variants.some(({ failedCount }) => failedCount > 0);
  const head = ["variant", ...measures, ...(isAnyFailed ? ["runs that fail"] : [])];
  const body = variants.map((variant) => {
    const known = new Map(variant.measures.map((one) => [one.measure, one]));
    const cells = measures.map((measure) => {
      const found = known.get(measure);
      return found === undefined ? "—" : estimateText(found, variant.name === baseline, currency);
    });
    return [variant.name, ...cells, ...(isAnyFailed ? [String(variant.failedCount)] : [])];
  });
  return [head, ...body];
}

function estimateText(
  { unit, estimate: found, verdict }: MeasureConclusion,
  isBaseline: boolean,
  currency: string,
): string {
  const value = (number: number): string => formatValue(number, unit, currency);
  const { mean, low, high, deviation } = found;
  const interval = low === null || high === null || deviation === 0 ? "" : ` [${value(low)}, ${value(high)}]`;
  return `${value(mean)}${interval}${isBaseline || verdict === "same" ? "" : ` ${verdict}`}`;
}
