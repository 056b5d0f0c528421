import { assert, type Engine } from "../engine/index.ts";
import { type Condition, type KubeNode, PHASE } from "../kube/index.ts";
import { type Distribution, type Stream, sample } from "../random/index.ts";
import { CHANGE, type Cursor, type PodExtra, type Store } from "../store/index.ts";
import { StateValue } from "../tables/index.ts";
import { type Micros, seconds } from "../units/index.ts";
import { AssumedVolumes } from "./assumed-volumes.ts";
import { SchedulerCache } from "./cache.ts";
import { DEFAULT_CONFIG } from "./config/read-config.ts";
import type { SchedulerConfig } from "./config/types.ts";
import { type Attempt, SchedulerCore } from "./core.ts";
import { CycleState } from "./cycle-state.ts";
import { decisionOf, failedBindingOf, preemptionDecisionOf } from "./decision-record.ts";
import { explainPending } from "./explain/explain-pending.ts";
import { simulatorResults } from "./explain/simulator-results.ts";
import type { Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo, PodSource } from "./pod-info.ts";
import { isPreemption } from "./pod-source.ts";
import { carryOut } from "./preemption/actuation.ts";
import { PreemptionsUnderWay } from "./preemption/under-way.ts";
import { DEFAULT_SCHEDULER, frameworkOf, type OwnPluginFactory } from "./profile.ts";
import { CODE } from "./status.ts";
import { STORAGE_KINDS, storageEvent } from "./storage-events.ts";
import { StoreView } from "./store-view.ts";

export interface SchedulerOptions {
  /** Profiles and queue; kube-scheduler's defaults without. */
  readonly config?: SchedulerConfig;
  /** Plugins of the user's own, by name; they run where the profiles enable them. */
  readonly own?: ReadonlyMap<string, OwnPluginFactory>;
  /** Whether decisions carry the results of all nodes and plugins. Default false. */
  readonly recordsResults?: boolean;
  /** From the start of one attempt to the start of the next. Default 0: a separate event at the same instant. */
  readonly schedulerCycle?: Distribution;
  /** From the choice of a node to the written binding. Default 0: written with the choice. */
  readonly bindLatency?: Distribution;
  /** From the choice of victims to the requests for their deletion. Default 0: with the choice. */
  readonly preemptionLatency?: Distribution;
  /** From a write to the scheduler's hearing of it. Default 0. */
  readonly watchDelayMicros?: Micros;
  /** When it begins to act; its flushes count from there. Default 0. */
  readonly startAtMicros?: Micros;
}

const NONE: Distribution = { constant: 0 };
const LATENCIES = { schedulerCycle: NONE, bindLatency: NONE, preemptionLatency: NONE };
/** @source kubernetes 1.37 scheduling_queue.go: flush periods of the backoff queues and of the unschedulable pool */
const FLUSH_BACKOFF = seconds(1);
const FLUSH_UNSCHEDULABLE = seconds(30);
/** @source kubernetes 1.37 schedule_one.go truncateMessage: the longest note of an event */
const MAX_NOTE_BYTES = 1024;
/** Changes of a pod that matter to the scheduler. */
const POD_CHANGES =
  CHANGE.added | CHANGE.deleted | CHANGE.spec | CHANGE.metadata | CHANGE.deleting | CHANGE.bound | CHANGE.nominated;

/**
 * The scheduler on the store and the engine: hears of nodes and pods, makes one attempt an event, binds, reports.
 *
 * DEVIATION(attempt-instant): the outcome of an attempt holds from the instant at which the attempt starts; the cycle
 * time only keeps the next one waiting.
 * @source kubernetes 1.37 scheduler.go, schedule_one.go
 */
export class Scheduler {
  readonly core: SchedulerCore;
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #view: StoreView;
  readonly #options: Required<Pick<SchedulerOptions, keyof typeof LATENCIES>>;
  readonly #cursor: Cursor;
  readonly #cycleStream: Stream;
  readonly #bindStream: Stream;
  readonly #preemptionStream: Stream;
  readonly #attemptKind: number;
  readonly #bindKind: number;
  readonly #preemptKind: number;
  readonly #advanceKind: number;
  readonly #flushBackoffKind: number;
  readonly #flushUnschedulableKind: number;
  readonly #timers: StateValue<Timers>;
  readonly #recordsResults: boolean;
  readonly #atStart: ReturnType<SchedulerCore["save"]>;

