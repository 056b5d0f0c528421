import type { ClusterView } from "../cluster-view.ts";
import type { PodTest } from "../pod-counters.ts";
import { type AffinityTerm, termMatches } from "../pod-terms.ts";
import type { TopologyCounts } from "../topology-counts.ts";

/** Pods that one term means, by node row. */
export function countsOfTerm(view: ClusterView, term: AffinityTerm): Int32Array {
  return view.cache.counters.counts(testOfTerm(view, term));
}

export function testOfTerm(view: ClusterView, term: AffinityTerm): PodTest {
  return testOfTerms(view, [term]);
}

/** Pods that all of the terms mean. */
export function testOfTerms(view: ClusterView, terms: readonly AffinityTerm[]): PodTest {
  const labelsOf = (name: string) => view.labelsOfNamespace(name);
  const [first] = terms;
  const [namespace, ...others] = first?.namespaceSelector === null ? first.namespaces : [];
  return {
    ...(namespace === undefined || others.length > 0 ? {} : { namespace }),
    key: `affinity|${terms.map((term) => term.key).join("|")}`,
    matches: (other) => terms.every((term) => termMatches(term, other, labelsOf)),
    countsTerminating: true,
  };
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
