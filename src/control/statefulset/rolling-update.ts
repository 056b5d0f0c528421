import { resolveIntOrPercent } from "../../kube/index.ts";
import type { SetSync, Slot } from "./set-sync.ts";

/**
 * Deletes pods of other revisions than the one the set updates to, from the highest ordinal down to the partition, as far
 * as the budget of unavailable pods goes. Returns how many.
 *
 * A pod that is broken and old uses up the budget itself: with OrderedReady it has to be deleted by hand. With Parallel,
 * pods that are broken and old are deleted first, whatever the budget.
 *
 * @source kubernetes 1.37 stateful_set_control.go updateStatefulSetAfterInvariantEstablished
 */
export function rollingUpdate(sync: SetSync): number {
  const { set, slots } = sync;
  const { partition = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const allowed = Math.max(1, resolveIntOrPercent(maxUnavailable, slots.length, "down"));
  const unavailable = slots.filter(({ pod }) => sync.isUnavailable(pod)).length;
  const candidates = slots
    .filter((slot, index) => index >= partition && slot.pod !== -1 && isReplaceable(sync, slot))
    .reverse();
  if (sync.isMonotonic) {
    return deleteAll(sync, candidates.slice(0, Math.max(0, allowed - unavailable)));
  }
  const isStuck = (slot: Slot): boolean => sync.isUnavailable(slot.pod) && isReplaceable(sync, slot);
  if (unavailable >= allowed && !slots.some(isStuck)) return 0;
  const broken = candidates.filter(({ pod }) => !sync.isAvailable(pod));
  const sound = candidates.filter(({ pod }) => !sync.isUnavailable(pod));
  return deleteAll(sync, [...broken, ...sound.slice(0, Math.max(0, allowed - unavailable))]);
}

function isReplaceable(sync: SetSync, slot: Slot): boolean {
  return sync.isOutdated(slot) && !sync.isTerminating(slot.pod);
}

function deleteAll(sync: SetSync, slots: readonly Slot[]): number {
  for (const { pod } of slots) sync.pods.delete(sync.set, pod, "updated");
  return slots.length;
}
