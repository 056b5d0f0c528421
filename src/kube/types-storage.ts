/** The objects of persistent storage. */

import type { KubeObject, LabelSelector, NodeSelector, Quantities, ResourceRequirements, StringMap } from "./types.ts";

export type VolumeMode = "Filesystem" | "Block";
export type ReclaimPolicy = "Retain" | "Delete" | "Recycle";
export type VolumeBindingMode = "Immediate" | "WaitForFirstConsumer";

export interface PersistentVolumeClaim extends KubeObject {
  readonly spec?: {
    readonly accessModes?: readonly string[];
    readonly resources?: ResourceRequirements;
    readonly selector?: LabelSelector;
    /** "" asks for no class at all; absent stands for the default class. */
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly volumeMode?: VolumeMode;
    readonly volumeAttributesClassName?: string;
  };
  readonly status?: {
    readonly phase?: "Pending" | "Bound" | "Lost";
    readonly accessModes?: readonly string[];
    readonly capacity?: Quantities;
  };
}

/** The claim that a volume is bound to, or reserved for. */
export interface ClaimReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Absent: reserved by name, for whichever claim bears it first. */
  readonly uid?: string;
}

export interface PersistentVolume extends KubeObject {
  readonly spec: {
    readonly capacity?: Quantities;
    readonly accessModes?: readonly string[];
    readonly persistentVolumeReclaimPolicy?: ReclaimPolicy;
    readonly storageClassName?: string;
    readonly volumeMode?: VolumeMode;
    readonly volumeAttributesClassName?: string;
    readonly claimRef?: ClaimReference;
    readonly nodeAffinity?: { readonly required?: NodeSelector };
    readonly csi?: { readonly driver: string; readonly volumeHandle: string };
    /** Where the data are: one of the volume sources. */
    readonly [source: string]: unknown;
  };
  readonly status?: {
    readonly phase?: "Pending" | "Available" | "Bound" | "Released" | "Failed";
    readonly message?: string;
  };
}

export interface TopologySelectorTerm {
  readonly matchLabelExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}

export interface StorageClass extends KubeObject {
  readonly provisioner: string;
  readonly parameters?: StringMap;
  readonly reclaimPolicy?: ReclaimPolicy;
  readonly volumeBindingMode?: VolumeBindingMode;
  readonly allowVolumeExpansion?: boolean;
  readonly mountOptions?: readonly string[];
  readonly allowedTopologies?: readonly TopologySelectorTerm[];
}

/** A storage driver on a node, and how many of its volumes the node takes: any number without a count. */
export interface CsiNodeDriver {
  readonly name: string;
  readonly nodeID: string;
  readonly topologyKeys?: readonly string[];
  readonly allocatable?: { readonly count?: number };
}

export interface CsiNode extends KubeObject {
  readonly spec: { readonly drivers: readonly CsiNodeDriver[] };
}
