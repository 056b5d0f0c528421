import type { CycleState } from "./cycle-state.ts";
import type { Framework, Plugin } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { Status } from "./status.ts";

/** Whether any plugin takes part in reserve, permit or preBind. */
export function hasReservations({ reserve, permit, preBind }: Framework): boolean {
  return reserve.length + permit.length + preBind.length > 0;
}

/**
 * Runs reserve, permit and preBind for the chosen node. A refusal undoes the reservations, last first.
 * DEVIATION(permit-wait): a permit plugin that answers "wait" refuses; pods never wait between permit and binding.
 * @source kubernetes 1.37 schedule_one.go, reserve and permit phases
 */
export function runReserve(framework: Framework, state: CycleState, pod: PodInfo, node: NodeInfo): Status | null {
  const refusal = firstRefusal(framework, state, pod, node);
  if (refusal === null) return null;
  for (const plugin of [...framework.reserve].reverse()) plugin.unreserve?.(state, pod, node);
  return refusal;
}

function firstRefusal(framework: Framework, state: CycleState, pod: PodInfo, node: NodeInfo): Status | null {
  const steps: readonly (readonly [readonly Plugin[], "reserve" | "permit" | "preBind"])[] = [
    [framework.reserve, "reserve"],
    [framework.permit, "permit"],
    [framework.preBind, "preBind"],
  ];
  for (const [plugins, point] of steps) {
    for (const plugin of plugins) {
      const status = plugin[point]?.(state, pod, node);
      if (status != null) return status;
    }
  }
  return null;
}
