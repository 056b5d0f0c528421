/**
 * A set of numbers that come in rising order, eight bytes each, for the latest of them: when there are more than `limit`, the older half is
 * forgotten.
 */
export class RisingNumbers {
  readonly #limit: number;
  #numbers = new Float64Array(16);
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a number above all others; one that is not is there already, or was too long ago. */
  add(number: number): void {
    if (this.#count > 0 && number <= (this.#numbers[this.#count - 1] as number)) return;
    if (this.#count === this.#limit) this.#forgetHalf();
    if (this.#count === this.#numbers.length) {
      const grown = new Float64Array(Math.min(this.#limit, this.#count * 2));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.#count++] = number;
  }

  /** Cost: the logarithm of the count. */
  has(number: number): boolean {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] as number) < number) low = middle + 1;
      else high = middle;
    }
    return low < this.#count && this.#numbers[low] === number;
  }

  /** A copy, in order. */
  all(): Float64Array {
    return this.#numbers.slice(0, this.#count);
  }

  /** @param numbers rising, at most as many as the limit */
  replace(numbers: Float64Array): void {
    this.#count = numbers.length;
    this.#numbers = new Float64Array(Math.max(16, numbers.length));
    this.#numbers.set(numbers);
  }

  #forgetHalf(): void {
    const kept = this.#count >> 1;
    this.#numbers.copyWithin(0, this.#count - kept, this.#count);
    this.#count = kept;
  }
}
