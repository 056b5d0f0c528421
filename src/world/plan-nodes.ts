import type { ClusterAutoscalerSettings } from "../control/index.ts";
import type { LabelSelector, Quantities, StringMap, Taint } from "../kube/index.ts";
import type { Distribution } from "../random/index.ts";

/** The part of a plan that is about machines. */

/** Where something was written: file as given by the user, 1-based line and column. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface PlannedNode {
  readonly name: string;
  /** Name of the node pool; "" for a node that came from a manifest. */
  readonly pool: string;
  readonly zone: string | null;
  readonly region: string | null;
  /** Complete: hostname, zone, region, os, arch and pool labels included. */
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly capacity: Quantities;
  readonly allocatable: Quantities;
  readonly pricePerHour: number;
  readonly imageBandwidthBytesPerSecond: number;
  /** Storage drivers, and the most volumes of each that the node takes; null for any number. Default none. */
  readonly csiDrivers?: readonly { readonly name: string; readonly count: number | null }[];
  /** 1 is the kubelet's default: one pull at a time. */
  readonly parallelImagePulls: number;
  /** Images present from the start, besides those of the image plan. */
  readonly images: readonly { readonly name: string; readonly sizeBytes: number }[];
  readonly source: SourceLocation;
}

/** What the nodes of a pool are made from: those of instant 0 are in `Plan.nodes`, others may join later. */
export interface PlannedPool {
  readonly name: string;
  /** Nodes at instant 0. */
  readonly count: number;
  /** Dealt round by the nodes' numbers; empty for none. */
  readonly zones: readonly string[];
  /** From the order of a machine to its kubelet's registration. */
  readonly boot: Distribution;
  /** Absent: the pool changes only when somebody says so. */
  readonly autoscale?: PoolAutoscale;
  /** What all nodes share; `labels` are the pool's own. */
  readonly template: Omit<PlannedNode, "name" | "pool" | "zone">;
}

/** How the cluster autoscaler may change a pool. */
export interface PoolAutoscale {
  readonly min: number;
  readonly max: number;
  /** Share of orders that the cloud refuses, and of machines that never become nodes. */
  readonly refusedShare: number;
  readonly stuckShare: number;
}

export type ClusterAutoscalerPlan = ClusterAutoscalerSettings;

export interface ImagePlan {
  /** Size of an image that is not listed. */
  readonly defaultSizeBytes: number;
  /** Whether nodes hold every image at the start unless the image says otherwise. */
  readonly preloaded: boolean;
  readonly images: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly preloaded: boolean;
    /** A pull of this image fails (registry has no such image). */
    readonly missing: boolean;
  }[];
}

/** Nodes by what they are; null: any. */
export interface NodeChoice {
  readonly zone: string | null;
  readonly pool: string | null;
  readonly labels: LabelSelector | null;
}

/** Nodes of the start by name; where they were chosen by what they are, also those that have joined by then. */
export interface ChosenNodes {
  readonly nodes: readonly string[];
  /** Absent where nodes are named. */
  readonly later?: NodeChoice;
}
