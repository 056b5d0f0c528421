import type { Condition, ConditionStatus, HorizontalPodAutoscaler } from "../../kube/index.ts";
import { isConditionTrue, setCondition } from "../../kube/index.ts";
import { sameData } from "../../tables/index.ts";
import { type Normalisation, normalise, policiesOf } from "./behavior.ts";
import type { CombinedProposal } from "./combine.ts";
import { firstHistory, type ScaleHistory, withScaleEvent } from "./history.ts";
import type { MetricStatus } from "./metric-proposal.ts";

export type HpaStatus = NonNullable<HorizontalPodAutoscaler["status"]>;

/** The scale subresource of a target. `selector` as text, "" when the target has none. */
export interface Scale {
  readonly specReplicas: number;
  readonly statusReplicas: number;
  readonly selector: string;
}

export interface ReconcileInput {
  readonly hpa: HorizontalPodAutoscaler;
  readonly now: number;
  /** `now` as the API writes it. */
  readonly nowText: string;
  readonly downscaleWindowMicros: number;
  readonly scale: Scale | { readonly error: string };
  /** Undefined at the first sync. */
  readonly history: ScaleHistory | undefined;
  readonly computeMetrics: (scale: Scale) => CombinedProposal;
  /** Writes the scale; the error's text when that failed. */
  readonly rescale: (replicas: number) => string | undefined;
}

/** A Kubernetes event about the HPA. */
export interface HpaEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

export interface ReconcileOutcome {
  readonly status: HpaStatus;
  readonly events: readonly HpaEvent[];
  readonly history: ScaleHistory | undefined;
  /** What the sync saw and did; absent when the scale could not be read. */
  readonly trace?: SyncTrace;
}

/** How a sync came to its result: what explanations print. */
export interface SyncTrace {
  readonly currentReplicas: number;
  readonly desiredReplicas: number;
  readonly isRescaled: boolean;
  /** Why the number changed, as the event says it. */
  readonly reason: string;
  readonly metrics?: CombinedProposal;
  readonly normalisation?: Normalisation;
  readonly error?: string;
}

/**
 * One sync of an HPA, without a store: reads the scale and the metrics given, decides, writes the scale through
 * `rescale`, and tells what to write and to remember.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler
 */
export function reconcile(input: ReconcileInput): ReconcileOutcome {
  const draft = new Draft(input);
  const { scale } = input;
  if ("error" in scale) {
    draft.warn("FailedGetScale", scale.error);
    const message = `the HPA controller was unable to get the target's current scale: ${scale.error}`;
    draft.set("AbleToScale", "False", "FailedGetScale", message);
    const { currentMetrics: metrics, desiredReplicas = 0, ...old } = input.hpa.status ?? {};
    const status = { ...old, desiredReplicas, ...(metrics !== undefined && { currentMetrics: metrics }) };
    return { status: { ...status, conditions: draft.conditions }, events: draft.events, history: input.history };
  }
  draft.gotScale();
  const history = input.history ?? firstHistory(scale.specReplicas, input.now);
  const plan = planReplicas(draft, input, scale, history);
  if (plan.error !== undefined) {
    draft.warn("FailedComputeMetricsReplicas", plan.error);
    const trace = { ...traceOf(plan, scale, false), error: plan.error };
    return { status: draft.failedStatus(scale, plan.statuses), events: draft.events, history: plan.history, trace };
  }
  return applyPlan(draft, input, scale, plan);
}

/** What a sync means to do. */
interface Plan {
  readonly desiredReplicas: number;
  readonly reason: string;
  readonly statuses: readonly MetricStatus[];
  readonly history: ScaleHistory;
  readonly metrics?: CombinedProposal;
  readonly normalisation?: Normalisation;
  readonly error?: string;
}

const BELOW_MIN = "Current number of replicas below Spec.MinReplicas";

