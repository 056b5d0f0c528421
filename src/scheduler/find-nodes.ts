import type { CycleState } from "./cycle-state.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { FilterPlugin, Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { NominatedPods } from "./nominator.ts";
import type { PodInfo } from "./pod-info.ts";
import { feasibleNodesToFind } from "./select-host.ts";
import type { Status } from "./status.ts";

/** The filters that have something to say about the pod. */
export function filtersOf(framework: Framework, state: CycleState, pod: PodInfo): readonly FilterPlugin[] {
  return framework.filter.filter(
    (plugin) => !state.skippedFilters.has(plugin.name) && plugin.passesAll?.(pod) !== true,
  );
}

export interface Search {
  /** All nodes in search order. */
  readonly nodes: readonly NodeInfo[];
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly diagnosis: Diagnosis;
  readonly allowedNodes: ReadonlySet<string> | undefined;
  readonly percentage: number;
  readonly start: number;
}

/**
 * Looks for feasible nodes from `start` on, round the search order, until there are enough. The search ends when one
 * feasible node too many is met: nodes rejected before it are noted, that node is neither.
 * @source kubernetes 1.37 schedule_one.go findNodesThatPassFilters (with one worker)
 */
// hot: once a node and filter for every attempt.
export function findFeasible(
  filters: readonly FilterPlugin[],
  nominated: NominatedPods,
  search: Search,
): { readonly feasible: NodeInfo[] } {
  const { nodes, state, pod, diagnosis, allowedNodes } = search;
  const positions = allowedNodes === undefined ? undefined : positionsOf(nodes, allowedNodes);
  const count = positions?.length ?? nodes.length;
  const toFind = feasibleNodesToFind(count, search.percentage);
  const feasible: NodeInfo[] = [];
  let candidate = count === 0 ? 0 : search.start % count;
  for (let looked = 0; looked < count; looked++) {
    const position = positions === undefined ? candidate : (positions[candidate] as number);
    const node = nodes[position] as NodeInfo;
    const status = filterNode(filters, nominated, state, pod, node);
    if (status !== null) diagnosis.reject(position, status);
    else if (feasible.length === toFind) break;
    else feasible.push(node);
    candidate++;
    if (candidate === count) candidate = 0;
  }
  return { feasible };
}

/**
 * The first rejection of a node, or null. Pods of the same or higher priority that were promised the node count as if
 * they were there; the pod must fit with them and without them.
 * @source kubernetes 1.37 framework runtime RunFilterPluginsWithNominatedPods
 */
export function filterNode(
  filters: readonly FilterPlugin[],
  nominated: NominatedPods,
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | null {
  if (nominated.isAnyOn(node.name)) {
    const others = [...nominated.on(node.name)].filter((other) => isNomineeAhead(other, pod));
    const status = others.length === 0 ? null : filterWithPods(filters, others, state, pod, node);
    if (status !== null) return status;
  }
  return runFilters(filters, state, pod, node);
}

/** Whether room that is kept for `nominee` is not the pod's to take. */
export function isNomineeAhead(nominee: PodInfo, pod: PodInfo): boolean {
  return nominee.uid !== pod.uid && nominee.template.priority >= pod.template.priority;
}

export function runFilters(
  filters: readonly FilterPlugin[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | null {
  for (let i = 0; i < filters.length; i++) {
    const status = (filters[i] as FilterPlugin).filter(state, pod, node);
    if (status !== null) return status;
  }
  return null;
}

function filterWithPods(
  filters: readonly FilterPlugin[],
  others: readonly PodInfo[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | null {
  const whatIf = state.clone();
  return node.tryOut(() => {
    for (const other of others) {
      node.addPod(other);
      for (const plugin of filters) plugin.addPod?.(whatIf, pod, other, node);
    }
    return runFilters(filters, whatIf, pod, node);
  });
}

/** Positions of the allowed nodes, in search order: the original takes them from a map, in no order. */
function positionsOf(nodes: readonly NodeInfo[], allowed: ReadonlySet<string>): number[] {
  const positions: number[] = [];
  for (const [position, node] of nodes.entries()) if (allowed.has(node.name)) positions.push(position);
  return positions;
}
