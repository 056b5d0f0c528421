import { exp, ln, pow } from "./ln-exp.ts";
import { standardNormal } from "./normal.ts";

/** State of one generator: plain numbers that restore it exactly. */
export type StreamState = { readonly c: number; readonly s0: number; readonly s1: number; readonly s2: number };

/** What a stream needs of its generator. */
export type Generator = { (): number; double(): number; state(): StreamState };

/** z of the 95th percentile of the standard normal distribution. */
const Z95 = 1.6448536269514722;

/**
 * One named sequence of random draws. Every method draws a number of uniforms that depends on its arguments and on the
 * stream alone. Real-valued results are rounded only by who asks for time (`sample`).
 */
export class Stream {
  readonly name: string;
  readonly #make: (state: StreamState | undefined) => Generator;
  readonly #initial: StreamState;
  #generator: Generator;

  /** Made by `Streams.stream`. */
  constructor(name: string, make: (state: StreamState | undefined) => Generator) {
    this.name = name;
    this.#make = make;
    this.#generator = make(undefined);
    this.#initial = this.#generator.state();
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    return this.#generator.double();
  }

  /** Uniform integer in [0, n); n is an integer in 1..2^53. */
  int(n: number): number {
    return Math.floor(this.#generator.double() * n);
  }

  /** Exponential with the given mean. */
  exponential(mean: number): number {
    return -mean * ln(1 - this.uniform());
  }

  /** Normal, one uniform a draw (by inversion). */
  normal(mean: number, deviation: number): number {
    return mean + deviation * standardNormal(this.uniform());
  }

  /** Log-normal, given by its median and its 95th percentile, both > 0. */
  lognormal(median: number, p95: number): number {
    return median * exp((ln(p95 / median) / Z95) * standardNormal(this.uniform()));
  }

  /** Weibull with the given shape and scale; shape 1 is exponential with mean = scale. */
  weibull(shape: number, scale: number): number {
    return scale * pow(-ln(1 - this.uniform()), 1 / shape);
  }

  /** Pareto: at least `minimum`, tail exponent `shape`; the mean is finite for shape > 1. */
  pareto(shape: number, minimum: number): number {
    return minimum * pow(1 - this.uniform(), -1 / shape);
  }

  /** Poisson count with the given mean. Draws mean + 1 uniforms on average. */
  poisson(mean: number): number {
    let count = 0;
    // A sum of independent Poissons is Poisson: pieces keep exp(−mean) away from zero.
    for (let left = mean; left > 0; left -= 256) {
      const floor = exp(-Math.min(left, 256));
      for (let product = this.uniform(); product > floor; product *= this.uniform()) count += 1;
    }
    return count;
  }

  /** One of the values, by weight when weights are given (same length, ≥ 0, sum > 0). */
  empirical(values: readonly number[], weights?: readonly number[]): number {
    if (weights === undefined) return this.pick(values);
    let total = 0;
    for (const weight of weights) total += weight;
    let left = this.uniform() * total;
    let last = 0;
    for (let i = 0; i < values.length; i += 1) {
      const weight = weights[i] ?? 0;
      if (weight <= 0) continue;
      last = i;
      left -= weight;
      if (left < 0) break;
    }
    return values[last] as number;
  }

  /** One of the items, all equally likely; the list is not empty. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError(`stream ${this.name}: nothing to pick from`);
    return items[this.int(items.length)] as T;
  }

  /** Shuffles in place, every order equally likely; draws length − 1 uniforms. Returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i -= 1) {
      const j = this.int(i + 1);
      const item = items[i] as T;
      items[i] = items[j] as T;
      items[j] = item;
    }
    return items;
  }

  /** Whether anything has been drawn since the seed. */
  get isDrawn(): boolean {
    const { c, s0, s1, s2 } = this.#generator.state();
    return c !== this.#initial.c || s0 !== this.#initial.s0 || s1 !== this.#initial.s1 || s2 !== this.#initial.s2;
  }

  save(): StreamState {
    return this.#generator.state();
  }

  load(state: StreamState): void {
    this.#generator = this.#make(state);
  }

  reset(): void {
    this.#generator = this.#make(undefined);
  }
}