  constructor(store: Store, options: SchedulerOptions = {}) {
    const { engine } = store;
    this.#engine = engine;
    this.#store = store;
    this.#options = { ...LATENCIES, ...options };
    this.#recordsResults = options.recordsResults === true;
    const cache = new SchedulerCache();
    this.#view = new StoreView(store, cache);
    const preemptions = new PreemptionsUnderWay();
    const offsets = engine.streams.stream("scheduler/preemption-offset");
    const { config = DEFAULT_CONFIG, own = new Map() } = options;
    const volumes = new AssumedVolumes(this.#view.storage);
    const parts = { underWay: preemptions, offsetOf: (count: number) => offsets.int(count), own, volumes };
    const [framework, ...others] = config.profiles.map((profile) => frameworkOf(profile, this.#view, parts));
    assert(framework !== undefined, () => "a scheduler configuration without profiles");
    const backoff = { initial: config.podInitialBackoffMicros, most: config.podMaxBackoffMicros };
    this.core = new SchedulerCore({
      percentageOfNodesToScore: 0,
      cache,
      framework,
      others,
      preemptions,
      volumes,
      backoff,
    });
    this.#view.waiting = () => this.core.binder.cycles.waiting();
    this.#atStart = this.core.save();
    this.#cycleStream = engine.streams.stream("scheduler/cycle");
    this.#bindStream = engine.streams.stream("scheduler/bind");
    this.#preemptionStream = engine.streams.stream("scheduler/preemption");
    const startedAt = options.startAtMicros ?? 0;
    this.#timers = new StateValue<Timers>(engine.cells, "scheduler.timers", Object.freeze({ ...IDLE, startedAt }));
    engine.cells.add({
      name: "scheduler.core",
      save: () => ({ form: "data", data: this.core.save() }),
      load: (state) => {
        this.core.load(state.data as ReturnType<SchedulerCore["save"]>);
        this.#view.servicesChanged();
      },
    });
    this.#attemptKind = engine.define("scheduler.attempt", PHASE.scheduler, (life) => this.#onAttempt(life));
    this.#bindKind = engine.define("scheduler.bind", PHASE.scheduler, (row, node) => this.#onBind(row, node), {
      rows: store.pods.rows,
    });
    this.#advanceKind = engine.define("scheduler.advance", PHASE.scheduler, (row) => this.#onAdvance(row), {
      rows: store.pods.rows,
    });
    this.#preemptKind = engine.define("scheduler.preempt", PHASE.scheduler, (order) => this.#onPreempt(order));
    this.#flushBackoffKind = engine.define("scheduler.flushBackoff", PHASE.scheduler, (life) => {
      if (life !== this.#timers.value.life) return;
      this.#setTimers({ flushesBackoff: false });
      this.core.queue.flushBackoff(engine.now);
      this.#arm();
    });
    this.#flushUnschedulableKind = engine.define("scheduler.flushUnschedulable", PHASE.scheduler, (life) => {
      if (life !== this.#timers.value.life) return;
      this.#setTimers({ flushesUnschedulable: false });
      this.core.queue.flushUnschedulable(engine.now);
      this.#arm();
    });
    const kinds = ["Pod", "Node", "Namespace", "Service", ...STORAGE_KINDS] as const;
    this.#cursor = store.watch("scheduler", kinds, () => this.#onDelivery(), options.watchDelayMicros ?? 0, {
      pods: { flags: POD_CHANGES | CHANGE.phase },
    });
  }

  /** A new process: it knows what the API server has, and nothing of earlier attempts; its flushes count from now. */
  restart(): void {
    const { now } = this.#engine;
    this.core.load(this.#atStart);
    this.#view.servicesChanged();
    const life = this.#timers.value.life + 1;
    this.#timers.value = Object.freeze({ ...IDLE, startedAt: now, life });
    const nodes = this.#store.documents<KubeNode>("Node");
    const { pods } = this.#store;
    for (let row = nodes.first(); row !== -1; row = nodes.after(row)) this.core.updateNode(nodes.get(row), now);
    for (let row = pods.first(); row !== -1; row = pods.after(row)) this.#podChanged(row, CHANGE.added);
    this.#arm();
  }

  #onDelivery(): void {
    const cursor = this.#cursor;
    const [podKind, nodeKind] = [this.#store.kindIdOf("Pod"), this.#store.kindIdOf("Node")];
    while (cursor.next()) {
      if (cursor.kindId === podKind) this.#podChanged(cursor.row, cursor.flags);
      else if (cursor.kindId === nodeKind) this.#nodeChanged(cursor.row, cursor.flags);
      else if (cursor.kindId === this.#store.kindIdOf("Service")) this.#view.servicesChanged();
      // Counts by namespace selector were made with the old labels.
      else if (cursor.kindId === this.#store.kindIdOf("Namespace")) this.core.cache.counters.clear();
      else {
        const event = storageEvent(this.#store, cursor);
        if (event !== undefined) this.core.queue.move(event, this.#engine.now);
      }
    }
    this.#advanceMoved();
    this.#arm();
  }

  #nodeChanged(row: number, flags: number): void {
    const nodes = this.#store.documents<KubeNode>("Node");
    const { now } = this.#engine;
    const node = nodes.get(row);
    if ((flags & CHANGE.deleted) !== 0) this.core.removeNode(node.metadata.name ?? "", now);
    else if (nodes.isPresent(row)) this.core.updateNode(node, now);
  }

  #podChanged(row: number, flags: number): void {
    const { pods } = this.#store;
    const { now } = this.#engine;
    if (!pods.isPresent(row) || pods.isTerminal(row)) {
      this.core.removePod(this.#uidOf(row), now);
      return;
    }
    if ((flags & POD_CHANGES) === 0) return;
    const source = this.#sourceOf(row);
    if (source.nodeName !== "" || this.core.serves(schedulerOf(source))) {
      this.core.upsertPod(source, now);
    }
  }

  #uidOf(row: number): string {
    return this.#store.rendering.uid(this.#store.pods.serial.get(row));
  }

  #sourceOf(row: number): PodSource {
    const { pods } = this.#store;
    const owner = pods.owner.get(row);
    const nominated = pods.nominatedNodeId.get(row);
    return Object.freeze({
      namespace: pods.namespaceOf(row),
      name: pods.name.get(row),
      uid: this.#uidOf(row),
      labels: pods.labelsOf(row),
      spec: pods.templateOf(row).spec,
      ...(owner === null ? {} : { owner }),
      nodeName: pods.nodeNameOf(row),
      nominatedNodeName: nominated === -1 ? "" : pods.nodeNames.textOf(nominated),
      isTerminating: pods.isDeleting(row),
      ...(pods.isDeleting(row) && isPreemption(disruptionOf(pods.extra.get(row))) ? { isPreempted: true } : {}),
      startAt: pods.startTime.get(row),
      row,
    });
  }

  #onAttempt(life: number): void {
    if (life !== this.#timers.value.life) return;
    this.#setTimers({ attempts: false });
    const { now } = this.#engine;
    const attempt = this.core.attempt(now);
    if (attempt !== undefined) {
      this.#setTimers({ nextAttemptAt: now + sample(this.#options.schedulerCycle, this.#cycleStream) });
      this.#report(attempt);
      this.#advanceMoved();
    }
    this.#arm();
  }

  /** The time has come to look at a pod that waits to be bound, unless it was looked at since. */
  #onAdvance(row: number): void {
    const uid = this.#uidOf(row);
    const cycle = this.core.binder.cycles.get(uid);
    // Later than planned after the scheduler stood still.
    if (cycle === undefined || cycle.wakeAt > this.#engine.now) return;
    this.#advance(uid);
    this.#advanceMoved();
    this.#arm();
  }

  /** Pods that plugins have allowed or rejected go on; their plugins may move others by that. */
  #advanceMoved(): void {
    const { cycles } = this.core.binder;
    for (let moved = cycles.takeMoved(); moved.length > 0; moved = cycles.takeMoved()) {
      for (const uid of moved) this.#advance(uid);
    }
  }

  /** One step of a pod that has a node on its way to the binding. */
  #advance(uid: string): void {
    const row = this.core.cache.pod(uid)?.pod.row ?? -1;
    const step = this.core.binder.advance(uid, this.#engine.now);
    if (step === undefined) return;
    if (step.kind === "bind") this.#bindLater(row, step.nodeName);
    else if (step.kind === "wait") {
      if (this.#isWaiting(row, uid)) this.#store.podWriter.setNomination(row, step.nodeName);
      this.#engine.at(step.until, this.#advanceKind, row);
    } else {
      if (this.#store.decisions.isEnabled) this.#store.decisions.write(failedBindingOf(step));
      this.#reportFailure(row, step.pod, step.message, step.isRejected ? "Unschedulable" : "SchedulerError", "");
    }
  }

  #bindLater(row: number, nodeName: string): void {
    const delay = sample(this.#options.bindLatency, this.#bindStream);
    const nodeId = this.#store.pods.nodeNames.idOf(nodeName);
    if (delay === 0) this.#onBind(row, nodeId);
    else this.#engine.after(delay, this.#bindKind, row, nodeId);
  }

  #reportFailure(row: number, pod: PodInfo, message: string, reason: string, nominate: string | undefined): void {
    this.#store.podSeriesEvent(row, schedulerOf(pod), "Warning", "FailedScheduling", noteOf(message));
    if (this.#isWaiting(row, pod.uid)) this.#store.podWriter.setUnschedulable(row, reason, message, nominate);
  }

  #report(attempt: Attempt): void {
    const { pod, node, outcome, message, nominate, order } = attempt;
    const row = pod.row as number;
    if (this.#store.decisions.isEnabled) {
      const cycle = attempt.isHeld === true ? this.core.binder.cycles.get(pod.uid) : undefined;
      this.#store.decisions.write({ ...decisionOf(attempt, cycle), ...this.#explain(attempt) });
      const preemption = preemptionDecisionOf(attempt);
      if (preemption !== undefined) this.#store.decisions.write(preemption);
    }
    if (node !== undefined) {
      if (attempt.isHeld === true) this.#advance(pod.uid);
      else this.#bindLater(row, node.name);
      return;
    }
    if (outcome === "deleting") {
      this.#store.podSeriesEvent(row, schedulerOf(pod), "Warning", "FailedScheduling", noteOf(message));
      return;
    }
    this.#reportFailure(row, pod, message, outcome === "error" ? "SchedulerError" : "Unschedulable", nominate);
    if (order === undefined) return;
    const delay = sample(this.#options.preemptionLatency, this.#preemptionStream);
    if (delay === 0) this.#onPreempt(order.id);
    else this.#engine.after(delay, this.#preemptKind, order.id);
  }

  /** What only a reader of the decision wants to know. */
  #explain({ pod, placement, node, outcome }: Attempt): Record<string, unknown> {
    if (placement === undefined) return {};
    const { cache, nominated } = this.core;
    const framework = this.core.frameworkFor(pod);
    const isPending = outcome === "unschedulable" && node === undefined && placement.error === undefined;
    const pending = isPending ? explainPending(framework, cache, nominated, placement) : undefined;
    if (!this.#recordsResults) return { ...pending };
    return { ...pending, annotations: simulatorResults(framework, cache.snapshot(), placement) };
  }

  #onPreempt(id: number): void {
    const order = this.core.preemptionDone(id);
    if (order === undefined) return;
    const isTakenBack = carryOut(this.#store, order, (uid) => this.core.binder.cycles.preempt(uid));
    this.#advanceMoved();
    if (isTakenBack) this.core.queue.activate(order.preemptor.uid, this.#engine.now);
    this.#arm();
  }

  /** The API server's part of a binding: it refuses pods that are bound, gone or on their way. */
  #onBind(row: number, nodeId: number): void {
    const { pods, podWriter } = this.#store;
    const nodeName = pods.nodeNames.textOf(nodeId);
    const uid = this.#uidOf(row);
    const assumed = this.core.cache.pod(uid);
    if (assumed?.isAssumed !== true) return;
    const node = this.core.cache.node(nodeName);
    const isTaken = node !== undefined && runBind(this.core.frameworkFor(assumed.pod), assumed.pod, node);
    if (!isTaken || !this.#isWaiting(row, uid) || pods.isDeleting(row)) {
      this.core.bindFailed(uid, this.#engine.now);
      this.#advanceMoved();
      this.#arm();
      return;
    }
    podWriter.bind(row, nodeName);
    const message = `Successfully assigned ${pods.namespaceOf(row)}/${pods.name.get(row)} to ${nodeName}`;
    this.#store.podSeriesEvent(row, schedulerOf(assumed.pod), "Normal", "Scheduled", message);
  }

  /** Whether the row still is that pod, and without a node. */
  #isWaiting(row: number, uid: string): boolean {
    const { pods } = this.#store;
    return pods.isPresent(row) && this.#uidOf(row) === uid && pods.nodeId.get(row) === -1;
  }

  /** Sets whatever timer the queue needs now. */
  #arm(): void {
    const { queue } = this.core;
    const { now } = this.#engine;
    const timers = this.#timers.value;
    if (!timers.attempts && queue.isReady) {
      this.#setTimers({ attempts: true });
      this.#engine.at(Math.max(now, timers.nextAttemptAt, timers.startedAt), this.#attemptKind, timers.life);
    }
    if (!timers.flushesBackoff && queue.backoff.size + queue.errorBackoff.size > 0) {
      this.#setTimers({ flushesBackoff: true });
      this.#engine.at(this.#nextFlush(FLUSH_BACKOFF), this.#flushBackoffKind, timers.life);
    }
    if (!timers.flushesUnschedulable && queue.unschedulable.size > 0) {
      this.#setTimers({ flushesUnschedulable: true });
      this.#engine.at(this.#nextFlush(FLUSH_UNSCHEDULABLE), this.#flushUnschedulableKind, timers.life);
    }
  }

  /** Strictly later than now: a flush at this very instant has been and gone. */
  #nextFlush(period: Micros): Micros {
    const { startedAt } = this.#timers.value;
    return startedAt + (Math.floor((this.#engine.now - startedAt) / period) + 1) * period;
  }

  #setTimers(change: Partial<Timers>): void {
    this.#timers.value = Object.freeze({ ...this.#timers.value, ...change });
  }
}

/** Which events of the scheduler's own are pending, and when the next attempt may start. */
interface Timers {
  readonly attempts: boolean;
  readonly flushesBackoff: boolean;
  readonly flushesUnschedulable: boolean;
  readonly nextAttemptAt: Micros;
  readonly startedAt: Micros;
  /** Counts restarts: timers of an earlier life are void. */
  readonly life: number;
}

const IDLE: Timers = Object.freeze({
  attempts: false,
  flushesBackoff: false,
  flushesUnschedulable: false,
  nextAttemptAt: 0,
  startedAt: 0,
  life: 0,
});

/** The scheduler that a pod asks for. */
function schedulerOf({ spec }: Pick<PodSource, "spec">): string {
  return spec.schedulerName ?? DEFAULT_SCHEDULER;
}

function disruptionOf({ conditions }: PodExtra): Condition | undefined {
  return conditions?.find(({ type }) => type === "DisruptionTarget");
}

/** Asks the bind plugins in turn; the first that does not skip the pod decides. */
function runBind(framework: Framework, pod: PodInfo, node: NodeInfo): boolean {
  for (const plugin of framework.bind) {
    const status = plugin.bind?.(new CycleState(), pod, node) ?? null;
    if (status === null || status.code !== CODE.skip) return status === null;
  }
  return false;
}

/** Event notes are cut: at most 1,024 bytes, ending in " ..." when something is missing. */
export function noteOf(message: string): string {
  const bytes = new TextEncoder().encode(message);
  if (bytes.length <= MAX_NOTE_BYTES) return message;
  const end = " ...";
  return new TextDecoder().decode(bytes.subarray(0, MAX_NOTE_BYTES - end.length)) + end;
}
