import type { Matcher, ReplicaSet, ReplicationController } from "../../kube/index.ts";
import { matcherOf } from "../scale.ts";

/** An object that keeps a number of pods: both kinds are synced by the same code. */
export type ReplicaOwner = ReplicaSet | ReplicationController;

/** In what the two kinds differ. */
export interface ReplicaKind {
  readonly kind: "ReplicaSet" | "ReplicationController";
  /** Name of the queue and of the component in decisions. */
  readonly name: string;
  /** Component of the Kubernetes events. */
  readonly eventSource: string;
  /** Whether status.terminatingReplicas is filled. */
  readonly countsTerminating: boolean;
}

export const REPLICA_SET: ReplicaKind = {
  kind: "ReplicaSet",
  name: "replicaset",
  eventSource: "replicaset-controller",
  countsTerminating: true,
};
export const REPLICATION_CONTROLLER: ReplicaKind = {
  kind: "ReplicationController",
  name: "replicationcontroller",
  eventSource: "replication-controller",
  countsTerminating: false,
};

export function selectorOf(owner: ReplicaOwner): Matcher {
  return matcherOf(owner.kind, owner.spec.selector);
}
