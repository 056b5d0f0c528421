import { type Micros, seconds } from "../units/index.ts";
import { type ClusterEvent, podUpdateEvents, TIMEOUT_EVENT } from "./cluster-events.ts";
import type { Framework, Plugin } from "./framework.ts";
import { Heap } from "./heap.ts";
import { HintTable, STRATEGY, type Strategy } from "./hint-table.ts";
import type { PodCompiler, PodInfo } from "./pod-info.ts";
import { loadQueue, type QueueState, saveQueue } from "./queue-state.ts";
import {
  type Backoff,
  backoffEnd,
  DEFAULT_BACKOFF,
  hasNoRejection,
  isBackingOff,
  NO_PLUGINS,
  newQueuedPod,
  type QueuedPod,
} from "./queued-pod.ts";

/** @source kubernetes 1.37 scheduler podMaxInUnschedulablePodsDuration */
const MAX_IN_UNSCHEDULABLE = seconds(300);

/**
 * Pods that wait for a node: those to try now, those that back off, those that wait for something to change. All
 * instants are given by the caller, in microseconds; the queue sets no timer of its own.
 * @source kubernetes 1.37 scheduler backend/queue scheduling_queue.go
 */
export class SchedulingQueue {
  readonly entries = new Map<string, QueuedPod>();
  readonly active: Heap<QueuedPod>;
  readonly backoff: Heap<QueuedPod>;
  readonly errorBackoff: Heap<QueuedPod>;
  /** Waiting for an event, or gated; in order of arrival. */
  readonly unschedulable = new Set<QueuedPod>();
  /** Events since each pod in flight was popped. */
  readonly inFlight = new Map<string, ClusterEvent[]>();
  readonly #frameworkOf: (pod: PodInfo) => Framework;
  readonly #hints: ReadonlyMap<Framework, HintTable>;
  readonly #limits: Backoff;

  /** @param frameworks the profiles; the first one's order is that of the queue, and it takes pods of unknown ones */
  constructor(frameworks: Framework | readonly [Framework, ...Framework[]], backoff: Backoff = DEFAULT_BACKOFF) {
    const all = "plugins" in frameworks ? ([frameworks] as const) : frameworks;
    const [framework] = all;
    const byName = new Map(all.map((one) => [one.schedulerName, one]));
    this.#frameworkOf = ({ template: { spec } }) => byName.get(spec.schedulerName ?? "") ?? framework;
    this.#hints = new Map(all.map((one) => [one, new HintTable(one.plugins)]));
    this.#limits = backoff;
    const activeOrder = (a: QueuedPod, b: QueuedPod) => framework.compare(a, b);
    this.active = new Heap(activeOrder);
    this.backoff = new Heap((a, b) => backoffEnd(a, backoff) - backoffEnd(b, backoff) || activeOrder(a, b));
    this.errorBackoff = new Heap((a, b) => backoffEnd(a, backoff) - backoffEnd(b, backoff));
  }

  /** A new pod without a node. */
  add(pod: PodInfo, now: Micros): void {
    const entry = newQueuedPod(pod, now);
    this.entries.set(pod.uid, entry);
    this.#toActive(entry, now);
  }

  /**
   * A pod whose binding failed: back after an error, without a plugin's rejection.
   * DEVIATION(bind-failure-counts): its attempts and failures are counted anew; the original goes on counting.
   */
  addReturned(pod: PodInfo, now: Micros): void {
    const entry = newQueuedPod(pod, now);
    this.entries.set(pod.uid, entry);
    this.addFailed(entry, entry.unschedulablePlugins, now);
  }

  /** A new version of a waiting pod: may itself be what makes another attempt worth while. */
  update(before: PodInfo, after: PodInfo, now: Micros): void {
    const entry = this.entries.get(after.uid);
    if (entry === undefined) {
      this.add(after, now);
      return;
    }
    entry.pod = after;
    if (entry.place === "active" || entry.place === "backoff" || entry.place === "errorBackoff") return;
    const events = podUpdateEvents("TargetPod", before, after);
    if (entry.place === "inFlight") {
      this.inFlight.get(after.uid)?.push(...events);
      return;
    }
    for (const event of events) {
      this.#offer(entry, event, now);
      if (entry.place !== "unschedulable") return;
    }
  }

  delete(uid: string): void {
    const entry = this.entries.get(uid);
    if (entry === undefined) return;
    this.#leave(entry);
    this.entries.delete(uid);
    this.inFlight.delete(uid);
  }

  /** The next pod to try. With nothing active, the first that backs off is tried at once. */
  pop(now: Micros): QueuedPod | undefined {
    const entry = this.active.head ?? this.backoff.head;
    if (entry === undefined) return undefined;
    this.#leave(entry);
    entry.place = "inFlight";
    entry.attempts++;
    if (entry.firstActiveAt === -1) entry.firstActiveAt = now;
    entry.unschedulablePlugins = NO_PLUGINS;
    entry.pendingPlugins = NO_PLUGINS;
    entry.gatingPlugin = "";
    this.inFlight.set(entry.pod.uid, []);
    return entry;
  }

  /** The pod is tried next in its turn, whatever it has been waiting for. @source kubernetes 1.37 scheduling_queue.go Activate */
  activate(uid: string, now: Micros): void {
    const entry = this.entries.get(uid);
    if (entry === undefined || entry.place === "active" || entry.place === "inFlight") return;
    this.#leave(entry);
    this.#toActive(entry, now);
  }

  /** Whether `pop` would give a pod. */
  get isReady(): boolean {
    return this.active.size > 0 || this.backoff.size > 0;
  }

