import {
  CLAIM_PROTECTION,
  defaultClassOf,
  hasClass,
  type KubeObject,
  type PersistentVolumeClaim,
  type StorageClass,
  VOLUME_PROTECTION,
} from "../kube/index.ts";
import type { Store } from "./store.ts";

/**
 * A new claim or volume with what admission adds: the finalizer that protects it, and the default class where a claim
 * names none. Other objects come back as they are.
 * @source kubernetes 1.37 plugin/pkg/admission/storage: storageobjectinuseprotection, storageclass/setdefault
 */
export function admittedStorage(store: Store, object: KubeObject): KubeObject {
  if (object.kind === "PersistentVolume") return withFinalizer(object, VOLUME_PROTECTION);
  if (object.kind !== "PersistentVolumeClaim") return object;
  const claim = withFinalizer(object, CLAIM_PROTECTION) as PersistentVolumeClaim;
  if (hasClass(claim)) return claim;
  const standard = defaultClassOf(store.documents<StorageClass>("StorageClass").list());
  if (standard === undefined) return claim;
  return { ...claim, spec: { ...claim.spec, storageClassName: standard.metadata.name ?? "" } } as PersistentVolumeClaim;
}

function withFinalizer(object: KubeObject, name: string): KubeObject {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(name)) return object;
  return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, name] } };
}
