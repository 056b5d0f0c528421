import type { Engine } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import { type Distribution, isZero, type Stream, sample } from "../random/index.ts";
import { type Cell, type CellState, Fifo, StateValue } from "../tables/index.ts";

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
  /** Documents: the status shows what was measured anew and nothing else. Told only to those who ask for it by this flag. */
  measured: 4096,
} as const;

/** Owners of pods that a cursor can tell apart, as bits. */
export const OWNER = {
  none: 1,
  other: 2,
  ReplicaSet: 4,
  ReplicationController: 8,
  StatefulSet: 16,
  DaemonSet: 32,
  Job: 64,
} as const;

/** The bit of a pod's owner, by the owner's kind; `undefined`: none. */
export function ownerBitOf(kind: string | undefined): number {
  if (kind === undefined) return OWNER.none;
  const bit = (OWNER as Readonly<Record<string, number>>)[kind] ?? OWNER.other;
  return bit > OWNER.other ? bit : OWNER.other;
}

const EVERYTHING = -1;
const ALL_BUT_MEASURED = ~CHANGE.measured;

/**
 * Which changes of a kind matter to a cursor: those with one of these flags. Of pods also only those with one of these owners
 * (`OWNER`), unless metadata changed, which may change the owner. Both default to all, `measured` apart.
 */
export interface Interest {
  readonly flags?: number;
  readonly owners?: number;
}

export interface WatchOptions {
  /** How long after a write the cursor sees it; what it has not seen yet never overtakes. Default 0. */
  readonly delay?: Distribution;
  readonly pods?: Interest;
  readonly documents?: Interest;
  /** Reads only, at the end of an instant, and leaves no trace in the digest. */
  readonly isObserver?: boolean;
}

const NO_DELAY: Distribution = { constant: 0 };

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
 * The log of all writes, in order, and the cursors that read it. A write wakes each cursor that is interested in it once
 * per instant, in phase `store`, its delay later; what is written at one instant travels together, and arrives no earlier than
 * what was written before. All cursors without a delay that an instant wakes are woken by one event, in the order in which the writes concerned them.
 * The log forgets what every cursor has read; a deleted row is released then (`onRelease`), not before, so that
 * a reader can still look at what was deleted.
 */
export class ChangeLog implements Cell {
  /** Cursors with something left to read; undefined after a load, when it has to be counted anew. */
  #lagging: number | undefined = 0;
  readonly name = "store.changes";
  readonly #engine: Engine;
  readonly #onRelease: (kindId: number, row: number) => void;
  readonly #podKindId: number;
  readonly #cursors: LogCursor[] = [];
  readonly #byKind: Subscription[][] = [];
  /** Numbers of the cursors that the pending delivery wakes, in order. */
  readonly #due: Fifo;
  readonly #deliverKind: number;
  kinds: number[] = [];
  rows: number[] = [];
  flags: number[] = [];
  olds: unknown[] = [];
  /** The owner's bit of pods, all bits for documents. */
  owners: number[] = [];
  /** Changes kept: the lists above are as long as they ever had to be. */
  length = 0;
  /** Changes forgotten so far: the number of the first one kept. */
  base = 0;

  constructor(engine: Engine, podKindId: number, onRelease: (kindId: number, row: number) => void) {
    this.#engine = engine;
    this.#podKindId = podKindId;
    this.#onRelease = onRelease;
    engine.cells.add(this);
    this.#due = new Fifo(engine.cells, "store.due");
    this.#deliverKind = engine.define("store.deliver", PHASE.store, () => this.#deliver());
  }

  /** One more than the number of the newest change. */
  get end(): number {
    return this.base + this.length;
  }

