import { noiseFactor } from "../random/index.ts";
import { jitteredLook } from "./housekeeping.ts";
import {
  BYTES,
  CHANGED,
  INTEGRAL,
  LAST_AT,
  LAST_COUNTER,
  LIMIT,
  LOOK_KEY,
  milliBetween,
  NOISE_KEY,
  PREVIOUS_AT,
  PREVIOUS_COUNTER,
  RATE,
  SEEN_AT,
  SEEN_BYTES,
  SEEN_COUNTER,
  SHOWN_BYTES,
  STARTED,
  STRIDE,
  type UsageRecords,
} from "./usage-records.ts";
import type { UsageSource } from "./usage-source.ts";

/** The first block has 2^2 slots. */
const FIRST_ORDER = 2;
/** Nearer to a whole milli-CPU than this, rounding is done in full. */
const DOUBTFUL = 4e-6;

/** A change of the level, with the number of the noise's draw. */
export interface LevelChange {
  at: number;
  level: number;
  draw: number;
}

/** Which pods a scrape can read. */
export interface Reach {
  readonly areAll: boolean;
  isReachable(row: number): boolean;
}

/** Pods of one group that follow one source: changes and scrapes are played for all of them at once, when somebody asks. */
export class Followers {
  readonly sourceId: number;
  readonly source: UsageSource;
  readonly group: number;
  /** The followers' rows; the record of the i-th is in slot `first + i`. */
  rows: number[] = [];
  first: number;
  order: number;
  /** The first change that has not been played, and its instant. */
  change = 0;
  changeAt = Number.POSITIVE_INFINITY;
  /** Scrapes played. */
  scrapes = 0;
  /** Sum of the milli-CPU shown of all followers; NaN while some are not shown; undefined when it has to be summed. */
  shownMilli: number | undefined;
  readonly #records: UsageRecords;
  readonly #idleMilli: number;

  constructor(
    records: UsageRecords,
    idleMilli: number,
    of: {
      readonly sourceId: number;
      readonly source: UsageSource;
      readonly group: number;
      /** A block that these followers have already. */
      readonly block?: { readonly first: number; readonly order: number };
    },
  ) {
    this.#records = records;
    this.#idleMilli = idleMilli;
    this.sourceId = of.sourceId;
    this.source = of.source;
    this.group = of.group;
    this.order = of.block?.order ?? FIRST_ORDER;
    this.first = of.block?.first ?? records.allocate(FIRST_ORDER);
  }

  get count(): number {
    return this.rows.length;
  }

  /** Nobody follows yet: what has been is over. */
  begin(now: number, scrapes: number): void {
    this.scrapes = scrapes;
    this.change = this.source.firstAfter(now);
    this.changeAt = this.source.changeAt(this.change);
  }

  /** Adds a row, whose record is taken from a slot. Whether all records have moved to another block. */
  add(row: number, slot: number): boolean {
    const records = this.#records;
    const { count } = this;
    const isFull = count === 1 << this.order;
    if (isFull) {
      const wider = records.allocate(this.order + 1);
      records.copy(this.first, wider, count);
      records.free(this.first, this.order);
      this.first = wider;
      this.order++;
    }
    records.copy(slot, this.first + count);
    this.rows.push(row);
    this.shownMilli = undefined;
    return isFull;
  }

  /** Takes the row in a slot out, after its record was copied; returns the row whose record is there now, -1 for none. */
  remove(slot: number): number {
    this.shownMilli = undefined;
    const last = this.rows.pop() as number;
    const lastSlot = this.first + this.rows.length;
    if (slot === lastSlot) return -1;
    this.#records.copy(lastSlot, slot);
    this.rows[slot - this.first] = last;
    return last;
  }

  /** Gives the block back: nobody follows any more. */
  end(): void {
    this.#records.free(this.first, this.order);
  }

  sumShown(): number {
    if (this.shownMilli === undefined) {
      let sum = 0;
      for (let i = 0; i < this.count; i++) sum += this.#records.shownMilli(this.first + i);
      this.shownMilli = sum;
    }
    return this.shownMilli;
  }

  /** Plays changes of the level, between two scrapes. */
  play(changes: readonly LevelChange[], count: number): void {
    for (let i = 0; i < count; i++) {
      const { at, level, draw } = changes[i] as LevelChange;
      for (let j = 0; j < this.count; j++) this.#follow(this.first + j, at, level, draw);
    }
  }

  /** Plays a scrape that reads the followers that it reaches. */
  scrape(at: number, reach: Reach): void {
    const records = this.#records;
    for (let j = 0; j < this.count; j++) {
      if (reach.isReachable(this.rows[j]!)) records.scrape(this.first + j, at);
      else records.forget(this.first + j);
    }
    this.shownMilli = undefined;
    this.scrapes++;
  }

