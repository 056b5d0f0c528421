import { type CellRegistry, Column } from "../../tables/index.ts";

const MICROS_PER_SECOND = 1_000_000;

/**
 * Token buckets of burst one, by zone, that fill continuously. A rate is a 32-bit float, so 0.1 a second is a hair more
 * and 0.01 a hair less than it says; a token is there when the level reaches 1, without tolerance. Rate 0 gives none.
 *
 * @source kubernetes 1.37 client-go util/flowcontrol, golang.org/x/time/rate; nodelifecycle/scheduler/rate_limited_queue.go
 */
export class TokenBuckets {
  readonly #rate: Column<Float64Array>;
  readonly #level: Column<Float64Array>;
  readonly #at: Column<Float64Array>;

  constructor(cells: CellRegistry, name: string) {
    this.#rate = new Column<Float64Array>(cells, `${name}.rate`, Float64Array);
    this.#level = new Column<Float64Array>(cells, `${name}.level`, Float64Array);
    this.#at = new Column<Float64Array>(cells, `${name}.levelAt`, Float64Array);
  }

  /** Tokens a second. */
  rateOf(bucket: number): number {
    return this.#rate.get(bucket);
  }

  /** A full bucket. */
  reset(bucket: number, rate: number, now: number): void {
    this.#rate.set(bucket, Math.fround(rate));
    this.#level.set(bucket, 1);
    this.#at.set(bucket, now);
  }

  /** Another rate: a fresh bucket, which holds its token only if the old one had one to give. Same rate: nothing. */
  swap(bucket: number, rate: number, now: number): void {
    if (this.#rate.get(bucket) === Math.fround(rate)) return;
    const hadToken = this.take(bucket, now);
    this.reset(bucket, rate, now);
    if (rate > 0 && !hadToken) this.take(bucket, now);
  }

  /** Takes a token if there is one. A refusal changes nothing. */
  take(bucket: number, now: number): boolean {
    const level = this.#levelAt(bucket, now);
    if (!(level >= 1)) return false;
    this.#level.set(bucket, level - 1);
    this.#at.set(bucket, now);
    return true;
  }

  /** The first instant on the grid of `step`, not before `from`, at which there is a token; Infinity when never. */
  nextToken(bucket: number, from: number, step: number): number {
    const rate = this.#rate.get(bucket);
    if (rate === 0) return Infinity;
    const missing = 1 - this.#level.get(bucket);
    const about = this.#at.get(bucket) + (missing / rate) * MICROS_PER_SECOND;
    let at = Math.max(Math.ceil(from / step), Math.floor(about / step) - 1) * step;
    while (!(this.#levelAt(bucket, at) >= 1)) at += step;
    return at;
  }

  #levelAt(bucket: number, now: number): number {
    const rate = this.#rate.get(bucket);
    if (rate === 0) return 0;
    return Math.min(1, this.#level.get(bucket) + ((now - this.#at.get(bucket)) / MICROS_PER_SECOND) * rate);
  }
}
