import type { HorizontalPodAutoscaler, HpaScalingPolicy, HpaScalingRules } from "../../kube/index.ts";
import { changeWithin, type Recommendation, type ScaleHistory, storeInSlot } from "./history.ts";

/** What the metrics ask for, and the bounds that it has to pass. */
export interface NormaliseInput {
  readonly desiredReplicas: number;
  readonly currentReplicas: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly history: ScaleHistory;
  readonly now: number;
  /** --horizontal-pod-autoscaler-downscale-stabilization, microseconds. */
  readonly downscaleWindowMicros: number;
}

/** A condition's reason and message. */
export interface Reason {
  readonly reason: string;
  readonly message: string;
}

export interface Limitation extends Reason {
  readonly isLimited: boolean;
}

/** The number of replicas after stabilisation and limits, and how it came about. */
export interface Normalisation {
  readonly replicas: number;
  /** After the windows, before the limits. */
  readonly stabilisedReplicas: number;
  /** What the policies allow in the direction taken; absent when they were not asked. */
  readonly policyLimit?: number;
  /** What each policy of the direction taken allows, by its place in the rules. */
  readonly policyLimits?: readonly number[];
  readonly ableToScale: Reason;
  readonly scalingLimited: Limitation;
  /** The recommendations, with this one. */
  readonly recommendations: readonly Recommendation[];
}

/**
 * Applies windows, policies and bounds: with spec.behavior by its rules, else by the controller's own.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, normalizeDesiredReplicas and
 * normalizeDesiredReplicasWithBehaviors
 */
export function normalise(input: NormaliseInput, behavior: HorizontalPodAutoscaler["spec"]["behavior"]): Normalisation {
  return behavior === undefined ? normaliseByDefault(input) : normaliseByRules(input, rulesOf(behavior, input));
}

const READY: Reason = { reason: "ReadyForNewScale", message: "recommended size matches current size" };
const DOWN_STABILISED: Reason = {
  reason: "ScaleDownStabilized",
  message: "recent recommendations were higher than current one, applying the highest recent recommendation",
};
const UP_STABILISED: Reason = {
  reason: "ScaleUpStabilized",
  message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
};
const WITHIN: Limitation = {
  isLimited: false,
  reason: "DesiredWithinRange",
  message: "the desired count is within the acceptable range",
};
const UP_LIMIT: Limitation = {
  isLimited: true,
  reason: "ScaleUpLimit",
  message: "the desired replica count is increasing faster than the maximum scale rate",
};
const DOWN_LIMIT: Limitation = {
  isLimited: true,
  reason: "ScaleDownLimit",
  message: "the desired replica count is decreasing faster than the maximum scale rate",
};
const TOO_MANY: Limitation = {
  isLimited: true,
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
};
const TOO_FEW: Limitation = {
  isLimited: true,
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
};

function normaliseByDefault(input: NormaliseInput): Normalisation {
  const { desiredReplicas: desired, minReplicas: min, maxReplicas: max, history } = input;
  const cutoff = input.now - input.downscaleWindowMicros;
  let stabilised = desired;
  let slot = -1;
  // hot: some twenty recommendations a sync (bench/world).
  const past = history.recommendations;
  for (let i = 0; i < past.length; i++) {
    const { replicas, atMicros } = past[i] as Recommendation;
    if (atMicros < cutoff) slot = i;
    else if (replicas > stabilised) stabilised = replicas;
  }
  const upLimit = Math.max(2 * input.currentReplicas, 4);
  const allowed = Math.min(max, upLimit);
  const isTooFew = stabilised < min;
  const isTooMany = !isTooFew && stabilised > allowed;
  return {
    replicas: isTooFew ? min : isTooMany ? allowed : stabilised,
    stabilisedReplicas: stabilised,
    policyLimit: upLimit,
    ableToScale: stabilised === desired ? READY : DOWN_STABILISED,
    scalingLimited: isTooFew ? TOO_FEW : isTooMany ? (max > upLimit ? UP_LIMIT : TOO_MANY) : WITHIN,
    recommendations: recorded(input, slot),
  };
}

function recorded(input: NormaliseInput, slot: number): readonly Recommendation[] {
  const recommendation = { replicas: input.desiredReplicas, atMicros: input.now };
  return storeInSlot(input.history.recommendations, slot, recommendation);
}

/** Scaling rules with nothing left open. */
export interface DirectionRules {
  readonly windowMicros: number;
  readonly selectPolicy: "Max" | "Min" | "Disabled";
  readonly policies: readonly HpaScalingPolicy[];
}

const DEFAULT_UP_POLICIES: readonly HpaScalingPolicy[] = [
  { type: "Pods", value: 4, periodSeconds: 15 },
  { type: "Percent", value: 100, periodSeconds: 15 },
];
const DEFAULT_DOWN_POLICIES: readonly HpaScalingPolicy[] = [{ type: "Percent", value: 100, periodSeconds: 15 }];

type Behavior = NonNullable<HorizontalPodAutoscaler["spec"]["behavior"]>;

function rulesOf(behavior: Behavior, input: NormaliseInput): { up: DirectionRules; down: DirectionRules } {
  return {
    up: directionRules(behavior.scaleUp, 0, DEFAULT_UP_POLICIES),
    down: directionRules(behavior.scaleDown, input.downscaleWindowMicros, DEFAULT_DOWN_POLICIES),
  };
}

