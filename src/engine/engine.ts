import { Streams } from "../random/index.ts";
import { CellRegistry, type CellState, type Rows } from "../tables/index.ts";
import { InvariantError, type RunPosition } from "./assert.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { Digest, hashText } from "./digest.ts";
import {
  ARG,
  CAUSE,
  DOUBLES,
  type EventRef,
  FutureEventList,
  KIND,
  MAX_PHASES,
  SUBJECT,
  SUBJECT_GENERATION,
  WORDS,
} from "./future-event-list.ts";
import { Journal } from "./journal.ts";

/** Integer microseconds since the start of the run. */
export type Micros = number;

export type Handler = (subject: number, arg: number) => void;

export interface EngineOptions {
  readonly seed: string | number;
  /** Number of the replication; its streams are independent of other runs of the same seed. Default 0. */
  readonly run?: number;
  /** Play every tick of the periodic chains as an event. Default false. */
  readonly explicitPeriodic?: boolean;
  /** Events kept by the journal, a power of two; 0 turns it off. Default 2^18. */
  readonly journalCapacity?: number;
}

export interface KindOptions {
  /** The subject is a row of this table; the event dies with its row. */
  readonly rows?: Rows;
  /** Observers and other events whose presence must not show: neither numbered, digested nor journaled. */
  readonly silent?: boolean;
  /** What can be held by itself: a number from `MAX_PHASES` to 31. Default: the kind is held with its phase. */
  readonly process?: number;
}

/** The phase before all others, in which the explicit ticks of chains are played. */
export const TICK_PHASE = -1;
const MAX_KINDS = 4096;
const MAX_PROCESSES = 32;

/** An event of a process that is held. */
interface KeptBack {
  readonly ref: EventRef;
  readonly kind: number;
  readonly subject: number;
  readonly generation: number;
  readonly arg: number;
}

/**
 * The clock and its events. Order is (time, phase, sequence): at one instant all events of a lower phase come first, also
 * those scheduled during the instant, and events of equal time and phase come in the order of their scheduling.
 *
 * ```ts
 * const engine = new Engine({ seed: 7 });
 * const ring = engine.define("ring", 0, () => engine.after(1_000_000, ring));
 * engine.at(0, ring);
 * engine.run(60_000_000);
 * ```
 */
export class Engine {
  readonly cells = new CellRegistry();
  readonly streams: Streams;
  readonly journal: Journal;
  readonly explicitPeriodic: boolean;
  readonly #names: string[] = [];
  readonly #handlers: Handler[] = [];
  readonly #rows: (Rows | undefined)[] = [];
  readonly #phases = new Uint8Array(MAX_KINDS);
  readonly #silent = new Uint8Array(MAX_KINDS);
  readonly #hashes = new Int32Array(MAX_KINDS);
  readonly #events: FutureEventList;
  readonly #digest = new Digest();
  readonly #journals: boolean;
  #now = 0;
  #eventNumber = 0;
  #eventCount = 0;
  #silentCount = 0;
  #skippedCount = 0;
  /** Kind being handled; −1 between events. */
  #kind = -1;
  /** What each kind is held with: the rank of its phase, or a process. */
  readonly #processes = new Uint8Array(MAX_KINDS);
  /** By process: whether its events are kept back; and what was due meanwhile, in order. */
  readonly #isHeld = new Uint8Array(MAX_PROCESSES);
  #isHolding = false;
  #keptBack: KeptBack[] = [];

