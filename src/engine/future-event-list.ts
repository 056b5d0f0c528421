import type { CellRegistry, CellState } from "../tables/index.ts";
import { InvariantError } from "./assert.ts";

/** A pending event: slot and generation in one safe integer; 0 is "none". */
export type EventRef = number;

/** Phases of an instant are numbered 0..MAX_PHASES − 1. */
export const MAX_PHASES = 9;
const MAX_SLOTS = 0x1000000;
const FIRST_CAPACITY = 256;

// The payload of an event is a record of 32 bytes: two doubles, then four words.
export const DOUBLES = 4;
export const WORDS = 8;
export const ARG = 0;
export const CAUSE = 1;
export const KIND = 4; // In a free slot: the next free slot.
const KEY = 5; // generation · 16 + phase
export const SUBJECT = 6;
export const SUBJECT_GENERATION = 7;
const LAST_KEY = 0x7ffffff0;

// A list is a chain of chunks of entries; an entry is 16 bytes: time, slot, key.
const CHUNK = 16;
const IN_CHUNK = CHUNK - 1;
const LEVELS = 7; // Digits of eight bits: three in the upper word of a time below 2^53, four in the lower.
const LISTS = MAX_PHASES + LEVELS * 256;
const NEAR = MAX_PHASES + 256; // Lists below are of the instant or of single microseconds.
const UPPER = 2.3283064365386963e-10; // 2^-32
const STALE_SLACK = 1024;

/**
 * The future event list: a monotone radix heap over integer times with digits of eight bits.
 *
 * `base` is a time no pending event precedes. An event that is due at `base` waits in the first-in-first-out list of its phase;
 * a later one in the bucket (level, digit) of the highest digit in which its time differs from `base`. When the instant is
 * exhausted, `base` moves to the lowest bucket, which is dealt out again in its order. Events of one time always share a bucket and
 * are always walked in order of insertion, which makes the order exactly (time, phase, sequence).
 *
 * Dealing out reads and writes entries alone, one after the other: payloads are touched when an event is scheduled, shortly before
 * it is due, and when it is taken. A cancelled event frees its slot at once; its entry is known by its old generation, is dropped
 * when met, and all such entries are dropped when they outnumber the pending ones.
 *
 * | operation | cost |
 * |---|---|
 * | schedule, cancel, isPending | O(1) |
 * | take | O(1) and one dealing out a level: seven times an event at most, one to three in practice |
 * | memory | 32 bytes a slot and 16 an entry, at most twice as many entries as pending events, and 256 bytes an occupied bucket |
 *
 * hot: bench/micro/hold.ts, bench/micro/rearm.ts
 */
export class FutureEventList {
  /** Payloads by slot, as doubles and as words over one buffer. Growth replaces both. */
  doubles = new Float64Array(FIRST_CAPACITY * DOUBLES);
  words = new Int32Array(this.doubles.buffer);
  /** No pending event is earlier; after `take`, the time of the event taken, and its two words. */
  base = 0;
  baseLow = 0;
  baseHigh = 0;
  scheduledCount = 0;
  cancelledCount = 0;
  takenCount = 0;
  readonly #phaseOf: Uint8Array;
  #capacity = FIRST_CAPACITY;
  #limit = 0;
  #free = -1;
  #times = new Float64Array(2 * FIRST_CAPACITY);
  #entries = new Int32Array(this.#times.buffer);
  #nextChunk = new Int32Array(FIRST_CAPACITY / CHUNK);
  #chunkLimit = 0;
  #freeChunk = -1;
  #entryCount = 0;
  /** First entry of each list, −1 when empty. */
  readonly #heads = new Int32Array(LISTS).fill(-1);
  /** Where the next entry goes; a multiple of CHUNK when the list needs another chunk. */
  readonly #ends = new Int32Array(LISTS);
  // Occupied lists as bits: phases; levels; words of a level; digits of a word.
  #phases = 0;
  #levels = 0;
  readonly #wordsOfLevel = new Int32Array(LEVELS);
  readonly #digits = new Int32Array(LEVELS * 8);

