import type { KubeEvent, KubeObject } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";

/** The source of the autoscaler's events, and who decides in the decision log. */
export const COMPONENT = "cluster-autoscaler";

/**
 * What the autoscaler's events about the cluster are about.
 *
 * DEVIATION(autoscaler-status): the ConfigMap itself is not written; nothing in a simulation reads it.
 */
const STATUS: KubeObject = Object.freeze({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: Object.freeze({ namespace: "kube-system", name: "cluster-autoscaler-status" }),
});

export function statusEvent(store: Store, type: KubeEvent["type"], reason: string, message: string): void {
  store.event(STATUS, COMPONENT, type, reason, message);
}