  constructor(options: EngineOptions) {
    const capacity = options.journalCapacity ?? 0x40000;
    this.explicitPeriodic = options.explicitPeriodic ?? false;
    this.streams = new Streams(options.seed, options.run ?? 0);
    this.journal = new Journal(this.cells, capacity, this.#names);
    this.#journals = capacity > 0;
    this.#events = new FutureEventList(this.cells, "engine.events", this.#phases);
    this.cells.add({
      name: "engine.streams",
      save: () => ({ form: "data", data: this.streams.save() }),
      load: (state) => this.streams.load(state.data as ReturnType<Streams["save"]>),
    });
    this.cells.add({
      name: "engine.held",
      save: () => ({ form: "data", data: [[...this.#isHeld], [...this.#keptBack]] }),
      load: (state) => this.#loadHeld(state.data as [number[], KeptBack[]]),
    });
    this.cells.add({ name: "engine.clock", save: () => this.#saveClock(), load: (state) => this.#loadClock(state) });
  }

  /** The current instant. */
  get now(): Micros {
    return this.#now;
  }

  /** Number of the event being handled, the cause of what it schedules; 0 outside and in silent events. */
  get eventNumber(): number {
    return this.#eventNumber;
  }

  /** Numbered events handled since the start. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Silent events handled since the start. */
  get silentEventCount(): number {
    return this.#silentCount;
  }

  /** Events that waited in vain because their row was freed. */
  get skippedCount(): number {
    return this.#skippedCount;
  }

  get pendingCount(): number {
    return this.#events.pendingCount;
  }

  /**
   * Declares an event kind and returns its number. All kinds are declared before the first event and in the same order in every
   * world. `phase` is 0..7; `TICK_PHASE` belongs to chains.
   */
  define(name: string, phase: number, handler: Handler, options: KindOptions = {}): number {
    const kind = this.#names.length;
    this.#check(kind < MAX_KINDS, () => `more than ${MAX_KINDS} event kinds`);
    this.#check(!this.#names.includes(name), () => `event kind "${name}" is declared twice`);
    const rank = phase + 1; // Ticks of chains come first of all.
    this.#check(rank >= 0 && rank < MAX_PHASES && rank % 1 === 0, () => `phase ${phase} of kind "${name}"`);
    this.#names.push(name);
    this.#handlers.push(handler);
    this.#rows.push(options.rows);
    this.#phases[kind] = rank;
    this.#silent[kind] = options.silent === true ? 1 : 0;
    this.#hashes[kind] = hashText(name);
    const { process = rank } = options;
    const isProcess = process === rank || (process >= MAX_PHASES && process < MAX_PROCESSES && process % 1 === 0);
    this.#check(isProcess, () => `process ${process} of kind "${name}"`);
    this.#processes[kind] = process;
    return kind;
  }

  /**
   * Schedules an event at `time` (integer, now or later). `subject` is a 32-bit integer, by custom a row; `arg` any number.
   * Throws InvariantError for a past or fractional time, for a row that is not in use, and when a silent event
   * schedules one that is not silent.
   */
  at(time: Micros, kind: number, subject = 0, arg = 0): EventRef {
    if (!(time >= this.#now && time <= Number.MAX_SAFE_INTEGER) || Math.floor(time) !== time)
      this.#refuseTime(time, kind);
    if (this.#kind >= 0 && this.#silent[this.#kind]! > this.#silent[kind]!) this.#refuseLoud(kind);
    const rows = this.#rows[kind];
    let generation = 0;
    if (rows !== undefined) {
      if (!rows.isLive(subject)) this.#refuseRow(rows, subject, kind);
      generation = rows.generationOf(subject);
    }
    const events = this.#events;
    const slot = events.schedule(time, kind);
    events.doubles[slot * DOUBLES + ARG] = arg;
    events.doubles[slot * DOUBLES + CAUSE] = this.#eventNumber;
    events.words[slot * WORDS + SUBJECT] = subject;
    events.words[slot * WORDS + SUBJECT_GENERATION] = generation;
    return events.refOf(slot);
  }

  /** Schedules an event `delay` microseconds from now; see `at`. */
  after(delay: Micros, kind: number, subject = 0, arg = 0): EventRef {
    return this.at(this.#now + delay, kind, subject, arg);
  }

  /** Takes a pending event back. False when it has happened, was cancelled, or the reference is 0. */
  cancel(ref: EventRef): boolean {
    if (this.#events.cancel(ref)) return true;
    if (!this.#isKeptBack(ref)) return false;
    this.#keptBack = this.#keptBack.filter((event) => event.ref !== ref);
    return true;
  }

  isPending(ref: EventRef): boolean {
    return this.#events.isPending(ref) || this.#isKeptBack(ref);
  }

  /**
   * From now on events of a phase (or of a process: `KindOptions.process`) that come due are kept back, silent ones excepted:
   * whoever handles them stands still.
   */
  hold(phase: number): void {
    this.#isHeld[processOf(phase)] = 1;
    this.#isHolding = true;
  }

  /** Ends a hold: what was kept back is due now, in its order, or is dropped (`drop`). References to it are void from here on. */
  release(phase: number, options: { readonly drop?: boolean } = {}): void {
    const process = processOf(phase);
    this.#isHeld[process] = 0;
    this.#isHolding = this.#isHeld.includes(1);
    const due = this.#keptBack.filter((event) => this.#processes[event.kind] === process);
    this.#keptBack = this.#keptBack.filter((event) => this.#processes[event.kind] !== process);
    if (options.drop === true) return;
    for (const { kind, subject, generation, arg } of due) {
      const rows = this.#rows[kind];
      if (rows === undefined || (rows.isLive(subject) && rows.generationOf(subject) === generation))
        this.at(this.#now, kind, subject, arg);
    }
  }

  /** Handles every event due at or before `until`; then `now` is `until`. */
  run(until: Micros): void {
    this.runSlice(until, Infinity);
  }

  /** As `run`, but stops after `maxEvents` events. True when all is done and `now` is `until`. */
  runSlice(until: Micros, maxEvents: number): boolean {
    this.#check(until >= this.#now && Math.floor(until) === until, () => `cannot run until ${until}`);
    this.#check(this.#kind < 0, () => "run is called from a handler");
    if (this.#play(until, maxEvents) >= maxEvents) return false;
    this.#events.restAt(until);
    this.#now = until;
    return true;
  }

  /** Handles the next event, whenever it is due. False when none is left. */
  step(): boolean {
    this.#check(this.#kind < 0, () => "step is called from a handler");
    if (this.#play(Number.MAX_SAFE_INTEGER, 1) > 0) return true;
    this.#events.restAt(this.#now);
    return false;
  }

  /** Hash of all numbered events so far: time, kind, subject, arg. Equal digests, equal runs. */
  digest(): string {
    return this.#digest.toString();
  }

  /** Digest and stream states: two runs of equal unseed have done the same and will draw the same. */
  unseed(): string {
    const streams = new Digest();
    for (const [name, state] of this.streams.save()) {
      streams.text(name);
      // Alea's parts are multiples of 2^-32 below 1, and a small integer carry.
      for (const part of [state.c, state.s0, state.s1, state.s2]) streams.word((part * 0x100000000) | part);
    }
    return `${this.digest()}-${streams.toString()}`;
  }

  /** A copy of the whole state, between two events. Cost: the cells' numbers and references. */
  checkpoint(): Checkpoint {
    this.#check(this.#kind < 0, () => "a checkpoint is taken in a handler");
    const { seed, run } = this.streams;
    const { explicitPeriodic } = this;
    return { seed, run, explicitPeriodic, kinds: [...this.#names], cells: this.cells.save() };
  }

  /** Goes back (or over, in another engine wired alike) to a checkpoint. Throws when kinds, seed or cells differ. */
  restore(checkpoint: Checkpoint): void {
    this.#check(this.#kind < 0, () => "restore is called from a handler");
    const { seed, run, kinds } = checkpoint;
    this.#check(
      kinds.length === this.#names.length && kinds.every((name, kind) => name === this.#names[kind]),
      () => `the checkpoint knows the kinds [${kinds.join(", ")}], this engine [${this.#names.join(", ")}]`,
    );
    this.#check(
      seed === this.streams.seed && run === this.streams.run,
      () => `the checkpoint is of seed ${seed}, run ${run}, this engine of ${this.streams.seed}, ${this.streams.run}`,
    );
    this.#check(
      checkpoint.explicitPeriodic === this.explicitPeriodic,
      () => "the checkpoint and this engine differ in explicitPeriodic",
    );
    this.cells.load(checkpoint.cells);
  }

  /** Compares the lists of events with their counters. Throws when an event was lost. Cost: pending events. */
  audit(): void {
    this.#events.audit();
    const handled = this.#eventCount + this.#silentCount + this.#skippedCount;
    this.#check(handled === this.#events.takenCount, () => `${this.#events.takenCount} taken ≠ ${handled} handled`);
  }

  /** Where the run stands: for messages about faults. */
  position(): RunPosition {
    const { seed, run } = this.streams;
    const kind = this.#kind < 0 ? "" : (this.#names[this.#kind] as string);
    return { seed, run, time: this.#now, eventNumber: this.#eventNumber, kind };
  }

  /** Handles up to `maxEvents` events due at or before `until`; returns how many. hot: bench/micro/hold.ts */
  #play(until: Micros, maxEvents: number): number {
    const events = this.#events;
    let count = 0;
    try {
      while (count < maxEvents) {
        const slot = events.take(until);
        if (slot < 0) break;
        const words = events.words;
        const at = slot * WORDS;
        const kind = words[at + KIND]!;
        const subject = words[at + SUBJECT]!;
        const arg = events.doubles[slot * DOUBLES + ARG]!;
        const rows = this.#rows[kind];
        if (rows !== undefined && rows.generationOf(subject) !== words[at + SUBJECT_GENERATION]) {
          events.release(slot);
          this.#skippedCount += 1;
          continue;
        }
        if (this.#isHolding && this.#isHeld[this.#processes[kind]!] === 1 && this.#silent[kind] === 0) {
          this.#keepBack(slot);
          continue;
        }
        const time = events.base;
        this.#now = time;
        this.#kind = kind;
        if (this.#silent[kind] === 0) {
          const number = ++this.#eventCount;
          this.#eventNumber = number;
          this.#digest.event(events.baseLow, events.baseHigh, this.#hashes[kind]!, subject, words[at]!, words[at + 1]!);
          if (this.#journals) this.journal.append(number, time, kind, subject, events.doubles[slot * DOUBLES + CAUSE]!);
        } else {
          this.#silentCount += 1;
          this.#eventNumber = 0;
        }
        events.release(slot);
        count += 1;
        this.#handlers[kind]!(subject, arg);
      }
    } catch (error) {
      throw this.#located(error);
    } finally {
      this.#kind = -1;
      this.#eventNumber = 0;
    }
    return count;
  }

  #keepBack(slot: number): void {
    const { words, doubles } = this.#events;
    const at = slot * WORDS;
    const event: KeptBack = Object.freeze({
      ref: this.#events.refOf(slot),
      kind: words[at + KIND]!,
      subject: words[at + SUBJECT]!,
      generation: words[at + SUBJECT_GENERATION]!,
      arg: doubles[slot * DOUBLES + ARG]!,
    });
    this.#keptBack.push(event);
    this.#events.release(slot);
    this.#skippedCount += 1;
  }

  #isKeptBack(ref: EventRef): boolean {
    return this.#keptBack.length > 0 && ref !== 0 && this.#keptBack.some((event) => event.ref === ref);
  }

  #loadHeld([isHeld, keptBack]: readonly [readonly number[], readonly KeptBack[]]): void {
    this.#isHeld.set(isHeld);
    this.#isHolding = this.#isHeld.includes(1);
    this.#keptBack = [...keptBack];
  }

  #located(error: unknown): unknown {
    if (error instanceof InvariantError && error.position !== undefined) return error;
    return new InvariantError(error instanceof Error ? error.message : String(error), this.position(), error);
  }

  #check(condition: boolean, message: () => string): void {
    if (!condition) throw new InvariantError(message(), this.position());
  }

  #refuseTime(time: number, kind: number): never {
    const why = time < this.#now ? "lies in the past" : "is not an integer number of microseconds";
    throw new InvariantError(`event "${this.#names[kind]}" at ${time} ${why}`, this.position());
  }

  #refuseLoud(kind: number): never {
    throw new InvariantError(`a silent event may not schedule "${this.#names[kind]}", which is not`, this.position());
  }

  #refuseRow(rows: Rows, subject: number, kind: number): never {
    const message = `event "${this.#names[kind]}" for row ${subject} of "${rows.name}", which is not in use`;
    throw new InvariantError(message, this.position());
  }

  #saveClock(): CellState {
    const { first, second } = this.#digest;
    const data = [this.#now, this.#eventCount, this.#silentCount, this.#skippedCount, first, second];
    return { form: "numbers", data: Float64Array.from(data) };
  }

  #loadClock(state: CellState): void {
    const data = state.data as Float64Array;
    this.#now = data[0]!;
    this.#eventCount = data[1]!;
    this.#silentCount = data[2]!;
    this.#skippedCount = data[3]!;
    this.#digest.first = data[4]!;
    this.#digest.second = data[5]!;
  }
}

/** Phases are held by their rank, processes by their own number. */
function processOf(phase: number): number {
  return phase < MAX_PHASES - 1 ? phase + 1 : phase;
}
