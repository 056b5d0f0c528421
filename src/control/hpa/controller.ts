import type { HorizontalPodAutoscaler, MetricSpec } from "../../kube/index.ts";
import { drawAt } from "../../random/index.ts";
import { CHANGE, type Cursor, type DocumentTable, type Store } from "../../store/index.ts";
import { Column, StateMap } from "../../tables/index.ts";
import { minutes, seconds } from "../../units/index.ts";
import { WorkQueue } from "../work-queue.ts";
import { type CombinedProposal, combineMetrics, selectorFailure } from "./combine.ts";
import { decisionOf } from "./decision.ts";
import type { ScaleHistory } from "./history.ts";
import { resourceStatus } from "./metric-proposal.ts";
import type { MetricsSource } from "./metrics-source.ts";
import { type ReconcileOutcome, reconcile, type Scale } from "./reconcile.ts";
import { readTargetScale, writeTargetScale } from "./scale-target.ts";
import { SelectorIndex } from "./selector-index.ts";
import { prolonged, type SteadyResource, type SteadyState, steadyStateOf, type TargetSeen } from "./steady.ts";
import { SyncInputs } from "./sync-inputs.ts";
import { tolerancesOf } from "./tolerances.ts";

/** The flags of kube-controller-manager that concern the HPA. Spans in microseconds; the tolerance is a ratio. */
export interface HpaOptions {
  readonly hpaSyncMicros: number;
  readonly hpaTolerance: number;
  readonly hpaDownscaleStabilizationMicros: number;
  readonly hpaCpuInitializationMicros: number;
  readonly hpaInitialReadinessDelayMicros: number;
  /** HPAs that are there when the run begins have been for a while: their first sync is so much later at most, at random. */
  readonly hpaStartSpreadMicros?: number;
  /**
   * `before-1.16`: the size that the target has counts as the current one, not the size that it wants (kubernetes#79035),
   * and numbers against the direction of the ratio stand (kubernetes#85027). Default `current`.
   */
  readonly hpaFormula?: "current" | "before-1.16";
  /** Whether a sync is cut short while nothing that it rests on has changed; the outcome is the same. Default true. */
  readonly remembersSteadyStates?: boolean;
}

/** @source kubernetes 1.37 pkg/controller/podautoscaler/config/v1alpha1/defaults.go */
export const HPA_DEFAULTS: HpaOptions = {
  hpaSyncMicros: seconds(15),
  hpaTolerance: 0.1,
  hpaDownscaleStabilizationMicros: minutes(5),
  hpaCpuInitializationMicros: minutes(5),
  hpaInitialReadinessDelayMicros: seconds(30),
};

