import type { LabelSelector, OwnerReference, Service, StringMap } from "../kube/index.ts";
import type { SchedulerCache } from "./cache.ts";

/** What plugins may look up beside the pod and the node at hand. */
export interface ClusterView {
  readonly cache: SchedulerCache;
  /** Grows when a service changes. */
  readonly revision: number;
  labelsOfNamespace(name: string): StringMap;
  servicesIn(namespace: string): readonly Service[];
  /** The selector of an owning ReplicationController, ReplicaSet or StatefulSet, looked up by name. The same object
   *  as long as it does not change. */
  selectorOfOwner(namespace: string, owner: OwnerReference): LabelSelector | undefined;
}