function directionRules(
  rules: HpaScalingRules | undefined,
  defaultWindowMicros: number,
  defaultPolicies: readonly HpaScalingPolicy[],
): DirectionRules {
  const seconds = rules?.stabilizationWindowSeconds;
  return {
    windowMicros: seconds === undefined ? defaultWindowMicros : seconds * 1_000_000,
    selectPolicy: rules?.selectPolicy ?? "Max",
    policies: rules?.policies ?? defaultPolicies,
  };
}

/** The policies of one direction, with the API's defaults. */
export function policiesOf(behavior: Behavior, isUp: boolean): readonly HpaScalingPolicy[] {
  return isUp
    ? (behavior.scaleUp?.policies ?? DEFAULT_UP_POLICIES)
    : (behavior.scaleDown?.policies ?? DEFAULT_DOWN_POLICIES);
}

/** The windows in which remembered recommendations count, in microseconds. */
export function windowsOf(behavior: Behavior | undefined, downscaleWindowMicros: number): readonly number[] {
  if (behavior === undefined) return [downscaleWindowMicros];
  const up = directionRules(behavior.scaleUp, 0, DEFAULT_UP_POLICIES);
  const down = directionRules(behavior.scaleDown, downscaleWindowMicros, DEFAULT_DOWN_POLICIES);
  return [up.windowMicros, down.windowMicros];
}

function normaliseByRules(
  input: NormaliseInput,
  rules: { readonly up: DirectionRules; readonly down: DirectionRules },
): Normalisation {
  const { desiredReplicas: desired, currentReplicas: current, minReplicas: min, maxReplicas: max } = input;
  const { stabilised, slot } = stabiliseByRules(input, rules.up.windowMicros, rules.down.windowMicros);
  const end = (allowed: number, reason: Limitation, asked: PolicyAnswer | undefined): Normalisation => {
    const isLimited = stabilised > current ? stabilised > allowed : stabilised < allowed;
    return {
      replicas: isLimited ? allowed : stabilised,
      stabilisedReplicas: stabilised,
      ...(asked !== undefined && { policyLimit: asked.limit, policyLimits: asked.limits }),
      ableToScale: stabilised === desired ? READY : desired >= current ? UP_STABILISED : DOWN_STABILISED,
      scalingLimited: isLimited ? reason : WITHIN,
      recommendations: recorded(input, slot),
    };
  };
  if (stabilised > current) {
    const asked = limitUp(rules.up, input);
    return end(Math.min(max, asked.limit), max > asked.limit ? UP_LIMIT : TOO_MANY, asked);
  }
  if (stabilised < current) {
    const asked = limitDown(rules.down, input);
    return end(Math.max(min, asked.limit), min < asked.limit ? DOWN_LIMIT : TOO_FEW, asked);
  }
  return end(stabilised, WITHIN, undefined);
}

function stabiliseByRules(
  input: NormaliseInput,
  upWindowMicros: number,
  downWindowMicros: number,
): { stabilised: number; slot: number } {
  const { desiredReplicas: desired, currentReplicas: current, now } = input;
  const upCutoff = now - upWindowMicros;
  const downCutoff = now - downWindowMicros;
  let up = desired;
  let down = desired;
  let slot = -1;
  input.history.recommendations.forEach((past, index) => {
    if (past.atMicros > upCutoff) up = Math.min(up, past.replicas);
    if (past.atMicros > downCutoff) down = Math.max(down, past.replicas);
    if (past.atMicros < upCutoff && past.atMicros < downCutoff) slot = index;
  });
  return { stabilised: Math.min(Math.max(current, up), down), slot };
}

interface PolicyAnswer {
  readonly limit: number;
  readonly limits: readonly number[];
}

/** The largest size that the policies allow now. */
function limitUp(rules: DirectionRules, input: NormaliseInput): PolicyAnswer {
  const current = input.currentReplicas;
  if (rules.selectPolicy === "Disabled") return { limit: current, limits: [] };
  const limits = rules.policies.map((policy) => {
    const start = sizeAtStart(policy.periodSeconds, input);
    return policy.type === "Pods" ? start + policy.value : Math.ceil(start * (1 + policy.value / 100));
  });
  const selected = rules.selectPolicy === "Min" ? Math.min(...limits) : Math.max(...limits);
  return { limit: Math.max(current, selected), limits };
}

/** The smallest size that the policies allow now. */
function limitDown(rules: DirectionRules, input: NormaliseInput): PolicyAnswer {
  const current = input.currentReplicas;
  if (rules.selectPolicy === "Disabled") return { limit: current, limits: [] };
  const limits = rules.policies.map((policy) => {
    const start = sizeAtStart(policy.periodSeconds, input);
    return policy.type === "Pods" ? start - policy.value : Math.trunc(start * (1 - policy.value / 100));
  });
  const selected = rules.selectPolicy === "Min" ? Math.max(...limits) : Math.min(...limits);
  return { limit: Math.min(current, selected), limits };
}

/** The size at the start of a policy's period: the current one without this HPA's changes since. */
function sizeAtStart(periodSeconds: number, { currentReplicas, history, now }: NormaliseInput): number {
  const added = changeWithin(periodSeconds, history.upEvents, now);
  const removed = changeWithin(periodSeconds, history.downEvents, now);
  return currentReplicas - added + removed;
}
