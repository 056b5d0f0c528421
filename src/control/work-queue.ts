import type { Engine, Micros } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import { Column, type Rows } from "../tables/index.ts";

/** First and longest delay of a retry after an error. @source kubernetes 1.37 client-go workqueue default controller limiter */
const RETRY_BASE_MICROS = 5_000;
const RETRY_MAX_MICROS = 1_000_000_000;

/**
 * The queue of keys (rows) that a controller has to sync, each at most once at a time.
 *
 * `add` syncs the row in phase `control` of this instant. `addAfter` keeps one pending instant a row, the earliest; an
 * undelayed `add` leaves a pending delayed one in place. `retry` backs off 5 ms, 10 ms, … until `forget`.
 * Each sync is one event of the simulation, so its cause is the write that made it necessary.
 */
export class WorkQueue {
  readonly #engine: Engine;
  readonly #isQueued: Column<Uint8Array>;
  readonly #delayedAt: Column<Float64Array>;
  readonly #delayedRef: Column<Float64Array>;
  readonly #failures: Column<Int32Array>;
  readonly #syncKind: number;
  readonly #timerKind: number;

  /** `sync` gets rows that may have been deleted meanwhile (but not released): look before you act. */
  constructor(engine: Engine, name: string, rows: Rows, sync: (row: number) => void, phase: number = PHASE.control) {
    this.#engine = engine;
    this.#isQueued = new Column<Uint8Array>(engine.cells, `${name}.queued`, Uint8Array);
    this.#delayedAt = new Column<Float64Array>(engine.cells, `${name}.delayedAt`, Float64Array, -1);
    this.#delayedRef = new Column<Float64Array>(engine.cells, `${name}.delayedRef`, Float64Array);
    this.#failures = new Column<Int32Array>(engine.cells, `${name}.failures`, Int32Array);
    this.#syncKind = engine.define(
      `${name}.sync`,
      phase,
      (row) => {
        this.#isQueued.set(row, 0);
        sync(row);
      },
      { rows },
    );
    this.#timerKind = engine.define(
      `${name}.timer`,
      phase,
      (row) => {
        this.#delayedAt.set(row, -1);
        if (this.#isQueued.get(row) === 0) sync(row);
      },
      { rows },
    );
  }

  add(row: number): void {
    if (this.#isQueued.get(row) === 1) return;
    this.#isQueued.set(row, 1);
    this.#engine.at(this.#engine.now, this.#syncKind, row);
  }

  addAfter(row: number, delayMicros: Micros): void {
    if (delayMicros <= 0) {
      this.add(row);
      return;
    }
    const at = this.#engine.now + delayMicros;
    const pendingAt = this.#delayedAt.get(row);
    if (pendingAt !== -1) {
      if (pendingAt <= at) return;
      this.#engine.cancel(this.#delayedRef.get(row));
    }
    this.#delayedAt.set(row, at);
    this.#delayedRef.set(row, this.#engine.at(at, this.#timerKind, row));
  }

  /** After an error: again, later each time. */
  retry(row: number): void {
    const failures = this.#failures.get(row);
    this.#failures.set(row, failures + 1);
    let delay = RETRY_BASE_MICROS;
    for (let i = 0; i < failures && delay < RETRY_MAX_MICROS; i++) delay *= 2;
    this.addAfter(row, Math.min(delay, RETRY_MAX_MICROS));
  }

  /** The sync went well: the next error starts from the shortest delay. */
  forget(row: number): void {
    if (this.#failures.get(row) !== 0) this.#failures.set(row, 0);
  }

  /** The object of the row is gone, and the row will belong to another one: nothing of it stays. */
  drop(row: number): void {
    if (this.#delayedAt.get(row) !== -1) this.#engine.cancel(this.#delayedRef.get(row));
    this.#delayedAt.set(row, -1);
    this.#failures.set(row, 0);
    this.#isQueued.set(row, 0);
  }
}
