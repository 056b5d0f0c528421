import type { Engine, Micros } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import { RefColumn } from "../tables/index.ts";

/** A metric that somebody collects: a value for each of many keys (by custom the serials of pods), or one, with key 0. */
export interface CollectedMetric {
  /** Length of the window whose mean is shown, which then takes two samples; 0: the last sample is shown. */
  readonly windowMicros: Micros;
  /** Reads the values of this instant; a key that is left out has no sample now. */
  readonly collect: (into: (key: number, value: number) => void) => void;
}

export interface CollectionOptions {
  readonly scrapeMicros: Micros;
  /** From the start to the first collection. */
  readonly firstScrapeMicros: Micros;
  /** From a collection to the moment in which its samples are answered. */
  readonly delayMicros: Micros;
}

/** What was collected at one instant. */
interface Collection {
  readonly at: Micros;
  readonly keys: readonly number[];
  readonly values: readonly number[];
}

const NOTHING: readonly Collection[] = Object.freeze([]);
/** Positions by key: derived. */
const positions = new WeakMap<Collection, ReadonlyMap<number, number>>();

/**
 * What a monitoring system keeps of custom and external metrics: samples taken at intervals, shown after a delay, as the last
 * one or as the mean over a window. A key that the last collection shown did not find has no value any more.
 */
export class CollectedMetrics {
  readonly #engine: Engine;
  readonly #metrics: readonly CollectedMetric[];
  readonly #options: CollectionOptions;
  readonly #collections: RefColumn<readonly Collection[]>;
  readonly #kind: number;

  constructor(engine: Engine, metrics: readonly CollectedMetric[], options: CollectionOptions) {
    this.#engine = engine;
    this.#metrics = metrics;
    this.#options = options;
    this.#collections = new RefColumn<readonly Collection[]>(engine.cells, "collectedMetrics.collections", NOTHING);
    this.#kind = engine.define("custom-metrics.scrape", PHASE.node, () => this.#collect());
  }

  /** Starts collecting; a world without such metrics plays no event for them. */
  start(): void {
    if (this.#metrics.length > 0) this.#engine.after(this.#options.firstScrapeMicros, this.#kind);
  }

  /** The value of a metric (by its place) for a key, as it is answered now; NaN when there is none. */
  valueOf(metric: number, key: number): number {
    const newest = this.#newest(metric);
    const collections = this.#collections.get(metric);
    const last = valueIn(collections[newest], key);
    const { windowMicros } = this.#metrics[metric] as CollectedMetric;
    if (windowMicros === 0 || Number.isNaN(last)) return last;
    const from = this.#engine.now - this.#options.delayMicros - windowMicros;
    let sum = last;
    let count = 1;
    for (let i = newest - 1; i >= 0; i--) {
      const collection = collections[i] as Collection;
      if (collection.at < from) break;
      const value = valueIn(collection, key);
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count < 2 ? Number.NaN : sum / count;
  }

  /** When the newest samples that are answered now were taken; -1 when there are none yet. */
  sampledAt(metric: number): Micros {
    return this.#collections.get(metric)[this.#newest(metric)]?.at ?? -1;
  }

  #newest(metric: number): number {
    const collections = this.#collections.get(metric);
    const until = this.#engine.now - this.#options.delayMicros;
    let newest = collections.length - 1;
    while (newest >= 0 && (collections[newest] as Collection).at > until) newest--;
    return newest;
  }

  #collect(): void {
    const { now } = this.#engine;
    const { scrapeMicros, delayMicros } = this.#options;
    for (const [index, { windowMicros, collect }] of this.#metrics.entries()) {
      const keys: number[] = [];
      const values: number[] = [];
      collect((key, value) => {
        keys.push(key);
        values.push(value);
      });
      const oldest = now - windowMicros - delayMicros - scrapeMicros;
      const kept = this.#collections.get(index).filter(({ at }) => at >= oldest);
      const collection = Object.freeze({ at: now, keys: Object.freeze(keys), values: Object.freeze(values) });
      this.#collections.set(index, Object.freeze([...kept, collection]));
    }
    this.#engine.after(scrapeMicros, this.#kind);
  }
}

function valueIn(collection: Collection | undefined, key: number): number {
  if (collection === undefined) return Number.NaN;
  let position = positions.get(collection);
  if (position === undefined) {
    position = new Map(collection.keys.map((one, i) => [one, i]));
    positions.set(collection, position);
  }
  const at = position.get(key);
  return at === undefined ? Number.NaN : (collection.values[at] ?? Number.NaN);
}
