import type { CsiNode, PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../kube/index.ts";

/** The driver of all that names one, and the label of zones. */
export const DRIVER = "disk.example.com";
export const ZONE = "topology.kubernetes.io/zone";

/** Volumes of pods: a claim, an ephemeral one, disks that pods cannot always share. */
export const using = (claimName: string) => ({ name: claimName, persistentVolumeClaim: { claimName } });
export const scratch = { name: "scratch", ephemeral: { volumeClaimTemplate: { spec: {} } } };
export const gce = (readOnly = false) => ({ name: "d", gcePersistentDisk: { pdName: "disk", readOnly } });
export const ebs = (readOnly = false) => ({ name: "d", awsElasticBlockStore: { volumeID: "vol-1", readOnly } });
export const iscsi = (iqn: string, readOnly = false) => ({ name: "d", iscsi: { iqn, readOnly } });
export const rbd = (monitors: readonly string[], image = "i", pool?: string) => ({
  name: "d",
  rbd: { monitors, image, ...(pool === undefined ? {} : { pool }) },
});

type Spec = NonNullable<PersistentVolumeClaim["spec"]>;

/** A claim of 5Gi, bound if it names a volume. */
export function claim(name: string, spec: Partial<Spec> = {}, more: object = {}): PersistentVolumeClaim {
  const requests = { storage: "5Gi" };
  const isBound = spec.volumeName !== undefined;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace: "default",
      uid: `claim-${name}`,
      ...(isBound ? { annotations: { "pv.kubernetes.io/bind-completed": "yes" } } : {}),
      ...more,
    },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests }, storageClassName: "late", ...spec },
    status: { phase: isBound ? "Bound" : "Pending" },
  } as PersistentVolumeClaim;
}

/** A volume of 10Gi. */
export function volume(
  name: string,
  spec: object = {},
  labels: Readonly<Record<string, string>> = {},
): PersistentVolume {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, labels },
    spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "10Gi" }, storageClassName: "late", ...spec },
    status: { phase: "Available" },
  } as PersistentVolume;
}

export const storageClass = (name: string, volumeBindingMode: string, more: object = {}): StorageClass =>
  ({
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name },
    provisioner: DRIVER,
    volumeBindingMode,
    ...more,
  }) as StorageClass;
export const late = storageClass("late", "WaitForFirstConsumer");
export const atOnce = storageClass("at-once", "Immediate");
export const csiNode = (name: string, count?: number, driver = DRIVER): CsiNode =>
  ({
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    metadata: { name },
    spec: { drivers: [{ name: driver, nodeID: name, ...(count === undefined ? {} : { allocatable: { count } }) }] },
  }) as CsiNode;
export const handle = (volumeHandle: string) => ({ csi: { driver: DRIVER, volumeHandle } });
export const inZone = (...values: string[]) => ({
  nodeAffinity: {
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: "In", values }] }] },
  },
});
