import { editDistance } from "../kube/index.ts";

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
