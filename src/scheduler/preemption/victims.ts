import type { Micros } from "../../units/index.ts";
import type { CycleState } from "../cycle-state.ts";
import { filterNode } from "../find-nodes.ts";
import type { FilterPlugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { NominatedPods } from "../nominator.ts";
import type { PodInfo } from "../pod-info.ts";
import { type Status, unresolvable } from "../status.ts";
import type { BudgetCheck, BudgetsIn } from "./budgets.ts";

/** What the trials of one preemption share. */
export interface Trial {
  /** The pod that wants a node. */
  readonly pod: PodInfo;
  /** Its cycle state as preFilter left it; never changed here. */
  readonly state: CycleState;
  readonly filters: readonly FilterPlugin[];
  readonly nominated: NominatedPods;
  readonly budgets: BudgetCheck;
  readonly budgetsIn: BudgetsIn;
  /** When the kubelet took a pod, microseconds; -1 when it has not. */
  readonly startOf: (pod: PodInfo) => Micros;
}

/** The pods to preempt on one node, the most important first; none when the pod fits as it is. */
export interface Victims {
  readonly pods: readonly PodInfo[];
  /** How many of them a PodDisruptionBudget protects. */
  readonly pdbViolations: number;
}

export const NO_VICTIMS: Status = unresolvable("", "No preemption victims found for incoming pod");

/**
 * Tries one node: takes all pods of lower priority away; when the pod fits then, gives back as many as it still fits
 * with, protected ones first, the more important first. What is left away are the victims. A status says why
 * preemption does not help there. The node is put back as it was.
 * @source kubernetes 1.37 defaultpreemption SelectVictimsOnNode
 */
export function selectVictims(trial: Trial, node: NodeInfo): Victims | Status {
  const possible = lowerPods(trial, node);
  if (possible.length === 0) return NO_VICTIMS;
  return node.tryOut(() => tryWithout(trial, trial.state.clone(), node, possible));
}

/** Pods on the node that may have to go. */
export function lowerPods({ pod }: Trial, node: NodeInfo): PodInfo[] {
  const { priority } = pod.template;
  const lower: PodInfo[] = [];
  for (const other of node.pods.values()) if (other.template.priority < priority) lower.push(other);
  return lower;
}

function tryWithout(trial: Trial, state: CycleState, node: NodeInfo, possible: readonly PodInfo[]): Victims | Status {
  const { pod, filters, nominated } = trial;
  const take = (other: PodInfo) => {
    node.removePod(other);
    for (const plugin of filters) plugin.removePod?.(state, pod, other, node);
  };
  const put = (other: PodInfo) => {
    node.addPod(other);
    for (const plugin of filters) plugin.addPod?.(state, pod, other, node);
  };
  for (const other of possible) take(other);
  const status = filterNode(filters, nominated, state, pod, node);
  if (status !== null) return status;

  const compare = byImportance(trial.startOf);
  const { violating, others } = trial.budgets.split([...possible].sort(compare), trial.budgetsIn);
  const pods: PodInfo[] = [];
  const reprieve = (other: PodInfo) => {
    put(other);
    if (filterNode(filters, nominated, state, pod, node) === null) return;
    take(other);
    pods.push(other);
  };
  for (const other of violating) reprieve(other);
  const pdbViolations = pods.length;
  for (const other of others) reprieve(other);
  return { pods: pods.sort(compare), pdbViolations };
}

/** Higher priority first, then whoever runs longer; a pod that has not started counts as starting now. */
function byImportance(startOf: Trial["startOf"]): (a: PodInfo, b: PodInfo) => number {
  return (a, b) => {
    if (a.template.priority !== b.template.priority) return b.template.priority - a.template.priority;
    const [startA, startB] = [startOrNever(startOf(a)), startOrNever(startOf(b))];
    return startA === startB ? 0 : startA < startB ? -1 : 1;
  };
}

/** Later than every start there is, for a pod without one. */
export function startOrNever(startAt: Micros): Micros {
  return startAt === -1 ? Number.POSITIVE_INFINITY : startAt;
}
