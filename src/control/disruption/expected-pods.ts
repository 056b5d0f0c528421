import {
  findKind,
  type OwnerReference,
  type PodDisruptionBudget,
  type ReplicaSet,
  resolveIntOrPercent,
} from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { controllerOf } from "../owned-documents.ts";
import { hasScale, readScale } from "../scale.ts";

/** How many pods there should be of those a budget selects, and how many of them have to be healthy. */
export interface Expected {
  readonly ok: true;
  readonly pods: number;
  readonly healthy: number;
  /** Whether pods without a controller were left out of the count. */
  readonly leavesOut: boolean;
}
export type Expectation = Expected | { readonly ok: false; readonly message: string };

interface Controller {
  readonly uid: string;
  readonly replicas: number;
}

/**
 * What a budget asks for, given the pods that it selects. Shares of a total, and `maxUnavailable`, count by the wanted
 * replicas of the pods' controllers; an integer `minAvailable` by the pods themselves.
 *
 * @source kubernetes 1.37 pkg/controller/disruption getExpectedPodCount
 */
export function expectedPods(store: Store, { spec }: PodDisruptionBudget, pods: readonly number[]): Expectation {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable === undefined && typeof minAvailable !== "string") {
    const count = minAvailable === undefined ? 0 : pods.length;
    return { ok: true, pods: count, healthy: minAvailable ?? 0, leavesOut: false };
  }
  const scale = expectedScale(store, pods);
  if (!scale.ok) return scale;
  const healthy =
    maxUnavailable === undefined
      ? resolveIntOrPercent(minAvailable ?? 0, scale.pods, "up")
      : Math.max(0, scale.pods - resolveIntOrPercent(maxUnavailable, scale.pods, "up"));
  return { ...scale, healthy };
}

function expectedScale(store: Store, pods: readonly number[]): Expectation {
  const table = store.pods;
  const replicasByUid = new Map<string, number>();
  const seen = new Set<OwnerReference>();
  const uids = new Set<string>();
  let leavesOut = false;
  for (const pod of pods) {
    const owner = table.owner.get(pod);
    if (owner === null) leavesOut = true;
    if (owner === null || seen.has(owner)) continue;
    seen.add(owner);
    if (uids.has(owner.uid)) continue;
    uids.add(owner.uid);
    const found = controllerScale(store, owner, table.namespaceOf(pod));
    if (typeof found === "string") return { ok: false, message: found };
    if (found === undefined) {
      return { ok: false, message: `found no controllers for pod "${table.name.get(pod)}"` };
    }
    replicasByUid.set(found.uid, found.replicas);
  }
  let total = 0;
  for (const replicas of replicasByUid.values()) total += replicas;
  return { ok: true, pods: total, healthy: 0, leavesOut };
}

/** The controller with a scale that a pod's owner stands for: a ReplicaSet's Deployment, or the owner itself. Or an error. */
function controllerScale(store: Store, owner: OwnerReference, namespace: string): Controller | string | undefined {
  if (owner.kind === "ReplicaSet") {
    const set = store.documents<ReplicaSet>("ReplicaSet").find(namespace, owner.name);
    const above = set?.metadata.uid === owner.uid ? controllerOf(set) : undefined;
    if (above?.kind === "Deployment") {
      const deployment = scaleOf(store, above, namespace);
      if (typeof deployment === "object") return deployment;
    }
  }
  return scaleOf(store, owner, namespace);
}

function scaleOf(store: Store, owner: OwnerReference, namespace: string): Controller | string | undefined {
  const scale = readScale(store, owner.apiVersion, owner.kind, namespace, owner.name);
  if (scale.ok) {
    const { uid } = scale.table.get(scale.row).metadata;
    return uid === owner.uid ? { uid: owner.uid, replicas: scale.specReplicas } : undefined;
  }
  const info = findKind(owner.apiVersion, owner.kind);
  if (info === undefined) return `no matches for kind "${owner.kind}" in version "${owner.apiVersion}"`;
  if (hasScale(owner.apiVersion, owner.kind)) return undefined;
  const resource = info.group === "" ? info.plural : `${info.plural}.${info.group}`;
  return `${resource} does not implement the scale subresource`;
}
