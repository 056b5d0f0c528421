import { drawKeyed, keyOf } from "../random/index.ts";
import { type CellState, Column, Fifo } from "../tables/index.ts";
import { assert } from "./assert.ts";
import { type Engine, type Micros, TICK_PHASE } from "./engine.ts";

/** What a chain's ticks look like. */
export interface ChainShape {
  /** Least time between two ticks, an integer > 0. */
  readonly periodMicros: Micros;
  /** Tick k+1 comes up to this part of a period later. Default 0. */
  readonly jitter?: number;
  /** 32-bit number from which, with the seed and k, the jitter is drawn; by custom the row the chain belongs to. */
  readonly key: number;
}

export interface ChainOptions {
  /** Called at every tick when the engine plays chains explicitly. It may observe, and schedule silent events. */
  readonly onTick?: (chain: number, at: Micros) => void;
  /** Whether chains that are started, stopped or resumed are kept for `takeChanged`. Default false. */
  readonly listsChanged?: boolean;
}

// A chain is one record of eight doubles: one cache line.
const STRIDE = 8;
const PERIOD = 0;
const SPAN = 1; // jitter · period
const KEYED = 2; // seed and key folded
const COUNT = 3; // ticks so far; also the counter of the next jitter
const LAST = 4; // −1 before the first tick
const NEXT = 5; // Infinity for a chain never started
const UNTIL = 6; // no tick comes after; Infinity while running
const FIRST_CAPACITY = 16;

/**
 * Periodic activities that nobody needs to see one by one: tick k+1 = tick k + period + floor(jitter · period · u(seed, key, k)), with
 * a counter-based u. A chain is walked when somebody asks, up to the instant that matters, so an undisturbed one costs nothing.
 * With `explicitPeriodic` every tick is a silent event that moves the same record, and queries only read.
 *
 * A tick due at an instant has happened before anything else at that instant. Chains are numbered by their owner, by custom
 * with its rows. All questions are about the present or the future.
 *
 * ```ts
 * const beats = new Chains(engine, "beats");
 * beats.start(row, engine.now, { periodMicros: 10_000_000, jitter: 0.04, key: row });
 * beats.stop(row, engine.now);
 * beats.lastTickAt(row);
 * ```
 */
export class Chains {
  readonly name: string;
  readonly #engine: Engine;
  readonly #onTick: ((chain: number, at: Micros) => void) | undefined;
  readonly #seed: number;
  readonly #kind: number;
  /** The explicit tick that is pending, by chain. */
  readonly #pending: Column<Float64Array>;
  /** Chains that `takeChanged` has to give, each once. */
  readonly #changed: { readonly order: Fifo; readonly isIn: Column<Uint8Array> } | null;
  #records = new Float64Array(FIRST_CAPACITY * STRIDE);
  #limit = 0;

