import type { ClusterEvent, EventName } from "./cluster-events.ts";
import type { ExtensionPoint } from "./config/types.ts";
import type { CycleState } from "./cycle-state.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { NodeColumns } from "./node-columns.ts";
import type { NodeInfo } from "./node-info.ts";
import type { NominatedPods } from "./nominator.ts";
import type { PluginBlock } from "./plugin-block.ts";
import type { PodInfo, TemplateInfo } from "./pod-info.ts";
import type { Preemption } from "./preemption/candidates.ts";
import { Scratch } from "./scratch.ts";
import type { Status } from "./status.ts";

/**
 * A scheduler plugin: a name and the extension points that it takes part in. `null` is success everywhere.
 * Plugins are pure in the cluster: they read the pod, the node and their own cycle state, and change nothing else.
 * @source kubernetes 1.37 scheduler framework, extension points
 */
export interface Plugin {
  readonly name: string;
  /**
   * Of a plugin that looks at more than pods and nodes: whether it has anything to do with pods of the template. For
   * all others it takes no part beyond the choice of the node. Without: all pods.
   */
  concerns?(template: TemplateInfo): boolean;
  /** Keeps a pod out of the active queue: a status says why. */
  preEnqueue?(pod: PodInfo): Status | null;
  /** Order of the active queue: negative when `a` goes first, 0 when the plugin does not care. */
  compare?(a: Queued, b: Queued): number;
  /** Once a pod, before any node: `SKIP` leaves the plugin's filter out, `nodes` restricts the search to them. */
  preFilter?(state: CycleState, pod: PodInfo): PreFilterAnswer | null;
  /** Once a node, in profile order until one fails. Give the same status object for the same answer. */
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null;
  /** The same for many nodes at once, of plugins with a `memoKey`: notes what rejects node `i` in `statuses[i]`, where
   *  that is still null. */
  filterRows?(pod: PodInfo, nodes: NodeRows, statuses: (Status | null)[]): void;
  /** Whether `filter` would pass every node of the cluster: the search leaves it out then. */
  passesAll?(pod: PodInfo): boolean;
  /** What-if: `added` was put on `node`; brings the preFilter state up to date. */
  addPod?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void;
  /** What-if: `removed` was taken from `node`; brings the preFilter state up to date. */
  removePod?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void;
  /** After no node was found. The first plugin that makes the pod schedulable, or the last one, has the word. */
  postFilter?(state: CycleState, pod: PodInfo, diagnosis: Diagnosis, context: PostFilterContext): PostFilterAnswer;
  /** Once a pod with two or more feasible nodes: `SKIP` leaves the plugin out of the scores. */
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status | null;
  /** A whole number a node; 0..100 unless `normalize` brings it there. */
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** The same for many nodes at once, of plugins with a `memoKey`: the raw score of node `i` into `raw[i]`. */
  scoreRows?(pod: PodInfo, nodes: NodeRows, raw: Float64Array): void;
  /** The score that every node would get, when that is known without looking at them. `normalize` then gives all
   *  nodes the same, however many there are. */
  evenScore?(state: CycleState, pod: PodInfo): number | undefined;
  /** Turns the raw scores, parallel to `nodes`, into 0..100 in place. */
  normalize?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): void;
  /**
   * Declares that `preFilter`, `filter`, `preScore` and `score` depend on the node and on what this text says of the
   * template, and on nothing else, for pods that name no node: answers are kept until the node changes, and shared by
   * templates of the same text. The methods get a pod of some template of that text and an empty list of nodes. Null:
   * they depend on more for pods of this template, and nothing is kept of them.
   */
  memoKey?(template: TemplateInfo): string | null;
  /** The same decisions for all nodes at once, with what is kept from pod to pod of the template. */
  block?(template: TemplateInfo): PluginBlock;
  reserve?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null;
  unreserve?(state: CycleState, pod: PodInfo, node: NodeInfo): void;
  /** "wait" keeps the pod from being bound until it is allowed, rejected or out of time. */
  permit?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null;
  /** Whether `preBind` will have work for the pod: it is nominated to its node meanwhile. */
  willPreBind?(pod: PodInfo): boolean;
  /** Once a pod, and again every second while it answers "wait". The state is empty. */
  preBind?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null;
  bind?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null;
  postBind?(state: CycleState, pod: PodInfo, node: NodeInfo): void;
  /** Which cluster events may make a pod schedulable that this plugin rejected. */
  readonly hints?: readonly HintRegistration[];
}

