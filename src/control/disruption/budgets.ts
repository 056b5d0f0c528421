import { type PodDisruptionBudget, type PodDisruptionBudgetStatus, setCondition } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { matcherOf } from "../scale.ts";

export type Budgets = DocumentTable<PodDisruptionBudget>;
export type BudgetStatus = PodDisruptionBudgetStatus;

/** The condition of a budget that says whether it allows a disruption. */
export const DISRUPTION_ALLOWED = "DisruptionAllowed";
/** Reason of that condition when a sync failed. */
export const SYNC_FAILED = "SyncFailed";

export function budgetsOf(store: Store): Budgets {
  return store.documents<PodDisruptionBudget>("PodDisruptionBudget");
}

/** Rows of the budgets whose selector matches the pod, by creation. A missing selector matches nothing, an empty one all. */
export function budgetsOfPod(store: Store, pod: number): number[] {
  const table = budgetsOf(store);
  const found: number[] = [];
  if (table.count === 0) return found;
  const namespace = store.pods.namespaceOf(pod);
  const labels = store.pods.labelsOf(pod);
  for (let row = table.first(); row !== -1; row = table.after(row)) {
    const budget = table.get(row);
    if (budget.metadata.namespace === namespace && selectorOf(budget).matches(labels)) found.push(row);
  }
  return found;
}

export function selectorOf({ kind, spec }: PodDisruptionBudget) {
  return matcherOf(kind, spec.selector);
}

/** The status with its condition as `disruptionsAllowed` has it. @source kubernetes 1.37 component-helpers poddisruptionbudget */
export function withCondition(status: BudgetStatus, nowText: string): BudgetStatus {
  const isAllowed = (status.disruptionsAllowed ?? 0) > 0;
  return withReason(status, isAllowed, isAllowed ? "SufficientPods" : "InsufficientPods", "", nowText);
}

/** The status of a budget that could not be calculated: nothing may be disrupted. */
export function failedStatus(status: BudgetStatus | undefined, message: string, nowText: string): BudgetStatus {
  return withReason({ ...status, ...NOTHING_ALLOWED }, false, SYNC_FAILED, message, nowText);
}

const NOTHING_ALLOWED = { disruptionsAllowed: 0 };

function withReason(
  status: BudgetStatus,
  isAllowed: boolean,
  reason: string,
  message: string,
  nowText: string,
): BudgetStatus {
  const { observedGeneration } = status;
  const condition = {
    type: DISRUPTION_ALLOWED,
    status: isAllowed ? ("True" as const) : ("False" as const),
    reason,
    message,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  };
  return { ...status, conditions: setCondition(status.conditions, condition, nowText) };
}
