import { canonicalQuantities } from "./defaults-pod.ts";
import type { CsiNode, PersistentVolume, PersistentVolumeClaim, StorageClass } from "./types.ts";

type ClaimSpec = NonNullable<PersistentVolumeClaim["spec"]>;

/** @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_PersistentVolumeClaim */
export function defaultPersistentVolumeClaim(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  return {
    ...claim,
    spec: defaultClaimSpec(claim.spec),
    status: { ...claim.status, phase: claim.status?.phase ?? "Pending" },
  };
}

/** @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_PersistentVolumeClaimSpec */
export function defaultClaimSpec(spec: ClaimSpec = {}): ClaimSpec {
  const { requests } = spec.resources ?? {};
  return {
    ...spec,
    ...(requests === undefined ? {} : { resources: { ...spec.resources, requests: canonicalQuantities(requests) } }),
    volumeMode: spec.volumeMode ?? "Filesystem",
  };
}

/** @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_PersistentVolume */
export function defaultPersistentVolume(volume: PersistentVolume): PersistentVolume {
  const { spec, status } = volume;
  return {
    ...volume,
    spec: {
      ...spec,
      ...(spec.capacity === undefined ? {} : { capacity: canonicalQuantities(spec.capacity) }),
      persistentVolumeReclaimPolicy: spec.persistentVolumeReclaimPolicy ?? "Retain",
      volumeMode: spec.volumeMode ?? "Filesystem",
    },
    status: { ...status, phase: status?.phase ?? "Pending" },
  };
}

/** @source kubernetes 1.37 pkg/apis/storage/v1/defaults.go SetDefaults_StorageClass */
export function defaultStorageClass(storageClass: StorageClass): StorageClass {
  return {
    ...storageClass,
    reclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
    volumeBindingMode: storageClass.volumeBindingMode ?? "Immediate",
  };
}

/** The list of drivers is there, if empty. */
export function defaultCsiNode(csiNode: CsiNode): CsiNode {
  return { ...csiNode, spec: { ...csiNode.spec, drivers: csiNode.spec.drivers ?? [] } };
}
