import type { Namespace } from "../kube/index.ts";
import { type DocumentTable, documentKind, type Store } from "../store/index.ts";

export type Propagation = "Background" | "Foreground" | "Orphan";

export const FOREGROUND_FINALIZER = "foregroundDeletion";

/**
 * DELETE of an object by kind and row. Background: it goes at once and the garbage collector takes its dependents. Foreground:
 * it goes after them. Orphan: they stay, without their reference to it. A pod goes with its own grace, or
 * `graceSeconds`. An object with finalizers stays until they are gone; a namespace until it is empty.
 *
 * @source kubernetes 1.37 apiserver registry/generic/registry/store.go Delete
 */
export function deleteObject(
  store: Store,
  kind: string,
  row: number,
  propagation: Propagation = "Background",
  graceSeconds?: number,
): void {
  if (kind === "Pod") {
    store.podWriter.requestDeletion(row, graceSeconds);
    return;
  }
  const table = store.documents(documentKind(kind));
  const object = table.get(row);
  const { uid = "", finalizers = [], deletionTimestamp } = object.metadata;
  if (object.kind === "Namespace" && ((object as Namespace).spec?.finalizers ?? []).length > 0) {
    terminate(store, row);
    return;
  }
  if (propagation === "Orphan") orphanDependents(store, uid);
  const isForeground = propagation === "Foreground" && !finalizers.includes(FOREGROUND_FINALIZER);
  const holding = isForeground ? [...finalizers, FOREGROUND_FINALIZER] : finalizers;
  if (holding.length === 0) {
    store.writer.remove(table, row);
    return;
  }
  const metadata = {
    ...object.metadata,
    finalizers: holding,
    deletionTimestamp: deletionTimestamp ?? store.timestamp(store.nowSecond),
    deletionGracePeriodSeconds: 0,
  };
  store.writer.update(table, row, { ...object, metadata });
}

/** @source kubernetes 1.37 pkg/registry/core/namespace/storage Delete */
function terminate(store: Store, row: number): void {
  const table = store.documents<Namespace>("Namespace");
  const namespace = table.get(row);
  if (namespace.metadata.deletionTimestamp !== undefined) return;
  const deletionTimestamp = store.timestamp(store.nowSecond);
  const metadata = { ...namespace.metadata, deletionTimestamp };
  store.writer.update(table, row, { ...namespace, metadata, status: { ...namespace.status, phase: "Terminating" } });
}

/** Kinds of which an owner of pods or other objects may have dependents, besides Pod. */
const DEPENDENT_KINDS = [
  "ReplicaSet",
  "ReplicationController",
  "Job",
  "PersistentVolumeClaim",
  "EndpointSlice",
  "ConfigMap",
  "Secret",
  "ControllerRevision",
  "Other",
] as const;

function orphanDependents(store: Store, uid: string): void {
  for (const kind of DEPENDENT_KINDS) {
    const table = store.documents(kind);
    for (let row = table.first(); row !== -1; row = table.after(row)) dropReference(store, table, row, uid);
  }
  const { pods, podWriter } = store;
  const list = pods.ownerUids.find(uid);
  if (list === -1) return;
  for (const pod of pods.byOwner.rows(list)) podWriter.setOwner(pod, null);
}

function dropReference(store: Store, table: DocumentTable, row: number, uid: string): void {
  const object = table.get(row);
  const references = object.metadata.ownerReferences ?? [];
  const kept = references.filter((owner) => owner.uid !== uid);
  if (kept.length === references.length) return;
  const { ownerReferences: _, ...bare } = object.metadata;
  const metadata = kept.length === 0 ? bare : { ...bare, ownerReferences: kept };
  store.writer.update(table, row, { ...object, metadata });
}