  /** `phaseOf` gives the phase of a kind; it may be filled in until the first event of the kind. */
  constructor(registry: CellRegistry, name: string, phaseOf: Uint8Array) {
    this.#phaseOf = phaseOf;
    registry.add({ name: `${name}.lists`, save: () => this.#saveLists(), load: (state) => this.#loadLists(state) });
    registry.add({
      name: `${name}.records`,
      save: () => this.#saveRecords(),
      load: (state) => this.#loadRecords(state),
    });
  }

  get pendingCount(): number {
    return this.scheduledCount - this.cancelledCount - this.takenCount;
  }

  /** Adds an event at `time` ≥ the time of the last event taken. Returns its slot; the caller fills in the payload. */
  schedule(time: number, kind: number): number {
    let slot = this.#free;
    if (slot >= 0) {
      this.#free = this.words[slot * WORDS + KIND]!;
    } else {
      slot = this.#limit;
      if (slot === this.#capacity) this.#grow(slot + 1);
      this.#limit = slot + 1;
      this.words[slot * WORDS + KEY] = 16;
    }
    const at = slot * WORDS;
    const key = (this.words[at + KEY]! & -16) | this.#phaseOf[kind]!;
    this.words[at + KEY] = key;
    this.words[at + KIND] = kind;
    this.scheduledCount += 1;
    this.#entryCount += 1;
    this.#append(this.#listOf(time, key), time, slot, key);
    return slot;
  }

  refOf(slot: number): EventRef {
    return (this.words[slot * WORDS + KEY]! >> 4) * MAX_SLOTS + slot;
  }

  isPending(ref: EventRef): boolean {
    return this.#slotOf(ref) >= 0;
  }

  /** Removes a pending event; false when it has been taken or cancelled before. */
  cancel(ref: EventRef): boolean {
    const slot = this.#slotOf(ref);
    if (slot < 0) return false;
    this.#release(slot);
    this.cancelledCount += 1;
    const pending = this.pendingCount;
    if (this.#entryCount - pending > pending + STALE_SLACK) this.#compact();
    return true;
  }

  /**
   * Takes the next event due at or before `until` out of its list and moves `base` there; −1 when there is none. The payload stays
   * readable until `release(slot)`.
   */
  take(until: number): number {
    for (;;) {
      if (this.#phases === 0) {
        const slot = this.#advance(until);
        if (slot !== DEALT) return slot;
        continue;
      }
      if (this.base > until) return -1;
      const list = 31 - Math.clz32(this.#phases & -this.#phases);
      const entry = this.#heads[list]!;
      const slot = this.#entries[entry * 4 + 2]!;
      const key = this.#entries[entry * 4 + 3]!;
      this.#dropHead(list, entry);
      if (this.words[slot * WORDS + KEY] === key) return slot;
    }
  }

  /** Gives the slot of a taken event back. */
  release(slot: number): void {
    this.takenCount += 1;
    this.#release(slot);
  }

  /** When nothing is pending: moves to `now`, so that times from there on may be scheduled. */
  restAt(now: number): void {
    if (this.pendingCount > 0) return;
    this.#clear();
    this.#moveTo(now);
  }

  /** Walks everything and compares it with the counters. Throws when a list or a count is wrong. Cost: pending events. */
  audit(): void {
    let entryCount = 0;
    let found = 0;
    for (let list = 0; list < LISTS; list += 1) {
      for (let entry = this.#heads[list]!; entry >= 0; entry = this.#after(list, entry)) {
        const time = this.#times[entry * 2]!;
        const key = this.#entries[entry * 4 + 3]!;
        if (time < this.base || this.#listOf(time, key) !== list) {
          throw new InvariantError(`an event due at ${time} is misplaced in list ${list}`);
        }
        entryCount += 1;
        if (this.#isLive(entry)) found += 1;
      }
    }
    if (found !== this.pendingCount || entryCount !== this.#entryCount) {
      const { scheduledCount, takenCount, cancelledCount } = this;
      throw new InvariantError(
        `scheduled ${scheduledCount} − taken ${takenCount} − cancelled ${cancelledCount} ≠ pending ${found}`,
      );
    }
  }

  #slotOf(ref: EventRef): number {
    const generation = Math.floor(ref / MAX_SLOTS);
    const slot = ref - generation * MAX_SLOTS;
    return slot < this.#limit && generation > 0 && this.words[slot * WORDS + KEY]! >> 4 === generation ? slot : -1;
  }

  #isLive(entry: number): boolean {
    return this.words[this.#entries[entry * 4 + 2]! * WORDS + KEY] === this.#entries[entry * 4 + 3];
  }

  #listOf(time: number, key: number): number {
    if (time === this.base) return key & 15;
    const high = (time * UPPER) | 0;
    const highDifference = high ^ this.baseHigh;
    if (highDifference !== 0) {
      const level = (31 - Math.clz32(highDifference)) >> 3;
      return MAX_PHASES + 1024 + (level << 8) + ((high >>> (level << 3)) & 255);
    }
    const low = time | 0;
    const level = (31 - Math.clz32(low ^ this.baseLow)) >> 3;
    return MAX_PHASES + (level << 8) + ((low >>> (level << 3)) & 255);
  }

  #append(list: number, time: number, slot: number, key: number): void {
    let entry = this.#ends[list]!;
    if ((entry & IN_CHUNK) === 0) entry = this.#extend(list, entry);
    this.#times[entry * 2] = time;
    this.#entries[entry * 4 + 2] = slot;
    this.#entries[entry * 4 + 3] = key;
    this.#ends[list] = entry + 1;
  }

  /** Gives a list another chunk; returns the chunk's first entry. */
  #extend(list: number, end: number): number {
    let chunk = this.#freeChunk;
    if (chunk >= 0) {
      this.#freeChunk = this.#nextChunk[chunk]!;
    } else {
      chunk = this.#chunkLimit;
      if (chunk === this.#nextChunk.length) this.#growChunks();
      this.#chunkLimit = chunk + 1;
    }
    this.#nextChunk[chunk] = -1;
    const entry = chunk * CHUNK;
    if (this.#heads[list]! < 0) {
      this.#heads[list] = entry;
      this.#occupy(list);
    } else this.#nextChunk[end / CHUNK - 1] = chunk;
    return entry;
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

  /** Marks a list as empty. Its chunks are the caller's. */
  #vacate(list: number): void {
    this.#heads[list] = -1;
    this.#ends[list] = 0;
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

  #freeChunkOf(entry: number): void {
    const chunk = entry >> 4;
    this.#nextChunk[chunk] = this.#freeChunk;
    this.#freeChunk = chunk;
  }

  /** The entry after this one in its list; −1 at the end. */
  #after(list: number, entry: number): number {
    const next = entry + 1;
    if (next === this.#ends[list]) return -1;
    return (next & IN_CHUNK) !== 0 ? next : this.#nextChunk[entry >> 4]! * CHUNK;
  }

  #dropHead(list: number, entry: number): void {
    this.#entryCount -= 1;
    const next = this.#after(list, entry);
    if (next < 0) this.#vacate(list);
    else this.#heads[list] = next;
    if (next !== entry + 1) this.#freeChunkOf(entry);
  }

  #release(slot: number): void {
    const at = slot * WORDS;
    const key = this.words[at + KEY]! & -16;
    this.words[at + KEY] = key === LAST_KEY ? 16 : key + 16;
    this.words[at + KIND] = this.#free;
    this.#free = slot;
  }

  #moveTo(time: number): void {
    this.base = time;
    this.baseLow = time | 0;
    this.baseHigh = (time * UPPER) | 0;
  }

