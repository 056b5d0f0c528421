import type { CellRegistry, CellState } from "../tables/index.ts";
import { InvariantError } from "./assert.ts";

/** A pending event: slot and generation in one safe integer; 0 is "none". */
export type EventRef = number;

/** Phases of an instant are numbered 0..MAX_PHASES − 1. */
export const MAX_PHASES = 9;
const MAX_SLOTS = 0x1000000;
const FIRST_CAPACITY = 256;

// A slot is one record of 48 bytes, so that an event costs one cache line wherever it lies.
const DOUBLES = 6;
const WORDS = 12;
export const TIME = 0;
export const ARG = 1;
export const CAUSE = 2;
const NEXT = 6;
const PREVIOUS = 7;
export const KIND = 8;
const GENERATION = 9;
export const SUBJECT = 10;
export const SUBJECT_GENERATION = 11;

const LEVELS = 7; // Digits of eight bits: three in the upper word of a time below 2^53, four in the lower.
const LISTS = MAX_PHASES + LEVELS * 256;
const UPPER = 2.3283064365386963e-10;

/**
 * The future event list: a monotone radix heap over integer times with digits of eight bits.
 *
 * `base` is a time no pending event precedes. An event that is due at `base` waits in the first-in-first-out list of its phase;
 * a later one in the bucket (level, digit) of the highest digit in which its time differs from `base`. When the
 * instant is exhausted, `base` moves to the least time of the lowest bucket and that bucket is dealt out again, in its order.
 * Events of one time always share a bucket and are always walked in order of insertion, which makes the order exactly
 * (time, phase, sequence).
 *
 * Costs: schedule O(1); cancel O(1), the slot is free at once; take O(1) plus the dealing out, at most once a level, so seven
 * times an event and in practice one to three. Memory: 48 bytes for each slot ever in use at once.
 * // hot: bench/micro/hold.ts, bench/micro/rearm.ts
 */
export class FutureEventList {
  /** Records by slot, as doubles and as words over one buffer. Growth replaces both. */
  doubles = new Float64Array(FIRST_CAPACITY * DOUBLES);
  words = new Int32Array(this.doubles.buffer);
  scheduledCount = 0;
  cancelledCount = 0;
  takenCount = 0;
  readonly #phaseOf: Uint8Array;
  #capacity = FIRST_CAPACITY;
  #limit = 0;
  #free = -1;
  #base = 0;
  #baseLow = 0;
  #baseHigh = 0;
  readonly #heads = new Int32Array(LISTS).fill(-1);
  readonly #tails = new Int32Array(LISTS).fill(-1);
  readonly #least = new Float64Array(LISTS);
  // Occupied lists as bits: phases; levels; words of a level; digits of a word.
  #phases = 0;
  #levels = 0;
  readonly #wordsOfLevel = new Int32Array(LEVELS);
  readonly #digits = new Int32Array(LEVELS * 8);

