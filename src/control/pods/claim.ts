import type { KubeObject, Matcher, OwnerReference } from "../../kube/index.ts";
import { controllerReference, type Store } from "../../store/index.ts";
import { decisionName, isBeingDeleted } from "./object-names.ts";

export interface ClaimOptions {
  /** Pods that are left alone when false. Default: all are looked at. */
  readonly isCandidate?: (pod: number) => boolean;
  /** A finalizer that adopted pods get. */
  readonly finalizer?: string;
}

/**
 * Adopts the orphans of the owner's namespace that its selector matches and that are not being deleted, and releases the
 * pods it has that no longer match. Returns the pods that changed hands. An owner that is being deleted claims nothing.
 *
 * @source kubernetes 1.37 pkg/controller/controller_ref_manager.go PodControllerRefManager
 */
export function claimPods(store: Store, owner: KubeObject, matcher: Matcher, options: ClaimOptions = {}): number[] {
  if (isBeingDeleted(owner)) return [];
  const { pods, podWriter } = store;
  const { isCandidate = () => true, finalizer } = options;
  const isMatching = (pod: number): boolean => matcher.matches(pods.labelsOf(pod));
  const own = pods.byOwner.rows(pods.ownerList(owner.metadata.uid ?? ""));
  const released = own.filter((pod) => isCandidate(pod) && !isMatching(pod));
  const orphans = pods.byOwner.rows(pods.orphanList(owner.metadata.namespace ?? ""));
  const adopted = orphans.filter((pod) => isCandidate(pod) && !pods.isDeleting(pod) && isMatching(pod));
  for (const pod of released) podWriter.setOwner(pod, null);
  if (adopted.length > 0) {
    const reference = referenceTo(store, owner);
    for (const pod of adopted) {
      podWriter.setOwner(pod, reference);
      if (finalizer !== undefined) podWriter.addFinalizer(pod, finalizer);
    }
  }
  tell(store, owner, "adopt", adopted);
  tell(store, owner, "release", released);
  return [...released, ...adopted];
}

/** The reference that the owner's pods carry already, so that all share one object; else a new one. */
export function referenceTo(store: Store, owner: KubeObject): OwnerReference {
  const { pods } = store;
  const first = pods.byOwner.head(pods.ownerList(owner.metadata.uid ?? ""));
  const shared = first === -1 ? null : pods.owner.get(first);
  return shared ?? controllerReference(owner);
}

function tell(store: Store, owner: KubeObject, what: string, rows: readonly number[]): void {
  if (rows.length === 0 || !store.decisions.isEnabled) return;
  const names = rows.map((row) => store.pods.name.get(row));
  store.decisions.write({ by: owner.kind.toLowerCase(), what, object: decisionName(owner), pods: names });
}