function planReplicas(draft: Draft, input: ReconcileInput, scale: Scale, history: ScaleHistory): Plan {
  const { spec } = input.hpa;
  const current = scale.specReplicas;
  const min = spec.minReplicas ?? 1;
  const isScaledToZero = isConditionTrue(input.hpa.status?.conditions, "ScaledToZero");
  const unmeasured = { statuses: [], history };
  if (current === 0) {
    const canReturn = isScaledToZero && (min !== 0 || hasOutsideMetric(input.hpa));
    if (!canReturn) {
      const message = "scaling is disabled since the replica count of the target is zero";
      draft.set("ScalingActive", "False", "ScalingDisabled", message);
      return { ...unmeasured, desiredReplicas: 0, reason: "" };
    }
  } else if (current > spec.maxReplicas) {
    const reason = "Current number of replicas above Spec.MaxReplicas";
    return { ...unmeasured, desiredReplicas: spec.maxReplicas, reason };
  } else if (current < min) {
    return { ...unmeasured, desiredReplicas: min, reason: BELOW_MIN };
  }
  const plan = planByMetrics(draft, input, scale, history);
  const isTooFew = current === 0 && min !== 0 && isScaledToZero && plan.desiredReplicas < min;
  if (plan.error !== undefined || !isTooFew) return plan;
  return { ...plan, desiredReplicas: min, reason: plan.reason === "" ? BELOW_MIN : plan.reason };
}

function planByMetrics(draft: Draft, input: ReconcileInput, scale: Scale, history: ScaleHistory): Plan {
  const { spec } = input.hpa;
  const current = scale.specReplicas;
  const metrics = input.computeMetrics(scale);
  for (const warning of metrics.warnings) draft.warn(warning.reason, warning.message);
  const { isActive, reason: activeReason, message } = metrics.scalingActive;
  draft.set("ScalingActive", isActive ? "True" : "False", activeReason, message);
  const { statuses, error } = metrics;
  if (error !== undefined) return { desiredReplicas: current, reason: "", statuses, history, metrics, error };
  const asked = Math.max(0, metrics.replicas ?? 0);
  const name = asked > 0 ? metrics.metricName : "";
  const reason = asked > current ? `${name} above target` : asked < current ? "All metrics below target" : "";
  const normalisation = normalise(
    {
      desiredReplicas: asked,
      currentReplicas: current,
      minReplicas: spec.minReplicas ?? 1,
      maxReplicas: spec.maxReplicas,
      history,
      now: input.now,
      downscaleWindowMicros: input.downscaleWindowMicros,
    },
    spec.behavior,
  );
  draft.set("AbleToScale", "True", normalisation.ableToScale.reason, normalisation.ableToScale.message);
  const limited = normalisation.scalingLimited;
  draft.set("ScalingLimited", limited.isLimited ? "True" : "False", limited.reason, limited.message);
  return {
    desiredReplicas: normalisation.replicas,
    reason,
    statuses,
    history: { ...history, recommendations: normalisation.recommendations },
    metrics,
    normalisation,
  };
}

function applyPlan(draft: Draft, input: ReconcileInput, scale: Scale, plan: Plan): ReconcileOutcome {
  const current = scale.specReplicas;
  const desired = plan.desiredReplicas;
  if (desired === current) {
    const status = draft.fullStatus(scale, plan.statuses, current, input.hpa.status?.lastScaleTime);
    return { status, events: draft.events, history: plan.history, trace: traceOf(plan, scale, false) };
  }
  const error = input.rescale(desired);
  if (error !== undefined) {
    draft.warn("FailedRescale", `New size: ${desired}; reason: ${plan.reason}; error: ${error}`);
    const message = `the HPA controller was unable to update the target scale: ${error}`;
    draft.set("AbleToScale", "False", "FailedUpdateScale", message);
    const trace = { ...traceOf(plan, scale, false), error };
    return { status: draft.failedStatus(scale, plan.statuses), events: draft.events, history: plan.history, trace };
  }
  const updated = `the HPA controller was able to update the target scale to ${desired}`;
  draft.set("AbleToScale", "True", "SucceededRescale", updated);
  draft.report("Normal", "SuccessfulRescale", `New size: ${desired}; reason: ${plan.reason}`);
  setScaledToZero(draft, input.hpa, current, desired);
  const { behavior } = input.hpa.spec;
  const history =
    behavior === undefined
      ? plan.history
      : withScaleEvent(plan.history, policiesOf(behavior, desired > current), {
          before: current,
          after: desired,
          now: input.now,
        });
  const status = draft.fullStatus(scale, plan.statuses, desired, input.nowText);
  return { status, events: draft.events, history, trace: traceOf(plan, scale, true) };
}

