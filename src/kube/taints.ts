import type { Taint, TaintEffect, Toleration } from "./types.ts";

/**
 * Whether a toleration covers a taint: effect equal or empty, key equal or empty, operator `Exists` or equal value.
 * The numeric operators `Lt` and `Gt` never match: their gate is off.
 *
 * @source kubernetes 1.37 component-helpers scheduling/corev1 ToleratesTaint
 */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && (toleration.effect as string) !== "" && toleration.effect !== taint.effect) {
    return false;
  }
  if (toleration.key !== undefined && toleration.key !== "" && toleration.key !== taint.key) return false;
  const operator = (toleration.operator as string | undefined) ?? "";
  if (operator === "Exists") return true;
  return (operator === "" || operator === "Equal") && (toleration.value ?? "") === (taint.value ?? "");
}

/** Whether any toleration covers the taint. */
export function isTolerated(taint: Taint, tolerations: readonly Toleration[] | undefined): boolean {
  if (tolerations === undefined) return false;
  for (const toleration of tolerations) {
    if (tolerates(toleration, taint)) return true;
  }
  return false;
}

/** The first taint with one of the effects that no toleration covers, in the order of the taints. */
export function firstUntolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly TaintEffect[],
): Taint | undefined {
  if (taints === undefined) return undefined;
  for (const taint of taints) {
    if (effects.includes(taint.effect) && !isTolerated(taint, tolerations)) return taint;
  }
  return undefined;
}

/** The effects that keep a pod off a node. */
export const REPELLING_EFFECTS: readonly TaintEffect[] = ["NoSchedule", "NoExecute"];

export const TAINT_NOT_READY = "node.kubernetes.io/not-ready";
export const TAINT_UNREACHABLE = "node.kubernetes.io/unreachable";
export const TAINT_UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
export const TAINT_MEMORY_PRESSURE = "node.kubernetes.io/memory-pressure";
export const TAINT_DISK_PRESSURE = "node.kubernetes.io/disk-pressure";
export const TAINT_PID_PRESSURE = "node.kubernetes.io/pid-pressure";
export const TAINT_NETWORK_UNAVAILABLE = "node.kubernetes.io/network-unavailable";
export const TAINT_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
