import type { PodSpec } from "../../kube/index.ts";
import { compareQuantities, parseQuantity, quantityMilliValue } from "../../units/index.ts";
import type { ContainerRecommendation, EvictionRequirement } from "./recommendation.ts";

/** How much a pod would gain from being made again. */
export interface UpdatePriority {
  /** A request is below the lower bound or above the upper bound, or there is none. */
  readonly isOutside: boolean;
  readonly scalesUp: boolean;
  /** Relative difference of what is requested and recommended, summed over cpu and memory. */
  readonly difference: number;
}

/** @source vertical-pod-autoscaler 1.6 pkg/updater/priority/priority_processor.go GetUpdatePriority */
export function updatePriority(
  { containers }: Pick<PodSpec, "containers">,
  recommendations: readonly ContainerRecommendation[],
): UpdatePriority {
  let [isOutside, scalesUp] = [false, false];
  const sums = new Map<string, { requested: number; recommended: number }>();
  for (const { name, resources } of containers) {
    const found = recommendations.find(({ containerName }) => containerName === name);
    for (const [resource, target] of Object.entries(found?.target ?? {})) {
      const sum = sums.get(resource) ?? { requested: 0, recommended: 0 };
      sums.set(resource, sum);
      sum.recommended += milliOf(target);
      const request = resources?.requests?.[resource];
      if (request === undefined) {
        isOutside = true;
        scalesUp = true;
        continue;
      }
      sum.requested += milliOf(request);
      if (milliOf(target) > milliOf(request)) scalesUp = true;
      const [lower, upper] = [found?.lowerBound[resource], found?.upperBound[resource]];
      if (lower !== undefined && compare(request, lower) < 0) isOutside = true;
      if (upper !== undefined && compare(request, upper) > 0) isOutside = true;
    }
  }
  let difference = 0;
  for (const { requested, recommended } of sums.values()) {
    const base = Math.max(requested, 1);
    difference += Math.abs(base - recommended) / base;
  }
  return { isOutside, scalesUp, difference };
}

/** Negative when `a` goes first: pods that want more before others, then the larger difference. */
export function compareUpdatePriority(a: UpdatePriority, b: UpdatePriority): number {
  if (a.scalesUp !== b.scalesUp) return a.scalesUp ? -1 : 1;
  return b.difference - a.difference;
}

/**
 * Whether the policy lets a pod be evicted for this recommendation: for some container all requirements hold, each for one
 * of its resources.
 *
 * @source vertical-pod-autoscaler 1.6 pkg/updater/eviction scaling_direction_pod_eviction_admission.go
 */
export function meetsRequirements(
  { containers }: Pick<PodSpec, "containers">,
  recommendations: readonly ContainerRecommendation[],
  requirements: readonly EvictionRequirement[],
): boolean {
  if (requirements.length === 0) return true;
  return containers.some(({ name, resources }) => {
    const target = recommendations.find(({ containerName }) => containerName === name)?.target;
    if (target === undefined) return false;
    return requirements.every(({ resources: names, changeRequirement }) =>
      names.some((resource) => {
        const [request, wanted] = [resources?.requests?.[resource], target[resource]];
        if (request === undefined || wanted === undefined) return true;
        const order = compare(wanted, request);
        return changeRequirement === "TargetHigherThanRequests" ? order > 0 : order < 0;
      }),
    );
  });
}

function milliOf(text: string): number {
  return quantityMilliValue(parseQuantity(text));
}

function compare(a: string, b: string): number {
  return compareQuantities(parseQuantity(a), parseQuantity(b));
}
