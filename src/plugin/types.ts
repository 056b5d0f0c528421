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
  /** The last word before the binding. A pod that is told to wait keeps its node, until the plugin allows or rejects it
   *  (`cycle.waitingPods`) or its time is up. */
  permit?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): Rejection | PermitWait | undefined;
  /** Once the pod is permitted. The state of the cycle is empty if it had to wait, here and in `unreserve` after it. */
  preBind?(pod: PodView, node: NodeView, cycle: SchedulingCycle<Args>): Rejection | undefined;
  /**
   * Declares that `preFilter`, `filter`, `preScore` and `score` depend on the node, on `args` and on what this text says
   * of the pod, and on nothing else. Answers are then kept until something changes on the node, and shared by pods of the
   * same text, which saves most questions. `cycle.nodes` and `cycle.nowMicros` are not to be had then, and the pods'
   * names and uids are those of any pod of that text. `null`: nothing is kept for pods of this template. A plugin whose
   * only methods are `score` and `normalize` needs none: it is asked about all nodes for every pod.
   */
  memoKey?(template: PodTemplateView, args: Args): string | null;
  /** What happens in the cluster that makes another attempt worth while for pods that the plugin rejected; any
   *  event by default. */
  readonly requeueOn?: readonly PluginEvent[];
}

/** A reason, such as "node(s) had no licence left"; taking pods of lower priority away may help unless it says no. */
export type Rejection = string | { readonly reason: string; readonly canPreemptionHelp: boolean };

/** The pod is to wait. */
export interface PermitWait {
  /** For how long at most, microseconds; more than 15 minutes count as 15 minutes. The pod is rejected then. */
  readonly waitMicros: number;
}

/** A pod that has a node and waits for permission to be bound to it. */
export interface WaitingPodView {
  readonly pod: PodView;
  readonly nodeName: string;
  /** Plugins that have not allowed it yet, by name. */
  readonly pendingPlugins: readonly string[];
  /** This plugin has nothing against it any more. It is bound when no plugin has. */
  allow(): void;
  /** Sends it back to the queue: it failed, for this reason. */
  reject(reason: string): void;
}

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
  /** Pods that wait in permit, whoever told them to, in the order in which they got their nodes. They can be allowed and
   *  rejected in `postFilter`, `reserve`, `unreserve`, `permit` and `preBind`, which are asked once. */
  readonly waitingPods: readonly WaitingPodView[];
  /**
   * Chance: a number from 0 up to 1 that follows from the seed of the run and from the text, so that it is the same
   * whenever it is asked for, by whichever plugin. Different texts give independent numbers.
   */
  draw(text: string): number;
  /** What the plugin's methods tell each other within the attempt. */
  readonly state: Map<string, unknown>;
}

/** What the pods of one owner share. Read only. */
export interface PodTemplateView {
  readonly namespace: string;
  readonly labels: StringMap;
  readonly spec: PodSpec;
  readonly priority: number;
  readonly requests: PodRequestsView;
}

/** A pod. Read only. */
export interface PodView extends PodTemplateView {
  readonly name: string;
  readonly uid: string;
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
  /** Another number whenever something on the node has changed, its pods included: what follows from the node can be
   *  kept by it. NaN, which equals nothing, while the scheduler tries what would be if. */
  readonly revision: number;
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