function setScaledToZero(draft: Draft, hpa: HorizontalPodAutoscaler, before: number, after: number): void {
  const isToZero = before > 0 && after === 0 && hpa.spec.minReplicas === 0 && hasOutsideMetric(hpa);
  if (isToZero) {
    draft.set("ScaledToZero", "True", "ScaledToZero", "the HPA controller scaled the workload to zero");
  } else {
    draft.set("ScaledToZero", "False", "NotScaledToZero", "the HPA controller did not scale the workload to zero");
  }
}

/** Whether a metric is measured elsewhere than on the pods, so that it can be read without any. */
function hasOutsideMetric({ spec }: HorizontalPodAutoscaler): boolean {
  return (spec.metrics ?? []).some(({ type }) => type === "Object" || type === "External");
}

function traceOf(plan: Plan, scale: Scale, isRescaled: boolean): SyncTrace {
  return {
    currentReplicas: scale.specReplicas,
    desiredReplicas: plan.desiredReplicas,
    isRescaled,
    reason: plan.reason,
    ...(plan.metrics !== undefined && { metrics: plan.metrics }),
    ...(plan.normalisation !== undefined && { normalisation: plan.normalisation }),
  };
}

const GOT_SCALE = "the HPA controller was able to get the target's current scale";

/** The status and events of a sync in the making. */
class Draft {
  readonly events: HpaEvent[] = [];
  readonly #input: ReconcileInput;
  #conditions: readonly Condition[];
  /** SucceededGetScale is still to be set: most syncs overwrite it at once, which then comes to the same. */
  #owesGotScale = false;

  constructor(input: ReconcileInput) {
    this.#input = input;
    this.#conditions = input.hpa.status?.conditions ?? [];
  }

  get conditions(): readonly Condition[] {
    this.#settle();
    return this.#conditions;
  }

  gotScale(): void {
    this.#owesGotScale = true;
    // The first time it has to be there before the others: conditions stand in the order of their first setting.
    if (!this.#conditions.some(({ type }) => type === "AbleToScale")) this.#settle();
  }

  set(type: string, status: ConditionStatus, reason: string, message: string): void {
    if (type === "AbleToScale") {
      if (status === "True") this.#owesGotScale = false;
      else this.#settle();
    }
    for (const old of this.#conditions) {
      if (old.type === type && old.status === status && old.reason === reason && old.message === message) return;
    }
    this.#conditions = setCondition(this.#conditions, { type, status, reason, message }, this.#input.nowText);
  }

  #settle(): void {
    if (this.#owesGotScale) this.set("AbleToScale", "True", "SucceededGetScale", GOT_SCALE);
  }

  warn(reason: string, message: string): void {
    this.report("Warning", reason, message);
  }

  report(type: HpaEvent["type"], reason: string, message: string): void {
    this.events.push({ type, reason, message });
  }

  /** The status of a sync that could not decide: the desired number stays what it was. */
  failedStatus(scale: Scale, statuses: readonly MetricStatus[]): HpaStatus {
    const old = this.#input.hpa.status;
    return this.fullStatus(scale, statuses, old?.desiredReplicas ?? 0, old?.lastScaleTime);
  }

  fullStatus(
    scale: Scale,
    statuses: readonly MetricStatus[],
    desiredReplicas: number,
    lastScaleTime: string | undefined,
  ): HpaStatus {
    const { metadata, status: old } = this.#input.hpa;
    const { conditions } = this;
    const observedGeneration = metadata.generation;
    // The same object means that nothing is to be written, which is so for most syncs of a steady workload.
    if (
      old !== undefined &&
      old.conditions === conditions &&
      old.currentReplicas === scale.specReplicas &&
      old.desiredReplicas === desiredReplicas &&
      old.lastScaleTime === lastScaleTime &&
      old.observedGeneration === observedGeneration &&
      sameData(old.currentMetrics ?? [], statuses)
    ) {
      return old;
    }
    return {
      ...(observedGeneration !== undefined && { observedGeneration }),
      ...(lastScaleTime !== undefined && { lastScaleTime }),
      currentReplicas: scale.specReplicas,
      desiredReplicas,
      ...(statuses.length > 0 && { currentMetrics: statuses }),
      conditions,
    };
  }
}
