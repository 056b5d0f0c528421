import type { Store } from "../../store/index.ts";
import { PREEMPTED } from "../pod-source.ts";
import type { PodHandle, PreemptionOrder } from "./under-way.ts";

/**
 * Carries out a preemption on the store: pods of lower priority lose their nomination to the node, then each victim
 * gets its DisruptionTarget condition, a DELETE with its own grace period and an event. Pods that are gone by now
 * are passed over; those on their way to being bound only lose their node.
 * @param takeBack takes a pod off its way; false when it is not on its way
 * @returns whether the last victim was taken back, so that no deletion will tell the preemptor to go on
 * @source kubernetes 1.37 framework/preemption executor.go
 */
export function carryOut(store: Store, order: PreemptionOrder, takeBack: (uid: string) => boolean): boolean {
  const { podWriter, decisions } = store;
  for (const pod of order.cleared) if (isThere(store, pod)) podWriter.setNomination(pod.row, "");
  let isTakenBack = false;
  for (const victim of order.victims) {
    isTakenBack = false;
    if (!isThere(store, victim)) continue;
    const { row } = victim;
    if (decisions.isEnabled) decisions.write(evictionOf(store, order, row));
    const text = `Preempted by pod ${order.preemptor.uid} on node ${order.nodeName}`;
    isTakenBack = takeBack(victim.uid);
    if (isTakenBack) {
      store.podSeriesEvent(row, order.schedulerName, "Normal", "Preempted", `${text} (in kube-scheduler memory).`);
      continue;
    }
    const why = `${order.schedulerName}: preempting to accommodate a higher priority pod`;
    podWriter.setExtraCondition(row, "DisruptionTarget", "True", PREEMPTED, why);
    podWriter.requestDeletion(row);
    store.podSeriesEvent(row, order.schedulerName, "Normal", "Preempted", text);
  }
  return isTakenBack;
}

function evictionOf({ pods }: Store, order: PreemptionOrder, row: number) {
  const object = `pod/${pods.namespaceOf(row)}/${pods.name.get(row)}`;
  return {
    by: "scheduler",
    what: "evict",
    object,
    node: order.nodeName,
    preemptor: order.preemptor.key,
    priority: pods.templateOf(row).spec.priority ?? 0,
  };
}

/** Whether the row still is that pod. */
function isThere({ pods, rendering }: Store, { row, uid }: PodHandle): boolean {
  return row !== -1 && pods.isPresent(row) && rendering.uid(pods.serial.get(row)) === uid;
}
