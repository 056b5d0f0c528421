import { ln } from "../../random/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import type { SpreadConstraint } from "../pod-terms.ts";
import { HOSTNAME, type SpreadDefaults } from "./spread-defaults.ts";
import { hasAllKeys, isIncluded, matchingPods } from "./spread-domains.ts";

interface ScoredConstraint {
  readonly constraint: SpreadConstraint;
  /** Grows with the number of domains, so that constraints with few domains do not drown the others. */
  readonly weight: number;
  readonly podsByRow: Int32Array;
  /** Pods by domain; unused for host names, where the node's own pods count. */
  readonly podsByValue: ReadonlyMap<string, number>;
}

export interface SpreadScore {
  readonly constraints: readonly ScoredConstraint[];
  /** Feasible nodes that lack a key of the constraints; none for those of the system. */
  readonly ignored: ReadonlySet<NodeInfo>;
}

/** Counts what the score needs; null when the pod has no soft constraint, own or default. */
export function prepareSpreadScore(
  view: ClusterView,
  defaults: SpreadDefaults,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
): SpreadScore | null {
  const { template } = pod;
  const needsAllKeys = defaults.needsAllKeys(template);
  const constraints = template.hasOwnSpread ? template.softSpread : defaults.of(template);
  if (constraints.length === 0) return null;
  const ignored = new Set(needsAllKeys ? nodes.filter((node) => !hasAllKeys(node, constraints)) : []);
  const scored = constraints.map((constraint) => {
    const podsByRow = matchingPods(view, template.namespace, constraint);
    const podsByValue = new Map<string, number>();
    let size = nodes.length - ignored.size;
    if (constraint.topologyKey !== HOSTNAME) {
      for (const node of nodes) {
        if (!ignored.has(node)) podsByValue.set(node.labels[constraint.topologyKey] ?? "", 0);
      }
      size = podsByValue.size;
    }
    return { constraint, weight: ln(size + 2), podsByRow, podsByValue };
  });
  countDomains(view, pod, scored, needsAllKeys ? constraints : []);
  return { constraints: scored, ignored };
}

/** Counts over all nodes of the cluster, feasible or not. Nodes lacking one of the needed keys do not count. */
function countDomains(
  view: ClusterView,
  pod: PodInfo,
  scored: readonly (ScoredConstraint & { readonly podsByValue: Map<string, number> })[],
  needed: readonly SpreadConstraint[],
): void {
  const counted = scored.filter(({ constraint }) => constraint.topologyKey !== HOSTNAME);
  if (counted.length === 0) return;
  for (const node of view.cache.snapshot()) {
    for (const { constraint, podsByRow, podsByValue } of counted) {
      const pods = podsByRow[node.row] ?? 0;
      if (pods === 0) continue;
      const value = node.labels[constraint.topologyKey] ?? "";
      const known = podsByValue.get(value);
      if (known === undefined || !hasAllKeys(node, needed) || !isIncluded(pod, node, constraint)) continue;
      podsByValue.set(value, known + pods);
    }
  }
}

export function spreadScore({ constraints, ignored }: SpreadScore, node: NodeInfo): number {
  if (ignored.has(node)) return 0;
  let score = 0;
  for (const { constraint, weight, podsByRow, podsByValue } of constraints) {
    const value = node.labels[constraint.topologyKey];
    if (value === undefined) continue;
    const pods = constraint.topologyKey === HOSTNAME ? (podsByRow[node.row] ?? 0) : (podsByValue.get(value) ?? 0);
    score += pods * weight + (constraint.maxSkew - 1);
  }
  return Math.round(score);
}

/** Fewer matching pods are better: 100 for a node with the fewest if some domain is empty, 0 for ignored nodes. */
export function normalizeSpread({ ignored }: SpreadScore, nodes: readonly NodeInfo[], scores: Float64Array): void {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (let i = 0; i < scores.length; i++) {
    if (ignored.has(nodes[i]!)) continue;
    min = Math.min(min, scores[i]!);
    max = Math.max(max, scores[i]!);
  }
  for (let i = 0; i < scores.length; i++) {
    if (ignored.has(nodes[i]!)) scores[i] = 0;
    else scores[i] = max === 0 ? 100 : Math.trunc((100 * (max + min - scores[i]!)) / max);
  }
}
