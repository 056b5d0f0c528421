import type { ClusterView } from "../cluster-view.ts";
import { type AffinityTerm, termMatches } from "../pod-terms.ts";
import type { TopologyCounts } from "../topology-counts.ts";

/** Pods that one term means, by node row. */
export function countsOfTerm(view: ClusterView, term: AffinityTerm): Int32Array {
  const labelsOf = (name: string) => view.labelsOfNamespace(name);
  return view.cache.counters.counts({
    key: `affinity|${term.key}`,
    matches: (other) => termMatches(term, other, labelsOf),
    countsTerminating: true,
  });
}

/** Adds counts by node row to the domains of the nodes, `weight` times. */
export function addDomains(
  view: ClusterView,
  into: TopologyCounts,
  topologyKey: string,
  byRow: Int32Array,
  weight = 1,
): void {
  for (let row = 0; row < byRow.length; row++) {
    const count = byRow[row]!;
    if (count === 0) continue;
    const value = view.cache.nodeAt(row)?.labels[topologyKey];
    if (value !== undefined) into.add(topologyKey, value, count * weight);
  }
}
