import type { KubeNode, PodSpec, StringMap, Taint } from "../kube/index.ts";

/**
 * A scheduler plugin. It takes part at every extension point that it has a method for, once a profile enables it.
 *
 * Methods are pure: the answer follows from the pod, the node, the arguments and the state of the cycle. They may be
 * asked the same question twice. Scores are whole numbers, 0 to 100 unless `normalize` brings them there.
 */
export interface SchedulerPlugin<Args = unknown> {
  readonly name: string;
  /** Keeps a pod out of the queue: says why. Asked again whenever the pod might enter. */
  preEnqueue?(pod: PodView, cycle: SchedulingCycle<Args>): Rejection | undefined;
  /** Once an attempt, before any node. */
  preFilter?(pod: PodView, cycle: SchedulingCycle<Args>): PreFilterResult | Rejection | undefined;
  /** Once a node: says why the pod must not go there. */
  filter?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): Rejection | undefined;
  /** After no node was found: a text for the message of the attempt. */
  postFilter?(pod: PodView, cycle: SchedulingCycle<Args>): Rejection | undefined;
  /** Once an attempt with two or more feasible nodes. `false` leaves the plugin out of the scores. */
  preScore?(pod: PodView, nodes: readonly NodeView[], cycle: SchedulingCycle<Args>): false | undefined;
  score?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): number;
  /** Raw scores in the order of the nodes; gives as many, 0 to 100. */
  normalize?(
    pod: PodView,
    nodes: readonly NodeView[],
    scores: readonly number[],
    cycle: SchedulingCycle<Args>,
  ): readonly number[];
  /** A node is chosen, and the pod counts as on it. A rejection undoes that. */
  reserve?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): Rejection | undefined;
  unreserve?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): void;
  permit?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): Rejection | undefined;
  preBind?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): Rejection | undefined;
  /** What happens in the cluster that makes another attempt worth while for pods that the plugin rejected; any
   *  event by default. */
  readonly requeueOn?: readonly PluginEvent[];
}

/** A reason, such as "node(s) had no licence left"; taking pods of lower priority away may help unless it says no. */
export type Rejection = string | { readonly reason: string; readonly canPreemptionHelp: boolean };

export interface PreFilterResult {
  /** The filter has nothing to say about this pod. */
  readonly skip?: boolean;
  /** The only nodes to look at. */
  readonly nodes?: readonly string[];
}

export type PluginPoint =
  | "preEnqueue"
  | "preFilter"
  | "filter"
  | "postFilter"
  | "preScore"
  | "score"
  | "reserve"
  | "permit"
  | "preBind";

export type PluginEvent =
  | "Node/Add"
  | "Node/UpdateAllocatable"
  | "Node/UpdateLabel"
  | "Node/UpdateTaint"
  | "AssignedPod/Add"
  | "AssignedPod/Delete"
  | "AssignedPod/UpdateLabel";

/** One attempt to place one pod. */
export interface SchedulingCycle<Args = unknown> {
  /** `args` of the plugin's pluginConfig; an empty map without. */
  readonly args: Args;
  /** Simulated time since the start of the run, microseconds. */
  readonly nowMicros: number;
  /** All nodes of the cluster, in the order of the search. */
  readonly nodes: readonly NodeView[];
  /** What the plugin's methods tell each other within the attempt. */
  readonly state: Map<string, unknown>;
}

/** A pod. Read only. */
export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: StringMap;
  readonly spec: PodSpec;
  readonly priority: number;
  readonly requests: PodRequestsView;
}

/** What a pod requests in all, init containers and overhead counted as the scheduler does. */
export interface PodRequestsView {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  /** Extended resources, by name. */
  readonly extended: ReadonlyMap<string, number>;
}

/** A node as the scheduler sees it now, pods on their way to it included. Read only. */
export interface NodeView {
  readonly name: string;
  readonly labels: StringMap;
  readonly taints: readonly Taint[];
  readonly isUnschedulable: boolean;
  readonly allocatable: NodeResourcesView;
  readonly requested: NodeResourcesView;
  readonly pods: readonly PodView[];
  /** The object in the API server. */
  readonly object: KubeNode;
}

export interface NodeResourcesView extends PodRequestsView {
  readonly pods: number;
}

/**
 * Gives the plugin back; for the types.
 *
 * ```ts
 * export default defineSchedulerPlugin({ name: "Fewest", score: (_pod, node) => Math.max(0, 100 - node.pods.length) });
 * ```
 */
export function defineSchedulerPlugin<Args = unknown>(plugin: SchedulerPlugin<Args>): SchedulerPlugin<Args> {
  return plugin;
}
