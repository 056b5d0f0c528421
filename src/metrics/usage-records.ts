import { type CellRegistry, Column } from "../tables/index.ts";
import type { Housekeeping } from "./housekeeping.ts";

/** Doubles a pod: what is read with every sample fills the first of its two cache lines. */
export const STRIDE = 16;
/** milli-CPU · microseconds used from the start of the containers to `CHANGED`. */
export const INTEGRAL = 0;
/** Instant of the last change of the usage. */
export const CHANGED = 1;
/** Milli-CPU used since then. */
export const RATE = 2;
/** The look that the last scrape saw, and the counter at it; instant -1: none. */
export const LAST_AT = 3;
export const LAST_COUNTER = 4;
/** The point before, from which the usage shown is reckoned; instant -1: nothing is shown. */
export const PREVIOUS_AT = 5;
export const PREVIOUS_COUNTER = 6;
/** When the containers started. */
export const STARTED = 7;
/** What a pod may use at most, milli-CPU. */
export const LIMIT = 8;
/** The words by which the pod's noise and the kubelet's looks at it are drawn. */
export const NOISE_KEY = 9;
export const LOOK_KEY = 10;
/** Bytes in use, and those shown. */
export const BYTES = 11;
export const SHOWN_BYTES = 12;
/** The last look before the last change, and what it saw. */
export const SEEN_AT = 13;
export const SEEN_COUNTER = 14;
export const SEEN_BYTES = 15;

const NANOS_PER_MILLI = 1_000_000;

/** Which ages of a container a scrape treats as fresh: it is measured from its start then. */
export interface FreshAges {
  readonly fromMicros: number;
  readonly toMicros: number;
}

/**
 * The usage of pods and what metrics-server knows of it, one record a slot: changes and scrapes of one pod, one after the
 * other. Nothing here knows when these happen (see `UsageMeter`). Slots are handed out in blocks, so that what is read
 * together lies together: a walk over records that are scattered waits for memory most of the time.
 */
export class UsageRecords {
  readonly column: Column<Float64Array>;
  readonly housekeeping: Housekeeping;
  freshAges: FreshAges = { fromMicros: 0, toMicros: 0 };
  /** Free blocks of 2^i slots, and the first slot that was never used. */
  #free: number[][] = [];
  #end = 0;

