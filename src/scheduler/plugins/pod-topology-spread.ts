import type { ClusterView } from "../cluster-view.ts";
import { DEFAULT_ARGS } from "../config/plugin-args.ts";
import type { SpreadArgs } from "../config/types.ts";
import { type Cloneable, type CycleState, StateKey } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import type { SpreadConstraint } from "../pod-terms.ts";
import { SKIP, unresolvable, unschedulable } from "../status.ts";
import { podTopologySpreadHints } from "./pod-topology-spread-hints.ts";
import { normalizeSpread, prepareSpreadScore, type SpreadScore, spreadScore } from "./pod-topology-spread-score.ts";
import { SpreadBlock } from "./spread-block.ts";
import { SpreadDefaults } from "./spread-defaults.ts";
import { hasAllKeys, isIncluded, matchingPods } from "./spread-domains.ts";

const NAME = "PodTopologySpread";

/** Matching pods by domain for each DoNotSchedule constraint, in the order of the constraints. */
class Domains implements Cloneable<Domains> {
  readonly counts: readonly Map<string, number>[];

  constructor(counts: readonly Map<string, number>[]) {
    this.counts = counts;
  }

  clone(): Domains {
    return new Domains(this.counts.map((count) => new Map(count)));
  }
}

const DOMAINS = new StateKey<Domains>(NAME);
const SCORE = new StateKey<SpreadScore>(`${NAME}/score`);

/**
 * Spreads pods over topology domains: DoNotSchedule constraints filter, ScheduleAnyway ones score; pods without any
 * constraint get those of the profile, by default over hosts and zones.
 * @source kubernetes 1.37 podtopologyspread plugin
 */
export function podTopologySpread(view: ClusterView, args: SpreadArgs = DEFAULT_ARGS.spread): Plugin {
  const missingLabel = unresolvable(
    NAME,
    "node(s) didn't match pod topology spread constraints (missing required label)",
  );
  const defaults = new SpreadDefaults(view, args);
  const hardOf = (pod: PodInfo) => defaults.hardOf(pod.template);
  const skewed = unschedulable(NAME, "node(s) didn't match pod topology spread constraints");
  return {
    name: NAME,
    preFilter: (state, pod) => {
      const constraints = hardOf(pod);
      if (constraints.length === 0) return { status: SKIP };
      state.write(DOMAINS, countDomains(view, pod, constraints));
      return null;
    },
    filter: (state, pod, node) => {
      const constraints = hardOf(pod);
      const { counts } = state.read(DOMAINS) as Domains;
      for (let i = 0; i < constraints.length; i++) {
        const constraint = constraints[i]!;
        const value = node.labels[constraint.topologyKey];
        if (value === undefined) return missingLabel;
        const byValue = counts[i]!;
        const self = constraint.selector(pod.template.labels) ? 1 : 0;
        const skew = (byValue.get(value) ?? 0) + self - globalMinimum(byValue, constraint.minDomains);
        if (skew > constraint.maxSkew) return skewed;
      }
      return null;
    },
    addPod: (state, pod, added, node) => change(state, { pod, constraints: hardOf(pod), other: added, node, by: 1 }),
    removePod: (state, pod, removed, node) =>
      change(state, { pod, constraints: hardOf(pod), other: removed, node, by: -1 }),
    preScore: (state, pod, nodes) => {
      const score = prepareSpreadScore(view, defaults, pod, nodes);
      if (score === null) return SKIP;
      state.write(SCORE, score);
      return null;
    },
    score: (state, _pod, node) => spreadScore(state.read(SCORE) as SpreadScore, node),
    normalize: (state, _pod, nodes, scores) => normalizeSpread(state.read(SCORE) as SpreadScore, nodes, scores),
    // Hard constraints that come and go with services are counted from scratch.
    ...(defaults.hasHard
      ? {}
      : { block: (template) => new SpreadBlock(view, defaults, template, { missingLabel, skewed }) }),
    hints: podTopologySpreadHints(hardOf),
  };
}

function countDomains(view: ClusterView, pod: PodInfo, constraints: readonly SpreadConstraint[]): Domains {
  const byRow = constraints.map((constraint) => matchingPods(view, pod.template.namespace, constraint));
  const counts = constraints.map(() => new Map<string, number>());
  for (const node of view.cache.snapshot()) {
    if (!hasAllKeys(node, constraints)) continue;
    for (let i = 0; i < constraints.length; i++) {
      const constraint = constraints[i]!;
      if (!isIncluded(pod, node, constraint)) continue;
      const value = node.labels[constraint.topologyKey] as string;
      counts[i]!.set(value, (counts[i]!.get(value) ?? 0) + (byRow[i]?.[node.row] ?? 0));
    }
  }
  return new Domains(counts);
}

/** The fewest matching pods of any domain; 0 when there are fewer domains than the constraint wants. */
function globalMinimum(byValue: ReadonlyMap<string, number>, minDomains: number): number {
  if (byValue.size < minDomains) return 0;
  let minimum = Number.POSITIVE_INFINITY;
  for (const count of byValue.values()) minimum = Math.min(minimum, count);
  return minimum === Number.POSITIVE_INFINITY ? 0 : minimum;
}

interface WhatIf {
  readonly pod: PodInfo;
  readonly constraints: readonly SpreadConstraint[];
  readonly other: PodInfo;
  readonly node: NodeInfo;
  readonly by: 1 | -1;
}

/** The original's what-if differs from its count: it looks neither at deletion nor for an empty selector. */
function change(state: CycleState, { pod, constraints, other, node, by }: WhatIf): void {
  const domains = state.read(DOMAINS);
  if (domains === undefined || other.namespace !== pod.namespace || !hasAllKeys(node, constraints)) return;
  for (const [index, constraint] of constraints.entries()) {
    if (!constraint.selector(other.template.labels) || !isIncluded(pod, node, constraint)) continue;
    const value = node.labels[constraint.topologyKey] as string;
    domains.counts[index]?.set(value, (domains.counts[index]?.get(value) ?? 0) + by);
  }
}
