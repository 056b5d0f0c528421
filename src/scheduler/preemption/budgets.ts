import { compileSelector, type LabelSelector, type PodDisruptionBudget } from "../../kube/index.ts";
import type { PodInfo } from "../pod-info.ts";

/** Gives the PodDisruptionBudgets of a namespace. */
export type BudgetsIn = (namespace: string) => readonly PodDisruptionBudget[];

/** Splits possible victims by whether evicting them would break a PodDisruptionBudget. */
export class BudgetCheck {
  readonly #matchers = new WeakMap<LabelSelector, ReturnType<typeof compileSelector>>();

  /**
   * Walks the pods in the order given; every pod uses up what the budgets that select it still allow. A pod for which
   * a budget allows nothing more violates it. Budgets whose selector is absent or empty select nothing, and pods that
   * the API server has just evicted (`disruptedPods`) cost nothing.
   * @source kubernetes 1.37 scheduler framework/preemption FilterVictimsWithPDBViolation
   */
  split(pods: readonly PodInfo[], budgetsIn: BudgetsIn): { violating: PodInfo[]; others: PodInfo[] } {
    const left = new Map<PodDisruptionBudget, number>();
    const violating: PodInfo[] = [];
    const others: PodInfo[] = [];
    for (const pod of pods) (this.#violates(pod, budgetsIn, left) ? violating : others).push(pod);
    return { violating, others };
  }

  #violates(pod: PodInfo, budgetsIn: BudgetsIn, left: Map<PodDisruptionBudget, number>): boolean {
    for (const budget of budgetsIn(pod.namespace)) {
      if (!this.#selects(budget, pod)) continue;
      const allowed = (left.get(budget) ?? budget.status?.disruptionsAllowed ?? 0) - 1;
      left.set(budget, allowed);
      if (allowed < 0) return true;
    }
    return false;
  }

  #selects(budget: PodDisruptionBudget, pod: PodInfo): boolean {
    const { selector } = budget.spec;
    if (selector === undefined || Object.keys(pod.labels).length === 0) return false;
    let matcher = this.#matchers.get(selector);
    if (matcher === undefined) {
      matcher = compileSelector(selector);
      this.#matchers.set(selector, matcher);
    }
    if (matcher.selectsEverything || !matcher.matches(pod.labels)) return false;
    return budget.status?.disruptedPods?.[pod.name] === undefined;
  }
}
