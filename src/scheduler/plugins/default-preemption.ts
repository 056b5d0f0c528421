import type { ClusterView } from "../cluster-view.ts";
import { DEFAULT_ARGS } from "../config/plugin-args.ts";
import type { PreemptionArgs } from "../config/types.ts";
import { Diagnosis, histogramText, refusalText } from "../diagnosis.ts";
import { filtersOf } from "../find-nodes.ts";
import type { Plugin, PostFilterAnswer } from "../framework.ts";
import type { NominatedPods } from "../nominator.ts";
import type { PodInfo } from "../pod-info.ts";
import { BudgetCheck } from "../preemption/budgets.ts";
import { bestCandidates, type Candidate, dryRun, type Preemption } from "../preemption/candidates.ts";
import { KnownTrials } from "../preemption/known-trials.ts";
import type { PreemptionsUnderWay } from "../preemption/under-way.ts";
import { NO_VICTIMS } from "../preemption/victims.ts";
import { CODE, type Status, unresolvable, unschedulable } from "../status.ts";

const NAME = "DefaultPreemption";

const NOT_HELPFUL = unresolvable("", "Preemption is not helpful for scheduling");
const NEVER = unschedulable(NAME, "preemption: not eligible due to preemptionPolicy=Never.");
const WAITING = unschedulable(NAME, "preemption: not eligible due to a terminating pod on the nominated node.");
const UNDER_WAY = unresolvable(NAME, "waiting for the preemption for this pod to be finished");

export interface PreemptionOptions {
  readonly underWay: PreemptionsUnderWay;
  /** Which of `count` potential nodes is tried first; at random in the original. */
  readonly offsetOf: (count: number) => number;
}

/**
 * Finds pods of lower priority that can make way for a pod that fits nowhere. Who deletes them is the caller's matter;
 * the pod stays out of the queue until that is done.
 * @source kubernetes 1.37 defaultpreemption plugin, framework/preemption
 */
export function defaultPreemption(
  view: ClusterView,
  { underWay, offsetOf }: PreemptionOptions,
  args: PreemptionArgs = DEFAULT_ARGS.preemption,
): Plugin {
  const budgets = new BudgetCheck();
  const known = new KnownTrials();
  return {
    name: NAME,
    preEnqueue: ({ uid }) => (underWay.isUnderWay(uid) ? UNDER_WAY : null),
    postFilter: (state, pod, diagnosis, context) => {
      const refusal = ineligible(view, pod, diagnosis);
      if (refusal !== null) return { status: refusal };
      const count = diagnosis.countOf(CODE.unschedulable);
      const offset = count === 0 ? 0 : offsetOf(count);
      if (!view.cache.hasPodsBelow(pod.template.priority)) return hopeless(diagnosis, offset);
      const nodes = view.cache.snapshot();
      const startOf = (other: PodInfo) => view.startOf(other);
      const { framework, nominated } = context;
      const filters = filtersOf(framework, state, pod);
      const trial = { pod, state, filters, nominated, budgets, budgetsIn: rememberedBudgets(view), startOf };
      const potential = potentialNodes(diagnosis);
      const select = known.selectorFor(trial);
      const tried = dryRun(nodes, { potential, offset, wanted: candidatesWanted(count, args), select });
      const best = bestCandidates(tried.candidates, startOf);
      const cleared = best[0] === undefined ? [] : losingNomination(nominated, pod, best[0]);
      return answerOf({ ...tried, best, cleared }, nodes.length);
    },
    // Pods that wait for their own preemption are let in again when a victim is gone; whether that helps them is for
    // the plugins to say that rejected them.
    hints: [{ events: ["AssignedPod/Delete"], hint: () => false }],
  };
}

/** Nodes that taking pods away might help, by position in the search order. */
function potentialNodes(diagnosis: Diagnosis): number[] {
  const { unschedulable: code } = CODE;
  const positions: number[] = [];
  for (let i = 0; i < diagnosis.nodeCount; i++) if (diagnosis.statusAt(i).code === code) positions.push(i);
  return positions;
}