  #follow(slot: number, at: number, level: number, draw: number): void {
    const records = this.#records;
    const { noise } = this.source;
    let cpuMilli = level;
    if (noise !== null) cpuMilli *= noiseFactor(noise.relativeSd, records.get(slot, NOISE_KEY), draw);
    cpuMilli += this.#idleMilli;
    const limit = records.get(slot, LIMIT);
    records.change(slot, cpuMilli < limit ? cpuMilli : limit, records.get(slot, BYTES), at);
  }

  /** A change at or before a scrape, if there is one, and the scrape, of one pod; returns the milli-CPU shown. */
  #playOne(slot: number, { at, level, draw }: LevelChange, scrapeAt: number): number {
    if (at <= scrapeAt) this.#follow(slot, at, level, draw);
    this.#records.scrape(slot, scrapeAt);
    return this.#records.shownMilli(slot);
  }

  // hot: every pod at every sample (bench/world).
  /**
   * What `play` of at most one change and then `scrape` do, in one pass over the records. `changeAt` is Infinity for no change;
   * `reach` null: every follower can be read.
   */
  pass(change: LevelChange, scrapeAt: number, reach: Reach | null): void {
    const { at: changeAt, level, draw } = change;
    const records = this.#records;
    const { data } = records.column;
    const { housekeeping } = records;
    const { period, spread } = housekeeping;
    const { rows, count, first } = this;
    const { noise } = this.source;
    const relativeSd = noise === null ? 0 : noise.relativeSd;
    const idleMilli = this.#idleMilli;
    const freshEnd = records.freshAges.toMicros;
    const hasChange = changeAt <= scrapeAt;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const slot = first + i;
      if (reach !== null && !reach.isReachable(rows[i]!)) {
        if (hasChange) this.#follow(slot, changeAt, level, draw);
        records.forget(slot);
        sum = Number.NaN;
        continue;
      }
      const at = slot * STRIDE;
      const started = data[at + STARTED]!;
      const changedAt = data[at + CHANGED]!;
      let seenAt = scrapeAt;
      if (spread > 0) {
        seenAt = jitteredLook(data[at + LOOK_KEY]!, started, scrapeAt, period, spread);
      } else if (period > 0) seenAt = housekeeping.lastLookAt(data[at + LOOK_KEY]!, started, scrapeAt);
      let lastAt = data[at + LAST_AT]!;
      const isNew = seenAt !== lastAt;
      // A young container, one that changed by itself since its last look, and what is rare.
      if (
        lastAt <= started ||
        seenAt - started < freshEnd ||
        (isNew && seenAt < changedAt) ||
        data[at + BYTES]! === 0
      ) {
        sum += this.#playOne(slot, change, scrapeAt);
        continue;
      }
      const integral = data[at + INTEGRAL]!;
      const rate = data[at + RATE]!;
      let counter = integral + rate * (seenAt - changedAt);
      if (hasChange) {
        let cpuMilli = level;
        if (relativeSd > 0) cpuMilli *= noiseFactor(relativeSd, data[at + NOISE_KEY]!, draw);
        cpuMilli += idleMilli;
        const limit = data[at + LIMIT]!;
        if (cpuMilli > limit) cpuMilli = limit;
        if (cpuMilli !== rate) {
          const atChange = integral + rate * (changeAt - changedAt);
          if (seenAt >= changeAt) counter = atChange + cpuMilli * (seenAt - changeAt);
          if (seenAt < changeAt && seenAt >= changedAt) {
            data[at + SEEN_AT] = seenAt;
            data[at + SEEN_COUNTER] = counter;
            data[at + SEEN_BYTES] = data[at + BYTES]!;
          }
          data[at + INTEGRAL] = atChange;
          data[at + CHANGED] = changeAt;
          data[at + RATE] = cpuMilli;
        }
      }
      let previousAt = data[at + PREVIOUS_AT]!;
      let previousCounter = data[at + PREVIOUS_COUNTER]!;
      if (isNew) {
        previousAt = lastAt;
        previousCounter = data[at + LAST_COUNTER]!;
        lastAt = seenAt;
        data[at + PREVIOUS_AT] = previousAt;
        data[at + PREVIOUS_COUNTER] = previousCounter;
        data[at + LAST_AT] = seenAt;
        data[at + LAST_COUNTER] = counter;
        data[at + SHOWN_BYTES] = data[at + BYTES]!;
      } else counter = data[at + LAST_COUNTER]!;
      if (previousAt === -1) {
        sum = Number.NaN;
        continue;
      }
      // The mean, up where it is clearly not whole; the rounding of `milliBetween` is slow.
      const mean = (counter - previousCounter) / (lastAt - previousAt);
      const whole = Math.floor(mean);
      const rest = mean - whole;
      sum +=
        rest > DOUBTFUL && rest < 1 - DOUBTFUL
          ? whole + 1
          : milliBetween(counter - previousCounter, lastAt - previousAt);
    }
    this.shownMilli = sum;
    this.scrapes++;
  }
}
