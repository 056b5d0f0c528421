/** Number arrays that are used again for every attempt: fresh ones would cost more than the scores in them. */
export class Scratch {
  readonly #arrays: Float64Array[] = [];
  #taken = 0;

  /** Whatever was taken may be given out again. */
  reset(): void {
    this.#taken = 0;
  }

  /** An array of the length asked for, with anything in it. */
  take(length: number): Float64Array {
    const index = this.#taken++;
    const known = this.#arrays[index];
    if (known?.length === length) return known;
    const isWide = known !== undefined && known.buffer.byteLength >= length * Float64Array.BYTES_PER_ELEMENT;
    const array = isWide ? new Float64Array(known.buffer, 0, length) : new Float64Array(length);
    this.#arrays[index] = array;
    return array;
  }
}
