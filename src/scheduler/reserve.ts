import type { Micros } from "../units/index.ts";
import type { CycleState } from "./cycle-state.ts";
import { Diagnosis } from "./diagnosis.ts";
import type { Framework, Plugin } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import { CODE, isRejection, messageOf, type Status } from "./status.ts";

const NO_WAITS: ReadonlyMap<string, Micros> = new Map();

/** Whether any plugin takes part in reserve, permit or preBind for the pod. */
export function hasReservations({ reserve, permit, preBind }: Framework, pod: PodInfo): boolean {
  return isAnyConcerned(reserve, pod) || isAnyConcerned(permit, pod) || isAnyConcerned(preBind, pod);
}

export function concerns({ concerns: ask }: Plugin, { template }: PodInfo): boolean {
  return ask === undefined || ask(template);
}

function isAnyConcerned(plugins: readonly Plugin[], pod: PodInfo): boolean {
  for (let i = 0; i < plugins.length; i++) if (concerns(plugins[i] as Plugin, pod)) return true;
  return false;
}

/** `waits`: the permit plugins that the pod has to wait for, and for how long each waits. */
export type ReserveAnswer =
  | { readonly refusal: Status }
  | { readonly refusal: null; readonly waits: ReadonlyMap<string, Micros> };

/**
 * Runs reserve and permit for the chosen node. A refusal undoes the reservations, last first.
 * @source kubernetes 1.37 schedule_one.go, reserve and permit phases
 */
export function runReserve(framework: Framework, state: CycleState, pod: PodInfo, node: NodeInfo): ReserveAnswer {
  const refuse = (point: string, status: Status): ReserveAnswer => {
    runUnreserve(framework, state, pod, node);
    return { refusal: named(point, status) };
  };
  for (const plugin of framework.reserve) {
    const status = concerns(plugin, pod) ? plugin.reserve?.(state, pod, node) : null;
    if (status != null) return refuse("Reserve", status);
  }
  let waits: Map<string, Micros> | undefined;
  for (const plugin of framework.permit) {
    const status = concerns(plugin, pod) ? plugin.permit?.(state, pod, node) : null;
    if (status == null) continue;
    if (status.code !== CODE.wait) return refuse("Permit", status);
    waits ??= new Map();
    waits.set(plugin.name, status.waitMicros ?? 0);
  }
  return { refusal: null, waits: waits ?? NO_WAITS };
}

/** Undoes the reservations, last first. */
export function runUnreserve(framework: Framework, state: CycleState, pod: PodInfo, node: NodeInfo): void {
  for (const plugin of [...framework.reserve].reverse()) {
    if (concerns(plugin, pod)) plugin.unreserve?.(state, pod, node);
  }
}

/** The preBind plugins that have to do with the pod. */
export function preBindersOf({ preBind }: Framework, pod: PodInfo): Plugin[] {
  return preBind.filter((plugin) => concerns(plugin, pod));
}

/** An error as the framework words it; rejections stay as they are. */
export function named(point: string, status: Status): Status {
  if (isRejection(status)) return status;
  return { ...status, reasons: [`running ${point} plugin "${status.plugin}": ${messageOf(status)}`] };
}

/** What the pod's event and condition say about a refusal of the chosen node. */
export function refusalMessage(status: Status): string {
  if (!isRejection(status)) return messageOf(status);
  const diagnosis = new Diagnosis(1);
  diagnosis.reject(0, status);
  return diagnosis.message();
}
