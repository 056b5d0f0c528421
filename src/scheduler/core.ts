import type { KubeNode } from "../kube/index.ts";
import type { Micros } from "../units/index.ts";
import { type AssumedState, AssumedVolumes } from "./assumed-volumes.ts";
import { Binder } from "./binder.ts";
import type { BindingState } from "./binding-cycles.ts";
import type { CacheState, SchedulerCache } from "./cache.ts";
import { nodeUpdateEvents, podUpdateEvents } from "./cluster-events.ts";
import type { Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import { NominatedPods } from "./nominator.ts";
import { PodCompiler, type PodInfo, type PodSource, withNode } from "./pod-info.ts";
import { runPostFilters } from "./post-filter.ts";
import type { Preemption } from "./preemption/candidates.ts";
import { type PreemptionOrder, PreemptionsUnderWay, type UnderWayState } from "./preemption/under-way.ts";
import { SchedulingQueue } from "./queue.ts";
import type { QueueState } from "./queue-state.ts";
import type { Backoff, QueuedPod } from "./queued-pod.ts";
import { hasReservations, refusalMessage, runReserve } from "./reserve.ts";
import { type Placement, scheduleOne } from "./schedule-one.ts";
import { isRejection } from "./status.ts";

/** How one attempt ended. */
export interface Attempt {
  readonly pod: PodInfo;
  /** Ordinal of this attempt of the pod. */
  readonly attempts: number;
  /** Earlier rejections of the pod. */
  readonly rejections: number;
  /** "deleting": the pod was being deleted and is not tried. */
  readonly outcome: "placed" | "unschedulable" | "error" | "deleting";
  /** The node that the pod is assumed on, to be bound there. */
  readonly node: NodeInfo | undefined;
  readonly placement: Placement | undefined;
  /** The pod is not to be bound before the binder says so. */
  readonly isHeld?: boolean;
  /** Why there is no node; "" when there is one. */
  readonly message: string;
  /** The node to write into status.nominatedNodeName, "" to clear it, `undefined` to leave it. */
  readonly nominate: string | undefined;
  /** What preemption tried; with an `order`, whom it takes away. */
  readonly preemption?: Preemption | undefined;
  /** Deletions that the caller is to carry out, then to report with `preemptionDone`. */
  readonly order?: PreemptionOrder | undefined;
}

export interface CoreOptions {
  /** percentageOfNodesToScore; 0 adapts to the size of the cluster. */
  readonly percentageOfNodesToScore: number;
  readonly cache: SchedulerCache;
  /** Plugins that look at the same cache. */
  readonly framework: Framework;
  /** The one that the framework's preemption plugin looks at. */
  readonly preemptions?: PreemptionsUnderWay;
  /** The storage that the framework's volume plugin looks at. */
  readonly volumes?: AssumedVolumes;
  /** Further profiles, for pods that name another scheduler. Same cache, same preemptions. */
  readonly others?: readonly Framework[];
  readonly backoff?: Backoff;
}

/**
 * The scheduler without a cluster around it: it is told what happens to nodes and pods, and asked for one attempt at a
 * time. All instants come from the caller, in microseconds.
 * @source kubernetes 1.37 scheduler eventhandlers.go, schedule_one.go
 */
export class SchedulerCore {
  readonly cache: SchedulerCache;
  readonly nominated = new NominatedPods();
  readonly compiler = new PodCompiler();
  readonly framework: Framework;
  readonly queue: SchedulingQueue;
  readonly binder: Binder;
  readonly #volumes: AssumedVolumes;
  readonly #preemptions: PreemptionsUnderWay;
  readonly #percentage: number;
  readonly #byName: ReadonlyMap<string, Framework>;
  #nextStart = 0;

  constructor(options: CoreOptions) {
    this.#percentage = options.percentageOfNodesToScore;
    this.cache = options.cache;
    this.framework = options.framework;
    this.#preemptions = options.preemptions ?? new PreemptionsUnderWay();
    const { others = [], backoff } = options;
    this.#byName = new Map([this.framework, ...others].map((one) => [one.schedulerName, one]));
    this.queue = new SchedulingQueue([this.framework, ...others], backoff);
    this.#volumes = options.volumes ?? new AssumedVolumes();
    const frameworkFor = (pod: PodInfo) => this.frameworkFor(pod);
    this.binder = new Binder({ cache: this.cache, queue: this.queue, volumes: this.#volumes, frameworkFor });
  }

  /** Whether there is a profile for pods that name this scheduler. */
  serves(schedulerName: string): boolean {
    return this.#byName.has(schedulerName);
  }

  /** The profile that the pod asks for. */
  frameworkFor({ template: { spec } }: PodInfo): Framework {
    return this.#byName.get(spec.schedulerName ?? "") ?? this.framework;
  }

  addNode(node: KubeNode, now: Micros): void {
    this.cache.addNode(node);
    this.queue.move({ name: "Node/Add", newNode: node }, now);
  }

  updateNode(node: KubeNode, now: Micros): void {
    const old = this.cache.node(node.metadata.name ?? "")?.node;
    if (old === undefined) {
      this.addNode(node, now);
      return;
    }
    this.cache.updateNode(node);
    for (const event of nodeUpdateEvents(old, node)) this.queue.move(event, now);
  }

  removeNode(name: string, now: Micros): void {
    const old = this.cache.node(name)?.node;
    if (old === undefined) return;
    this.queue.move({ name: "Node/Delete", oldNode: old }, now);
    this.cache.removeNode(name);
  }

  /** A pod that is neither succeeded nor failed, new or changed. */
  upsertPod(source: PodSource, now: Micros): void {
    const pod = this.compiler.compile(source);
    const cached = this.cache.pod(pod.uid);
    if (pod.nodeName === "") {
      if (cached === undefined) this.#upsertPending(pod, now);
      else if (pod.isTerminating) this.binder.cycles.reject(pod.uid, "", "removed");
      return;
    }
    this.queue.delete(pod.uid);
    this.nominated.delete(pod.uid);
    this.cache.addPod(pod);
    if (cached === undefined || cached.isAssumed) {
      this.queue.move({ name: "AssignedPod/Add", newPod: pod }, now);
      return;
    }
    for (const event of podUpdateEvents("AssignedPod", cached.pod, pod)) this.queue.move(event, now);
  }

  /** A pod that is gone, succeeded or failed. */
  removePod(uid: string, now: Micros): void {
    const cached = this.cache.pod(uid);
    if (cached !== undefined) {
      if (cached.isAssumed) {
        this.binder.abandon(cached.pod, cached.nodeName);
        this.queue.delete(uid);
      }
      this.cache.removePod(uid);
      this.queue.move({ name: "AssignedPod/Delete", oldPod: cached.pod }, now);
      return;
    }
    const pod = this.queue.entries.get(uid)?.pod;
    if (pod === undefined) return;
    const nodeName = this.nominated.nodeOf(uid);
    this.queue.delete(uid);
    this.nominated.delete(uid);
    if (nodeName !== "") this.#freeNomination(pod, nodeName, now);
  }

  /** Tries the next pod; `undefined` when none waits to be tried. A pod that finds a node is assumed there. */
  attempt(now: Micros): Attempt | undefined {
    const entry = this.queue.pop(now);
    if (entry === undefined) return undefined;
    const { pod, attempts, unschedulableCount: rejections } = entry;
    const base = { pod, attempts, rejections, node: undefined, nominate: undefined };
    if (pod.isTerminating) {
      this.queue.done(pod.uid);
      return { ...base, outcome: "deleting", placement: undefined, message: `skip schedule deleting pod: ${pod.key}` };
    }
    const framework = this.frameworkFor(pod);
    const percentage = framework.percentageOfNodesToScore || this.#percentage;
    const options = { percentage, start: this.#nextStart };
    const placement = scheduleOne(framework, this.cache, this.nominated, pod, options);
    this.#nextStart = placement.nextStart;
    const { node } = placement;
    if (node !== undefined) return this.#reserve(entry, base, placement, node, now);
    if (placement.error !== undefined) {
      this.#fail(entry, new Set(), "", now);
      return { ...base, outcome: "unschedulable", placement, message: placement.error, nominate: "" };
    }
    const { nominate, preemption } = runPostFilters(framework, this.nominated, placement);
    const order = this.#orderFor(pod, preemption);
    this.#fail(entry, placement.diagnosis.plugins, nominate, now);
    const message = placement.diagnosis.message();
    return { ...base, outcome: "unschedulable", placement, message, nominate, preemption, order };
  }

  /** The binding of an assumed pod was refused: it leaves its node, others may have the room, and it waits again. */
  bindFailed(uid: string, now: Micros): void {
    const cached = this.cache.pod(uid);
    if (cached?.isAssumed !== true) return;
    this.binder.abandon(cached.pod, cached.nodeName);
    this.cache.removePod(uid);
    this.queue.move({ name: "AssignedPod/Delete", oldPod: cached.pod }, now);
    this.queue.addReturned(withNode(cached.pod, "", ""), now);
  }

  /** The order's pods have been told to go: gives the order, once. The preemptor may enter the queue from now on. */
  preemptionDone(id: number): PreemptionOrder | undefined {
    return this.#preemptions.end(id);
  }

  save(): CoreState {
    return {
      cache: this.cache.save(),
      queue: this.queue.save(),
      nominated: this.nominated.save(),
      nextStart: this.#nextStart,
      preemptions: this.#preemptions.save(),
      bindings: this.binder.cycles.save(),
      volumes: this.#volumes.save(),
    };
  }

  load(state: CoreState): void {
    this.cache.load(state.cache, this.compiler);
    this.queue.load(state.queue, this.compiler);
    this.nominated.load(state.nominated, (uid) => this.queue.entries.get(uid)?.pod);
    this.#nextStart = state.nextStart;
    this.#preemptions.load(state.preemptions);
    this.binder.cycles.load(state.bindings);
    this.#volumes.load(state.volumes);
  }

  /** Nothing is ordered when all victims are on their way already: the pod only waits for them. */
  #orderFor(pod: PodInfo, preemption: Preemption | undefined): PreemptionOrder | undefined {
    const chosen = preemption?.best[0];
    if (preemption === undefined || chosen?.victims.some((victim) => !victim.isTerminating) !== true) return undefined;
    return this.#preemptions.begin(pod, chosen, preemption.cleared);
  }

  #reserve(
    entry: QueuedPod,
    base: Pick<Attempt, "pod" | "attempts" | "rejections">,
    placement: Placement,
    node: NodeInfo,
    now: Micros,
  ): Attempt {
    const { pod } = entry;
    const framework = this.frameworkFor(pod);
    const state = hasReservations(framework, pod) ? placement.state : null;
    this.cache.assumePod(pod, node.name);
    this.nominated.delete(pod.uid);
    const answer = state === null ? null : runReserve(framework, state, pod, node);
    if (answer === null || answer.refusal === null) {
      const isHeld = answer !== null && this.binder.begin(pod, node.name, answer.waits, now);
      if (!isHeld) this.queue.done(pod.uid);
      const { attempts, rejections } = base;
      // One literal, in every attempt's path: a spread costs as much as all else here.
      return {
        pod,
        attempts,
        rejections,
        outcome: "placed",
        node,
        placement,
        isHeld,
        message: "",
        nominate: undefined,
      };
    }
    const { refusal } = answer;
    this.cache.removePod(pod.uid);
    const outcome = isRejection(refusal) ? "unschedulable" : "error";
    this.#fail(entry, new Set(outcome === "error" ? [] : [refusal.plugin]), "", now);
    return { ...base, outcome, node: undefined, placement, message: refusalMessage(refusal), nominate: "" };
  }

  #fail(entry: QueuedPod, plugins: ReadonlySet<string>, nominate: string | undefined, now: Micros): void {
    this.nominated.set(entry.pod, nominate ?? entry.pod.nominatedNodeName);
    this.queue.addFailed(entry, plugins, now);
  }

  #upsertPending(pod: PodInfo, now: Micros): void {
    const before = this.queue.entries.get(pod.uid)?.pod;
    if (before === undefined) {
      this.nominated.set(pod, pod.nominatedNodeName);
      this.queue.add(pod, now);
      return;
    }
    this.nominated.update(before, pod);
    this.queue.update(before, pod, now);
    const { nominatedNodeName } = before;
    if (nominatedNodeName !== "" && nominatedNodeName !== pod.nominatedNodeName) {
      this.#freeNomination(before, nominatedNodeName, now);
    }
  }

  /** Room that was kept for a pod is free for pods of its priority or below. */
  #freeNomination(pod: PodInfo, nodeName: string, now: Micros): void {
    const oldPod = withNode(pod, "", nodeName);
    const { priority } = pod.template;
    this.queue.move({ name: "AssignedPod/Delete", oldPod }, now, (other) => other.template.priority <= priority);
  }
}

/** Plain data. */
export interface CoreState {
  readonly cache: CacheState;
  readonly queue: QueueState;
  readonly nominated: readonly (readonly [uid: string, nodeName: string])[];
  readonly nextStart: number;
  readonly preemptions: UnderWayState;
  readonly bindings: BindingState;
  readonly volumes: AssumedState;
}
