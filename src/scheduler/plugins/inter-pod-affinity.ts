import type { ClusterView } from "../cluster-view.ts";
import { DEFAULT_ARGS } from "../config/plugin-args.ts";
import type { PodAffinityArgs } from "../config/types.ts";
import { type Cloneable, type CycleState, StateKey } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo, TemplateInfo } from "../pod-info.ts";
import { type AffinityTerm, termMatches } from "../pod-terms.ts";
import { SKIP, unresolvable, unschedulable } from "../status.ts";
import { TopologyCounts } from "../topology-counts.ts";
import { AffinityBlock } from "./affinity-block.ts";
import { addDomains, countsOfTerm, testOfTerms } from "./affinity-domains.ts";
import { interPodAffinityHints } from "./inter-pod-affinity-hints.ts";
import { affinityScores, normalizeAffinity } from "./inter-pod-affinity-score.ts";

const NAME = "InterPodAffinity";

/** Pods by topology domain, as far as they matter for one incoming pod. */
class Counts implements Cloneable<Counts> {
  /** Pods that match all of the incoming pod's affinity terms, once a term. */
  readonly affinity: TopologyCounts;
  /** Pods that match one of its anti-affinity terms. */
  readonly anti: TopologyCounts;
  /** Pods whose own anti-affinity terms match the incoming pod. */
  readonly existing: TopologyCounts;

  constructor(affinity: TopologyCounts, anti: TopologyCounts, existing: TopologyCounts) {
    this.affinity = affinity;
    this.anti = anti;
    this.existing = existing;
  }

  clone(): Counts {
    return new Counts(this.affinity.clone(), this.anti.clone(), this.existing.clone());
  }
}

const COUNTS = new StateKey<Counts>(NAME);
const SCORES = new StateKey<TopologyCounts>(`${NAME}/score`);

/**
 * Required and preferred (anti-)affinity between pods, in both directions.
 * @source kubernetes 1.37 interpodaffinity plugin
 */
export function interPodAffinity(view: ClusterView, args: PodAffinityArgs = DEFAULT_ARGS.podAffinity): Plugin {
  const noAffinity = unresolvable(NAME, "node(s) didn't match pod affinity rules");
  const ownAnti = unschedulable(NAME, "node(s) didn't match pod anti-affinity rules");
  const existingAnti = unschedulable(NAME, "node(s) didn't satisfy existing pods anti-affinity rules");
  const labelsOfNamespace = (name: string) => view.labelsOfNamespace(name);
  return {
    name: NAME,
    preFilter: (state, { template }) => {
      const existing = countExisting(view, template);
      const hasOwn = template.requiredAffinity.length > 0 || template.requiredAntiAffinity.length > 0;
      if (!hasOwn && !existing.hasEntries) return { status: SKIP };
      state.write(COUNTS, new Counts(countAffinity(view, template), countAnti(view, template), existing));
      return null;
    },
    filter: (state, pod, node) => {
      const counts = state.read(COUNTS) as Counts;
      if (!satisfiesAffinity(counts.affinity, pod, node, labelsOfNamespace)) return noAffinity;
      for (const { topologyKey } of pod.template.requiredAntiAffinity) {
        const value = node.labels[topologyKey];
        if (value !== undefined && counts.anti.get(topologyKey, value) > 0) return ownAnti;
      }
      for (const [key, byValue] of counts.existing.byKey) {
        const value = node.labels[key];
        if (value !== undefined && (byValue.get(value) ?? 0) > 0) return existingAnti;
      }
      return null;
    },
    addPod: (state, pod, added, node) => change(state, labelsOfNamespace, { pod, other: added, node, by: 1 }),
    removePod: (state, pod, removed, node) => change(state, labelsOfNamespace, { pod, other: removed, node, by: -1 }),
    preScore: (state, pod) => {
      const scores = affinityScores(view, pod.template, args);
      if (!scores.hasEntries) return SKIP;
      state.write(SCORES, scores);
      return null;
    },
    score: (state, _pod, node) => {
      let sum = 0;
      for (const [key, byValue] of state.read(SCORES)?.byKey ?? []) {
        const value = node.labels[key];
        if (value !== undefined) sum += byValue.get(value) ?? 0;
      }
      return sum;
    },
    normalize: (_state, _pod, _nodes, scores) => normalizeAffinity(scores),
    block: (template) => new AffinityBlock(view, template, args, { noAffinity, ownAnti, existingAnti }),
    hints: interPodAffinityHints(labelsOfNamespace),
  };
}

/** Counts pods whose required anti-affinity terms match the template, by the domains of their nodes. */
function countExisting(view: ClusterView, template: TemplateInfo): TopologyCounts {
  const counts = new TopologyCounts();
  const labelsOf = (name: string) => view.labelsOfNamespace(name);
  for (const [owner, rows] of view.cache.affinityPods) {
    for (const term of owner.requiredAntiAffinity) {
      if (!termMatches(term, template, labelsOf)) continue;
      for (const [row, count] of rows) {
        const value = view.cache.nodeAt(row)?.labels[term.topologyKey];
        if (value !== undefined) counts.add(term.topologyKey, value, count);
      }
    }
  }
  return counts;
}

function countAffinity(view: ClusterView, template: TemplateInfo): TopologyCounts {
  const counts = new TopologyCounts();
  const terms = template.requiredAffinity;
  if (terms.length === 0) return counts;
  const byRow = view.cache.counters.counts(testOfTerms(view, terms));
  for (const term of terms) addDomains(view, counts, term.topologyKey, byRow);
  return counts;
}

function countAnti(view: ClusterView, template: TemplateInfo): TopologyCounts {
  const counts = new TopologyCounts();
  for (const term of template.requiredAntiAffinity) {
    addDomains(view, counts, term.topologyKey, countsOfTerm(view, term));
  }
  return counts;
}

type NamespaceLabels = Parameters<typeof termMatches>[2];

/** Every term's domain must hold a matching pod, unless there is none anywhere and the pod matches its own terms. */
function satisfiesAffinity(
  counts: TopologyCounts,
  pod: PodInfo,
  node: NodeInfo,
  labelsOfNamespace: NamespaceLabels,
): boolean {
  const terms = pod.template.requiredAffinity;
  let isMissing = false;
  for (const { topologyKey } of terms) {
    const value = node.labels[topologyKey];
    if (value === undefined) return false;
    if (counts.get(topologyKey, value) <= 0) isMissing = true;
  }
  if (!isMissing) return true;
  return counts.isZero && terms.every((term) => termMatches(term, pod.template, labelsOfNamespace));
}

interface WhatIf {
  readonly pod: PodInfo;
  readonly other: PodInfo;
  readonly node: NodeInfo;
  readonly by: 1 | -1;
}

function change(state: CycleState, labelsOf: NamespaceLabels, { pod, other, node, by }: WhatIf): void {
  const counts = state.read(COUNTS);
  if (counts === undefined) return;
  const count = (into: TopologyCounts, term: AffinityTerm) => {
    const value = node.labels[term.topologyKey];
    if (value !== undefined) into.add(term.topologyKey, value, by);
  };
  const own = pod.template;
  const theirs = other.template;
  for (const term of theirs.requiredAntiAffinity) if (termMatches(term, own, labelsOf)) count(counts.existing, term);
  for (const term of own.requiredAntiAffinity) if (termMatches(term, theirs, labelsOf)) count(counts.anti, term);
  const affinity = own.requiredAffinity;
  if (affinity.length > 0 && affinity.every((term) => termMatches(term, theirs, labelsOf))) {
    for (const term of affinity) count(counts.affinity, term);
  }
}
