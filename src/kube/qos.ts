import { parseQuantity } from "../units/index.ts";
import type { PodSpec, Quantities, ResourceRequirements } from "./types.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const COUNTED = ["cpu", "memory"] as const;

/**
 * The quality-of-service class of a defaulted pod spec. Only cpu and memory count; init containers do too; pod-level
 * resources, when set, decide alone.
 *
 * @source kubernetes 1.37 component-helpers/pkg/apis/core/v1/helper/qos ComputePodQOS
 */
export function qosClass(spec: PodSpec): QosClass {
  const podLevel = spec.resources;
  const isPodLevelSet = podLevel !== undefined && (hasKeys(podLevel.requests) || hasKeys(podLevel.limits));
  const all: readonly (ResourceRequirements | undefined)[] = isPodLevelSet
    ? [podLevel]
    : [...spec.containers, ...(spec.initContainers ?? [])].map(({ resources }) => resources);
  const requests = new Map<string, bigint>();
  const limits = new Map<string, bigint>();
  let everyLimitSet = true;
  for (const resources of all) {
    addPositive(requests, resources?.requests);
    const limited = addPositive(limits, resources?.limits);
    if (limited < COUNTED.length) everyLimitSet = false;
  }
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  const isEqual = requests.size === limits.size && [...requests].every(([name, sum]) => limits.get(name) === sum);
  return everyLimitSet && isEqual ? "Guaranteed" : "Burstable";
}

/** Adds what is above zero; returns how many resources were. */
function addPositive(sums: Map<string, bigint>, quantities: Quantities | undefined): number {
  let count = 0;
  for (const name of COUNTED) {
    const text = quantities?.[name];
    if (text === undefined) continue;
    const { nanos } = parseQuantity(text);
    if (nanos <= 0n) continue;
    sums.set(name, (sums.get(name) ?? 0n) + nanos);
    count += 1;
  }
  return count;
}

function hasKeys(quantities: Quantities | undefined): boolean {
  return quantities !== undefined && Object.keys(quantities).length > 0;
}
