import { revisionOf } from "./annotations.ts";
import { byCreation, hasHistoryLimit, type ReplicaSetView, type Rollout, specReplicas } from "./rollout.ts";

/**
 * Removes old ReplicaSets beyond the history limit, the lowest revisions first. One that still has replicas, or that has
 * not been observed, stays, and no other goes in its place.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/sync.go cleanupDeployment
 */
export function cleanUp(rollout: Rollout, old: readonly ReplicaSetView[]): void {
  const { deployment, replicaSets, store } = rollout;
  if (!hasHistoryLimit(deployment)) return;
  const alive = old.filter(({ rs }) => rs.metadata.deletionTimestamp === undefined);
  const surplus = alive.length - (deployment.spec.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return;
  alive.sort((a, b) => revisionOf(a.rs) - revisionOf(b.rs) || byCreation(a, b));
  for (const view of alive.slice(0, surplus)) {
    const { generation = 0, name = "" } = view.rs.metadata;
    const { replicas = 0, observedGeneration = 0 } = view.rs.status ?? {};
    if (specReplicas(view) !== 0 || replicas !== 0 || generation > observedGeneration) continue;
    store.writer.remove(replicaSets, view.row);
    rollout.tell("delete", { replicaSet: name, reason: "revision history limit" });
  }
}