  /**
   * Subscribes; `onWake` runs in phase `store` whenever there is something to read; an observer's in phase `observe`,
   * silently. Only before the first event.
   */
  watch(name: string, kindIds: readonly number[], onWake: () => void, options: WatchOptions): Cursor {
    const cursor = new LogCursor(this, this.#engine, name, this.#cursors.length, onWake, options);
    this.#cursors.push(cursor);
    for (const kindId of kindIds) {
      const { flags = ALL_BUT_MEASURED, owners = EVERYTHING } =
        (kindId === this.#podKindId ? options.pods : options.documents) ?? {};
      const subscription = { cursor, flags, owners };
      cursor.wants[kindId] = subscription;
      const list = this.#byKind[kindId];
      if (list === undefined) this.#byKind[kindId] = [subscription];
      else list.push(subscription);
    }
    return cursor;
  }

  /** Whether somebody is told of such changes of a kind. */
  isWanted(kindId: number, flags: number): boolean {
    const list = this.#byKind[kindId];
    if (list === undefined) return false;
    for (let i = 0; i < list.length; i++) if ((flags & (list[i] as Subscription).flags) !== 0) return true;
    return false;
  }

  // hot: once a write (bench/world).
  append(kindId: number, row: number, flags: number, old: unknown, owner = EVERYTHING): void {
    const at = this.length++;
    this.kinds[at] = kindId;
    this.rows[at] = row;
    this.flags[at] = flags;
    this.olds[at] = old;
    this.owners[at] = owner;
    const list = this.#byKind[kindId];
    if (list !== undefined) {
      for (let i = 0; i < list.length; i++) {
        const subscription = list[i] as Subscription;
        if (matches(subscription, flags, owner)) subscription.cursor.wakeLater();
      }
    }
    if (this.#lagging === 0) this.trim();
  }

  /** Wakes a cursor without a delay in this instant. */
  wakeNow(cursor: number): void {
    if (this.#due.length === 0) this.#engine.at(this.#engine.now, this.#deliverKind);
    this.#due.push(cursor);
  }

  #deliver(): void {
    // A cursor woken meanwhile comes last; the delivery is over when none is due.
    for (; this.#due.length > 0; this.#due.shift()) (this.#cursors[this.#due.at(0) as number] as LogCursor).wake();
    this.trim();
  }

  /** Counts a cursor that has fallen behind (1) or has caught up (-1). */
  lag(change: 1 | -1): void {
    if (this.#lagging !== undefined) this.#lagging += change;
  }

  /** Forgets what every cursor has read and releases the rows deleted there. */
  trim(): void {
    // All but a few calls end here: at one instant many cursors read one after the other.
    this.#lagging ??= this.#cursors.filter((cursor) => cursor.catchUp()).length;
    if (this.#lagging > 0 && this.length < TRIM_AT) return;
    let keepFrom = this.end;
    for (const cursor of this.#cursors) keepFrom = Math.min(keepFrom, cursor.needsFrom());
    const count = keepFrom - this.base;
    if (count < TRIM_AT && count < this.length) return;
    for (let i = 0; i < count; i++) {
      this.olds[i] = undefined;
      if (((this.flags[i] as number) & CHANGE.deleted) !== 0)
        this.#onRelease(this.kinds[i] as number, this.rows[i] as number);
    }
    this.base = keepFrom;
    if (count < this.length) {
      for (const list of [this.kinds, this.rows, this.flags, this.olds, this.owners]) {
        list.copyWithin(0, count, this.length);
      }
      this.olds.fill(undefined, this.length - count, this.length);
    }
    this.length -= count;
  }

  save(): CellState {
    const { base, length, kinds, rows, flags, olds, owners } = this;
    return {
      form: "data",
      data: {
        base,
        kinds: kinds.slice(0, length),
        rows: rows.slice(0, length),
        flags: flags.slice(0, length),
        olds: olds.slice(0, length),
        owners: owners.slice(0, length),
      },
    };
  }

  load(state: CellState): void {
    const saved = state.data as Pick<ChangeLog, "base" | "kinds" | "rows" | "flags" | "olds" | "owners">;
    this.base = saved.base;
    this.kinds = saved.kinds.slice();
    this.rows = saved.rows.slice();
    this.flags = saved.flags.slice();
    this.olds = saved.olds.slice();
    this.owners = saved.owners.slice();
    this.length = this.rows.length;
    this.#lagging = undefined;
  }
}

interface Subscription {
  readonly cursor: LogCursor;
  readonly flags: number;
  readonly owners: number;
}

function matches(subscription: Subscription, flags: number, owner: number): boolean {
  if ((flags & subscription.flags) === 0) return false;
  return (owner & subscription.owners) !== 0 || (flags & CHANGE.metadata) !== 0;
}

class LogCursor implements Cursor {
  readonly name: string;
  kindId = -1;
  row = -1;
  flags = 0;
  old: unknown;
  /** What it wants to hear of, by kind. */
  readonly wants: Subscription[] = [];
  readonly #log: ChangeLog;
  readonly #engine: Engine;
  readonly #number: number;
  readonly #onWake: () => void;
  readonly #way: Way | null;
  readonly #position: StateValue<number>;
  /** The number after the newest change this cursor wants: read up to here, it holds nothing back. */
  readonly #wantedEnd: StateValue<number>;
  readonly #wakeAt: StateValue<number>;
  /** The kind of its own wakes; -1 when the log's delivery wakes it. */
  readonly #wakeKind: number;
  #lags = false;

  constructor(log: ChangeLog, engine: Engine, name: string, number: number, onWake: () => void, options: WatchOptions) {
    this.#log = log;
    this.#engine = engine;
    this.#number = number;
    this.#onWake = onWake;
    this.name = name;
    const { delay = NO_DELAY } = options;
    this.#way = isZero(delay) ? null : new Way(engine, name, delay);
    const silent = options.isObserver === true;
    this.#position = new StateValue(engine.cells, `cursor.${name}.position`, 0);
    this.#wantedEnd = new StateValue(engine.cells, `cursor.${name}.wanted`, 0);
    this.#wakeAt = new StateValue(engine.cells, `cursor.${name}.wakeAt`, -1);
    const wake = (): void => {
      this.wake();
      log.trim();
    };
    const phase = silent ? PHASE.observe : PHASE.store;
    const isApart = silent || this.#way !== null;
    this.#wakeKind = isApart ? engine.define(`${name}.deliver`, phase, wake, { silent }) : -1;
  }

  wake(): void {
    if (this.#wakeAt.value === this.#engine.now) this.#wakeAt.value = -1;
    this.#onWake();
  }

  /** Whether there is something left to read; from now on the log is told when that changes. */
  catchUp(): boolean {
    this.#lags = this.#position.value < this.#wantedEnd.value;
    return this.#lags;
  }

  /** The newest change is for this cursor. */
  wakeLater(): void {
    const { end } = this.#log;
    // What nobody wanted since the last read is never looked at.
    if (this.#position.value >= this.#wantedEnd.value) this.#position.value = end - 1;
    if (!this.#lags) {
      this.#lags = true;
      this.#log.lag(1);
    }
    this.#wantedEnd.value = end;
    if (this.#way !== null) {
      const arrival = this.#way.send(end);
      if (arrival !== -1) this.#engine.at(arrival, this.#wakeKind);
      return;
    }
    const at = this.#engine.now;
    if (this.#wakeAt.value === at) return;
    this.#wakeAt.value = at;
    if (this.#wakeKind === -1) this.#log.wakeNow(this.#number);
    else this.#engine.at(at, this.#wakeKind);
  }

  needsFrom(): number {
    return this.#position.value >= this.#wantedEnd.value ? this.#log.end : this.#position.value;
  }

  next(): boolean {
    const log = this.#log;
    const end = this.#way === null ? this.#wantedEnd.value : this.#way.arrived();
    for (let position = this.#position.value; position < end; position++) {
      const index = position - log.base;
      const kindId = log.kinds[index] as number;
      const flags = log.flags[index] as number;
      const wanted = this.wants[kindId];
      if (wanted === undefined || !matches(wanted, flags, log.owners[index] as number)) continue;
      this.kindId = kindId;
      this.row = log.rows[index] as number;
      this.flags = flags;
      this.old = log.olds[index];
      this.#position.value = position + 1;
      return true;
    }
    if (this.#position.value < end) this.#position.value = end;
    if (this.#lags && this.#position.value >= this.#wantedEnd.value) {
      this.#lags = false;
      log.lag(-1);
    }
    return false;
  }
}

/** The way of changes to a cursor with a delay: what has been sent and when it arrives, in order. */
class Way {
  readonly #engine: Engine;
  readonly #delay: Distribution;
  readonly #stream: Stream;
  /** Of each batch under way: the number after its last change, and when it arrives. */
  readonly #ends: Fifo;
  readonly #arrivals: Fifo;
  readonly #sent: StateValue<{ readonly at: number; readonly arrival: number }>;
  readonly #arrived: StateValue<number>;

  constructor(engine: Engine, name: string, delay: Distribution) {
    this.#engine = engine;
    this.#delay = delay;
    this.#stream = engine.streams.stream(`watch/${name}`);
    this.#ends = new Fifo(engine.cells, `cursor.${name}.ends`);
    this.#arrivals = new Fifo(engine.cells, `cursor.${name}.arrivals`);
    this.#sent = new StateValue(engine.cells, `cursor.${name}.sent`, Object.freeze({ at: -1, arrival: -1 }));
    this.#arrived = new StateValue(engine.cells, `cursor.${name}.arrived`, 0);
  }

  /** Sends what is before number `end`; returns when it arrives, or -1 when something else does then. */
  send(end: number): number {
    const { now } = this.#engine;
    const { at, arrival: last } = this.#sent.value;
    const arrival = at === now ? last : Math.max(last, now + sample(this.#delay, this.#stream));
    this.#sent.value = Object.freeze({ at: now, arrival });
    const isNew = arrival !== last || this.#arrivals.length === 0;
    this.#ends.push(end);
    this.#arrivals.push(arrival);
    return isNew ? arrival : -1;
  }

  /** The number after the last change that has arrived. */
  arrived(): number {
    const { now } = this.#engine;
    for (; this.#arrivals.length > 0 && (this.#arrivals.at(0) as number) <= now; this.#arrivals.shift()) {
      this.#arrived.value = this.#ends.shift() as number;
    }
    return this.#arrived.value;
  }
}