/** Some nodes by their rows: those of `rows[0..count)`. */
export interface NodeRows {
  readonly table: { readonly columns: NodeColumns; nodeAt(row: number): NodeInfo | undefined };
  readonly rows: Int32Array;
  readonly count: number;
}

/** What the queue's order may look at. Instants in microseconds. */
export interface Queued {
  readonly pod: PodInfo;
  readonly timestamp: number;
}

/** `status` is `SKIP` or a rejection; `nodes`, when given, are the only ones to filter. */
export interface PreFilterAnswer {
  readonly status?: Status;
  readonly nodes?: ReadonlySet<string>;
}

/** `nominate`: the node to put down for the pod, "" to clear its nomination, absent to keep it. */
export interface PostFilterAnswer {
  readonly status: Status;
  readonly nominate?: string;
  /** The trials of preemption, if any were made. With a chosen candidate, its victims are to be deleted. */
  readonly preemption?: Preemption;
}

/** What postFilter may use to try the filters again under other circumstances. */
export interface PostFilterContext {
  readonly framework: Framework;
  readonly nominated: NominatedPods;
}

/** Whether the event makes another attempt worth while for a pod that the plugin rejected. */
export type QueueingHint = (pod: PodInfo, event: ClusterEvent) => boolean;

export interface HintRegistration {
  readonly events: readonly EventName[];
  readonly hint: QueueingHint;
}

export interface WeightedPlugin {
  readonly plugin: Plugin;
  readonly weight: number;
}

export type FilterPlugin = Plugin & Required<Pick<Plugin, "filter">>;
export type ScorePlugin = Plugin & Required<Pick<Plugin, "score">>;

export interface FrameworkOrder {
  /** Of this profile; absent when the scheduler decides. */
  readonly percentageOfNodesToScore?: number | undefined;
  /** The plugins of each extension point, by name, where their order differs from that of all plugins. */
  readonly order?: Readonly<Partial<Record<ExtensionPoint, readonly { readonly name: string }[]>>>;
}

/** One profile: the plugins of each extension point, each in the profile's one order. */
export class Framework {
  readonly schedulerName: string;
  readonly plugins: readonly WeightedPlugin[];
  readonly preEnqueue: readonly Plugin[];
  readonly preFilter: readonly Plugin[];
  readonly filter: readonly FilterPlugin[];
  readonly postFilter: readonly Plugin[];
  readonly preScore: readonly Plugin[];
  readonly score: readonly { readonly plugin: ScorePlugin; readonly weight: number }[];
  readonly reserve: readonly Plugin[];
  readonly permit: readonly Plugin[];
  readonly preBind: readonly Plugin[];
  readonly bind: readonly Plugin[];
  readonly postBind: readonly Plugin[];
  readonly percentageOfNodesToScore: number | undefined;
  readonly scratch = new Scratch();
  readonly #sort: Plugin | undefined;

  constructor(schedulerName: string, plugins: readonly WeightedPlugin[], options: FrameworkOrder = {}) {
    this.schedulerName = schedulerName;
    this.plugins = plugins;
    this.percentageOfNodesToScore = options.percentageOfNodesToScore;
    const entriesOf = (point: ExtensionPoint) => inOrder(plugins, options.order?.[point]);
    const having = (point: Exclude<ExtensionPoint, "queueSort">) =>
      entriesOf(point).flatMap(({ plugin }) => (plugin[point] === undefined ? [] : [plugin]));
    this.preEnqueue = having("preEnqueue");
    this.preFilter = having("preFilter");
    this.filter = having("filter") as FilterPlugin[];
    this.postFilter = having("postFilter");
    this.preScore = having("preScore");
    this.score = entriesOf("score").filter((entry) => entry.plugin.score !== undefined) as {
      plugin: ScorePlugin;
      weight: number;
    }[];
    this.reserve = entriesOf("reserve").flatMap(({ plugin }) => ((plugin.reserve ?? plugin.unreserve) ? [plugin] : []));
    this.permit = having("permit");
    this.preBind = having("preBind");
    this.bind = having("bind");
    this.postBind = having("postBind");
    this.#sort = entriesOf("queueSort").find(({ plugin }) => plugin.compare !== undefined)?.plugin;
  }

  /** Order of the active queue; 0 leaves it to the order of arrival. */
  compare(a: Queued, b: Queued): number {
    return this.#sort?.compare?.(a, b) ?? 0;
  }
}

function inOrder(
  plugins: readonly WeightedPlugin[],
  order: readonly { readonly name: string }[] | undefined,
): readonly WeightedPlugin[] {
  if (order === undefined) return plugins;
  return order.flatMap(({ name }) => plugins.filter(({ plugin }) => plugin.name === name));
}
