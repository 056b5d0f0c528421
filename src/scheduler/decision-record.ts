import type { Decision } from "../store/index.ts";
import type { FailedBinding } from "./binder.ts";
import type { BindingCycle } from "./binding-cycles.ts";
import type { Attempt } from "./core.ts";
import type { Candidate, RejectedNode } from "./preemption/candidates.ts";
import type { Placement } from "./schedule-one.ts";

const TOP_NODES = 3;
const TOP_CANDIDATES = 10;

/** One attempt in plain words: what a reader needs to see why the pod went where it went, or nowhere. `cycle`: of a pod
 *  that is not bound yet. */
export function decisionOf(attempt: Attempt, cycle?: BindingCycle): Decision {
  const { pod, outcome, node, placement, message, attempts, nominate } = attempt;
  return {
    by: "scheduler",
    what: outcome === "placed" ? "bind" : outcome,
    object: `pod/${pod.key}`,
    attempt: attempts,
    ...(node === undefined ? {} : { node: node.name }),
    ...(cycle === undefined ? {} : { waitsIn: cycle.isPermitted ? "preBind" : "permit" }),
    ...(placement === undefined ? {} : search(placement)),
    ...(message === "" ? {} : { message }),
    ...(nominate === undefined || nominate === "" ? {} : { nominated: nominate }),
  };
}

/** Why a pod left the node that it was to be bound to. */
export function failedBindingOf({ pod, nodeName, isRejected, message }: FailedBinding): Decision {
  const what = isRejected ? "unschedulable" : "error";
  return { by: "scheduler", what, object: `pod/${pod.key}`, node: nodeName, message };
}

/** Whom preemption takes away, or why it takes nobody; `undefined` when nothing was tried. */
export function preemptionDecisionOf({ pod, preemption, order, attempts }: Attempt): Decision | undefined {
  const chosen = preemption?.best[0];
  if (preemption === undefined || chosen === undefined) return undefined;
  const { candidates, rejected, best, cleared } = preemption;
  const others = candidates.filter((candidate) => candidate !== chosen);
  return {
    by: "scheduler",
    what: "preempt",
    object: `pod/${pod.key}`,
    attempt: attempts,
    priority: pod.template.priority,
    node: chosen.node.name,
    victims: chosen.victims.map(({ key }) => key),
    pdbViolations: chosen.pdbViolations,
    considered: candidates.length + rejected.length,
    candidates: [chosen, ...others].slice(0, TOP_CANDIDATES).map(candidateRecord),
    ...(best.length > 1 ? { equallyGood: best.length } : {}),
    ...(rejected.length > 0 ? { reasons: reasonCounts(rejected) } : {}),
    ...(cleared.length > 0 ? { clearedNominations: cleared.map(({ key }) => key) } : {}),
    ...(order === undefined ? { waitsFor: "victims that are terminating already" } : {}),
  };
}

function candidateRecord({ node, victims, pdbViolations }: Candidate) {
  return {
    node: node.name,
    victims: victims.map(({ key, template }) => `${key} (${template.priority})`),
    pdbViolations,
  };
}

function reasonCounts(rejected: readonly RejectedNode[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of rejected) {
    for (const reason of status.reasons) counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

function search({ diagnosis, feasible, evaluated, scores, node }: Placement): Record<string, unknown> {
  return {
    nodes: diagnosis.nodeCount,
    evaluated,
    feasible: feasible.length,
    ...(diagnosis.failed.length > 0
      ? { rejectedBy: diagnosis.pluginCounts(), reasons: Object.fromEntries(diagnosis.reasonCounts()) }
      : {}),
    ...(scores === undefined || node === undefined ? {} : { top: topNodes({ feasible, scores, node }) }),
  };
}

interface NodeScore {
  readonly node: string;
  readonly total: number;
  /** Weighted scores by plugin. */
  readonly scores: Readonly<Record<string, number>>;
}

/** The node taken, then the next best. Equal totals stand in the order of the search. */
function topNodes({ feasible, scores, node }: Required<Pick<Placement, "feasible">> & TopInput): NodeScore[] {
  const order = feasible.map((_node, index) => index);
  const rank = (index: number) =>
    feasible[index] === node ? Number.POSITIVE_INFINITY : (scores.totals[index] as number);
  order.sort((a, b) => (rank(a) === rank(b) ? a - b : rank(b) > rank(a) ? 1 : -1));
  return order.slice(0, TOP_NODES).map((index) => ({
    node: feasible[index]?.name ?? "",
    total: scores.totals[index] as number,
    scores: Object.fromEntries(
      scores.columns.map(({ plugin, weight, normalized }) => [plugin, (normalized[index] as number) * weight]),
    ),
  }));
}

type TopInput = { readonly scores: NonNullable<Placement["scores"]>; readonly node: NonNullable<Placement["node"]> };
