import type { Micros } from "../../engine/index.ts";
import { getCondition, type PodDisruptionBudget, type StringMap } from "../../kube/index.ts";
import { CHANGE, type Cursor, type Store } from "../../store/index.ts";
import { sameData } from "../../tables/index.ts";
import { millis, minutes, parseRfc3339 } from "../../units/index.ts";
import { decisionName } from "../pods/index.ts";
import { selectorText } from "../selector-text.ts";
import { WorkQueue } from "../work-queue.ts";
import {
  type BudgetStatus,
  type Budgets,
  budgetsOf,
  budgetsOfPod,
  DISRUPTION_ALLOWED,
  failedStatus,
  selectorOf,
  withCondition,
} from "./budgets.ts";
import { type Expected, expectedPods } from "./expected-pods.ts";
import { StaleDisruptions } from "./stale-disruptions.ts";

/** How long an evicted pod may take to get its deletion timestamp. @source kubernetes 1.37 disruption.go DeletionTimeout */
const DELETION_TIMEOUT = minutes(2);
/** A recheck passes through the rate limiter of the queue. */
const RECHECK_LAG = millis(5);
const SOURCE = "controllermanager";
const NO_PODS: StringMap = Object.freeze({});

export interface DisruptionSettings {
  /** Microseconds from a write until the controller sees it. Default 0. */
  readonly watchDelayMicros?: number;
}

/** What of its pods a budget's status says. */
interface Disrupted {
  readonly pods: StringMap;
  /** The instant at which the first of them should have gone; undefined without any. */
  readonly recheckAt: Micros | undefined;
}

/**
 * Keeps the status of PodDisruptionBudgets: how many of the selected pods are healthy, how many have to be, and how many
 * disruptions that leaves. It looks at a budget when it or one of its pods changes, not when a scale does.
 *
 * @source kubernetes 1.37 pkg/controller/disruption/disruption.go
 */
export class DisruptionController {
  readonly #store: Store;
  readonly #table: Budgets;
  readonly #podKindId: number;
  readonly #queue: WorkQueue;
  readonly #stale: StaleDisruptions;
  readonly #cursor: Cursor;

  constructor(store: Store, settings: DisruptionSettings = {}) {
    this.#store = store;
    this.#table = budgetsOf(store);
    this.#podKindId = store.kindIdOf("Pod");
    this.#queue = new WorkQueue(store, "disruption", this.#table.rows, (row) => this.#sync(row));
    this.#stale = new StaleDisruptions(store);
    const { watchDelayMicros = 0 } = settings;
    this.#cursor = store.watch("disruption", ["PodDisruptionBudget", "Pod"], () => this.#read(), watchDelayMicros);
  }

  #read(): void {
    const cursor = this.#cursor;
    while (cursor.next()) {
      const { kindId, row, flags } = cursor;
      if (kindId !== this.#podKindId) this.#queue.add(row);
      else {
        this.#noteBudget(row);
        if ((flags & CHANGE.deleted) === 0) this.#stale.note(row);
      }
    }
  }

  /** A pod that several budgets select is looked at for the first one only. */
  #noteBudget(pod: number): void {
    const [row, ...others] = budgetsOfPod(this.#store, pod);
    if (row === undefined) return;
    if (others.length > 0) {
      const { pods } = this.#store;
      const name = `"${pods.namespaceOf(pod)}"/"${pods.name.get(pod)}"`;
      const chosen = this.#table.get(row).metadata.name ?? "";
      const message = `Pod ${name} matches multiple PodDisruptionBudgets.  Chose "${chosen}" arbitrarily.`;
      this.#store.podEvent(pod, SOURCE, "Warning", "MultiplePodDisruptionBudgets", message);
    }
    this.#queue.add(row);
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const budget = this.#table.get(row);
    const pods = this.#podsOf(budget);
    if (pods.length === 0) this.#event(budget, "Normal", "NoPods", "No matching pods found");
    const expected = expectedPods(this.#store, budget, pods);
    if (!expected.ok) {
      const message = `Failed to calculate the number of expected pods: ${expected.message}`;
      this.#event(budget, "Warning", "CalculateExpectedPodCountFailed", message);
      const nowText = this.#store.timestamp(this.#store.nowSecond);
      this.#write(row, budget, failedStatus(budget.status, expected.message, nowText), expected.message);
      return;
    }
    if (expected.leavesOut) this.#event(budget, "Warning", "UnmanagedPods", unmanagedText(budget));
    const disrupted = this.#disruptedPods(budget, pods);
    this.#updateStatus(row, budget, expected, this.#countHealthy(pods, disrupted.pods), disrupted.pods);
    if (disrupted.recheckAt === undefined) return;
    this.#queue.addAfter(row, Math.max(0, disrupted.recheckAt - this.#store.engine.now) + RECHECK_LAG);
  }

  #podsOf(budget: PodDisruptionBudget): number[] {
    const { pods } = this.#store;
    const matcher = selectorOf(budget);
    const groups = pods.matchingGroups(
      budget.metadata.namespace ?? "",
      (labels) => matcher.matches(labels),
      matcher.label,
    );
    return groups.flatMap((group) => pods.byGroup.rows(group));
  }

