import {
  kindShape,
  LABEL_SELECTOR,
  listOf,
  METADATA,
  type ObjectShape,
  QUANTITIES,
  STRING_MAP,
  STRINGS,
  shape,
} from "./schema.ts";
import { NODE_TERM, RESOURCES } from "./schema-pod.ts";

export const CLAIM_SPEC = shape(
  { string: "storageClassName volumeMode volumeName volumeAttributesClassName", any: "dataSource dataSourceRef" },
  { accessModes: STRINGS, resources: RESOURCES, selector: LABEL_SELECTOR },
);

const VOLUME_SPEC = shape(
  {
    string: "persistentVolumeReclaimPolicy storageClassName volumeMode volumeAttributesClassName",
    any: "awsElasticBlockStore azureDisk azureFile cephfs cinder fc flexVolume flocker gcePersistentDisk glusterfs iscsi photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume",
  },
  {
    accessModes: STRINGS,
    capacity: QUANTITIES,
    mountOptions: STRINGS,
    claimRef: shape({ string: "apiVersion kind namespace name uid resourceVersion fieldPath" }),
    nodeAffinity: shape({}, { required: shape({}, { nodeSelectorTerms: listOf(NODE_TERM) }) }),
    hostPath: shape({ string: "path type" }),
    local: shape({ string: "path fsType" }),
    nfs: shape({ string: "server path", boolean: "readOnly" }),
    csi: shape(
      {
        string: "driver volumeHandle fsType",
        boolean: "readOnly",
        any: "controllerPublishSecretRef nodeStageSecretRef nodePublishSecretRef controllerExpandSecretRef nodeExpandSecretRef",
      },
      { volumeAttributes: STRING_MAP },
    ),
  },
);

const TOPOLOGY_TERM = shape({}, { matchLabelExpressions: listOf(shape({ string: "key" }, { values: STRINGS })) });

export const STORAGE_SCHEMAS: readonly (readonly [string, ObjectShape])[] = [
  ["v1 PersistentVolumeClaim", kindShape({ spec: CLAIM_SPEC })],
  ["v1 PersistentVolume", kindShape({ spec: VOLUME_SPEC })],
  [
    "storage.k8s.io/v1 StorageClass",
    shape(
      {
        string: "apiVersion kind provisioner reclaimPolicy volumeBindingMode",
        boolean: "allowVolumeExpansion",
      },
      {
        metadata: METADATA,
        parameters: STRING_MAP,
        mountOptions: STRINGS,
        allowedTopologies: listOf(TOPOLOGY_TERM),
      },
    ),
  ],
  [
    "storage.k8s.io/v1 CSINode",
    kindShape({
      spec: shape(
        {},
        {
          drivers: listOf(
            shape({ string: "name nodeID" }, { topologyKeys: STRINGS, allocatable: shape({ integer: "count" }) }),
          ),
        },
      ),
    }),
  ],
];
