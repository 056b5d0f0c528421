import type { Engine } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import { type Cell, type CellState, StateValue } from "../tables/index.ts";

/** What a change did, as bits; one change may do several things. */
export const CHANGE = {
  added: 1,
  deleted: 2,
  /** Documents: spec differs. Pods: spec (image) differs. */
  spec: 4,
  /** Documents: status differs. Pods: something of the status that has no bit of its own. */
  status: 8,
  /** Labels, annotations, finalizers or owner references differ. */
  metadata: 16,
  /** The deletion timestamp was set. */
  deleting: 32,
  bound: 64,
  phase: 128,
  ready: 256,
  /** The PodScheduled condition, when False. */
  unschedulable: 512,
  nominated: 1024,
  podIp: 2048,
} as const;

export interface WatchOptions {
  /** How long after a write the cursor sees it. Default 0. */
  readonly delayMicros?: number;
  /** Reads only, at the end of an instant, and leaves no trace in the digest. */
  readonly isObserver?: boolean;
}

/** So many changes are forgotten at once while some cursor still has others to read. */
const TRIM_AT = 256;

/** One cursor's view of the log, and its wake. */
export interface Cursor {
  readonly name: string;
  /** Steps to the next change of the kinds subscribed; false when all that is visible now has been read. */
  next(): boolean;
  /** The change just stepped to. */
  readonly kindId: number;
  readonly row: number;
  readonly flags: number;
  /** The document before the change; `undefined` for pods and for added documents. */
  readonly old: unknown;
}

/**
 * The log of all writes, in order, and the cursors that read it. A write wakes each cursor subscribed to its kind once
 * per instant, in phase `store`, `delayMicros` later; the cursor then sees what was written up to that long ago.
 * The log forgets what every cursor has read; a deleted row is released then (`onRelease`), not before, so that
 * a reader can still look at what was deleted.
 */
export class ChangeLog implements Cell {
  /** Cursors with something left to read; undefined after a load, when it has to be counted anew. */
  #lagging: number | undefined = 0;
  readonly name = "store.changes";
  readonly #engine: Engine;
  readonly #onRelease: (kindId: number, row: number) => void;
  readonly #cursors: LogCursor[] = [];
  readonly #byKind: LogCursor[][] = [];
  kinds: number[] = [];
  rows: number[] = [];
  flags: number[] = [];
  times: number[] = [];
  olds: unknown[] = [];
  /** Changes forgotten so far: the number of the first one kept. */
  base = 0;

  constructor(engine: Engine, onRelease: (kindId: number, row: number) => void) {
    this.#engine = engine;
    this.#onRelease = onRelease;
    engine.cells.add(this);
  }

  /** One more than the number of the newest change. */
  get end(): number {
    return this.base + this.rows.length;
  }