  /**
   * Moves `base` on to the lowest bucket and deals it out: DEALT when the lists of the instant have entries now, the slot when
   * there is just one event, −1 when none is due at or before `until`.
   */
  #advance(until: number): number {
    while (this.#phases === 0) {
      const levels = this.#levels;
      if (levels === 0) return -1;
      const level = 31 - Math.clz32(levels & -levels);
      const wordsOfLevel = this.#wordsOfLevel[level]!;
      const word = (level << 3) + 31 - Math.clz32(wordsOfLevel & -wordsOfLevel);
      const digits = this.#digits[word]!;
      const bucket = (word << 5) + 31 - Math.clz32(digits & -digits);
      const list = MAX_PHASES + bucket;
      const head = this.#heads[list]!;
      if (this.#ends[list] === head + 1) {
        const time = this.#times[head * 2]!;
        if (time > until) return -1;
        const slot = this.#entries[head * 4 + 2]!;
        const isLive = this.#isLive(head);
        this.#dropHead(list, head);
        if (!isLive) continue;
        this.#moveTo(time);
        return slot;
      }
      const start = this.#startOf(level, bucket & 255);
      if (start > until) return -1;
      this.#moveTo(start);
      this.#deal(list, head);
    }
    return DEALT;
  }

  /** The first instant of a bucket. */
  #startOf(level: number, digit: number): number {
    if (level >= 4) {
      const shift = (level - 4) << 3;
      return ((this.baseHigh & (-256 << shift)) | (digit << shift)) / UPPER;
    }
    // A shift by 32 would be one by 0: the highest digit has nothing above it in its word.
    const kept = level === 3 ? 0 : this.baseLow & (-256 << (level << 3));
    return this.baseHigh / UPPER + ((kept | (digit << (level << 3))) >>> 0);
  }

  /** Deals a list out again after `base` has moved into it. */
  #deal(list: number, head: number): void {
    const end = this.#ends[list]!;
    this.#vacate(list);
    for (let first = head; first >= 0; ) {
      const next = this.#nextChunk[first >> 4]!;
      const last = next < 0 ? end : first + CHUNK;
      for (let entry = first; entry < last; entry += 1) {
        const time = this.#times[entry * 2]!;
        const slot = this.#entries[entry * 4 + 2]!;
        const key = this.#entries[entry * 4 + 3]!;
        const target = this.#listOf(time, key);
        // Looking at the payloads of what is soon due also brings them near: these reads do not wait for each other.
        if (target < NEAR && this.words[slot * WORDS + KEY] !== key) this.#entryCount -= 1;
        else this.#append(target, time, slot, key);
      }
      this.#freeChunkOf(first);
      first = next < 0 ? -1 : next * CHUNK;
    }
  }

  /** Drops the entries of cancelled events. */
  #compact(): void {
    for (let list = 0; list < LISTS; list += 1) {
      const head = this.#heads[list]!;
      if (head < 0) continue;
      const end = this.#ends[list]!;
      this.#vacate(list);
      for (let entry = head; entry >= 0; ) {
        if (this.#isLive(entry)) {
          this.#append(list, this.#times[entry * 2]!, this.#entries[entry * 4 + 2]!, this.#entries[entry * 4 + 3]!);
        } else this.#entryCount -= 1;
        const next = entry + 1;
        const isLast = next === end;
        const chunk = isLast || (next & IN_CHUNK) !== 0 ? -1 : this.#nextChunk[entry >> 4]!;
        if (isLast || chunk >= 0) this.#freeChunkOf(entry);
        entry = isLast ? -1 : chunk >= 0 ? chunk * CHUNK : next;
      }
    }
  }

  #clear(): void {
    for (let list = 0; list < LISTS; list += 1) if (this.#heads[list]! >= 0) this.#vacate(list);
    this.#chunkLimit = 0;
    this.#freeChunk = -1;
    this.#entryCount = 0;
  }

  #grow(slots: number): void {
    if (slots > MAX_SLOTS) throw new InvariantError(`more than ${MAX_SLOTS} events are pending`);
    while (this.#capacity < slots) this.#capacity *= 2;
    const old = this.words;
    this.doubles = new Float64Array(this.#capacity * DOUBLES);
    this.words = new Int32Array(this.doubles.buffer);
    this.words.set(old);
  }

  #growChunks(): void {
    const count = this.#nextChunk.length * 2;
    const oldTimes = this.#times;
    const oldNext = this.#nextChunk;
    this.#times = new Float64Array(2 * CHUNK * count);
    this.#times.set(oldTimes);
    this.#entries = new Int32Array(this.#times.buffer);
    this.#nextChunk = new Int32Array(count);
    this.#nextChunk.set(oldNext);
  }

  #saveRecords(): CellState {
    return { form: "numbers", data: this.words.slice(0, this.#limit * WORDS) };
  }

  #loadRecords(state: CellState): void {
    if (state.form !== "numbers") throw new InvariantError("the future event list is saved as numbers");
    this.#limit = state.data.length / WORDS;
    this.#grow(this.#limit);
    this.words.set(state.data);
  }

  /** Counters, then (list, number of entries, then time, slot and key of each) for every list. */
  #saveLists(): CellState {
    // So that what is loaded and what goes on hold the same entries.
    this.#compact();
    const { base, scheduledCount, cancelledCount, takenCount } = this;
    const data = new Float64Array(5 + 2 * LISTS + 3 * this.#entryCount);
    data.set([base, this.#free, scheduledCount, cancelledCount, takenCount]);
    let at = 5;
    for (let list = 0; list < LISTS; list += 1) {
      if (this.#heads[list]! < 0) continue;
      const countAt = at + 1;
      data[at] = list;
      at += 2;
      for (let entry = this.#heads[list]!; entry >= 0; entry = this.#after(list, entry)) {
        data[at] = this.#times[entry * 2]!;
        data[at + 1] = this.#entries[entry * 4 + 2]!;
        data[at + 2] = this.#entries[entry * 4 + 3]!;
        at += 3;
      }
      data[countAt] = (at - countAt - 1) / 3;
    }
    return { form: "numbers", data: data.slice(0, at) };
  }

  #loadLists(state: CellState): void {
    const data = state.data as Float64Array;
    this.#clear();
    this.#moveTo(data[0]!);
    this.#free = data[1]!;
    this.scheduledCount = data[2]!;
    this.cancelledCount = data[3]!;
    this.takenCount = data[4]!;
    for (let at = 5; at < data.length; ) {
      const list = data[at]!;
      const end = at + 2 + 3 * data[at + 1]!;
      for (at += 2; at < end; at += 3) this.#append(list, data[at]!, data[at + 1]!, data[at + 2]!);
    }
    this.#entryCount = this.pendingCount;
  }
}

/** What `advance` says when entries wait in the lists of the instant. */
const DEALT = -2;
