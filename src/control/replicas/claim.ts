import type { OwnerReference } from "../../kube/index.ts";
import { controllerReference, type Store } from "../../store/index.ts";
import { decisionName, isBeingDeleted, type ReplicaOwner, selectorOf } from "./replica-kind.ts";

/**
 * Adopts the active orphans of the owner's namespace that its selector matches, and releases the active pods it has
 * that no longer match. Returns the pods that changed hands.
 *
 * @source kubernetes 1.37 pkg/controller/controller_ref_manager.go PodControllerRefManager
 */
export function claimPods(store: Store, owner: ReplicaOwner): number[] {
  if (isBeingDeleted(owner)) return [];
  const { pods } = store;
  const matcher = selectorOf(owner);
  const isMatching = (pod: number): boolean => matcher.matches(pods.labelsOf(pod));
  const own = pods.byOwner.rows(pods.ownerList(owner.metadata.uid ?? ""));
  const released = own.filter((pod) => pods.isActive(pod) && !isMatching(pod));
  const orphans = pods.byOwner.rows(pods.orphanList(owner.metadata.namespace ?? ""));
  const adopted = orphans.filter((pod) => pods.isActive(pod) && isMatching(pod));
  for (const pod of released) store.podWriter.setOwner(pod, null);
  if (adopted.length > 0) {
    const reference = referenceTo(store, owner);
    for (const pod of adopted) store.podWriter.setOwner(pod, reference);
  }
  tell(store, owner, "adopt", adopted);
  tell(store, owner, "release", released);
  return [...released, ...adopted];
}

/** The reference that the owner's pods carry already, so that all share one object; else a new one. */
export function referenceTo(store: Store, owner: ReplicaOwner): OwnerReference {
  const { pods } = store;
  const first = pods.byOwner.head(pods.ownerList(owner.metadata.uid ?? ""));
  const shared = first === -1 ? null : pods.owner.get(first);
  return shared ?? controllerReference(owner);
}

function tell(store: Store, owner: ReplicaOwner, what: string, rows: readonly number[]): void {
  if (rows.length === 0 || !store.decisions.isEnabled) return;
  const names = rows.map((row) => store.pods.name.get(row));
  store.decisions.write({ by: owner.kind.toLowerCase(), what, object: decisionName(owner), pods: names });
}
