import type { OwnerReference, PodSpec, StringMap } from "./types.ts";

/** A pod as those know it who look for a place for it. Plain frozen data; pods of one owner share `spec` and usually `labels`. */
export interface PodSnapshot {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: StringMap;
  readonly spec: PodSpec;
  /** The controlling owner. */
  readonly owner?: OwnerReference;
  /** The node that the pod is bound to; "" when none. */
  readonly nodeName: string;
  readonly nominatedNodeName: string;
  readonly isTerminating: boolean;
  /** When the kubelet took the pod, microseconds; -1 when it has not. */
  readonly startAt: number;
  /** A number that the caller knows the pod by, such as its row in the store; absent for one that is only imagined. */
  readonly row?: number;
}
