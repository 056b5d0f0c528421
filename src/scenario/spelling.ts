/** The candidate nearest to `word` by edits (swaps count one), when it is near enough to be meant; else null. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  return nearestFew(word, candidates, 1)[0] ?? null;
}

/** At most `limit` near candidates, the nearest first; ties in alphabetical order. */
export function nearestFew(word: string, candidates: Iterable<string>, limit: number): string[] {
  const reach = Math.max(1, Math.floor(word.length / 3));
  const lower = word.toLowerCase();
  const near = [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: editDistance(lower, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= reach || isPartOf(lower, candidate.toLowerCase()));
  near.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : a.candidate > b.candidate ? 1 : 0));
  return near.slice(0, limit).map(({ candidate }) => candidate);
}

/** ` — did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === null ? "" : ` — did you mean "${found}"?`;
}

function isPartOf(word: string, candidate: string): boolean {
  return word.length >= 4 && (candidate.startsWith(word) || word.startsWith(candidate)) && candidate.length >= 4;
}

/** Optimal string alignment distance. Cost is the product of the lengths. */
export function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const row = [i];
    for (let j = 1; j <= right.length; j++) {
      const cost = left[i - 1] === right[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[right.length] ?? 0;
}
