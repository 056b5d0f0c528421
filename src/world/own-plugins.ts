import {
  type NodeView,
  type PermitWait,
  PluginError,
  type PluginEvent,
  type Rejection,
  type SchedulerPlugin,
  type SchedulingCycle,
  type WaitingPodView,
} from "../plugin/index.ts";
import { drawAt, type Streams, seedWord } from "../random/index.ts";
import {
  type ClusterView,
  CODE,
  CycleState,
  type NodeInfo,
  type OwnPluginFactory,
  type Plugin,
  type PodInfo,
  StateKey,
  type Status,
  type TemplateInfo,
  unresolvable,
  unschedulable,
} from "../scheduler/index.ts";
import type { Micros } from "../units/index.ts";
import { nodeView, podView, templateView } from "./plugin-views.ts";

/** Plugins by name, as their modules export them. */
export type PluginModules = ReadonlyMap<string, SchedulerPlugin>;

const EVENTS: readonly PluginEvent[] = [
  "Node/Add",
  "Node/UpdateAllocatable",
  "Node/UpdateLabel",
  "Node/UpdateTaint",
  "AssignedPod/Add",
  "AssignedPod/Delete",
  "AssignedPod/UpdateLabel",
];
/** So many first questions are asked twice, and then every so many-th: two answers to one question are found out. */
const ASKED_TWICE_FIRST = 32;
const ASKED_TWICE_EVERY = 64;
const TOP_SCORE = 100;
/** Points whose answers are kept for plugins with a memoKey. */
const KEPT_POINTS: ReadonlySet<string> = new Set(["preFilter", "filter", "preScore", "score"]);
/** Methods that are asked once, and may decide about pods that wait. */
const DECIDING: readonly string[] = ["postFilter", "reserve", "unreserve", "permit", "preBind"];

/** Makes a plugin of the user's own one of the scheduler's. What it does wrong is thrown as a PluginError. */
export function ownPlugin(plugin: SchedulerPlugin, path: string, run: RunOfPlugins): OwnPluginFactory {
  return (view, args) => new Adapter(plugin, path, { view, args, ...run }).adapted();
}

/** What plugins may know of the run. */
export interface RunOfPlugins {
  readonly now: () => Micros;
  readonly draw: (text: string) => number;
}

/** The chance that plugins get: by text alone, so that two plugins with one question get one answer. */
export function drawsOf(streams: Streams): RunOfPlugins["draw"] {
  const seed = streams.seedOf("scheduler/plugins");
  return (text) => drawAt(seed, seedWord(text), 0);
}

interface Surroundings extends RunOfPlugins {
  readonly view: ClusterView;
  readonly args: unknown;
}

class Adapter {
  readonly #plugin: SchedulerPlugin;
  readonly #path: string;
  readonly #around: Surroundings;
  readonly #cycles: StateKey<Map<string, OwnCycle>>;
  readonly #statuses = new Map<string, Status>();
  #questions = 0;

  constructor(plugin: SchedulerPlugin, path: string, around: Surroundings) {
    this.#plugin = plugin;
    this.#path = path;
    this.#around = around;
    this.#cycles = new StateKey(`${plugin.name}/own`);
  }

