/** Beyond this many different values a set keeps buckets instead of the values themselves. */
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
  readonly values: readonly (readonly [value: number, count: number])[];
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  readonly figures: readonly [count: number, sum: number, min: number, max: number, last: number];
}

/**
 * Values ≥ 0 and their statistics. Quantiles are exact (nearest rank) up to 16,384 different values, then those of a histogram
 * with 64 buckets a doubling (the upper end of the bucket: at most 1/64 too high). Order of arrival does not matter.
 * Values that come again and again, as those of a gauge do, take no room.
 */
export class SampleSet {
  /** How often each value came; given up for the buckets when there are too many of them. */
  #values: Map<number, number> | undefined = new Map();
  #buckets = new Map<number, number>();
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;
  #last = 0;
  /** How often the last value came in a row: not entered yet. */
  #run = 0;

  get count(): number {
    return this.#count;
  }

  // hot: every gauge whose value has changed at every sample (bench/world).
  /** Adds a value that came so many times in a row. The outcome is that of adding it one by one, to the last bit. */
  add(value: number, times = 1): void {
    this.#count += times;
    this.#sum = repeatedSum(this.#sum, value, times);
    if (this.#run > 0 && value === this.#last) {
      this.#run += times;
      return;
    }
    this.#enterRun();
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#last = value;
    this.#run = times;
  }

  /** The smallest value that at least the share `q` of all values does not exceed; 0 of nothing. */
  quantile(q: number): number {
    if (this.#count === 0) return 0;
    this.#enterRun();
    const rank = Math.max(1, Math.ceil(q * this.#count));
    const counts = this.#values ?? this.#buckets;
    let seen = 0;
    for (const key of [...counts.keys()].sort((a, b) => a - b)) {
      seen += counts.get(key) as number;
      if (seen >= rank) return this.#values === undefined ? Math.min(upperEnd(key), this.#max) : key;
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
    this.#enterRun();
    return {
      values: this.#values === undefined ? [] : [...this.#values],
      buckets: [...this.#buckets],
      figures: [this.#count, this.#sum, this.#min, this.#max, this.#last],
    };
  }

  load(saved: SavedSamples): void {
    this.#values = saved.buckets.length > 0 ? undefined : new Map(saved.values);
    this.#buckets = new Map(saved.buckets);
    [this.#count, this.#sum, this.#min, this.#max, this.#last] = saved.figures;
    this.#run = 0;
  }

  #enterRun(): void {
    if (this.#run === 0) return;
    if (this.#values !== undefined) {
      this.#values.set(this.#last, (this.#values.get(this.#last) ?? 0) + this.#run);
      if (this.#values.size > EXACT_VALUES) {
        for (const [value, count] of this.#values) this.#fill(value, count);
        this.#values = undefined;
      }
    } else this.#fill(this.#last, this.#run);
    this.#run = 0;
  }

  #fill(value: number, count: number): void {
    const bucket = bucketOf(value);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + count);
  }
}

/** Of whole numbers the sum is exact however it is made; others round at every step. */
function repeatedSum(sum: number, value: number, times: number): number {
  const product = sum + value * times;
  if (Number.isInteger(sum) && Number.isInteger(value) && Math.abs(product) <= Number.MAX_SAFE_INTEGER) return product;
  let total = sum;
  for (let i = 0; i < times; i++) total += value;
  return total;
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