  /** Of the pods whose eviction was granted, those that exist, are not being deleted and have still time to go. */
  #disruptedPods(budget: PodDisruptionBudget, rows: readonly number[]): Disrupted {
    const listed = budget.status?.disruptedPods;
    if (listed === undefined || Object.keys(listed).length === 0) return { pods: NO_PODS, recheckAt: undefined };
    const { pods, engine } = this.#store;
    const kept: Record<string, string> = {};
    let recheckAt: Micros | undefined;
    for (const pod of rows) {
      const name = pods.name.get(pod);
      const text = listed[name];
      if (text === undefined || pods.isDeleting(pod)) continue;
      const deadline = this.#instantOf(text) + DELETION_TIMEOUT;
      if (deadline < engine.now) {
        // The namespace stands where the budget's name was meant to: so it does in the original.
        const { namespace = "" } = budget.metadata;
        const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
        this.#store.podEvent(pod, SOURCE, "Warning", "NotDeleted", message);
        continue;
      }
      recheckAt = Math.min(recheckAt ?? deadline, deadline);
      kept[name] = text;
    }
    return { pods: kept, recheckAt };
  }

  #countHealthy(rows: readonly number[], disrupted: StringMap): number {
    const { pods, engine } = this.#store;
    let healthy = 0;
    for (const pod of rows) {
      if (pods.isDeleting(pod) || !pods.isReady(pod)) continue;
      const text = disrupted[pods.name.get(pod)];
      if (text === undefined || this.#instantOf(text) + DELETION_TIMEOUT <= engine.now) healthy++;
    }
    return healthy;
  }

  #instantOf(text: string): Micros {
    return parseRfc3339(text) - this.#store.epochMicros;
  }

  #updateStatus(
    row: number,
    budget: PodDisruptionBudget,
    expected: Expected,
    currentHealthy: number,
    disruptedPods: StringMap,
  ): void {
    const old = budget.status ?? {};
    const { generation = 0 } = budget.metadata;
    const next: BudgetStatus = {
      disruptionsAllowed: expected.pods <= 0 ? 0 : Math.max(0, currentHealthy - expected.healthy),
      currentHealthy,
      desiredHealthy: expected.healthy,
      expectedPods: expected.pods,
      ...(Object.keys(disruptedPods).length === 0 ? {} : { disruptedPods }),
      observedGeneration: generation,
      ...(old.conditions === undefined ? {} : { conditions: old.conditions }),
    };
    const isSame = COUNTS.every((field) => (old[field] ?? 0) === next[field]);
    if (isSame && sameData(old.disruptedPods ?? NO_PODS, disruptedPods) && isConditionUpToDate(old)) return;
    this.#write(row, budget, withCondition(next, this.#store.timestamp(this.#store.nowSecond)));
  }

  #write(row: number, budget: PodDisruptionBudget, status: BudgetStatus, failure?: string): void {
    if (!this.#store.writer.updateStatus(this.#table, row, status) || !this.#store.decisions.isEnabled) return;
    const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods: expected } = status;
    this.#store.decisions.write({
      by: "disruption",
      what: failure === undefined ? "allow" : "fail",
      object: decisionName(budget),
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy,
      expectedPods: expected,
      ...(failure === undefined ? {} : { error: failure }),
    });
  }

  #event(budget: PodDisruptionBudget, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#store.event(budget, SOURCE, type, reason, message);
  }
}

const COUNTS = [
  "currentHealthy",
  "desiredHealthy",
  "expectedPods",
  "disruptionsAllowed",
  "observedGeneration",
] as const;

function isConditionUpToDate({ conditions, disruptionsAllowed = 0 }: BudgetStatus): boolean {
  const condition = getCondition(conditions, DISRUPTION_ALLOWED);
  if (condition === undefined) return false;
  return disruptionsAllowed > 0
    ? condition.status === "True" && condition.reason === "SufficientPods"
    : condition.status === "False" && condition.reason === "InsufficientPods";
}

function unmanagedText({ spec }: PodDisruptionBudget): string {
  return (
    `Pods selected by this PodDisruptionBudget (selector: ${selectorText(spec.selector)}) were found to be unmanaged. ` +
    "As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. " +
    'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
  );
}
