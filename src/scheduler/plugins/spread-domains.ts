import { firstUntolerated, REPELLING_EFFECTS } from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import type { SpreadConstraint } from "../pod-terms.ts";

/** Pods of the namespace that a constraint counts, by node row. Pods being deleted do not count. */
export function matchingPods(view: ClusterView, namespace: string, constraint: SpreadConstraint): Int32Array {
  if (constraint.isSelectorEmpty) return NO_PODS;
  return view.cache.counters.counts({
    key: `spread|${namespace}|${constraint.selectorKey}`,
    matches: (template) => template.namespace === namespace && constraint.selector(template.labels),
    countsTerminating: false,
  });
}

const NO_PODS = new Int32Array(0);

export function hasAllKeys(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every((constraint) => node.labels[constraint.topologyKey] !== undefined);
}

/** Whether the constraint's policies let the node take part in the counts. */
export function isIncluded(pod: PodInfo, node: NodeInfo, constraint: SpreadConstraint): boolean {
  const { nodeSelection, tolerations } = pod.template;
  if (constraint.honorsNodeAffinity && !nodeSelection.isAny && !nodeSelection.matches(node)) return false;
  return (
    !constraint.honorsNodeTaints || firstUntolerated(node.hardTaints, tolerations, REPELLING_EFFECTS) === undefined
  );
}
