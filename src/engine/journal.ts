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

/**
 * The last events of a run in a ring: time, kind, subject and cause by event number. Events are numbered from 1 without
 * gaps. With a sink, every entry is handed over exactly once, in chunks of a quarter of the ring.
 */
export class Journal implements Cell {
  readonly name = "engine.journal";
  /** Entries kept; a power of two. 0 turns the journal off. */
  readonly capacity: number;
  readonly #times: Float64Array;
  readonly #causes: Float64Array;
  readonly #subjects: Int32Array;
  readonly #kinds: Uint16Array;
  readonly #kindNames: readonly string[];
  #last = 0;
  /** Number at which the next chunk is complete; Infinity without a sink. */
  #spillAt = Infinity;
  #spilled = 0;
  #sink: JournalSink | undefined;

  constructor(registry: CellRegistry, capacity: number, kindNames: readonly string[]) {
    this.capacity = capacity;
    this.#kindNames = kindNames;
    this.#times = new Float64Array(capacity);
    this.#causes = new Float64Array(capacity);
    this.#subjects = new Int32Array(capacity);
    this.#kinds = new Uint16Array(capacity);
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
    this.#times[at] = time;
    this.#causes[at] = cause;
    this.#subjects[at] = subject;
    this.#kinds[at] = kind;
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
      time: this.#times[at] as number,
      kind: this.#kindNames[this.#kinds[at] as number] as string,
      subject: this.#subjects[at] as number,
      cause: this.#causes[at] as number,
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

  save(): CellState {
    const kept = Math.min(this.#last, this.capacity);
    // [last, then (time, cause, subject, kind) of each kept entry, oldest first]
    const data = new Float64Array(1 + 4 * kept);
    data[0] = this.#last;
    for (let i = 0; i < kept; i += 1) {
      const at = (this.#last - kept + 1 + i) & (this.capacity - 1);
      data[1 + 4 * i] = this.#times[at] as number;
      data[2 + 4 * i] = this.#causes[at] as number;
      data[3 + 4 * i] = this.#subjects[at] as number;
      data[4 + 4 * i] = this.#kinds[at] as number;
    }
    return { form: "numbers", data };
  }

  load(state: CellState): void {
    const data = state.data as Float64Array;
    this.#last = data[0] as number;
    this.#spilled = Math.min(this.#spilled, this.#last);
    const saved = (data.length - 1) / 4;
    for (let i = Math.max(0, saved - this.capacity); i < saved; i += 1) {
      const at = (this.#last - saved + 1 + i) & (this.capacity - 1);
      this.#times[at] = data[1 + 4 * i] as number;
      this.#causes[at] = data[2 + 4 * i] as number;
      this.#subjects[at] = data[3 + 4 * i] as number;
      this.#kinds[at] = data[4 + 4 * i] as number;
    }
  }
}
