import { getCondition, type PodDisruptionBudget } from "../../kube/index.ts";
import { POD_PHASE, type Store } from "../../store/index.ts";
import {
  type BudgetStatus,
  budgetsOf,
  budgetsOfPod,
  DISRUPTION_ALLOWED,
  SYNC_FAILED,
  withCondition,
} from "./budgets.ts";

/** @source kubernetes 1.37 pkg/registry/core/pod/storage/eviction.go MaxDisruptedPodSize */
const DISRUPTED_PODS_MAX = 2000;
const RETRY_AFTER_SECONDS = 10;
const WOULD_VIOLATE = "Cannot evict pod as it would violate the pod's disruption budget.";
const TOO_MANY_BUDGETS =
  "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";

export interface EvictionOptions {
  /** Grace of the deletion; the pod's own by default. */
  readonly gracePeriodSeconds?: number;
}

/**
 * What became of an eviction. Granted: because the pod does not run, because no budget selects it, because it is not ready
 * and its budget lets such pods go, or at the cost of its budget. Refused: as the API server words it.
 */
export type Eviction =
  | { readonly ok: true; readonly because: "not running" | "no budget" | "not ready" | "budget" }
  | Refusal;
interface Refusal {
  readonly ok: false;
  readonly code: 403 | 429 | 500;
  readonly message: string;
  /** The status cause DisruptionBudget. */
  readonly cause?: string;
  readonly retryAfterSeconds?: number;
}

/**
 * The eviction subresource: deletes a present pod if its disruption budget allows. A granted eviction marks the pod with
 * the condition DisruptionTarget; one that the budget pays for lowers `disruptionsAllowed` and lists the pod among the
 * disrupted ones.
 *
 * @source kubernetes 1.37 pkg/registry/core/pod/storage/eviction.go
 */
export function evict(store: Store, pod: number, options: EvictionOptions = {}): Eviction {
  const outcome = judge(store, pod);
  if (outcome.ok) {
    store.podWriter.setExtraCondition(
      pod,
      "DisruptionTarget",
      "True",
      "EvictionByEvictionAPI",
      "Eviction API: evicting",
    );
    store.podWriter.requestDeletion(pod, options.gracePeriodSeconds);
  }
  if (store.decisions.isEnabled) {
    const object = `pod/${store.pods.namespaceOf(pod)}/${store.pods.name.get(pod)}`;
    const { ok, ...details } = outcome;
    store.decisions.write({ by: "eviction", what: ok ? "evict" : "refuse", object, ...details });
  }
  return outcome;
}

/** Whether the pod may go; pays for it out of its budget. */
function judge(store: Store, pod: number): Eviction {
  const { pods } = store;
  if (pods.isDeleting(pod) || pods.isTerminal(pod) || pods.phase.get(pod) === POD_PHASE.pending) {
    return { ok: true, because: "not running" };
  }
  const [row, ...others] = budgetsOfPod(store, pod);
  if (row === undefined) return { ok: true, because: "no budget" };
  if (others.length > 0) return { ok: false, code: 500, message: TOO_MANY_BUDGETS };
  const table = budgetsOf(store);
  const budget = table.get(row);
  if (!pods.isReady(pod) && letsUnreadyGo(budget)) return { ok: true, because: "not ready" };
  const refusal = refusalOf(budget);
  if (refusal !== undefined) return refusal;
  const nowText = store.timestamp(store.nowSecond);
  store.writer.updateStatus(table, row, charged(budget.status ?? {}, pods.name.get(pod), nowText));
  return { ok: true, because: "budget" };
}

function letsUnreadyGo({ spec, status = {} }: PodDisruptionBudget): boolean {
  if (spec.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function refusalOf({ metadata, status = {} }: PodDisruptionBudget): Refusal | undefined {
  const { name = "", generation = 0 } = metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status;
  if (observedGeneration < generation) {
    const cause = `The disruption budget ${name} is still being processed by the server.`;
    return { ok: false, code: 429, message: WOULD_VIOLATE, cause, retryAfterSeconds: RETRY_AFTER_SECONDS };
  }
  if (disruptionsAllowed < 0) {
    const why = "pdb disruptions allowed is negative";
    return forbidden(name, why, why);
  }
  if (Object.keys(disruptedPods).length > DISRUPTED_PODS_MAX) {
    return forbidden(
      name,
      "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
      "too many pending evictions not confirmed by PDB controller",
    );
  }
  if (disruptionsAllowed > 0) return undefined;
  return { ok: false, code: 429, message: WOULD_VIOLATE, cause: whyNone(name, status) };
}

function forbidden(name: string, why: string, cause: string): Refusal {
  return {
    ok: false,
    code: 403,
    message: `poddisruptionbudget.policy "${name}" is forbidden: ${why}`,
    cause: `The disruption budget ${name} does not allow evicting pods currently: ${cause}`,
  };
}

function whyNone(name: string, { conditions, currentHealthy = 0, desiredHealthy = 0 }: BudgetStatus): string {
  const condition = getCondition(conditions, DISRUPTION_ALLOWED);
  const { reason = "", message = "" } = condition ?? {};
  const isExplained = condition?.status === "False" && message !== "";
  const refusal = `The disruption budget ${name} does not allow evicting pods currently`;
  if (isExplained && reason === SYNC_FAILED) return `${refusal} because it failed sync: ${message}`;
  if (currentHealthy <= desiredHealthy) {
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  return isExplained ? `${refusal} (${reason}): ${message}` : refusal;
}

function charged(status: BudgetStatus, pod: string, nowText: string): BudgetStatus {
  const disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
  const paid = { ...status, disruptionsAllowed, disruptedPods: { ...status.disruptedPods, [pod]: nowText } };
  return disruptionsAllowed === 0 ? withCondition(paid, nowText) : paid;
}
