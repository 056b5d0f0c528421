import { type Micros, seconds } from "../units/index.ts";
import type { HeapItem } from "./heap.ts";
import type { PodInfo } from "./pod-info.ts";

export type QueuePlace = "active" | "backoff" | "errorBackoff" | "unschedulable" | "inFlight";

/** A pod that waits for a node, and what its attempts so far have taught. Instants in microseconds. */
export interface QueuedPod extends HeapItem {
  pod: PodInfo;
  place: QueuePlace;
  /** When it came into the queue, new or from its last failed attempt; moves between queues leave it. */
  timestamp: Micros;
  /** When it first entered the active queue; -1 before. */
  firstActiveAt: Micros;
  /** When the timer for leftovers moved it last; -1 before. */
  flushedAt: Micros;
  attempts: number;
  unschedulableCount: number;
  consecutiveErrors: number;
  /** Plugins that rejected it in its last attempt. */
  unschedulablePlugins: ReadonlySet<string>;
  /** Plugins that are waiting for something of their own. */
  pendingPlugins: ReadonlySet<string>;
  /** The plugin that keeps it out of the queues; "" when none does. */
  gatingPlugin: string;
}

/** How long pods wait after a failure: `initial`, doubled for every further one, at most `most`. */
export interface Backoff {
  readonly initial: Micros;
  readonly most: Micros;
}

/** @source kubernetes 1.37 KubeSchedulerConfiguration podInitialBackoffSeconds, podMaxBackoffSeconds */
export const DEFAULT_BACKOFF: Backoff = { initial: seconds(1), most: seconds(10) };
const SECOND = seconds(1);

export const NO_PLUGINS: ReadonlySet<string> = new Set();

export function newQueuedPod(pod: PodInfo, now: Micros): QueuedPod {
  return {
    pod,
    place: "unschedulable",
    timestamp: now,
    firstActiveAt: -1,
    flushedAt: -1,
    attempts: 0,
    unschedulableCount: 0,
    consecutiveErrors: 0,
    unschedulablePlugins: NO_PLUGINS,
    pendingPlugins: NO_PLUGINS,
    gatingPlugin: "",
    heapIndex: -1,
    heapSequence: 0,
  };
}

/** No plugin rejected it: the attempt failed for a reason of the scheduler's own. */
export function hasNoRejection(entry: QueuedPod): boolean {
  return entry.unschedulablePlugins.size === 0 && entry.pendingPlugins.size === 0;
}

/**
 * When the pod's backoff ends, on a full second. Microseconds.
 * @source kubernetes 1.37 scheduler backend/queue backoff_queue.go
 */
export function backoffEnd(entry: QueuedPod, { initial, most }: Backoff): Micros {
  const failures = entry.consecutiveErrors > 0 ? entry.consecutiveErrors : entry.unschedulableCount;
  let wait = failures === 0 ? 0 : initial;
  for (let i = 1; i < failures && wait < most; i++) wait *= 2;
  return wholeSecond(entry.timestamp + Math.min(wait, most));
}

/** Still backing off: at the very second of the end, too. */
export function isBackingOff(entry: QueuedPod, now: Micros, backoff: Backoff): boolean {
  const hasFailed = entry.consecutiveErrors > 0 || entry.unschedulableCount > 0;
  return hasFailed && backoffEnd(entry, backoff) >= wholeSecond(now);
}

function wholeSecond(time: Micros): Micros {
  return Math.floor(time / SECOND) * SECOND;
}
