import type { SchedulerCache } from "./cache.ts";
import { CycleState } from "./cycle-state.ts";
import { Diagnosis } from "./diagnosis.ts";
import { filterNode, filtersOf, findFeasible } from "./find-nodes.ts";
import type { Framework, PreFilterAnswer } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { NominatedPods } from "./nominator.ts";
import type { PodInfo } from "./pod-info.ts";
import { reuseBookOf } from "./reuse.ts";
import { type ScoreTable, scoreNodes } from "./score-nodes.ts";
import { selectHost } from "./select-host.ts";
import { CODE, type Status, unresolvable } from "./status.ts";

export interface ScheduleOptions {
  /** percentageOfNodesToScore; 0 adapts to the size of the cluster. */
  readonly percentage: number;
  /** Position in the search order at which the search starts. */
  readonly start: number;
}

/** What one attempt found out, before anything is written. */
export interface Placement {
  readonly pod: PodInfo;
  readonly state: CycleState;
  /** The node taken; `undefined` when none is feasible. */
  readonly node: NodeInfo | undefined;
  readonly feasible: readonly NodeInfo[];
  /** Feasible plus rejected nodes that were looked at. */
  readonly evaluated: number;
  /** Where the next search starts. */
  readonly nextStart: number;
  readonly diagnosis: Diagnosis;
  /** The names that the preFilter plugins restricted the search to, if they did. */
  readonly allowedNodes: ReadonlySet<string> | undefined;
  /** Present when two or more nodes were feasible. */
  readonly scores: ScoreTable | undefined;
  /** The scheduler itself failed (no nodes at all): no plugin rejected the pod. */
  readonly error: string | undefined;
}

export const NO_NODES = "no nodes available to schedule pods";

/**
 * One scheduling cycle for one pod, up to the choice of the node: preFilter, filter, score, select. Reuses what is
 * known from earlier pods wherever that cannot change the outcome.
 * @source kubernetes 1.37 schedule_one.go schedulePod
 */
export function scheduleOne(
  framework: Framework,
  cache: SchedulerCache,
  nominated: NominatedPods,
  pod: PodInfo,
  options: ScheduleOptions,
): Placement {
  return (
    tryNominee(framework, cache, nominated, pod, options) ??
    reuseBookOf(framework, cache).schedule(nominated, pod, options) ??
    searchPlainly(framework, cache, nominated, pod, options)
  );
}

/** The same from scratch: every plugin is asked about every node that is looked at. The oracle of `scheduleOne`. */
export function schedulePlainly(
  framework: Framework,
  cache: SchedulerCache,
  nominated: NominatedPods,
  pod: PodInfo,
  options: ScheduleOptions,
): Placement {
  return (
    tryNominee(framework, cache, nominated, pod, options) ?? searchPlainly(framework, cache, nominated, pod, options)
  );
}

/** The pod on the node that it is nominated to, when it fits there. */
function tryNominee(
  framework: Framework,
  cache: SchedulerCache,
  nominated: NominatedPods,
  pod: PodInfo,
  options: ScheduleOptions,
): Placement | undefined {
  const node = pod.nominatedNodeName === "" ? undefined : cache.node(pod.nominatedNodeName);
  if (node === undefined) return undefined;
  const begun = beginAttempt(framework, cache, pod, options);
  const { state, diagnosis } = begun;
  if (diagnosis.preFilterStatus !== undefined) return undefined;
  if (filterNode(filtersOf(framework, state, pod), nominated, state, pod, node) !== null) return undefined;
  return { ...begun, node, feasible: [node], evaluated: 1 };
}

function searchPlainly(
  framework: Framework,
  cache: SchedulerCache,
  nominated: NominatedPods,
  pod: PodInfo,
  options: ScheduleOptions,
): Placement {
  const nodes = cache.snapshot();
  const begun = beginAttempt(framework, cache, pod, options);
  const { state, diagnosis, allowedNodes, error } = begun;
  if (error !== undefined || diagnosis.preFilterStatus !== undefined) return begun;
  const filters = filtersOf(framework, state, pod);
  const found = findFeasible(filters, nominated, { nodes, state, pod, diagnosis, allowedNodes, ...options });
  const { feasible } = found;
  const evaluated = feasible.length + diagnosis.failed.length;
  const base = { ...begun, feasible, evaluated, nextStart: (options.start + evaluated) % nodes.length };
  if (feasible.length < 2) return { ...base, node: feasible[0] };
  const scores = scoreNodes(framework, state, pod, feasible);
  return { ...base, scores, node: feasible[selectHost(scores.totals, feasible.length)] };
}

/** An attempt as far as preFilter: no node has been looked at. */
function beginAttempt(
  framework: Framework,
  cache: SchedulerCache,
  pod: PodInfo,
  { start }: ScheduleOptions,
): Placement {
  const nodeCount = cache.snapshot().length;
  const state = new CycleState();
  const diagnosis = new Diagnosis(nodeCount);
  const none = { pod, state, diagnosis, node: undefined, feasible: [], evaluated: 0, nextStart: start };
  if (nodeCount === 0) return { ...none, allowedNodes: undefined, scores: undefined, error: NO_NODES };
  const allowedNodes = runPreFilters(framework, state, pod, diagnosis);
  return { ...none, allowedNodes, scores: undefined, error: undefined };
}

/** Runs all preFilter plugins; gives the nodes that they restrict the search to. A rejection goes to the diagnosis. */
export function runPreFilters(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  diagnosis: Diagnosis,
): ReadonlySet<string> | undefined {
  let allowed: ReadonlySet<string> | undefined;
  let postponed: Status | undefined;
  const restricting: string[] = [];
  for (const plugin of framework.preFilter) {
    const answer: PreFilterAnswer | null | undefined = plugin.preFilter?.(state, pod);
    const status = answer?.status;
    if (status?.code === CODE.skip) {
      state.skippedFilters.add(plugin.name);
    } else if (status?.code === CODE.unschedulableAndUnresolvable) {
      return rejectAll(diagnosis, status, [plugin.name]);
    } else if (status !== undefined) {
      postponed ??= status;
    }
    if (answer?.nodes === undefined) continue;
    restricting.push(plugin.name);
    allowed = allowed === undefined ? answer.nodes : intersection(allowed, answer.nodes);
    if (allowed.size === 0) {
      const names = restricting.sort();
      const reason =
        names.length === 1
          ? `node(s) didn't satisfy plugin ${names[0]}`
          : `node(s) didn't satisfy plugin(s) [${names.join(" ")}] simultaneously`;
      return rejectAll(diagnosis, unresolvable("", reason), names);
    }
  }
  if (postponed !== undefined) return rejectAll(diagnosis, postponed, [postponed.plugin]);
  if (allowed !== undefined) {
    for (const name of restricting) diagnosis.plugins.add(name);
    diagnosis.absentStatus = unresolvable("", `node(s) didn't satisfy plugin(s) [${restricting.sort().join(" ")}]`);
  }
  return allowed;
}

function rejectAll(diagnosis: Diagnosis, status: Status, plugins: readonly string[]): undefined {
  diagnosis.preFilterStatus = status;
  diagnosis.absentStatus = status;
  for (const name of plugins) diagnosis.plugins.add(name);
  return undefined;
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}
