import { firstUntolerated, REPELLING_EFFECTS } from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { NodeInfo } from "../node-info.ts";
import { Counter, type PodTest } from "../pod-counters.ts";
import type { PodInfo, TemplateInfo } from "../pod-info.ts";
import type { SpreadConstraint } from "../pod-terms.ts";

/** Pods of the namespace that a constraint counts, by node row. Pods being deleted do not count. */
export function matchingPods(view: ClusterView, namespace: string, constraint: SpreadConstraint): Int32Array {
  return constraint.isSelectorEmpty ? NO_PODS : view.cache.counters.counts(spreadTest(namespace, constraint));
}

const NO_PODS = new Int32Array(0);

export function spreadTest(namespace: string, constraint: SpreadConstraint): PodTest {
  return {
    key: `spread|${namespace}|${constraint.selectorKey}`,
    namespace,
    matches: (template) => template.namespace === namespace && constraint.selector(template.labels),
    countsTerminating: false,
  };
}

/** The counter of a constraint's pods. A selector without any requirement counts none. */
export function counterOf(view: ClusterView, { namespace }: TemplateInfo, constraint: SpreadConstraint): Counter {
  return constraint.isSelectorEmpty
    ? new Counter(false)
    : view.cache.counters.counter(spreadTest(namespace, constraint));
}

export function hasAllKeys(node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every((constraint) => node.labels[constraint.topologyKey] !== undefined);
}

/** Whether the constraint's policies let the node take part in the counts. */
export function isIncluded(pod: PodInfo, node: NodeInfo, constraint: SpreadConstraint): boolean {
  return isIncludedFor(pod.template, node, constraint);
}

export function isIncludedFor(template: TemplateInfo, node: NodeInfo, constraint: SpreadConstraint): boolean {
  const { nodeSelection, tolerations } = template;
  if (constraint.honorsNodeAffinity && !nodeSelection.isAny && !nodeSelection.matches(node)) return false;
  return (
    !constraint.honorsNodeTaints || firstUntolerated(node.hardTaints, tolerations, REPELLING_EFFECTS) === undefined
  );
}
