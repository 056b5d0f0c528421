import type { PodInfo, TemplateInfo } from "./pod-info.ts";

/** Which pods a counter counts. Equal keys mean equal tests. */
export interface PodTest {
  readonly key: string;
  /** The only namespace whose pods can match, where the test names one. */
  readonly namespace?: string;
  readonly matches: (template: TemplateInfo) => boolean;
  /** Whether pods that are being deleted count too. */
  readonly countsTerminating: boolean;
}

/** Hears of every change of a counter: the node row, by how much, and what the row counts now. */
export interface CountListener {
  changed(row: number, by: number, count: number): void;
}

/** Pods of some kind by node row. */
export class Counter {
  /** Rows at or beyond the length hold none. Replaced when it grows. */
  byRow = new Int32Array(16);
  readonly countsTerminating: boolean;
  readonly #listeners: CountListener[] = [];

  constructor(countsTerminating: boolean) {
    this.countsTerminating = countsTerminating;
  }

  // hot: once a pod that comes or goes.
  change(row: number, by: number): void {
    if (row >= this.byRow.length) this.#grow(row);
    const count = this.byRow[row]! + by;
    this.byRow[row] = count;
    for (let i = 0; i < this.#listeners.length; i++) this.#listeners[i]!.changed(row, by, count);
  }

  listen(listener: CountListener): void {
    this.#listeners.push(listener);
  }

  unlisten(listener: CountListener): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  #grow(row: number): void {
    const wider = new Int32Array(Math.max(this.byRow.length * 2, row + 1));
    wider.set(this.byRow);
    this.byRow = wider;
  }
}

/** The pods of one template on nodes, by row, and the counters that count them. */
interface TemplatePods {
  readonly staying: Map<number, number>;
  readonly terminating: Map<number, number>;
  readonly counters: Counter[];
  total: number;
}

interface TestedCounter {
  readonly test: PodTest;
  readonly counter: Counter;
}

/**
 * How many pods of some kind every node holds, kept up to date as pods come and go. Spreading and pod affinity ask for
 * these numbers for every pod that they place; counting afresh would cost all pods of the cluster each time.
 * Derived state: dropped and rebuilt at will.
 */
export class PodCounters {
  /** Grows when counters are dropped: one asked for before no longer follows the pods. */
  revision = 0;
  readonly #counters = new Map<string, Counter>();
  /** By the namespace that a test names; "" for tests that name none. */
  readonly #tests = new Map<string, TestedCounter[]>();
  readonly #pods = new Map<TemplateInfo, TemplatePods>();

  /** Counts by node row; rows at or beyond the array's length hold none. */
  counts(test: PodTest): Int32Array {
    return this.counter(test).byRow;
  }

  /** The counter for a test. Cost: all templates at the first call for a key. */
  counter(test: PodTest): Counter {
    const known = this.#counters.get(test.key);
    if (known !== undefined) return known;
    if (this.#counters.size >= MOST_COUNTERS) this.clear();
    const counter = new Counter(test.countsTerminating);
    for (const [template, pods] of this.#pods) {
      if (!isMeant(test, template)) continue;
      pods.counters.push(counter);
      for (const [row, count] of pods.staying) counter.change(row, count);
      if (!test.countsTerminating) continue;
      for (const [row, count] of pods.terminating) counter.change(row, count);
    }
    this.#counters.set(test.key, counter);
    const namespace = test.namespace ?? "";
    const tests = this.#tests.get(namespace);
    if (tests === undefined) this.#tests.set(namespace, [{ test, counter }]);
    else tests.push({ test, counter });
    return counter;
  }

  add(row: number, pod: PodInfo): void {
    this.#change(row, pod, 1);
  }

  remove(row: number, pod: PodInfo): void {
    this.#change(row, pod, -1);
  }

  /** Drops all counters; the pods stay known. */
  clear(): void {
    this.revision++;
    this.#counters.clear();
    this.#tests.clear();
    for (const pods of this.#pods.values()) pods.counters.length = 0;
  }

  // hot: once a pod that comes or goes.
  #change(row: number, { template, isTerminating }: PodInfo, by: 1 | -1): void {
    const pods = this.#pods.get(template) ?? this.#meet(template);
    const rows = isTerminating ? pods.terminating : pods.staying;
    const count = (rows.get(row) ?? 0) + by;
    if (count === 0) rows.delete(row);
    else rows.set(row, count);
    pods.total += by;
    const { counters } = pods;
    for (let i = 0; i < counters.length; i++) {
      const counter = counters[i]!;
      if (!isTerminating || counter.countsTerminating) counter.change(row, by);
    }
    if (pods.total === 0) this.#pods.delete(template);
  }

  #meet(template: TemplateInfo): TemplatePods {
    const counters: Counter[] = [];
    for (const namespace of [template.namespace, ""]) {
      for (const { test, counter } of this.#tests.get(namespace) ?? []) {
        if (test.matches(template)) counters.push(counter);
      }
    }
    const pods: TemplatePods = { staying: new Map(), terminating: new Map(), counters, total: 0 };
    this.#pods.set(template, pods);
    return pods;
  }
}

function isMeant(test: PodTest, template: TemplateInfo): boolean {
  return (test.namespace === undefined || test.namespace === template.namespace) && test.matches(template);
}

/** Bounds the memory of counters for selectors that nobody asks about any more. */
const MOST_COUNTERS = 4096;
