import type { NodeSelectorTerm, TopologySpreadConstraint } from "../../kube/index.ts";
import type { Micros } from "../../units/index.ts";

/** Where plugins take part, in the order in which an attempt comes to them. */
export const EXTENSION_POINTS = [
  "preEnqueue",
  "queueSort",
  "preFilter",
  "filter",
  "postFilter",
  "preScore",
  "score",
  "reserve",
  "permit",
  "preBind",
  "bind",
  "postBind",
] as const;
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number];

/** Who runs where, by plugin name. */
export type PluginPoints = ReadonlyMap<string, readonly ExtensionPoint[]>;

export interface PluginUse {
  readonly name: string;
  /** Counts only where nodes are scored. */
  readonly weight: number;
}

/** A scheduler as configured: defaults, overrides and multiPoint worked out. Frozen plain data. */
export interface SchedulerConfig {
  readonly profiles: readonly ProfileConfig[];
  readonly podInitialBackoffMicros: Micros;
  readonly podMaxBackoffMicros: Micros;
}

export interface ProfileConfig {
  /** Pods name it in `spec.schedulerName`. */
  readonly schedulerName: string;
  /** 0 adapts to the size of the cluster. */
  readonly percentageOfNodesToScore: number;
  /** The plugins of each extension point, in order. */
  readonly points: Readonly<Record<ExtensionPoint, readonly PluginUse[]>>;
  readonly args: ProfileArgs;
}

/** Parameters of the plugins that have any, defaults written out. */
export interface ProfileArgs {
  readonly fit: FitArgs;
  /** Resources whose shares are to be even. */
  readonly balanced: readonly string[];
  readonly spread: SpreadArgs;
  readonly nodeAffinity: NodeAffinityArgs;
  readonly podAffinity: PodAffinityArgs;
  readonly preemption: PreemptionArgs;
  readonly volumes: VolumeBindingArgs;
  /** What plugins of the user's own are given, by plugin name. */
  readonly others: Readonly<Record<string, unknown>>;
}

export interface VolumeBindingArgs {
  /** How long a pod waits for its claims to be bound. */
  readonly bindTimeoutMicros: Micros;
  /** Points of the score over the share of a volume that is claimed, rising. Scores are 0..100. */
  readonly shape: readonly ShapePoint[];
}

export interface FitArgs {
  readonly strategy: "LeastAllocated" | "MostAllocated" | "RequestedToCapacityRatio";
  readonly resources: readonly WeightedResource[];
  /** Points of the score over the utilisation, rising; only for RequestedToCapacityRatio. Scores are 0..100. */
  readonly shape: readonly ShapePoint[];
  /** Extended resources that the filter passes over, and prefixes of such ("example.com" for "example.com/gpu"). */
  readonly ignoredResources: readonly string[];
  readonly ignoredResourceGroups: readonly string[];
}

export interface WeightedResource {
  readonly name: string;
  readonly weight: number;
}

export interface ShapePoint {
  /** Percent of the node's allocatable. */
  readonly utilization: number;
  readonly score: number;
}

export interface SpreadArgs {
  readonly defaultingType: "List" | "System";
  /** For pods that name no constraint; without selectors, which follow from the pod. */
  readonly defaultConstraints: readonly TopologySpreadConstraint[];
}

export interface NodeAffinityArgs {
  /** Holds for every pod of the profile, besides its own; null for none. */
  readonly required: readonly NodeSelectorTerm[] | null;
  readonly preferred: readonly { readonly weight: number; readonly preference: NodeSelectorTerm }[];
}

export interface PodAffinityArgs {
  /** What a required affinity term of a running pod adds to the score of its domain. */
  readonly hardPodAffinityWeight: number;
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

export interface PreemptionArgs {
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

/** What is wrong in a configuration, and where in it. */
export interface ConfigProblem {
  readonly kind: "error" | "warning" | "note";
  readonly path: readonly (string | number)[];
  /** The key at the end of the path is meant, not its value. */
  readonly isKey: boolean;
  readonly message: string;
}
