import type { Seed } from "./comparison.ts";

/** More seeds than these are a typing error. */
const MOST_SEEDS = 1_000_000;

/**
 * The seeds that a text names: `7`, `1..20`, `1,4,10..12`.
 * @throws RangeError that says what was expected
 */
export function parseSeeds(text: string): Seed[] {
  const seeds = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^\s*(\d{1,15})(?:\s*\.\.\s*(\d{1,15}))?\s*$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first) {
      throw new RangeError(`expected seeds such as 1..20 or 1,4,10..12; got "${text}"`);
    }
    if (last - first >= MOST_SEEDS) throw new RangeError(`${text} are more than a million seeds`);
    for (let seed = first; seed <= last; seed++) seeds.add(seed);
  }
  return [...seeds];
}

/** Seeds as short as they can be said: `1..20`, `1, 4, 10..12`. */
export function seedsText(seeds: readonly Seed[]): string {
  const parts: string[] = [];
  for (let from = 0; from < seeds.length; ) {
    let to = from;
    while (typeof seeds[to] === "number" && seeds[to + 1] === (seeds[to] as number) + 1) to++;
    parts.push(to - from < 2 ? String(seeds[from]) : `${seeds[from]}..${seeds[to]}`);
    from = to - from < 2 ? from + 1 : to + 1;
  }
  return parts.join(", ");
}
