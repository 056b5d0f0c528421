import { podRequests } from "../kube/index.ts";
import { cpuMilliOf, wholeValueOf } from "../units/index.ts";
import type { World } from "../world/index.ts";
import type { PlannedNode } from "../world/plan.ts";

/** CPU, memory and pod slots. */
export interface Room {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly pods: number;
}

/** Pods of equal requests, and how many of them there are. */
export interface Shape extends Room {
  readonly count: number;
}

export const NO_ROOM: Room = { cpuMilli: 0, memoryBytes: 0, pods: 0 };

export function allocatableOf({ allocatable }: Pick<PlannedNode, "allocatable">): Room {
  return {
    cpuMilli: cpuMilliOf(allocatable.cpu ?? "0"),
    memoryBytes: wholeValueOf(allocatable.memory ?? "0"),
    pods: wholeValueOf(allocatable.pods ?? "0"),
  };
}

export function less(from: Room, what: Room): Room {
  return {
    cpuMilli: from.cpuMilli - what.cpuMilli,
    memoryBytes: from.memoryBytes - what.memoryBytes,
    pods: from.pods - what.pods,
  };
}

export function plus(left: Room, right: Room): Room {
  return {
    cpuMilli: left.cpuMilli + right.cpuMilli,
    memoryBytes: left.memoryBytes + right.memoryBytes,
    pods: left.pods + right.pods,
  };
}

/** Pods of a shape that have room, by these three measures alone. */
export function countIn(room: Room, shape: Room): number {
  const fits = (has: number, needs: number): number =>
    needs === 0 ? Number.POSITIVE_INFINITY : Math.floor(has / needs);
  return Math.max(
    0,
    Math.min(fits(room.cpuMilli, shape.cpuMilli), fits(room.memoryBytes, shape.memoryBytes), fits(room.pods, 1)),
  );
}

/** What the pods of a world ask for: those of DaemonSets by node, all others by shape. */
export interface Demand {
  readonly shapes: readonly Shape[];
  readonly daemons: ReadonlyMap<string, Room>;
  readonly used: ReadonlyMap<string, Room>;
}

export function demandOf({ store }: World): Demand {
  const { pods } = store;
  const shapes = new Map<string, Shape>();
  const [daemons, used] = [new Map<string, Room>(), new Map<string, Room>()];
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (pods.isTerminal(row)) continue;
    const { cpuMilli, memoryBytes } = podRequests(pods.templateOf(row).spec);
    const room = { cpuMilli, memoryBytes, pods: 1 };
    const isBound = pods.nodeId.get(row) !== -1;
    if (isBound) add(used, pods.nodeNameOf(row), room);
    if (pods.owner.get(row)?.kind === "DaemonSet") {
      if (isBound) add(daemons, pods.nodeNameOf(row), room);
      continue;
    }
    const key = `${cpuMilli}/${memoryBytes}`;
    shapes.set(key, { ...room, count: (shapes.get(key)?.count ?? 0) + 1 });
  }
  return { shapes: [...shapes.values()], daemons, used };
}

function add(rooms: Map<string, Room>, node: string, room: Room): void {
  rooms.set(node, plus(rooms.get(node) ?? NO_ROOM, room));
}
