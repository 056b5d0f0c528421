/** Beyond this many values a set keeps buckets instead of the values themselves. */
const EXACT_VALUES = 16_384;
/** Buckets a doubling of the value: the width of a bucket is below 1/64 of its values. */
const BUCKETS_PER_DOUBLING = 64;
const LOWEST_EXPONENT = -40;

export interface Statistics {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

export interface SavedSamples {
  readonly values: readonly number[];
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  readonly figures: readonly [count: number, sum: number, min: number, max: number, last: number];
}

/**
 * Values ≥ 0 and their statistics. Quantiles are exact (nearest rank) up to 16,384 values, then those of a histogram with
 * 64 buckets a doubling (the upper end of the bucket: at most 1/64 too high). Order of arrival does not matter.
 */
export class SampleSet {
  #values: number[] = [];
  #buckets = new Map<number, number>();
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #last = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#last = value;
    if (this.#count <= EXACT_VALUES) this.#values.push(value);
    else {
      for (const kept of this.#values) this.#fill(kept);
      this.#values = [];
      this.#fill(value);
    }
  }

  /** The smallest value that at least the share `q` of all values does not exceed; 0 of nothing. */
  quantile(q: number): number {
    if (this.#count === 0) return 0;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    if (this.#buckets.size === 0) return [...this.#values].sort((a, b) => a - b)[rank - 1] as number;
    let seen = 0;
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      seen += this.#buckets.get(bucket) as number;
      if (seen >= rank) return Math.min(upperEnd(bucket), this.#max);
    }
    return this.#max;
  }

  statistics(): Statistics {
    const count = this.#count;
    const [p50, p90, p95, p99] = [0.5, 0.9, 0.95, 0.99].map((q) => this.quantile(q)) as [
      number,
      number,
      number,
      number,
    ];
    const mean = count === 0 ? 0 : this.#sum / count;
    return {
      count,
      sum: this.#sum,
      mean,
      min: count === 0 ? 0 : this.#min,
      max: this.#max,
      last: this.#last,
      p50,
      p90,
      p95,
      p99,
    };
  }

  /** A copy of the content, as plain data. */
  save(): SavedSamples {
    return {
      values: this.#values.slice(),
      buckets: [...this.#buckets],
      figures: [this.#count, this.#sum, this.#min, this.#max, this.#last],
    };
  }

  load(saved: SavedSamples): void {
    this.#values = saved.values.slice();
    this.#buckets = new Map(saved.buckets);
    [this.#count, this.#sum, this.#min, this.#max, this.#last] = saved.figures;
  }

  #fill(value: number): void {
    const bucket = bucketOf(value);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
  }
}

/** Bucket 0 holds 0; a value v = m · 2^e with 1 ≤ m < 2 is in the bucket of e and the first six bits of m. */
function bucketOf(value: number): number {
  if (value <= 0) return 0;
  let exponent = 0;
  let mantissa = value;
  while (mantissa >= 2) {
    mantissa /= 2;
    exponent++;
  }
  while (mantissa < 1 && exponent > LOWEST_EXPONENT) {
    mantissa *= 2;
    exponent--;
  }
  return (exponent - LOWEST_EXPONENT) * BUCKETS_PER_DOUBLING + Math.floor((mantissa - 1) * BUCKETS_PER_DOUBLING) + 1;
}

function upperEnd(bucket: number): number {
  if (bucket === 0) return 0;
  const exponent = Math.floor((bucket - 1) / BUCKETS_PER_DOUBLING) + LOWEST_EXPONENT;
  let value = 1 + (((bucket - 1) % BUCKETS_PER_DOUBLING) + 1) / BUCKETS_PER_DOUBLING;
  for (let i = 0; i < exponent; i++) value *= 2;
  for (let i = 0; i > exponent; i--) value /= 2;
  return value;
}
