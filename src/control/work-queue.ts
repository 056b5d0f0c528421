import type { Engine, Micros } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import { type Distribution, isZero, sample } from "../random/index.ts";
import type { Store } from "../store/index.ts";
import { Column, type Rows } from "../tables/index.ts";

/** First and longest delay of a retry after an error. @source kubernetes 1.37 client-go workqueue default controller limiter */
const RETRY_BASE_MICROS = 5_000;
const RETRY_MAX_MICROS = 1_000_000_000;

export interface WorkQueueOptions {
  /** Phase of the syncs. Default `control`. */
  readonly phase?: number;
  /** First and longest delay of a retry. Default 5 ms and 1000 s. */
  readonly retryBaseMicros?: Micros;
  readonly retryMaxMicros?: Micros;
}

/**
 * The queue of keys (rows) that a controller has to sync, each at most once at a time.
 *
 * `add` syncs the row in phase `control` of this instant. `addAfter` keeps one pending instant a row, the earliest; an
 * undelayed `add` leaves a pending delayed one in place. `retry` backs off 5 ms, 10 ms, … (by default) until `forget`.
 * A sync whose requests to the API server take time (`Store.apiLatency`) happens that much later, whatever brought it about.
 * Each sync is one event of the simulation, so its cause is the write that made it necessary. What is queued belongs to
 * a generation of the row: when the row is released and used again, the new object starts with nothing pending.
 *
 * DEVIATION(api-latency): a sync waits once, for as long as one request takes, and then reads and writes all at once, by what the
 * cluster is like at that instant; the original waits for each request, with what it read before.
 */
export class WorkQueue {
  readonly #engine: Engine;
  readonly #name: string;
  readonly #rows: Rows;
  /** How long the requests of a sync take; null: no time. */
  readonly #latency: Distribution | null;
  /** One more than the generation of the row that is queued; 0 when none is. */
  readonly #queuedFor: Column<Int32Array>;
  readonly #delayedFor: Column<Int32Array>;
  readonly #failedFor: Column<Int32Array>;
  readonly #delayedAt: Column<Float64Array>;
  readonly #delayedRef: Column<Float64Array>;
  readonly #failures: Column<Int32Array>;
  readonly #retryBaseMicros: Micros;
  readonly #retryMaxMicros: Micros;
  readonly #syncKind: number;
  readonly #timerKind: number;

  /** `sync` gets rows that may have been deleted meanwhile (but not released): look before you act. */
  constructor(store: Store, name: string, rows: Rows, sync: (row: number) => void, options: WorkQueueOptions = {}) {
    const { phase = PHASE.control, retryBaseMicros = RETRY_BASE_MICROS, retryMaxMicros = RETRY_MAX_MICROS } = options;
    this.#retryBaseMicros = retryBaseMicros;
    this.#retryMaxMicros = retryMaxMicros;
    const { engine, apiLatency } = store;
    this.#engine = engine;
    this.#name = name;
    this.#latency = isZero(apiLatency) ? null : apiLatency;
    this.#rows = rows;
    this.#queuedFor = new Column<Int32Array>(engine.cells, `${name}.queued`, Int32Array);
    this.#delayedFor = new Column<Int32Array>(engine.cells, `${name}.delayed`, Int32Array);
    this.#failedFor = new Column<Int32Array>(engine.cells, `${name}.failed`, Int32Array);
    this.#delayedAt = new Column<Float64Array>(engine.cells, `${name}.delayedAt`, Float64Array);
    this.#delayedRef = new Column<Float64Array>(engine.cells, `${name}.delayedRef`, Float64Array);
    this.#failures = new Column<Int32Array>(engine.cells, `${name}.failures`, Int32Array);
    const queued = (row: number): void => {
      this.#queuedFor.set(row, 0);
      sync(row);
    };
    const due = (row: number): void => {
      this.#delayedFor.set(row, 0);
      if (this.#latency !== null) this.add(row);
      else if (!this.#isSet(this.#queuedFor, row)) sync(row);
    };
    this.#syncKind = engine.define(`${name}.sync`, phase, queued, { rows });
    this.#timerKind = engine.define(`${name}.timer`, phase, due, { rows });
  }

  add(row: number): void {
    if (this.#isSet(this.#queuedFor, row)) return;
    this.#queuedFor.set(row, this.#rows.generationOf(row) + 1);
    this.#engine.after(this.#requestMicros(), this.#syncKind, row);
  }

  addAfter(row: number, delayMicros: Micros): void {
    if (delayMicros <= 0) {
      this.add(row);
      return;
    }
    const at = this.#engine.now + delayMicros;
    if (this.#isSet(this.#delayedFor, row)) {
      if (this.#delayedAt.get(row) <= at) return;
      this.#engine.cancel(this.#delayedRef.get(row));
    }
    this.#delayedFor.set(row, this.#rows.generationOf(row) + 1);
    this.#delayedAt.set(row, at);
    this.#delayedRef.set(row, this.#engine.at(at, this.#timerKind, row));
  }

  /** After an error: again, later each time. */
  retry(row: number): void {
    const failures = this.#isSet(this.#failedFor, row) ? this.#failures.get(row) : 0;
    this.#failedFor.set(row, this.#rows.generationOf(row) + 1);
    this.#failures.set(row, failures + 1);
    let delay = this.#retryBaseMicros;
    for (let i = 0; i < failures && delay < this.#retryMaxMicros; i++) delay *= 2;
    this.addAfter(row, Math.min(delay, this.#retryMaxMicros));
  }

  /** The sync went well: the next error starts from the shortest delay. */
  forget(row: number): void {
    this.#failedFor.set(row, 0);
  }

  #requestMicros(): Micros {
    return this.#latency === null ? 0 : sample(this.#latency, this.#engine.streams.stream(`api/${this.#name}`));
  }

  #isSet(column: Column<Int32Array>, row: number): boolean {
    return column.get(row) === this.#rows.generationOf(row) + 1;
  }
}