  adapted(): Plugin {
    const own = this.#plugin;
    const { name } = own;
    const part: { -readonly [K in keyof Plugin]: Plugin[K] } = { name, hints: this.#hints() };
    if (own.memoKey) part.memoKey = (template) => this.#memoKey(template);
    if (own.preEnqueue) {
      part.preEnqueue = (pod) => {
        const cycle = this.#cycle(new CycleState(), "preEnqueue");
        return this.#statusOf("preEnqueue", pod, null, () => own.preEnqueue?.(podView(pod), cycle));
      };
    }
    if (own.preFilter) part.preFilter = (state, pod) => this.#preFilter(state, pod);
    if (own.filter) {
      part.filter = (state, pod, node) => {
        const ask = () => own.filter?.(podView(pod), nodeView(node), this.#cycle(state, "filter"));
        return this.#statusOf("filter", pod, node, () => this.#sameTwice("filter", pod, node, ask));
      };
    }
    if (own.postFilter) part.postFilter = (state, pod) => this.#postFilter(state, pod);
    if (own.preScore) {
      part.preScore = (state, pod, nodes) => {
        const views = nodes.map(nodeView);
        const ask = () => own.preScore?.(podView(pod), views, this.#cycle(state, "preScore"));
        const answer = this.#call("preScore", pod, null, ask);
        return answer === false ? SKIPPED : null;
      };
    }
    if (own.score) part.score = (state, pod, node) => this.#score(state, pod, node);
    if (own.normalize) {
      part.normalize = (state, pod, nodes, scores) => this.#normalize(state, pod, nodes, scores);
    }
    for (const point of ["reserve", "preBind"] as const) {
      if (!own[point]) continue;
      part[point] = (state, pod, node) =>
        this.#statusOf(point, pod, node, () => own[point]?.(podView(pod), nodeView(node), this.#cycle(state, point)));
    }
    if (own.permit) part.permit = (state, pod, node) => this.#permit(state, pod, node);
    if (own.unreserve) {
      part.unreserve = (state, pod, node) => {
        const ask = () => own.unreserve?.(podView(pod), nodeView(node), this.#cycle(state, "unreserve"));
        this.#call("unreserve", pod, node, ask);
      };
    }
    return part;
  }

  #memoKey(template: TemplateInfo): string | null {
    const point = "memoKey";
    const ask = () => this.#plugin.memoKey?.(templateView(template), this.#around.args);
    const key: unknown = this.#call(point, null, null, ask);
    if (key === null) return null;
    if (typeof key !== "string") throw this.#error(point, null, null, `gave ${shown(key)}; expected a text or null`);
    // Two of the user's own plugins may write alike what means different things.
    return JSON.stringify([this.#plugin.name, key]);
  }

  #hints(): NonNullable<Plugin["hints"]> {
    const events = this.#plugin.requeueOn ?? EVENTS;
    return [{ events: [...events], hint: () => true }];
  }

  #preFilter(state: CycleState, pod: PodInfo): ReturnType<NonNullable<Plugin["preFilter"]>> {
    const ask = () => this.#plugin.preFilter?.(podView(pod), this.#cycle(state, "preFilter"));
    const answer = this.#call("preFilter", pod, null, ask);
    if (answer === undefined) return null;
    if (typeof answer === "string" || "reason" in answer) return { status: this.#rejection(answer) };
    if (answer.skip === true) return { status: SKIPPED };
    return answer.nodes === undefined ? null : { nodes: new Set(answer.nodes) };
  }

  #postFilter(state: CycleState, pod: PodInfo): { status: Status } {
    const ask = () => this.#plugin.postFilter?.(podView(pod), this.#cycle(state, "postFilter"));
    const nothing: Status = { code: CODE.unschedulable, plugin: this.#plugin.name, reasons: [] };
    return { status: this.#statusOf("postFilter", pod, null, ask) ?? nothing };
  }

  #permit(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null {
    let wait: PermitWait | undefined;
    const status = this.#statusOf("permit", pod, node, () => {
      const answer = this.#plugin.permit?.(podView(pod), nodeView(node), this.#cycle(state, "permit"));
      if (typeof answer !== "object" || answer === null || !("waitMicros" in answer)) return answer;
      wait = answer;
      return undefined;
    });
    if (wait === undefined) return status;
    const { waitMicros } = wait;
    if (Number.isSafeInteger(waitMicros) && waitMicros >= 0) {
      return { code: CODE.wait, plugin: this.#plugin.name, reasons: [], waitMicros };
    }
    throw this.#error(
      "permit",
      pod,
      node,
      `gave waitMicros ${shown(waitMicros)}; expected microseconds, a whole number`,
    );
  }

  #score(state: CycleState, pod: PodInfo, node: NodeInfo): number {
    const ask = () => this.#plugin.score?.(podView(pod), nodeView(node), this.#cycle(state, "score"));
    const score: unknown = this.#call("score", pod, node, () => this.#sameTwice("score", pod, node, ask));
    const isFinal = this.#plugin.normalize === undefined;
    if (typeof score === "number" && Number.isSafeInteger(score) && (!isFinal || isScore(score))) return score;
    const wanted = isFinal ? "a score is a whole number from 0 to 100" : "a raw score is a whole number";
    throw this.#error("score", pod, node, `gave ${shown(score)}; ${wanted}`);
  }

  #normalize(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): void {
    const raw = Object.freeze(Array.from(scores));
    const views = nodes.map(nodeView);
    const ask = () => this.#plugin.normalize?.(podView(pod), views, raw, this.#cycle(state, "normalize"));
    const answer: unknown = this.#call("normalize", pod, null, ask);
    if (!Array.isArray(answer) || answer.length !== raw.length) {
      throw this.#error("normalize", pod, null, `gave ${shown(answer)}; expected ${raw.length} scores`);
    }
    for (const [index, score] of (answer as unknown[]).entries()) {
      if (typeof score !== "number" || !isScore(score)) {
        const node = nodes[index] ?? null;
        throw this.#error("normalize", pod, node, `gave ${shown(score)}; a score is a whole number from 0 to 100`);
      }
      scores[index] = score;
    }
  }