  /** Declares an event kind: to be made before the first event, in the same order in every world. */
  constructor(engine: Engine, name: string, options: ChainOptions = {}) {
    this.name = name;
    this.#engine = engine;
    this.#onTick = options.onTick;
    this.#seed = engine.streams.seedOf(`chains/${name}`);
    this.#kind = engine.define(`${name}.tick`, TICK_PHASE, (chain) => this.#tick(chain), { silent: true });
    this.#pending = new Column(engine.cells, `engine.chains.${name}.pending`, Float64Array);
    this.#changed =
      options.listsChanged === true
        ? {
            order: new Fifo(engine.cells, `engine.chains.${name}.changed`),
            isIn: new Column<Uint8Array>(engine.cells, `engine.chains.${name}.isChanged`, Uint8Array),
          }
        : null;
    engine.cells.add({ name: `chains.${name}`, save: () => this.#save(), load: (state) => this.#load(state) });
  }

  /** Starts a chain anew: its first tick is at `firstAt` ≥ now, its counter begins at 0, earlier ticks are forgotten. */
  start(chain: number, firstAt: Micros, shape: ChainShape): void {
    const { periodMicros, jitter = 0, key } = shape;
    assert(
      periodMicros > 0 && Math.floor(periodMicros) === periodMicros,
      () => `period ${periodMicros} of ${this.name}`,
    );
    assert(jitter >= 0 && jitter < Infinity, () => `jitter ${jitter} of ${this.name}`);
    this.#ensure(chain);
    const at = chain * STRIDE;
    this.#records[at + PERIOD] = periodMicros;
    this.#records[at + SPAN] = jitter * periodMicros;
    this.#records[at + KEYED] = keyOf(this.#seed, key);
    this.#records[at + COUNT] = 0;
    this.#records[at + LAST] = -1;
    this.#beginAt(chain, firstAt);
  }

  /** Stops a chain: its last tick is the last one at or before `at` ≥ now. An earlier stop stands. */
  stop(chain: number, at: Micros): void {
    assert(at >= this.#engine.now, () => `chain ${chain} of ${this.name} cannot stop in the past, at ${at}`);
    assert(chain < this.#limit, () => `chain ${chain} of ${this.name} was never started`);
    this.#walk(chain);
    const until = chain * STRIDE + UNTIL;
    this.#records[until] = Math.min(at, this.#records[until]!);
    this.#arm(chain);
    this.#noteChanged(chain);
  }

  /** Lets a stopped chain tick again from `firstAt` ≥ now on. Its counter goes on, so its jitter does not repeat. */
  resume(chain: number, firstAt: Micros): void {
    assert(chain < this.#limit, () => `chain ${chain} of ${this.name} was never started`);
    this.#walk(chain);
    this.#beginAt(chain, firstAt);
  }

  /** Instant of the last tick at or before `now`; −1 when there was none. Cost: one step a tick not yet walked. */
  lastTickAt(chain: number, now: Micros = this.#engine.now): Micros {
    return this.#look(chain, now, LAST);
  }

  /** Instant of the first tick after `now`; Infinity when none will come. */
  nextTickAt(chain: number, now: Micros = this.#engine.now): Micros {
    const next = this.#look(chain, now, NEXT);
    return chain < this.#limit && next <= this.#records[chain * STRIDE + UNTIL]! ? next : Infinity;
  }

  /** Ticks since the start, up to and including `now`. */
  tickCount(chain: number, now: Micros = this.#engine.now): number {
    return this.#look(chain, now, COUNT);
  }

  /**
   * Whether no two ticks, from the last one on, will be more than `spanMicros` apart, for as long as nobody starts, stops or
   * resumes the chain. False before the first tick.
   */
  ticksWithin(chain: number, spanMicros: Micros): boolean {
    const last = this.lastTickAt(chain);
    if (last < 0) return false;
    const at = chain * STRIDE;
    const records = this.#records;
    return (
      records[at + UNTIL] === Infinity &&
      records[at + NEXT]! - last <= spanMicros &&
      records[at + PERIOD]! + records[at + SPAN]! <= spanMicros
    );
  }

  /**
   * The chains that were started, stopped or resumed since the last call, each once, in the order of the first such change.
   * For one reader, of chains made with `listsChanged`; nothing of others.
   */
  takeChanged(): number[] {
    const chains: number[] = [];
    if (this.#changed === null) return chains;
    const { order, isIn } = this.#changed;
    for (let chain = order.shift(); chain !== undefined; chain = order.shift()) {
      isIn.set(chain, 0);
      chains.push(chain);
    }
    return chains;
  }

  #noteChanged(chain: number): void {
    if (this.#changed === null || this.#changed.isIn.get(chain) === 1) return;
    this.#changed.isIn.set(chain, 1);
    this.#changed.order.push(chain);
  }

  #beginAt(chain: number, firstAt: Micros): void {
    assert(
      firstAt >= this.#engine.now && Math.floor(firstAt) === firstAt,
      () => `first tick of ${this.name} at ${firstAt}`,
    );
    this.#records[chain * STRIDE + NEXT] = firstAt;
    this.#records[chain * STRIDE + UNTIL] = Infinity;
    this.#arm(chain);
    this.#walk(chain);
    this.#noteChanged(chain);
  }

  /** Field of the record as it stands (or will stand) at `now`. */
  #look(chain: number, now: Micros, field: number): number {
    if (chain >= this.#limit) return field === LAST ? -1 : field === NEXT ? Infinity : 0;
    const present = this.#engine.now;
    assert(now >= present, () => `${this.name} is asked about the past: ${now}`);
    const at = chain * STRIDE;
    const end = Math.min(now, this.#records[at + UNTIL]!);
    if (this.#records[at + NEXT]! <= end) {
      if (now > present) {
        // The future is looked at in a copy: a stop may come before it does.
        const copy = this.#records.slice(at, at + STRIDE);
        walk(copy, 0, end);
        return copy[field]!;
      }
      walk(this.#records, at, end);
    }
    return this.#records[at + field]!;
  }

  #walk(chain: number): void {
    const at = chain * STRIDE;
    walk(this.#records, at, Math.min(this.#engine.now, this.#records[at + UNTIL]!));
  }

  /** Has the pending explicit tick be the next one. */
  #arm(chain: number): void {
    if (!this.#engine.explicitPeriodic) return;
    this.#engine.cancel(this.#pending.get(chain));
    const at = chain * STRIDE;
    const next = this.#records[at + NEXT]!;
    this.#pending.set(chain, next <= this.#records[at + UNTIL]! ? this.#engine.at(next, this.#kind, chain) : 0);
  }

  #tick(chain: number): void {
    this.#walk(chain);
    this.#arm(chain);
    this.#onTick?.(chain, this.#engine.now);
  }

  #ensure(chain: number): void {
    if (chain < this.#limit) return;
    let capacity = this.#records.length;
    while (capacity < (chain + 1) * STRIDE) capacity *= 2;
    if (capacity > this.#records.length) {
      const old = this.#records;
      this.#records = new Float64Array(capacity);
      this.#records.set(old);
    }
    for (; this.#limit <= chain; this.#limit += 1) {
      this.#records[this.#limit * STRIDE + LAST] = -1;
      this.#records[this.#limit * STRIDE + NEXT] = Infinity;
      this.#records[this.#limit * STRIDE + UNTIL] = Infinity;
    }
  }

  #save(): CellState {
    // Walked to the present, so that a save does not show who has asked before.
    for (let chain = 0; chain < this.#limit; chain += 1) this.#walk(chain);
    return { form: "numbers", data: this.#records.slice(0, this.#limit * STRIDE) };
  }

  #load(state: CellState): void {
    const data = state.data as Float64Array;
    this.#limit = 0;
    if (data.length > 0) this.#ensure(data.length / STRIDE - 1);
    this.#records.set(data);
  }
}

/** Moves a record past every tick at or before `end`. hot: bench/micro/chains.ts */
function walk(records: Float64Array, at: number, end: number): void {
  let next = records[at + NEXT]!;
  if (next > end) return;
  const period = records[at + PERIOD]!;
  const span = records[at + SPAN]!;
  const keyed = records[at + KEYED]!;
  let count = records[at + COUNT]!;
  let last = next;
  while (next <= end) {
    last = next;
    next += period + Math.floor(span * drawKeyed(keyed, count));
    count += 1;
  }
  records[at + COUNT] = count;
  records[at + LAST] = last;
  records[at + NEXT] = next;
}
