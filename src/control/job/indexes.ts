/** Indexes of an indexed Job as ordered, disjoint ranges, first and last included; no two of them touch. */
export type Intervals = readonly (readonly [first: number, last: number])[];

export const NO_INDEXES: Intervals = Object.freeze([]);

/** Reads `1,3-5`; indexes from `completions` on are left out, and so is what cannot be read. */
export function parseIntervals(text: string, completions: number): Intervals {
  const found: [number, number][] = [];
  for (const part of text === "" ? [] : text.split(",")) {
    const [from = "", to = from] = part.split("-");
    if (!/^[0-9]+$/.test(from) || !/^[0-9]+$/.test(to)) continue;
    const first = Number(from);
    if (first >= completions) break;
    const last = Math.min(Number(to), completions - 1);
    const before = found.at(-1);
    if (before !== undefined && before[1] === first - 1) before[1] = last;
    else found.push([first, last]);
  }
  return found;
}

/** Two neighbours are written `1,2`, longer ranges `1-3`. */
export function formatIntervals(intervals: Intervals): string {
  return intervals
    .map(([first, last]) => (last === first ? `${first}` : `${first}${last === first + 1 ? "," : "-"}${last}`))
    .join(",");
}

export function mergeIntervals(a: Intervals, b: Intervals): Intervals {
  const merged: [number, number][] = [];
  for (const [first, last] of [...a, ...b].sort((x, y) => x[0] - y[0] || x[1] - y[1])) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

export function withIndexes(intervals: Intervals, indexes: Iterable<number>): Intervals {
  const single = [...indexes].map((index) => [index, index] as const);
  return single.length === 0 ? intervals : mergeIntervals(intervals, single);
}

export function totalOf(intervals: Intervals): number {
  return intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

export function hasIndex(intervals: Intervals, index: number): boolean {
  return intervals.some(([first, last]) => first <= index && index <= last);
}

/** How many indexes two have in common. */
export function overlapOf(a: Intervals, b: Intervals): number {
  let common = 0;
  for (const [first, last] of a) {
    for (const [from, to] of b) common += Math.max(0, Math.min(last, to) - Math.max(first, from) + 1);
  }
  return common;
}

/** The lowest `count` indexes below `completions` that are not taken. */
export function lowestFree(taken: Intervals, count: number, completions: number): number[] {
  const free: number[] = [];
  let candidate = 0;
  for (const [first, last] of taken) {
    for (; candidate < Math.min(first, completions) && free.length < count; candidate++) free.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  for (; candidate < completions && free.length < count; candidate++) free.push(candidate);
  return free;
}