const SOURCE = "horizontal-pod-autoscaler";
/** @source kubernetes 1.37 pkg/apis/autoscaling/v2/defaults.go */
const DEFAULT_METRICS: readonly MetricSpec[] = [
  { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
];

/**
 * The HorizontalPodAutoscaler controller. An HPA is synced when it is made, when its spec changes, and a period after
 * each sync, whichever pending instant is the earliest. Recommendations and scale events live in memory only and go
 * with the HPA.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go
 */
export class HpaController {
  readonly #store: Store;
  readonly #options: HpaOptions;
  readonly #hpas: DocumentTable<HorizontalPodAutoscaler>;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;
  readonly #histories: StateMap<number, ScaleHistory>;
  readonly #syncCount: Column<Float64Array>;
  readonly #selectors: SelectorIndex;
  readonly #inputs: SyncInputs;
  /** Whether the last look at a steady state found that metrics have moved. */
  #hasMoved = false;
  /** Steady states by row: derived. */
  readonly #steady: (SteadyState | undefined)[] = [];
  /** The last sync that was cut short, which recommended `steadyReplicas` again; -1 for none since the last whole sync. */
  readonly #steadyAt: Column<Float64Array>;
  readonly #steadyReplicas: Column<Int32Array>;
  readonly #phaseSeed: number;

  constructor(store: Store, source: MetricsSource, options: HpaOptions = HPA_DEFAULTS) {
    this.#store = store;
    this.#options = options;
    const { cells, streams } = store.engine;
    this.#phaseSeed = streams.seedOf("hpa/phase");
    this.#hpas = store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler");
    this.#hpas.renderBy((row, hpa, resourceVersion) => this.#withMetrics(row, hpa, resourceVersion));
    this.#histories = new StateMap(cells, "hpa.histories");
    this.#steadyAt = new Column<Float64Array>(cells, "hpa.steadyAt", Float64Array, -1);
    this.#steadyReplicas = new Column<Int32Array>(cells, "hpa.steadyReplicas", Int32Array);
    const periods = {
      cpuInitializationMicros: options.hpaCpuInitializationMicros,
      initialReadinessDelayMicros: options.hpaInitialReadinessDelayMicros,
    };
    this.#inputs = new SyncInputs(store, source, periods, options.hpaFormula !== "before-1.16");
    this.#syncCount = new Column<Float64Array>(cells, "hpa.syncCount", Float64Array);
    this.#selectors = new SelectorIndex(cells, store.pods);
    this.#queue = new WorkQueue(store, "hpa", this.#hpas.rows, (row) => this.#sync(row));
    this.#cursor = store.watch("hpa", ["HorizontalPodAutoscaler"], () => this.#readChanges(), 0, {
      documents: { flags: ~(CHANGE.status | CHANGE.measured) },
    });
  }

  /** A new process: recommendations and earlier changes of scale are forgotten. */
  restart(): void {
    this.#histories.clear();
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    while (cursor.next()) {
      const { row, flags } = cursor;
      if ((flags & CHANGE.deleted) !== 0) this.#forget(row);
      else if ((flags & CHANGE.added) !== 0) this.#queue.addAfter(row, this.#firstDelay(row));
      else if ((flags & CHANGE.spec) !== 0) this.#queue.add(row);
      else this.#queue.addAfter(row, this.#options.hpaSyncMicros);
    }
  }

  #firstDelay(row: number): number {
    const { hpaStartSpreadMicros: spread = 0 } = this.#options;
    if (spread === 0 || this.#store.engine.now > 0) return 0;
    return Math.floor(spread * drawAt(this.#phaseSeed, this.#hpas.serial.get(row), 0));
  }

  // DEVIATION(hpa-forget-at-delete): the original drops the history when the deleted key comes up next, up to a period
  // later, so that an HPA made again under its name before that inherits it.
  #forget(row: number): void {
    this.#histories.delete(row);
    this.#steady[row] = undefined;
    this.#steadyAt.set(row, -1);
    this.#syncCount.set(row, 0);
    this.#selectors.unregister(row);
  }

  #sync(row: number): void {
    if (!this.#hpas.isPresent(row)) return;
    const { engine } = this.#store;
    if (this.#isSteady(row, this.#hpas.peek(row))) {
      // The metrics shown follow what was measured; nothing else of the status changes.
      if (this.#hasMoved) this.#store.writer.statusMeasured(this.#hpas, row, this.#utilizationShown(row));
      this.#steadyAt.set(row, engine.now);
      this.#syncCount.set(row, this.#syncCount.get(row) + 1);
      this.#queue.addAfter(row, this.#options.hpaSyncMicros);
      return;
    }
    const hpa = this.#hpas.get(row);
    const { namespace = "" } = hpa.metadata;
    const target = hpa.spec.scaleTargetRef;
    const scale = readTargetScale(this.#store, namespace, target);
    const outcome = reconcile({
      hpa,
      now: engine.now,
      nowText: this.#store.timestamp(engine.now),
      downscaleWindowMicros: this.#options.hpaDownscaleStabilizationMicros,
      scale: this.#options.hpaFormula === "before-1.16" ? withCountedSize(scale) : scale,
      history: this.#historyOf(row),
      computeMetrics: (scale) => this.#computeMetrics(row, hpa, scale),
      rescale: (replicas) => writeTargetScale(this.#store, namespace, target, replicas),
    });
    if (outcome.history !== undefined) this.#histories.set(row, outcome.history);
    const steady = "error" in scale ? undefined : this.#steadyState(hpa, scale.seen, outcome);
    this.#steady[row] = steady;
    for (const { type, reason, message } of outcome.events) this.#store.event(hpa, SOURCE, type, reason, message);
    const sync = this.#syncCount.get(row) + 1;
    this.#syncCount.set(row, sync);
    const { trace } = outcome;
    if (trace !== undefined && this.#store.decisions.isEnabled && isTelling(trace)) {
      this.#store.decisions.write(decisionOf(hpa, trace, sync, engine.now));
    }
    if (outcome.status !== hpa.status) {
      this.#store.writer.updateStatus(this.#hpas, row, outcome.status);
      if (steady !== undefined) steady.hpa = this.#hpas.get(row);
    }
    this.#queue.addAfter(row, this.#options.hpaSyncMicros);
  }

  /** Percent that the first metric shows of the CPU or memory of whole pods; NaN when it shows something else. */
  #utilizationShown(row: number): number {
    const first = this.#steady[row]?.resources[0];
    return first === undefined || first.container !== "" ? Number.NaN : first.utilizationPercent;
  }

  /** The object with the metrics as they were measured last. */
  #withMetrics(row: number, hpa: HorizontalPodAutoscaler, resourceVersion: string): HorizontalPodAutoscaler {
    const steady = this.#steady[row];
    const currentMetrics = steady?.resources.map(({ resource, container, valueMilli, utilizationPercent }) =>
      resourceStatus(resource, container, valueMilli, utilizationPercent),
    );
    const metadata = { ...hpa.metadata, resourceVersion };
    const status = { ...hpa.status, currentMetrics } as NonNullable<HorizontalPodAutoscaler["status"]>;
    const rendered = { ...hpa, metadata, status };
    if (steady !== undefined) steady.hpa = rendered;
    return rendered;
  }

  // hot: once a sync of an HPA at rest (bench/world). Allocates nothing.
  /**
   * Whether a whole sync would change nothing but the instant of its recommendation, and the metrics shown, which then have
   * moved.
   */
  #isSteady(row: number, hpa: HorizontalPodAutoscaler): boolean {
    const steady = this.#steady[row];
    // A decision is recorded with every sync, so each is made in full while somebody listens.
    if (steady === undefined || steady.hpa !== hpa || this.#store.decisions.isEnabled) return false;
    const { target } = steady;
    if (!target.table.isPresent(target.row) || target.table.get(target.row) !== target.object) return false;
    if (this.#histories.get(row) !== steady.history || this.#store.engine.now >= steady.untilMicros) return false;
    if (this.#selectors.isShared(row)) return false;
    this.#inputs.begin(hpa.metadata.namespace ?? "", this.#selectors.groupsOf(row));
    this.#hasMoved = false;
    for (let i = 0; i < steady.resources.length; i++) {
      const found = this.#inputs.measureAgain(steady.resources[i] as SteadyResource, steady.scale);
      if (found === "other") return false;
      if (found === "moved") this.#hasMoved = true;
    }
    for (let i = 0; i < steady.resources.length; i++) {
      const resource = steady.resources[i] as SteadyResource;
      resource.readyCount = resource.found.readyCount;
      resource.utilizationPercent = resource.found.utilizationPercent;
      resource.valueMilli = resource.found.valueMilli;
    }
    this.#steadyReplicas.set(row, steady.proposed);
    return true;
  }

  #steadyState(hpa: HorizontalPodAutoscaler, target: TargetSeen, outcome: ReconcileOutcome): SteadyState | undefined {
    const { remembersSteadyStates = true, hpaDownscaleStabilizationMicros: downscaleWindowMicros } = this.#options;
    if (!remembersSteadyStates) return undefined;
    const tolerances = tolerancesOf(hpa.spec.behavior, this.#options.hpaTolerance);
    return steadyStateOf(hpa, target, outcome, { now: this.#store.engine.now, downscaleWindowMicros, tolerances });
  }

  /** The history, with what syncs that were cut short have added to it. */
  #historyOf(row: number): ScaleHistory | undefined {
    const history = this.#histories.get(row);
    const at = this.#steadyAt.get(row);
    if (at === -1 || history === undefined) return history;
    this.#steadyAt.set(row, -1);
    return prolonged(history, this.#steadyReplicas.get(row), at);
  }

  #computeMetrics(row: number, hpa: HorizontalPodAutoscaler, scale: Scale): CombinedProposal {
    const { namespace = "" } = hpa.metadata;
    if (scale.selector === "") {
      const message = "the HPA target's scale is missing a selector";
      return selectorFailure("SelectorRequired", { reason: "InvalidSelector", message }, "selector is required");
    }
    const problem = this.#selectors.register(row, namespace, scale.selector);
    if (problem !== undefined) {
      const message = `couldn't convert selector into a corresponding internal selector object: ${problem}`;
      return selectorFailure("InvalidSelector", { reason: "InvalidSelector", message }, message);
    }
    if (this.#selectors.isShared(row)) {
      const message = this.#ambiguity(row, scale.selector);
      return selectorFailure("AmbiguousSelector", { reason: "AmbiguousSelector", message }, message);
    }
    const inputs = this.#inputs;
    inputs.begin(namespace, this.#selectors.groupsOf(row));
    inputs.scaleBy(scale, tolerancesOf(hpa.spec.behavior, this.#options.hpaTolerance));
    const { metrics = [] } = hpa.spec;
    return combineMetrics(metrics.length === 0 ? DEFAULT_METRICS : metrics, inputs);
  }

  // DEVIATION(hpa-ambiguity-order): of several HPAs the original names two in random order; here the two oldest.
  #ambiguity(row: number, selector: string): string {
    const names = this.#selectors
      .selectingSamePods(row)
      .sort((a, b) => this.#hpas.serial.get(a) - this.#hpas.serial.get(b))
      .slice(0, 2)
      .map((other) => this.#hpas.get(other).metadata)
      .map(({ namespace, name }) => `${namespace}/${name}`);
    return `pods by selector ${selector} are controlled by more than one HPA (e.g. [${names.join(" ")}])`;
  }
}

/** The scale as old controllers read it: what there is stands for what is wanted, unless that is nothing. */
function withCountedSize<T extends Scale | { readonly error: string }>(scale: T): T {
  if ("error" in scale || scale.specReplicas === 0) return scale;
  return { ...scale, specReplicas: scale.statusReplicas };
}

/** Whether a sync has something to explain: it read metrics, or moved the scale. */
function isTelling(trace: { readonly metrics?: unknown; readonly isRescaled: boolean }): boolean {
  return trace.metrics !== undefined || trace.isRescaled;
}
