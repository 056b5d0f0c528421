import type { PlannedNode } from "../world/plan.ts";
import { allocatableOf, countIn, type Demand, less, NO_ROOM, type Room } from "./fleet-facts.ts";

/** How well a fleet is used. Ratios are of allocatable CPU. */
export interface FleetUse {
  readonly cpuRequestedRatio: number;
  /** Free, but on nodes where no pod of the present shapes fits any more. */
  readonly cpuStrandedRatio: number;
  /** The room on the node that has most CPU free. */
  readonly largestFree: Pick<Room, "cpuMilli" | "memoryBytes">;
}

export function fleetUse(nodes: readonly PlannedNode[], demand: Demand): FleetUse {
  let [all, requested, stranded] = [0, 0, 0];
  let largest: Room = NO_ROOM;
  for (const node of nodes) {
    const has = allocatableOf(node);
    const free = less(has, demand.used.get(node.name) ?? NO_ROOM);
    all += has.cpuMilli;
    requested += has.cpuMilli - free.cpuMilli;
    if (!demand.shapes.some((shape) => countIn(free, shape) > 0)) stranded += free.cpuMilli;
    const isLarger =
      free.cpuMilli > largest.cpuMilli ||
      (free.cpuMilli === largest.cpuMilli && free.memoryBytes > largest.memoryBytes);
    if (free.pods > 0 && isLarger) largest = free;
  }
  const share = (cpuMilli: number): number => (all === 0 ? 0 : cpuMilli / all);
  return {
    cpuRequestedRatio: share(requested),
    cpuStrandedRatio: share(stranded),
    largestFree: { cpuMilli: largest.cpuMilli, memoryBytes: largest.memoryBytes },
  };
}