  /**
   * Subscribes; `onWake` runs in phase `store` whenever there is something to read; an observer's in phase `observe`,
   * silently. Only before the first event.
   */
  watch(name: string, kindIds: readonly number[], onWake: () => void, options: WatchOptions): Cursor {
    const cursor = new LogCursor(this, this.#engine, name, kindIds, onWake, options);
    this.#cursors.push(cursor);
    for (const kindId of kindIds) {
      let list = this.#byKind[kindId];
      if (list === undefined) {
        list = [];
        this.#byKind[kindId] = list;
      }
      list.push(cursor);
    }
    return cursor;
  }

  // hot: once a write (bench/world).
  append(kindId: number, row: number, flags: number, old: unknown): void {
    this.kinds.push(kindId);
    this.rows.push(row);
    this.flags.push(flags);
    this.times.push(this.#engine.now);
    this.olds.push(old);
    const cursors = this.#byKind[kindId];
    if (cursors === undefined) this.trim();
    else for (let i = 0; i < cursors.length; i++) (cursors[i] as LogCursor).wakeLater();
  }

  /** Counts a cursor that has fallen behind (1) or has caught up (-1). */
  lag(change: 1 | -1): void {
    if (this.#lagging !== undefined) this.#lagging += change;
  }

  /** Forgets what every cursor has read and releases the rows deleted there. */
  trim(): void {
    // All but a few calls end here: at one instant many cursors read one after the other.
    this.#lagging ??= this.#cursors.filter((cursor) => cursor.catchUp()).length;
    if (this.#lagging > 0 && this.rows.length < TRIM_AT) return;
    let keepFrom = this.end;
    for (const cursor of this.#cursors) keepFrom = Math.min(keepFrom, cursor.needsFrom());
    const count = keepFrom - this.base;
    if (count < TRIM_AT && count < this.rows.length) return;
    for (let i = 0; i < count; i++) {
      if (((this.flags[i] as number) & CHANGE.deleted) !== 0)
        this.#onRelease(this.kinds[i] as number, this.rows[i] as number);
    }
    this.base = keepFrom;
    if (count === this.rows.length) {
      this.kinds.length = this.rows.length = this.flags.length = this.times.length = this.olds.length = 0;
    } else {
      for (const list of [this.kinds, this.rows, this.flags, this.times, this.olds]) list.splice(0, count);
    }
  }

  save(): CellState {
    const { base, kinds, rows, flags, times, olds } = this;
    return {
      form: "data",
      data: {
        base,
        kinds: kinds.slice(),
        rows: rows.slice(),
        flags: flags.slice(),
        times: times.slice(),
        olds: olds.slice(),
      },
    };
  }

  load(state: CellState): void {
    const saved = state.data as Pick<ChangeLog, "base" | "kinds" | "rows" | "flags" | "times" | "olds">;
    this.base = saved.base;
    this.kinds = saved.kinds.slice();
    this.rows = saved.rows.slice();
    this.flags = saved.flags.slice();
    this.times = saved.times.slice();
    this.olds = saved.olds.slice();
    this.#lagging = undefined;
  }
}

class LogCursor implements Cursor {
  readonly name: string;
  kindId = -1;
  row = -1;
  flags = 0;
  old: unknown;
  readonly #log: ChangeLog;
  readonly #engine: Engine;
  readonly #delayMicros: number;
  readonly #wants: boolean[] = [];
  readonly #position: StateValue<number>;
  /** The number after the newest change this cursor wants: read up to here, it holds nothing back. */
  readonly #wantedEnd: StateValue<number>;
  readonly #wakeAt: StateValue<number>;
  readonly #wakeKind: number;
  #lags = false;

  constructor(
    log: ChangeLog,
    engine: Engine,
    name: string,
    kindIds: readonly number[],
    onWake: () => void,
    options: WatchOptions,
  ) {
    this.#log = log;
    this.#engine = engine;
    this.name = name;
    this.#delayMicros = options.delayMicros ?? 0;
    const silent = options.isObserver === true;
    for (const kindId of kindIds) this.#wants[kindId] = true;
    this.#position = new StateValue(engine.cells, `cursor.${name}.position`, 0);
    this.#wantedEnd = new StateValue(engine.cells, `cursor.${name}.wanted`, 0);
    this.#wakeAt = new StateValue(engine.cells, `cursor.${name}.wakeAt`, -1);
    const wake = (): void => {
      if (this.#wakeAt.value === engine.now) this.#wakeAt.value = -1;
      onWake();
      log.trim();
    };
    this.#wakeKind = engine.define(`${name}.deliver`, silent ? PHASE.observe : PHASE.store, wake, { silent });
  }

  /** Whether there is something left to read; from now on the log is told when that changes. */
  catchUp(): boolean {
    this.#lags = this.#position.value < this.#wantedEnd.value;
    return this.#lags;
  }

  wakeLater(): void {
    if (!this.#lags) {
      this.#lags = true;
      this.#log.lag(1);
    }
    this.#wantedEnd.value = this.#log.end;
    const at = this.#engine.now + this.#delayMicros;
    if (this.#wakeAt.value === at) return;
    this.#wakeAt.value = at;
    this.#engine.at(at, this.#wakeKind);
  }

  needsFrom(): number {
    return this.#position.value >= this.#wantedEnd.value ? this.#log.end : this.#position.value;
  }

  next(): boolean {
    const log = this.#log;
    const visibleUntil = this.#engine.now - this.#delayMicros;
    for (let position = Math.max(this.#position.value, log.base); position < this.#wantedEnd.value; position++) {
      const index = position - log.base;
      if ((log.times[index] as number) > visibleUntil) {
        this.#position.value = position;
        return false;
      }
      const kindId = log.kinds[index] as number;
      if (this.#wants[kindId] !== true) continue;
      this.kindId = kindId;
      this.row = log.rows[index] as number;
      this.flags = log.flags[index] as number;
      this.old = log.olds[index];
      this.#position.value = position + 1;
      return true;
    }
    this.#position.value = this.#wantedEnd.value;
    if (this.#lags) {
      this.#lags = false;
      log.lag(-1);
    }
    return false;
  }
}
