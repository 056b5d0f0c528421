import { type PairedDifference, pairedDifference, type Verdict } from "../statistics/index.ts";
import type { MetricUnit } from "../world/plan.ts";
import { type Measured, valueOfAbsent } from "./measures.ts";
import type { Change } from "./plan-changes.ts";

export type Seed = string | number;

/** A measure of two variants over the same seeds. */
export interface MeasureComparison extends PairedDifference {
  readonly measure: string;
  readonly unit: MetricUnit;
  readonly isAsserted: boolean;
}

export interface Comparison {
  readonly base: string;
  readonly other: string;
  readonly seeds: readonly Seed[];
  /** What the other has otherwise; empty when it is not known. */
  readonly changes: readonly Change[];
  /** Assertions first, then by the list of metrics. */
  readonly measures: readonly MeasureComparison[];
}

/** The measures of one variant, by seed. */
export type MeasuresBySeed = ReadonlyMap<Seed, readonly Measured[]>;

/** Compares each measure of two variants seed by seed. Both have been run with all the seeds. */
export function compareMeasures(
  seeds: readonly Seed[],
  base: MeasuresBySeed,
  other: MeasuresBySeed,
): MeasureComparison[] {
  const [bases, others] = [indexed(seeds, base), indexed(seeds, other)];
  const known = new Map<string, Measured>();
  for (const values of [...bases, ...others]) {
    for (const [measure, one] of values) if (!known.has(measure)) known.set(measure, one);
  }
  const sorted = [...known.values()].sort((a, b) => Number(b.isAsserted) - Number(a.isAsserted));
  return sorted.flatMap(({ measure, unit, direction, isAsserted }) => {
    const pairs = seeds
      .map((_, index) => [valueIn(bases[index], measure), valueIn(others[index], measure)] as const)
      .filter((pair): pair is readonly [number, number] => pair[0] !== null && pair[1] !== null);
    if (pairs.length === 0) return [];
    const paired = pairedDifference(
      pairs.map(([value]) => value),
      pairs.map(([, value]) => value),
      direction,
    );
    return [{ measure, unit, isAsserted, ...paired }];
  });
}

function indexed(seeds: readonly Seed[], measures: MeasuresBySeed): ReadonlyMap<string, Measured>[] {
  return seeds.map((seed) => new Map((measures.get(seed) ?? []).map((one) => [one.measure, one])));
}

function valueIn(values: ReadonlyMap<string, Measured> | undefined, measure: string): number | null {
  const found = values?.get(measure);
  return found === undefined ? valueOfAbsent(measure) : found.value;
}

/** How many measures came out how; `same` ones that never were anything but 0 do not count. */
export function verdictCounts(comparison: Comparison): Readonly<Record<Verdict, number>> {
  const counts = { better: 0, worse: 0, different: 0, unclear: 0, same: 0 };
  for (const measure of comparison.measures) if (isTelling(measure)) counts[measure.verdict]++;
  return counts;
}

/** Whether a measure is worth a line: asked for, or different, or with a direction and not 0 throughout. */
export function isTelling({ isAsserted, verdict, base, direction }: MeasureComparison): boolean {
  if (isAsserted || verdict !== "same") return true;
  return direction !== null && (base.mean !== 0 || base.deviation !== 0);
}

/** Whether any seed came out otherwise. The simulation has no noise of its own, so one is enough. */
export function differs(comparison: Comparison): boolean {
  return comparison.measures.some(({ changedCount }) => changedCount > 0);
}