/** What a dry run comes to when no node holds pods of lower priority: its trials are made up when somebody asks. */
function hopeless(diagnosis: Diagnosis, offset: number): PostFilterAnswer {
  const { nodeCount } = diagnosis;
  const potential = diagnosis.countOf(CODE.unschedulable);
  const counts = new Map([
    [NO_VICTIMS.reasons.join(), potential],
    [NOT_HELPFUL.reasons.join(), nodeCount - potential],
  ]);
  for (const [reason, count] of counts) if (count === 0) counts.delete(reason);
  const preemption: Preemption = {
    candidates: [],
    best: [],
    cleared: [],
    get rejected() {
      const positions = potentialNodes(diagnosis);
      const inOrder = [...positions.slice(offset), ...positions.slice(0, offset)];
      return inOrder.map((position) => ({ position, status: NO_VICTIMS }));
    },
  };
  const text = `preemption: ${refusalText(nodeCount, histogramText(counts))}`;
  return { status: unschedulable(NAME, text), nominate: "", preemption };
}

/** Why the pod may not preempt (again); null when it may. */
function ineligible(view: ClusterView, pod: PodInfo, diagnosis: Diagnosis): Status | null {
  const { spec, priority } = pod.template;
  if (spec.preemptionPolicy === "Never") return NEVER;
  const node = pod.nominatedNodeName === "" ? undefined : view.cache.node(pod.nominatedNodeName);
  if (node === undefined) return null;
  const position = view.cache.snapshot().indexOf(node);
  if (diagnosis.statusAt(position).code === CODE.unschedulableAndUnresolvable) return null;
  for (const other of node.pods.values()) {
    if (other.template.priority < priority && other.isTerminating && other.isPreempted) return WAITING;
  }
  return null;
}

function candidatesWanted(
  potentialCount: number,
  { minCandidateNodesPercentage, minCandidateNodesAbsolute }: PreemptionArgs,
): number {
  const share = Math.trunc((potentialCount * minCandidateNodesPercentage) / 100);
  return Math.min(Math.max(share, minCandidateNodesAbsolute), potentialCount);
}

/** The view's budgets, looked up once a namespace. */
function rememberedBudgets(view: ClusterView): ClusterView["budgetsIn"] {
  const known = new Map<string, ReturnType<ClusterView["budgetsIn"]>>();
  return (namespace) => {
    let budgets = known.get(namespace);
    if (budgets === undefined) {
      budgets = view.budgetsIn(namespace);
      known.set(namespace, budgets);
    }
    return budgets;
  };
}

function losingNomination(nominated: NominatedPods, pod: PodInfo, { node, victims }: Candidate): PodInfo[] {
  if (victims.every((victim) => victim.isTerminating)) return [];
  return [...nominated.on(node.name)].filter((other) => other.template.priority < pod.template.priority);
}

function answerOf(preemption: Preemption, nodeCount: number): PostFilterAnswer {
  const [chosen] = preemption.best;
  if (chosen !== undefined) {
    const { node, victims } = chosen;
    const text = `preemption: found a potential placement for pod on node ${node.name}, preempting ${victims.length} victims`;
    return { status: success(text), nominate: node.name, preemption };
  }
  const errors = new Set(
    preemption.rejected.filter(({ status }) => status.code === CODE.error).map(({ status }) => status.reasons[0] ?? ""),
  );
  if (errors.size > 0) {
    const text = errors.size === 1 ? [...errors].join() : `[${[...errors].join(", ")}]`;
    return { status: failure(`preemption: ${text}`), preemption };
  }
  const verdict = new Diagnosis(nodeCount);
  verdict.absentStatus = NOT_HELPFUL;
  for (const { position, status } of preemption.rejected) verdict.reject(position, status);
  return { status: unschedulable(NAME, `preemption: ${verdict.message()}`), nominate: "", preemption };
}

function success(text: string): Status {
  return Object.freeze({ code: CODE.success, plugin: NAME, reasons: Object.freeze([text]) });
}

function failure(text: string): Status {
  return Object.freeze({ code: CODE.error, plugin: NAME, reasons: Object.freeze([text]) });
}