  // hot: once a question.
  #cycle(state: CycleState, point: string): SchedulingCycle {
    let cycles = state.read(this.#cycles);
    if (cycles === undefined) {
      cycles = new Map();
      state.write(this.#cycles, cycles);
    }
    let cycle = cycles.get(point);
    if (cycle === undefined) {
      const [known] = cycles.values();
      cycle = new OwnCycle(this.#plugin, point, this.#around, known?.state ?? new Map());
      cycles.set(point, cycle);
    }
    return cycle;
  }

  #statusOf(point: string, pod: PodInfo, node: NodeInfo | null, ask: () => Rejection | undefined): Status | null {
    const answer: unknown = this.#call(point, pod, node, ask);
    if (answer === undefined || answer === null) return null;
    if (typeof answer === "string" || (typeof answer === "object" && "reason" in answer)) {
      return this.#rejection(answer as Rejection);
    }
    const wanted = point === "permit" ? "a reason, { waitMicros }, or nothing" : "a reason, or nothing";
    throw this.#error(point, pod, node, `gave ${shown(answer)}; expected ${wanted}`);
  }

  /** One status object for each reason, so that nodes can be counted by status. */
  #rejection(rejection: Rejection): Status {
    const { reason, canPreemptionHelp } =
      typeof rejection === "string" ? { reason: rejection, canPreemptionHelp: true } : rejection;
    const key = `${canPreemptionHelp} ${reason}`;
    let status = this.#statuses.get(key);
    if (status === undefined) {
      const { name } = this.#plugin;
      status = canPreemptionHelp ? unschedulable(name, reason) : unresolvable(name, reason);
      this.#statuses.set(key, status);
    }
    return status;
  }

  #sameTwice<T>(point: string, pod: PodInfo, node: NodeInfo, ask: () => T): T {
    const first = ask();
    this.#questions++;
    if (this.#questions > ASKED_TWICE_FIRST && this.#questions % ASKED_TWICE_EVERY !== 0) return first;
    const second = ask();
    if (shown(first) === shown(second)) return first;
    const what = `gave ${shown(first)}, and ${shown(second)} when asked again; a plugin must not remember`;
    throw this.#error(point, pod, node, what);
  }

  #call<T>(point: string, pod: PodInfo | null, node: NodeInfo | null, ask: () => T): T {
    try {
      const answer = ask();
      if (typeof answer !== "object" || answer === null || !("then" in answer)) return answer;
    } catch (error) {
      if (error instanceof PluginError) throw error;
      throw this.#error(point, pod, node, error instanceof Error ? error.message : String(error));
    }
    throw this.#error(point, pod, node, "is asynchronous; a plugin answers at once");
  }

  #error(point: string, pod: PodInfo | null, node: NodeInfo | null, what: string): PluginError {
    const subjects = [...(pod === null ? [] : [`pod/${pod.key}`]), ...(node === null ? [] : [`node/${node.name}`])];
    const where = `${point}(${subjects.join(", ")})`;
    return new PluginError(this.#plugin.name, this.#path, where, what);
  }
}

/** An attempt, as a plugin sees it at one of its points. */
class OwnCycle implements SchedulingCycle {
  readonly args: unknown;
  readonly draw: (text: string) => number;
  readonly state: Map<string, unknown>;
  readonly #plugin: SchedulerPlugin;
  readonly #point: string;
  readonly #around: Surroundings;

  constructor(plugin: SchedulerPlugin, point: string, around: Surroundings, state: Map<string, unknown>) {
    this.args = around.args;
    this.draw = around.draw;
    this.state = state;
    this.#plugin = plugin;
    this.#point = point;
    this.#around = around;
  }

  get nowMicros(): Micros {
    this.#refuse("nowMicros");
    return this.#around.now();
  }

  get nodes(): NodeView[] {
    this.#refuse("nodes");
    return this.#around.view.cache.snapshot().map(nodeView);
  }

  get waitingPods(): WaitingPodView[] {
    return waitingViews(this.#around.view, this.#plugin.name, this.#point);
  }

  #refuse(what: string): void {
    if (this.#plugin.memoKey === undefined || !KEPT_POINTS.has(this.#point)) return;
    throw new Error(`cycle.${what} is not to be had by a plugin with memoKey: its answers are kept`);
  }
}

/** The pods that wait in permit, to `plugin` in one of its methods. */
function waitingViews(view: ClusterView, plugin: string, point: string): WaitingPodView[] {
  const check = (what: string) => {
    if (!DECIDING.includes(point)) throw new Error(`${what} is for ${DECIDING.join(", ")}; ${point} only answers`);
  };
  return (view.waitingPods?.() ?? []).flatMap((waiting) => {
    const pod = view.cache.pod(waiting.uid)?.pod;
    if (pod === undefined) return [];
    return {
      pod: podView(pod),
      nodeName: waiting.nodeName,
      pendingPlugins: waiting.plugins,
      allow: () => {
        check("allow");
        waiting.allow(plugin);
      },
      reject: (reason) => {
        check("reject");
        waiting.reject(plugin, reason);
      },
    };
  });
}

const SKIPPED: Status = Object.freeze({ code: CODE.skip, plugin: "", reasons: Object.freeze([]) });

function isScore(score: number): boolean {
  return Number.isInteger(score) && score >= 0 && score <= TOP_SCORE;
}

function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
}