  constructor(registry: CellRegistry, housekeeping: Housekeeping) {
    this.column = new Column<Float64Array>(registry, "usage.records", Float64Array);
    this.housekeeping = housekeeping;
    registry.add({
      name: "usage.slots",
      save: () => ({ form: "data", data: Object.freeze([this.#end, this.#free.map((blocks) => [...blocks])]) }),
      load: (state) => {
        const [end, free] = state.data as readonly [number, readonly (readonly number[])[]];
        this.#end = end;
        this.#free = free.map((blocks) => [...blocks]);
      },
    });
  }

  /** A block of 2^order slots; what they hold means nothing. */
  allocate(order: number): number {
    const known = this.#free[order]?.pop();
    if (known !== undefined) return known;
    const first = this.#end;
    this.#end += 1 << order;
    this.column.ensure(this.#end * STRIDE);
    return first;
  }

  free(first: number, order: number): void {
    while (this.#free.length <= order) this.#free.push([]);
    (this.#free[order] as number[]).push(first);
  }

  copy(from: number, to: number, count = 1): void {
    this.column.data.copyWithin(to * STRIDE, from * STRIDE, (from + count) * STRIDE);
  }

  get(slot: number, field: number): number {
    return this.column.data[slot * STRIDE + field]!;
  }

  put(slot: number, field: number, value: number): void {
    this.column.data[slot * STRIDE + field] = value;
  }

  /** The containers of a pod have started: its counter begins at 0. What is shown of an earlier one stays until the next scrape. */
  start(slot: number, now: number, lookKey: number): void {
    const { data } = this.column;
    const at = slot * STRIDE;
    data[at + STARTED] = now;
    data[at + INTEGRAL] = 0;
    data[at + CHANGED] = now;
    data[at + RATE] = 0;
    data[at + BYTES] = 0;
    data[at + SEEN_AT] = now;
    data[at + SEEN_COUNTER] = 0;
    data[at + SEEN_BYTES] = 0;
    data[at + LOOK_KEY] = lookKey;
  }

  /** What a pod uses from `now` on. */
  change(slot: number, cpuMilli: number, memoryBytes: number, now: number): void {
    const { data } = this.column;
    const at = slot * STRIDE;
    const oldMilli = data[at + RATE]!;
    const oldBytes = data[at + BYTES]!;
    if (oldMilli === cpuMilli && oldBytes === memoryBytes) return;
    const changedAt = data[at + CHANGED]!;
    if (now !== changedAt) {
      const integral = data[at + INTEGRAL]!;
      const seenAt = this.seenAt(slot, now);
      if (seenAt >= changedAt) {
        data[at + SEEN_AT] = seenAt;
        data[at + SEEN_COUNTER] = integral + oldMilli * (seenAt - changedAt);
        data[at + SEEN_BYTES] = oldBytes;
      }
      data[at + INTEGRAL] = integral + oldMilli * (now - changedAt);
      data[at + CHANGED] = now;
    }
    data[at + RATE] = cpuMilli;
    data[at + BYTES] = memoryBytes;
  }

  /** Instant of the kubelet's last look at a running pod; `counterAt` and `bytesAt` say what it saw. */
  seenAt(slot: number, now: number): number {
    return this.housekeeping.lastLookAt(this.get(slot, LOOK_KEY), this.get(slot, STARTED), now);
  }

  /** The counter at the look `seenAt`: milli-CPU · microseconds since the containers started. */
  counterAt(slot: number, seenAt: number): number {
    const changedAt = this.get(slot, CHANGED);
    if (seenAt < changedAt) return this.get(slot, SEEN_COUNTER);
    return this.get(slot, INTEGRAL) + this.get(slot, RATE) * (seenAt - changedAt);
  }

  /** The memory in use at the look `seenAt`. */
  bytesAt(slot: number, seenAt: number): number {
    return this.get(slot, seenAt < this.get(slot, CHANGED) ? SEEN_BYTES : BYTES);
  }

  /** A scrape reads a running pod. */
  scrape(slot: number, now: number): void {
    const { data } = this.column;
    const at = slot * STRIDE;
    const started = data[at + STARTED]!;
    const seenAt = this.seenAt(slot, now);
    let from = data[at + LAST_AT]!;
    if (from === seenAt && from > started) return;
    const counter = this.counterAt(slot, seenAt);
    const bytes = this.bytesAt(slot, seenAt);
    if (counter === 0 || bytes === 0) {
      this.forget(slot);
      return;
    }
    const age = seenAt - started;
    let fromCounter = data[at + LAST_COUNTER]!;
    if (age >= this.freshAges.fromMicros && age < this.freshAges.toMicros) {
      from = started;
      fromCounter = 0;
    } else if (from <= started) from = -1;
    data[at + PREVIOUS_AT] = from;
    data[at + PREVIOUS_COUNTER] = fromCounter;
    data[at + LAST_AT] = seenAt;
    data[at + LAST_COUNTER] = counter;
    if (from !== -1) data[at + SHOWN_BYTES] = bytes;
  }

  /** A scrape that could not read the pod: nothing is shown of it, and the next one begins anew. */
  forget(slot: number): void {
    this.put(slot, LAST_AT, -1);
    this.put(slot, PREVIOUS_AT, -1);
  }

  /** Milli-CPU shown; NaN when nothing is. */
  shownMilli(slot: number): number {
    const { data } = this.column;
    const at = slot * STRIDE;
    const from = data[at + PREVIOUS_AT]!;
    if (from === -1) return Number.NaN;
    return milliBetween(data[at + LAST_COUNTER]! - data[at + PREVIOUS_COUNTER]!, data[at + LAST_AT]! - from);
  }
}

/**
 * Milli-CPU of a counter's difference over its distance, as metrics-server and its readers round: down to nanocores, then up to
 * milli-CPU.
 */
export function milliBetween(counter: number, micros: number): number {
  return Math.ceil(Math.floor((counter * NANOS_PER_MILLI) / micros) / NANOS_PER_MILLI);
}
