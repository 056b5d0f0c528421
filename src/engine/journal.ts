import type { Cell, CellRegistry, CellState } from "../tables/index.ts";

/** One numbered event that has been handled. */
export interface JournalEntry {
  readonly number: number;
  readonly time: number;
  readonly kind: string;
  readonly subject: number;
  /** Number of the event whose handler scheduled this one; 0 when it came from outside. */
  readonly cause: number;
}

/** Receives the entries first..last (numbers, inclusive) before the ring overwrites them; read them with `entry`. */
export type JournalSink = (journal: Journal, first: number, last: number) => void;

const CHUNKS = 4;
// An entry is 24 bytes: time and cause as doubles, then subject and kind as words. An event's number is its place.
const DOUBLES = 3;
const WORDS = 6;
const TIME = 0;
const CAUSE = 1;
const SUBJECT = 4;
const KIND = 5;

/**
 * The last events of a run in a ring: time, kind, subject and cause by event number. Events are numbered from 1 without
 * gaps. With a sink, every entry is handed over exactly once, in chunks of a quarter of the ring.
 */
export class Journal implements Cell {
  readonly name = "engine.journal";
  /** Entries kept; a power of two. 0 turns the journal off. */
  readonly capacity: number;
  readonly #doubles: Float64Array;
  readonly #words: Int32Array;
  readonly #kindNames: readonly string[];
  #last = 0;
  /** Number at which the next chunk is complete; Infinity without a sink. */
  #spillAt = Infinity;
  #spilled = 0;
  #sink: JournalSink | undefined;

  constructor(registry: CellRegistry, capacity: number, kindNames: readonly string[]) {
    this.capacity = capacity;
    this.#kindNames = kindNames;
    this.#doubles = new Float64Array(capacity * DOUBLES);
    this.#words = new Int32Array(this.#doubles.buffer);
    registry.add(this);
  }

  /** Hands all further entries to `sink`. Call `flush` at the end of the run for the last, incomplete chunk. */
  spillTo(sink: JournalSink): void {
    this.#sink = sink;
    this.#spilled = this.#last;
    this.#spillAt = this.#last + this.capacity / CHUNKS;
  }

  /** hot: bench/micro/journal.ts */
  append(number: number, time: number, kind: number, subject: number, cause: number): void {
    const at = number & (this.capacity - 1);
    this.#doubles[at * DOUBLES + TIME] = time;
    this.#doubles[at * DOUBLES + CAUSE] = cause;
    this.#words[at * WORDS + SUBJECT] = subject;
    this.#words[at * WORDS + KIND] = kind;
    this.#last = number;
    if (number >= this.#spillAt) this.flush();
  }

  /** Hands over what the sink has not seen yet. */
  flush(): void {
    if (this.#sink === undefined || this.#last === this.#spilled) return;
    const first = this.#spilled + 1;
    this.#spilled = this.#last;
    this.#spillAt = this.#last + this.capacity / CHUNKS;
    this.#sink(this, first, this.#last);
  }

  /** Number of the latest event. */
  get last(): number {
    return this.#last;
  }

  /** The entry of an event; undefined when it has been overwritten or has not happened. */
  entry(number: number): JournalEntry | undefined {
    if (number < 1 || number > this.#last || number <= this.#last - this.capacity) return undefined;
    const at = number & (this.capacity - 1);
    return {
      number,
      time: this.#doubles[at * DOUBLES + TIME]!,
      kind: this.#kindNames[this.#words[at * WORDS + KIND]!] as string,
      subject: this.#words[at * WORDS + SUBJECT]!,
      cause: this.#doubles[at * DOUBLES + CAUSE]!,
    };
  }

  /** The event and its causes, latest first, as far back as the ring reaches (at most `limit` entries). */
  causes(number: number, limit = 1000): JournalEntry[] {
    const chain: JournalEntry[] = [];
    let entry = this.entry(number);
    while (entry !== undefined && chain.length < limit) {
      chain.push(entry);
      entry = this.entry(entry.cause);
    }
    return chain;
  }

  /** The number of the last event, then the entries kept, oldest first. */
  save(): CellState {
    const kept = Math.min(this.#last, this.capacity);
    const first = (this.#last - kept + 1) & (this.capacity - 1);
    const untilEnd = Math.min(kept, this.capacity - first);
    const data = new Float64Array(1 + DOUBLES * kept);
    data[0] = this.#last;
    data.set(this.#doubles.subarray(first * DOUBLES, (first + untilEnd) * DOUBLES), 1);
    data.set(this.#doubles.subarray(0, (kept - untilEnd) * DOUBLES), 1 + untilEnd * DOUBLES);
    return { form: "numbers", data };
  }

  /** Also from a ring of another capacity: the latest entries stay. */
  load(state: CellState): void {
    const data = state.data as Float64Array;
    this.#last = data[0]!;
    this.#spilled = this.#last;
    this.#spillAt = this.#sink === undefined ? Infinity : this.#last + this.capacity / CHUNKS;
    const saved = (data.length - 1) / DOUBLES;
    const kept = Math.min(saved, this.capacity);
    const first = (this.#last - kept + 1) & (this.capacity - 1);
    const untilEnd = Math.min(kept, this.capacity - first);
    const entries = data.subarray(1 + (saved - kept) * DOUBLES);
    this.#doubles.set(entries.subarray(0, untilEnd * DOUBLES), first * DOUBLES);
    this.#doubles.set(entries.subarray(untilEnd * DOUBLES));
  }
}