  /** `phaseOf` gives the phase of a kind; it may be filled in until the first event of the kind. */
  constructor(registry: CellRegistry, name: string, phaseOf: Uint8Array) {
    this.#phaseOf = phaseOf;
    registry.add({
      name: `${name}.records`,
      save: () => this.#saveRecords(),
      load: (state) => this.#loadRecords(state),
    });
    registry.add({ name: `${name}.lists`, save: () => this.#saveLists(), load: (state) => this.#loadLists(state) });
  }

  get pendingCount(): number {
    return this.scheduledCount - this.cancelledCount - this.takenCount;
  }

  /** Adds an event at `time` ≥ the time of the last event taken. Returns its slot; the caller fills in the payload. */
  schedule(time: number, kind: number): number {
    let slot = this.#free;
    if (slot >= 0) {
      this.#free = this.words[slot * WORDS + NEXT]!;
    } else {
      slot = this.#limit;
      if (slot === this.#capacity) this.#grow();
      this.#limit = slot + 1;
      this.words[slot * WORDS + GENERATION] = 1;
    }
    this.doubles[slot * DOUBLES + TIME] = time;
    this.words[slot * WORDS + KIND] = kind;
    this.scheduledCount += 1;
    this.#append(this.#listOf(time, kind), slot, time);
    return slot;
  }

  refOf(slot: number): EventRef {
    return this.words[slot * WORDS + GENERATION]! * MAX_SLOTS + slot;
  }

  isPending(ref: EventRef): boolean {
    return this.#slotOf(ref) >= 0;
  }

  /** Time of a pending event; −1 when it is not pending. */
  timeOf(ref: EventRef): number {
    const slot = this.#slotOf(ref);
    return slot < 0 ? -1 : this.doubles[slot * DOUBLES + TIME]!;
  }

  /** Removes a pending event; false when it has been taken or cancelled before. */
  cancel(ref: EventRef): boolean {
    const slot = this.#slotOf(ref);
    if (slot < 0) return false;
    this.#unlink(slot);
    this.#release(slot);
    this.cancelledCount += 1;
    return true;
  }

  /**
   * Takes the next event due at or before `until` out of its list; −1 when there is none. The record stays readable
   * until `release(slot)`.
   */
  take(until: number): number {
    if (this.#phases === 0) {
      if (!this.#advance(until)) return -1;
    } else if (this.#base > until) return -1;
    const phases = this.#phases;
    const list = 31 - Math.clz32(phases & -phases);
    const slot = this.#heads[list]!;
    const next = this.words[slot * WORDS + NEXT]!;
    this.#heads[list] = next;
    if (next < 0) {
      this.#tails[list] = -1;
      this.#phases = phases & (phases - 1);
    } else this.words[next * WORDS + PREVIOUS] = -1;
    return slot;
  }

  /** Gives the slot of a taken event back. */
  release(slot: number): void {
    this.takenCount += 1;
    this.#release(slot);
  }

  /** Moves an empty list to `now`, so that times from there on may be scheduled. */
  restAt(now: number): void {
    if (this.pendingCount === 0) this.#moveTo(now);
  }

  /** Walks everything and compares it with the counters. Throws when a list or a count is wrong. Cost: pending events. */
  audit(): void {
    let found = 0;
    for (let list = 0; list < LISTS; list += 1) {
      let previous = -1;
      for (let slot = this.#heads[list]!; slot >= 0; slot = this.words[slot * WORDS + NEXT]!) {
        const time = this.doubles[slot * DOUBLES + TIME]!;
        const isHome = this.#listOf(time, this.words[slot * WORDS + KIND]!) === list;
        if (!isHome || time < this.#base || this.words[slot * WORDS + PREVIOUS] !== previous) {
          throw new InvariantError(`the event in slot ${slot}, due at ${time}, is misplaced in list ${list}`);
        }
        previous = slot;
        found += 1;
      }
      if (this.#tails[list] !== previous) throw new InvariantError(`list ${list} has lost its tail`);
    }
    if (found !== this.pendingCount) {
      throw new InvariantError(
        `scheduled ${this.scheduledCount} − taken ${this.takenCount} − cancelled ${this.cancelledCount} ≠ pending ${found}`,
      );
    }
  }

  #slotOf(ref: EventRef): number {
    const generation = Math.floor(ref / MAX_SLOTS);
    const slot = ref - generation * MAX_SLOTS;
    return slot < this.#limit && this.words[slot * WORDS + GENERATION] === generation && generation > 0 ? slot : -1;
  }

  #listOf(time: number, kind: number): number {
    if (time === this.#base) return this.#phaseOf[kind]!;
    const high = (time * UPPER) | 0;
    const highDifference = high ^ this.#baseHigh;
    if (highDifference !== 0) {
      const level = (31 - Math.clz32(highDifference)) >> 3;
      return MAX_PHASES + 1024 + (level << 8) + ((high >>> (level << 3)) & 255);
    }
    const low = time | 0;
    const level = (31 - Math.clz32(low ^ this.#baseLow)) >> 3;
    return MAX_PHASES + (level << 8) + ((low >>> (level << 3)) & 255);
  }

  #append(list: number, slot: number, time: number): void {
    const words = this.words;
    const tail = this.#tails[list]!;
    words[slot * WORDS + NEXT] = -1;
    words[slot * WORDS + PREVIOUS] = tail;
    this.#tails[list] = slot;
    if (tail >= 0) {
      words[tail * WORDS + NEXT] = slot;
      if (time < this.#least[list]!) this.#least[list] = time;
      return;
    }
    this.#heads[list] = slot;
    this.#least[list] = time;
    this.#occupy(list);
  }

  #occupy(list: number): void {
    if (list < MAX_PHASES) {
      this.#phases |= 1 << list;
      return;
    }
    const bucket = list - MAX_PHASES;
    this.#digits[bucket >> 5]! |= 1 << (bucket & 31);
    this.#wordsOfLevel[bucket >> 8]! |= 1 << ((bucket >> 5) & 7);
    this.#levels |= 1 << (bucket >> 8);
  }

  #vacate(list: number): void {
    if (list < MAX_PHASES) {
      this.#phases &= ~(1 << list);
      return;
    }
    const bucket = list - MAX_PHASES;
    this.#digits[bucket >> 5]! &= ~(1 << (bucket & 31));
    if (this.#digits[bucket >> 5] !== 0) return;
    this.#wordsOfLevel[bucket >> 8]! &= ~(1 << ((bucket >> 5) & 7));
    if (this.#wordsOfLevel[bucket >> 8] === 0) this.#levels &= ~(1 << (bucket >> 8));
  }

  #unlink(slot: number): void {
    const words = this.words;
    const next = words[slot * WORDS + NEXT]!;
    const previous = words[slot * WORDS + PREVIOUS]!;
    if (next >= 0) words[next * WORDS + PREVIOUS] = previous;
    if (previous >= 0) words[previous * WORDS + NEXT] = next;
    if (next >= 0 && previous >= 0) return;
    const list = this.#listOf(this.doubles[slot * DOUBLES + TIME]!, words[slot * WORDS + KIND]!);
    if (previous < 0) this.#heads[list] = next;
    if (next < 0) this.#tails[list] = previous;
    if (previous < 0 && next < 0) this.#vacate(list);
  }

  #release(slot: number): void {
    const at = slot * WORDS;
    const generation = this.words[at + GENERATION]!;
    this.words[at + GENERATION] = generation === 0x1fffffff ? 1 : generation + 1;
    this.words[at + NEXT] = this.#free;
    this.#free = slot;
  }

  #moveTo(time: number): void {
    this.#base = time;
    this.#baseLow = time | 0;
    this.#baseHigh = (time * UPPER) | 0;
  }

  /** Moves `base` on until an event is due there. False when none is due at or before `until`. */
  #advance(until: number): boolean {
    while (this.#phases === 0) {
      const levels = this.#levels;
      if (levels === 0) return false;
      const level = 31 - Math.clz32(levels & -levels);
      const wordsOfLevel = this.#wordsOfLevel[level]!;
      const word = (level << 3) + 31 - Math.clz32(wordsOfLevel & -wordsOfLevel);
      const digits = this.#digits[word]!;
      const list = MAX_PHASES + (word << 5) + 31 - Math.clz32(digits & -digits);
      // A lower bound: its event may have been cancelled. Dealing out from there is right all the same.
      const least = this.#least[list]!;
      if (least > until) return false;
      this.#moveTo(least);
      let slot = this.#heads[list]!;
      this.#heads[list] = -1;
      this.#tails[list] = -1;
      this.#vacate(list);
      while (slot >= 0) {
        const next = this.words[slot * WORDS + NEXT]!;
        const time = this.doubles[slot * DOUBLES + TIME]!;
        this.#append(this.#listOf(time, this.words[slot * WORDS + KIND]!), slot, time);
        slot = next;
      }
    }
    return true;
  }

  #grow(): void {
    if (this.#capacity >= MAX_SLOTS) throw new InvariantError(`more than ${MAX_SLOTS} events are pending`);
    const old = this.words;
    this.#capacity *= 2;
    this.doubles = new Float64Array(this.#capacity * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    this.words.set(old);
  }

  #saveRecords(): CellState {
    return { form: "numbers", data: this.words.slice(0, this.#limit * WORDS) };
  }

  #loadRecords(state: CellState): void {
    if (state.form !== "numbers") throw new InvariantError("the future event list is saved as numbers");
    this.#limit = state.data.length / WORDS;
    while (this.#capacity < this.#limit) this.#capacity *= 2;
    this.doubles = new Float64Array(this.#capacity * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    this.words.set(state.data);
  }

  #saveLists(): CellState {
    const lists: number[] = [];
    for (let list = 0; list < LISTS; list += 1) {
      if (this.#heads[list]! >= 0) lists.push(list, this.#heads[list]!, this.#tails[list]!, this.#least[list]!);
    }
    const { scheduledCount, cancelledCount, takenCount } = this;
    const counters = [this.#base, this.#free, scheduledCount, cancelledCount, takenCount];
    return { form: "numbers", data: Float64Array.from([...counters, ...lists]) };
  }

  #loadLists(state: CellState): void {
    const [base, free, scheduled, cancelled, taken, ...lists] = state.data as Float64Array;
    this.#moveTo(base!);
    this.#free = free!;
    this.scheduledCount = scheduled!;
    this.cancelledCount = cancelled!;
    this.takenCount = taken!;
    this.#heads.fill(-1);
    this.#tails.fill(-1);
    this.#phases = 0;
    this.#levels = 0;
    this.#wordsOfLevel.fill(0);
    this.#digits.fill(0);
    for (let i = 0; i < lists.length; i += 4) {
      const list = lists[i]!;
      this.#heads[list] = lists[i + 1]!;
      this.#tails[list] = lists[i + 2]!;
      this.#least[list] = lists[i + 3]!;
      this.#occupy(list);
    }
  }
}
