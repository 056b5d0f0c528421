import type { PodInfo, TemplateInfo } from "./pod-info.ts";

/** Which pods a counter counts. Equal keys mean equal tests. */
export interface PodTest {
  readonly key: string;
  readonly matches: (template: TemplateInfo) => boolean;
  /** Whether pods that are being deleted count too. */
  readonly countsTerminating: boolean;
}

/**
 * How many pods of some kind every node holds, kept up to date as pods come and go. Spreading and pod affinity ask for
 * these numbers for every pod that they place; counting afresh would cost all pods of the cluster each time.
 * Derived state: dropped and rebuilt at will.
 */
export class PodCounters {
  #counters = new Map<string, Counter>();
  #counting = new WeakMap<TemplateInfo, readonly Counter[]>();
  readonly #allPods: () => Iterable<readonly [row: number, pod: PodInfo]>;

  constructor(allPods: () => Iterable<readonly [row: number, pod: PodInfo]>) {
    this.#allPods = allPods;
  }

  /** Counts by node row; rows at or beyond the array's length hold none. Cost: all pods at the first call for a key. */
  counts(test: PodTest): Int32Array {
    const known = this.#counters.get(test.key);
    if (known !== undefined) return known.byRow;
    if (this.#counters.size >= MOST_COUNTERS) this.clear();
    const counter = new Counter(test);
    const answers = new Map<TemplateInfo, boolean>();
    for (const [row, pod] of this.#allPods()) {
      let matches = answers.get(pod.template);
      if (matches === undefined) {
        matches = test.matches(pod.template);
        answers.set(pod.template, matches);
      }
      if (matches) counter.change(row, pod, 1);
    }
    this.#counters.set(test.key, counter);
    this.#counting = new WeakMap();
    return counter.byRow;
  }

  add(row: number, pod: PodInfo): void {
    for (const counter of this.#countersOf(pod.template)) counter.change(row, pod, 1);
  }

  remove(row: number, pod: PodInfo): void {
    for (const counter of this.#countersOf(pod.template)) counter.change(row, pod, -1);
  }

  clear(): void {
    this.#counters.clear();
    this.#counting = new WeakMap();
  }

  #countersOf(template: TemplateInfo): readonly Counter[] {
    let counters = this.#counting.get(template);
    if (counters === undefined) {
      counters = [...this.#counters.values()].filter((counter) => counter.test.matches(template));
      this.#counting.set(template, counters);
    }
    return counters;
  }
}

/** Bounds the memory of counters for selectors that nobody asks about any more. */
const MOST_COUNTERS = 1024;

class Counter {
  byRow = new Int32Array(16);
  readonly test: PodTest;

  constructor(test: PodTest) {
    this.test = test;
  }

  change(row: number, pod: PodInfo, by: 1 | -1): void {
    if (pod.isTerminating && !this.test.countsTerminating) return;
    if (row >= this.byRow.length) this.#grow(row);
    this.byRow[row]! += by;
  }

  #grow(row: number): void {
    const wider = new Int32Array(Math.max(this.byRow.length * 2, row + 1));
    wider.set(this.byRow);
    this.byRow = wider;
  }
}
