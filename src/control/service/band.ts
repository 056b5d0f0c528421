/** Numbers from which some are handed out at random: the upper band first, the lower one when that is full. */
export interface Band {
  readonly first: number;
  readonly last: number;
  /** How many numbers the lower band has, kept for those who ask for a number. */
  readonly offset: number;
}

/** The lower band of a range of `size` numbers: a share of it within bounds; none of a small range. */
export function lowerBand(size: number, share: number, least: number, most: number): number {
  return size <= 16 ? 0 : Math.min(most, Math.max(least, Math.floor(size / share)));
}

/**
 * A free number: from a random one of the upper band upward, wrapping within the band; then likewise in the lower band;
 * `undefined` when the range is full. `draw(n)` gives an integer in [0, n).
 *
 * @source kubernetes 1.37 pkg/registry/core/service/ipallocator allocateNextService, portallocator
 */
export function pickFree(
  { first, last, offset }: Band,
  isUsed: (n: number) => boolean,
  draw: (n: number) => number,
): number | undefined {
  for (const [from, to] of [
    [first + offset, last],
    [first, first + offset - 1],
  ] as const) {
    const size = to - from + 1;
    if (size <= 0) continue;
    const start = draw(size);
    for (let i = 0; i < size; i++) {
      const candidate = from + ((start + i) % size);
      if (!isUsed(candidate)) return candidate;
    }
  }
  return undefined;
}
