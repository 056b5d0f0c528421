import seedrandom from "seedrandom";
import { seedWord } from "./draw-at.ts";
import { Stream, type StreamState } from "./stream.ts";

/** States of the streams that have been drawn from, sorted by name: plain JSON. */
export type StreamStates = readonly (readonly [name: string, state: StreamState])[];

/**
 * The named random streams of one run. A stream's draws depend on (seed, run, name) alone: creating or drawing
 * from another stream never moves it, so adding a consumer changes that consumer only.
 *
 * ```ts
 * const streams = new Streams(7, 0);
 * streams.stream("faults/mtbf").exponential(3_600_000_000);
 * ```
 */
export class Streams {
  readonly seed: string;
  readonly run: number;
  readonly #streams = new Map<string, Stream>();
  /** States loaded for streams that nobody has asked for yet. */
  #waiting = new Map<string, StreamState>();

  constructor(seed: string | number, run = 0) {
    this.seed = String(seed);
    this.run = run;
  }

  /** The stream of this name, created at the first call. Creating it draws nothing. */
  stream(name: string): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new Stream(name, (state) => this.#generator(name, state));
      const waiting = this.#waiting.get(name);
      if (waiting !== undefined) stream.load(waiting);
      this.#waiting.delete(name);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  /** The seed word of a family of counter-based draws (`drawAt`): depends on (seed, run, name) alone and has no state. */
  seedOf(name: string): number {
    return seedWord(`${this.seed}/${this.run}/${name}`);
  }

  /** The states of all streams that have been drawn from, by name; an untouched stream leaves no trace. */
  save(): StreamStates {
    const states: (readonly [string, StreamState])[] = [...this.#waiting];
    for (const [name, stream] of this.#streams) {
      if (stream.isDrawn) states.push([name, stream.save()]);
    }
    return states.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Puts every stream back to a saved state; streams the states do not name start afresh. Streams keep their identity. */
  load(states: StreamStates): void {
    this.#waiting = new Map(states);
    for (const [name, stream] of this.#streams) {
      const state = this.#waiting.get(name);
      if (state === undefined) stream.reset();
      else stream.load(state);
      this.#waiting.delete(name);
    }
  }

  #generator(name: string, state: StreamState | undefined): seedrandom.StatefulPRNG<StreamState> {
    // Alea, not the default generator: that one cannot tell the seeds "ab" and "abab" apart.
    return seedrandom.alea(`${this.seed}/${this.run}/${name}`, { state: state === undefined ? true : { ...state } });
  }
}