  /** The attempt is over with a node: the pod leaves the queue for good. */
  done(uid: string): void {
    this.entries.delete(uid);
    this.inFlight.delete(uid);
  }

  /** The attempt failed: the pod waits again, for its backoff or for an event that one of `plugins` waits for. */
  addFailed(entry: QueuedPod, plugins: ReadonlySet<string>, now: Micros): void {
    entry.unschedulablePlugins = plugins;
    if (hasNoRejection(entry)) {
      entry.consecutiveErrors++;
    } else {
      entry.unschedulableCount++;
      entry.consecutiveErrors = 0;
    }
    entry.timestamp = now;
    let strategy: Strategy = hasNoRejection(entry) ? STRATEGY.afterBackoff : STRATEGY.skip;
    for (const event of this.inFlight.get(entry.pod.uid) ?? []) {
      const next = this.#hintsOf(entry).strategyFor(entry, event);
      if (next > strategy) strategy = next;
    }
    this.inFlight.delete(entry.pod.uid);
    this.#place(entry, strategy, now);
  }

  /** Something happened in the cluster: waiting pods that it may help move on. `only` restricts who hears of it; pods in
   *  flight keep it in any case, for their hints to judge. */
  move(event: ClusterEvent, now: Micros, only?: (pod: PodInfo) => boolean): void {
    if (this.unschedulable.size + this.inFlight.size === 0) return;
    for (const entry of [...this.unschedulable]) {
      if (only === undefined || only(entry.pod)) this.#offer(entry, event, now);
    }
    for (const events of this.inFlight.values()) events.push(event);
  }

  /** Every full second: pods whose backoff is over become active. */
  flushBackoff(now: Micros): void {
    for (const heap of [this.backoff, this.errorBackoff]) {
      for (let head = heap.head; head !== undefined && !isBackingOff(head, now, this.#limits); head = heap.head) {
        heap.pop();
        this.#activate(head, now);
      }
    }
  }

  /** Every 30 seconds: pods that nothing has moved for more than five minutes get another attempt. */
  flushUnschedulable(now: Micros): void {
    for (const entry of [...this.unschedulable]) {
      if (now - Math.max(entry.timestamp, entry.flushedAt) <= MAX_IN_UNSCHEDULABLE) continue;
      entry.flushedAt = now;
      this.#offer(entry, TIMEOUT_EVENT, now);
    }
  }

  save(): QueueState {
    return saveQueue(this);
  }

  load(state: QueueState, compiler: PodCompiler): void {
    loadQueue(this, state, compiler);
  }

  #hintsOf({ pod }: QueuedPod): HintTable {
    return this.#hints.get(this.#frameworkOf(pod)) as HintTable;
  }

  #offer(entry: QueuedPod, event: ClusterEvent, now: Micros): void {
    const hints = this.#hintsOf(entry);
    if (entry.gatingPlugin !== "" && !hints.isRegistered(entry.gatingPlugin, event.name)) return;
    const strategy = hints.strategyFor(entry, event);
    if (strategy !== STRATEGY.skip) this.#place(entry, strategy, now);
  }

  #place(entry: QueuedPod, strategy: Strategy, now: Micros): void {
    if (strategy === STRATEGY.skip) this.#wait(entry);
    else if (strategy === STRATEGY.afterBackoff && isBackingOff(entry, now, this.#limits)) this.#toBackoff(entry);
    else this.#toActive(entry, now);
  }

  #toActive(entry: QueuedPod, now: Micros): void {
    if (this.#isGated(entry)) this.#wait(entry);
    else this.#activate(entry, now);
  }

  #activate(entry: QueuedPod, now: Micros): void {
    this.unschedulable.delete(entry);
    if (entry.firstActiveAt === -1) entry.firstActiveAt = now;
    entry.place = "active";
    this.active.push(entry);
  }

  #toBackoff(entry: QueuedPod): void {
    if (this.#isGated(entry)) {
      this.#wait(entry);
      return;
    }
    this.unschedulable.delete(entry);
    const isError = hasNoRejection(entry);
    entry.place = isError ? "errorBackoff" : "backoff";
    (isError ? this.errorBackoff : this.backoff).push(entry);
  }

  #wait(entry: QueuedPod): void {
    entry.place = "unschedulable";
    this.unschedulable.add(entry);
  }

  #leave(entry: QueuedPod): void {
    if (entry.place === "active") this.active.remove(entry);
    else if (entry.place === "backoff") this.backoff.remove(entry);
    else if (entry.place === "errorBackoff") this.errorBackoff.remove(entry);
    else if (entry.place === "unschedulable") this.unschedulable.delete(entry);
  }

  /** Runs the preEnqueue plugins, the one that gated the pod last first, and notes the one that gates it now. */
  #isGated(entry: QueuedPod): boolean {
    const { preEnqueue } = this.#frameworkOf(entry.pod);
    for (const plugin of entry.gatingPlugin === "" ? preEnqueue : startingWith(entry.gatingPlugin, preEnqueue)) {
      if (plugin.preEnqueue?.(entry.pod) == null) continue;
      entry.gatingPlugin = plugin.name;
      entry.unschedulablePlugins = new Set([...entry.unschedulablePlugins, plugin.name]);
      return true;
    }
    entry.gatingPlugin = "";
    return false;
  }
}

function startingWith(name: string, plugins: readonly Plugin[]): readonly Plugin[] {
  return [...plugins.filter((plugin) => plugin.name === name), ...plugins.filter((plugin) => plugin.name !== name)];
}
