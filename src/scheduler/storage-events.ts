import type { KubeObject, PersistentVolumeClaim } from "../kube/index.ts";
import { CHANGE, type Cursor, type Store } from "../store/index.ts";
import type { ClusterEvent } from "./cluster-events.ts";

/** Kinds of storage whose changes may make pods schedulable. */
export const STORAGE_KINDS = ["PersistentVolume", "PersistentVolumeClaim", "StorageClass", "CSINode"] as const;

/** What the change at the cursor means to waiting pods; deletions mean nothing. */
export function storageEvent(store: Store, { kindId, row, flags, old }: Cursor): ClusterEvent | undefined {
  const kind = STORAGE_KINDS.find((one) => store.kindIdOf(one) === kindId);
  if (kind === undefined || (flags & CHANGE.deleted) !== 0) return undefined;
  const newObject = store.documents(kind).get(row);
  const name = `${kind}/${(flags & CHANGE.added) !== 0 ? "Add" : "Update"}` as const;
  if (kind === "PersistentVolumeClaim") return { name, newClaim: newObject as PersistentVolumeClaim };
  return old === undefined ? { name, newObject } : { name, oldObject: old as KubeObject, newObject };
}
