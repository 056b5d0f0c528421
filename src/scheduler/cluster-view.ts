import type { LabelSelector, OwnerReference, PodDisruptionBudget, Service, StringMap } from "../kube/index.ts";
import type { Micros } from "../units/index.ts";
import type { WaitingPod } from "./binding-cycles.ts";
import type { SchedulerCache } from "./cache.ts";
import type { PodInfo } from "./pod-info.ts";
import type { StorageView } from "./storage-view.ts";

/** What plugins may look up beside the pod and the node at hand. */
export interface ClusterView {
  readonly cache: SchedulerCache;
  /** Grows when a service changes. */
  readonly revision: number;
  /** Persistent storage; a cluster without it has none. */
  readonly storage?: StorageView;
  /** Pods that have a node and wait for permission to be bound to it. */
  waitingPods?(): readonly WaitingPod[];
  labelsOfNamespace(name: string): StringMap;
  servicesIn(namespace: string): readonly Service[];
  /** The selector of an owning ReplicationController, ReplicaSet or StatefulSet, looked up by name. The same object
   *  as long as it does not change. */
  selectorOfOwner(namespace: string, owner: OwnerReference): LabelSelector | undefined;
  budgetsIn(namespace: string): readonly PodDisruptionBudget[];
  /** When the kubelet took the pod, microseconds; -1 when it has not. The cache does not keep up with it. */
  startOf(pod: PodInfo): Micros;
}
