import { SampleSet, type SavedSamples, type Statistics } from "../metrics/index.ts";
import type { Cell, CellRegistry, CellState } from "../tables/index.ts";
import { type Assertion, type AssertionResult, compares, METRICS, type MetricSummary, type Stat } from "./plan.ts";

export type Labels = Readonly<Record<string, string>>;

/** A metric of one object, which has a value at every sample, and the sets that its values go to. */
export interface Gauge {
  readonly metric: string;
  readonly labels: Labels;
  /** False where an assertion looks at the metric: its values are told at every sample, in the order of the objects. */
  readonly isHeld: boolean;
  sets: SampleSet[];
  epoch: number;
  /** What it is worth, NaN for nothing, and the first sample at which that has not been entered yet. */
  value: number;
  since: number;
}

/**
 * What a run measures of itself: one set of values an assertion, and for the summary one a metric (pod metrics) or one a
 * metric and object (all others). An observer: nothing in the simulation reads it.
 */
export class Measures implements Cell {
  readonly name = "world.measures";
  readonly #assertions: readonly Assertion[];
  readonly #asserted: readonly SampleSet[];
  readonly #assertedByMetric = new Map<string, number[]>();
  readonly #summary = new Map<string, { readonly metric: string; readonly labels: Labels; readonly set: SampleSet }>();

  /** Counts loads: what was looked up before is another run's. */
  #epoch = 0;
  /** Gauges with a value that goes on: derived, as nothing is saved that has not been entered. */
  readonly #held = new Set<Gauge>();
  #samples = 0;

  constructor(registry: CellRegistry, assertions: readonly Assertion[]) {
    this.#assertions = assertions;
    this.#asserted = assertions.map(() => new SampleSet());
    for (const [index, { metric }] of assertions.entries()) {
      this.#assertedByMetric.set(metric, [...(this.#assertedByMetric.get(metric) ?? []), index]);
    }
    registry.add(this);
  }

  /** A value of a metric of METRICS, in its base unit. `podLabels` are matched too, but make no rows of the summary. */
  add(metric: string, value: number, labels: Labels, podLabels?: Labels): void {
    if (podLabels !== undefined && !this.#assertedByMetric.has(metric)) {
      this.#setOf(metric, NO_LABELS).add(value);
      return;
    }
    for (const set of this.#setsOf(metric, labels, podLabels)) set.add(value);
  }

  /** A metric of one object: what its values go to is looked up once. */
  gauge(metric: string, labels: Labels): Gauge {
    const isHeld = !this.#assertedByMetric.has(metric);
    return { metric, labels, isHeld, sets: [], epoch: -1, value: Number.NaN, since: 0 };
  }

  /** Grows with every load: values that were held before are to be told again. */
  get epoch(): number {
    return this.#epoch;
  }

  /** A sample begins: every value that is held counts once more. */
  beginSample(): void {
    this.#samples++;
  }

  // hot: every gauge whose value may have changed at every sample (bench/world).
  /**
   * What the gauge is worth at this sample, NaN for nothing. That stands for the samples to come as well, until it is told
   * otherwise, where the gauge is held; where not, it counts this once.
   */
  sample(gauge: Gauge, value: number): void {
    if (gauge.epoch !== this.#epoch) {
      // What was never worth anything has no set.
      if (Number.isNaN(value)) return;
      gauge.sets = this.#setsOf(gauge.metric, gauge.labels);
      gauge.epoch = this.#epoch;
      gauge.value = Number.NaN;
    }
    if (!gauge.isHeld) {
      if (!Number.isNaN(value)) enter(gauge, value, 1);
      return;
    }
    if (Object.is(value, gauge.value)) return;
    this.#settle(gauge, this.#samples);
    gauge.value = value;
    if (Number.isNaN(value)) this.#held.delete(gauge);
    else this.#held.add(gauge);
  }

  /** Enters the value for the samples before the one of this number. */
  #settle(gauge: Gauge, sample: number): void {
    if (!Number.isNaN(gauge.value) && sample > gauge.since) enter(gauge, gauge.value, sample - gauge.since);
    gauge.since = sample;
  }

  #settleAll(): void {
    for (const gauge of this.#held) this.#settle(gauge, this.#samples + 1);
  }

  results(): AssertionResult[] {
    this.#settleAll();
    return this.#assertions.map((assertion, index) => {
      const set = this.#asserted[index] as SampleSet;
      const value = set.count === 0 ? valueOfNothing(assertion) : statOf(set, assertion.stat);
      return { assertion, value, holds: value !== null && compares(value, assertion.comparison, assertion.threshold) };
    });
  }

  summaries(): MetricSummary[] {
    this.#settleAll();
    return [...this.#summary.values()]
      .map(({ metric, labels, set }) => ({ metric, labels, ...set.statistics() }))
      .sort((a, b) => compare(`${a.metric} ${JSON.stringify(a.labels)}`, `${b.metric} ${JSON.stringify(b.labels)}`));
  }

  save(): CellState {
    this.#settleAll();
    const summary = [...this.#summary.values()].map(({ metric, labels, set }) => ({ metric, labels, set: set.save() }));
    return { form: "data", data: { asserted: this.#asserted.map((set) => set.save()), summary } };
  }

  load(state: CellState): void {
    const saved = state.data as {
      asserted: SavedSamples[];
      summary: { metric: string; labels: Labels; set: SavedSamples }[];
    };
    for (const [index, set] of saved.asserted.entries()) this.#asserted[index]?.load(set);
    this.#summary.clear();
    this.#held.clear();
    this.#epoch++;
    for (const { metric, labels, set } of saved.summary) this.#setOf(metric, labels).load(set);
  }

  #setsOf(metric: string, labels: Labels, podLabels?: Labels): SampleSet[] {
    const asserted = (this.#assertedByMetric.get(metric) ?? NONE)
      .filter((index) => matches(this.#assertions[index] as Assertion, labels, podLabels))
      .map((index) => this.#asserted[index] as SampleSet);
    return [...asserted, this.#setOf(metric, podLabels === undefined ? labels : NO_LABELS)];
  }

  #setOf(metric: string, labels: Labels): SampleSet {
    let key = metric;
    for (const label in labels) key += `\n${labels[label]}`;
    let entry = this.#summary.get(key);
    if (entry === undefined) {
      entry = { metric, labels, set: new SampleSet() };
      this.#summary.set(key, entry);
    }
    return entry.set;
  }
}

function enter({ sets }: Gauge, value: number, times: number): void {
  for (let i = 0; i < sets.length; i++) (sets[i] as SampleSet).add(value, times);
}

const NONE: readonly number[] = [];
const NO_LABELS: Labels = Object.freeze({});

function matches({ matchers }: Assertion, labels: Labels, podLabels: Labels | undefined): boolean {
  return matchers.every(({ label, operator, value }) => {
    const found = labels[label] ?? podLabels?.[label];
    return operator === "=" ? found === value : found !== value;
  });
}

function statOf(set: SampleSet, stat: Stat): number {
  const statistics: Statistics = set.statistics();
  return statistics[stat];
}

/** Totals and counts of what never happened are 0; a quantile of nothing is not a number. */
function valueOfNothing({ metric, stat }: Assertion): number | null {
  const isTotal = METRICS.find((known) => known.name === metric)?.shape === "total";
  return stat === "count" || (stat === "sum" && isTotal) ? 0 : null;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
