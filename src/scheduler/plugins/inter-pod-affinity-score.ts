import type { ClusterView } from "../cluster-view.ts";
import type { PodAffinityArgs } from "../config/types.ts";
import type { TemplateInfo } from "../pod-info.ts";
import { type AffinityTerm, termMatches, type WeightedTerm } from "../pod-terms.ts";
import { TopologyCounts } from "../topology-counts.ts";
import { addDomains, countsOfTerm } from "./affinity-domains.ts";

/** Score by topology domain: the pod's preferences about running pods, and theirs about it. */
export function affinityScores(view: ClusterView, template: TemplateInfo, args: PodAffinityArgs): TopologyCounts {
  const scores = new TopologyCounts();
  const addOwn = ({ weight, term }: WeightedTerm, sign: 1 | -1) =>
    addDomains(view, scores, term.topologyKey, countsOfTerm(view, term), sign * weight);
  for (const preferred of template.preferredAffinity) addOwn(preferred, 1);
  for (const preferred of template.preferredAntiAffinity) addOwn(preferred, -1);

  if (isIndifferent(template, args)) return scores;
  const labelsOf = (name: string) => view.labelsOfNamespace(name);
  for (const [owner, rows] of view.cache.affinityPods) {
    const addTheirs = (term: AffinityTerm, weight: number) => {
      if (!termMatches(term, template, labelsOf)) return;
      for (const [row, count] of rows) {
        const value = view.cache.nodeAt(row)?.labels[term.topologyKey];
        if (value !== undefined) scores.add(term.topologyKey, value, count * weight);
      }
    };
    const { hardPodAffinityWeight } = args;
    if (hardPodAffinityWeight > 0) {
      for (const term of owner.requiredAffinity) addTheirs(term, hardPodAffinityWeight);
    }
    for (const { weight, term } of owner.preferredAffinity) addTheirs(term, weight);
    for (const { weight, term } of owner.preferredAntiAffinity) addTheirs(term, -weight);
  }
  return scores;
}

/** Whether what running pods say about the pod does not count, since it prefers nothing itself. */
export function isIndifferent(
  template: TemplateInfo,
  { ignorePreferredTermsOfExistingPods }: PodAffinityArgs,
): boolean {
  const { preferredAffinity, preferredAntiAffinity } = template;
  return ignorePreferredTermsOfExistingPods && preferredAffinity.length === 0 && preferredAntiAffinity.length === 0;
}

/** The lowest score becomes 0, the highest 100; all 0 when they are equal. */
export function normalizeAffinity(scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) {
    min = Math.min(min, scores[i]!);
    max = Math.max(max, scores[i]!);
  }
  const range = max - min;
  for (let i = 0; i < scores.length; i++) {
    scores[i] = range > 0 ? Math.trunc(100 * ((scores[i]! - min) / range)) : 0;
  }
}
