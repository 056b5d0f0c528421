import { type PluginModules, World } from "../world/index.ts";
import type { Micros, Plan } from "../world/plan.ts";
import { quietPlan } from "./quiet-plan.ts";

/** A cluster that has come to rest. */
export interface Settled {
  readonly world: World;
  /** Rows of the pods that have no node and are not about to go. */
  readonly pendingRows: readonly number[];
}

const SECOND = 1_000_000;
const LOOK_EVERY: Micros = 30 * SECOND;
/** A set whose pods come one by one may wait so long for a pod to be ready. */
const PATIENCE: Micros = 5 * 60 * SECOND;
/** Something that never rests (a pod that crashes again and again) is left to itself after so long. */
const LONGEST: Micros = 2 * 3600 * SECOND;

/**
 * Plays the cluster of a plan, with nobody using it, until nothing moves any more: every pod ready or ended for 30 s, or no
 * change for five minutes.
 */
export function settle(plan: Plan, plugins?: PluginModules): Settled {
  const world = World.from(quietPlan(plan), undefined, plugins);
  rest(world, LONGEST);
  return { world, pendingRows: pendingRows(world) };
}

/** Plays on until the cluster rests, at most for a span. */
export function rest(world: World, longestMicros: Micros): void {
  const end = world.nowMicros + longestMicros;
  let [before, since] = ["", world.nowMicros];
  while (world.nowMicros < end) {
    world.run(Math.min(end, world.nowMicros + LOOK_EVERY));
    const { text, isAllDone } = stateOf(world);
    if (text !== before) [before, since] = [text, world.nowMicros];
    else if (isAllDone || world.nowMicros - since >= PATIENCE) return;
  }
}

function stateOf(world: World): { readonly text: string; readonly isAllDone: boolean } {
  const { pods } = world.store;
  let [bound, ready, ended, serials] = [0, 0, 0, 0];
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (pods.nodeId.get(row) !== -1) bound++;
    if (pods.isTerminal(row)) ended++;
    else if (pods.isReady(row) && !pods.isDeleting(row)) ready++;
    serials += pods.serial.get(row);
  }
  return { text: [pods.count, bound, ready, ended, serials].join(), isAllDone: ready + ended === pods.count };
}

function pendingRows(world: World): number[] {
  const { pods } = world.store;
  const rows: number[] = [];
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (pods.nodeId.get(row) === -1 && !pods.isDeleting(row) && !pods.isTerminal(row)) rows.push(row);
  }
  return rows;
}
