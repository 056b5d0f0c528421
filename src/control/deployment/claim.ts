import type { Deployment, ReplicaSet } from "../../kube/index.ts";
import { controllerReference, type DocumentTable, type Store } from "../../store/index.ts";
import type { OwnedDocuments } from "../owned-documents.ts";
import { matcherOf } from "../scale.ts";

/**
 * Adopts ReplicaSets without controller that the Deployment's selector matches, releases those that no longer match.
 * Returns the rows of those that are its own, by creation.
 *
 * @source kubernetes 1.37 pkg/controller/controller_ref_manager.go ReplicaSetControllerRefManager
 */
export function claimReplicaSets(
  store: Store,
  table: DocumentTable<ReplicaSet>,
  owned: OwnedDocuments<ReplicaSet>,
  deployment: Deployment,
): number[] {
  const { uid = "", namespace = "", deletionTimestamp } = deployment.metadata;
  const matcher = matcherOf("Deployment", deployment.spec.selector);
  const isMatching = (row: number): boolean => matcher.matches(table.get(row).metadata.labels);
  const own = owned.rowsOf(uid);
  const matching = own.filter(isMatching);
  if (deletionTimestamp !== undefined) return matching;
  for (const row of own) {
    if (!isMatching(row)) release(store, table, row, uid);
  }
  const orphans = owned.orphansOf(namespace).filter(isMatching);
  const adopted = orphans.filter((row) => table.get(row).metadata.deletionTimestamp === undefined);
  for (const row of adopted) {
    const rs = table.get(row);
    const ownerReferences = [...(rs.metadata.ownerReferences ?? []), controllerReference(deployment)];
    store.writer.update(table, row, { ...rs, metadata: { ...rs.metadata, ownerReferences } });
  }
  if (adopted.length === 0) return matching;
  return [...matching, ...adopted].sort((a, b) => table.serial.get(a) - table.serial.get(b));
}

function release(store: Store, table: DocumentTable<ReplicaSet>, row: number, uid: string): void {
  const rs = table.get(row);
  const ownerReferences = (rs.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
  store.writer.update(table, row, { ...rs, metadata: { ...rs.metadata, ownerReferences } });
}
