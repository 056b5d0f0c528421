import type { KubeNode, KubeObject, PersistentVolumeClaim } from "../kube/index.ts";
import type { ClusterEvent, EventName } from "./cluster-events.ts";
import type { PodCompiler, PodInfo, PodSource } from "./pod-info.ts";
import type { SchedulingQueue } from "./queue.ts";
import { newQueuedPod, type QueuedPod, type QueuePlace } from "./queued-pod.ts";

interface EntryState {
  readonly pod: PodSource;
  readonly place: QueuePlace;
  readonly timestamp: number;
  readonly firstActiveAt: number;
  readonly flushedAt: number;
  readonly attempts: number;
  readonly unschedulableCount: number;
  readonly consecutiveErrors: number;
  readonly unschedulablePlugins: readonly string[];
  readonly pendingPlugins: readonly string[];
  readonly gatingPlugin: string;
}

interface EventState {
  readonly name: EventName;
  readonly oldNode?: KubeNode;
  readonly newNode?: KubeNode;
  readonly oldPod?: PodSource;
  readonly newPod?: PodSource;
  readonly newClaim?: PersistentVolumeClaim;
  readonly oldObject?: KubeObject;
  readonly newObject?: KubeObject;
}

/** Plain data. Entries stand in the order in which they would leave their queue. */
export interface QueueState {
  readonly entries: readonly EntryState[];
  readonly inFlight: readonly (readonly [uid: string, events: readonly EventState[]])[];
}

export function saveQueue(queue: SchedulingQueue): QueueState {
  const { active, backoff, errorBackoff, unschedulable, inFlight, entries } = queue;
  const flying = [...inFlight.keys()].flatMap((uid) => entries.get(uid) ?? []);
  const all = [...active.sorted(), ...backoff.sorted(), ...errorBackoff.sorted(), ...unschedulable, ...flying];
  return {
    entries: all.map(entryState),
    inFlight: [...inFlight].map(([uid, events]) => [uid, events.map(eventState)] as const),
  };
}

export function loadQueue(queue: SchedulingQueue, state: QueueState, compiler: PodCompiler): void {
  const { active, backoff, errorBackoff, unschedulable, inFlight, entries } = queue;
  for (const store of [active, backoff, errorBackoff, unschedulable, inFlight, entries]) store.clear();
  for (const { pod, unschedulablePlugins, pendingPlugins, ...rest } of state.entries) {
    const entry: QueuedPod = {
      ...newQueuedPod(compiler.compile(pod), rest.timestamp),
      ...rest,
      unschedulablePlugins: new Set(unschedulablePlugins),
      pendingPlugins: new Set(pendingPlugins),
    };
    entries.set(entry.pod.uid, entry);
    if (entry.place === "active") active.push(entry);
    else if (entry.place === "backoff") backoff.push(entry);
    else if (entry.place === "errorBackoff") errorBackoff.push(entry);
    else if (entry.place === "unschedulable") unschedulable.add(entry);
  }
  for (const [uid, events] of state.inFlight) {
    inFlight.set(
      uid,
      events.map((event) => loadEvent(event, compiler)),
    );
  }
}

function entryState(entry: QueuedPod): EntryState {
  const { pod, unschedulablePlugins, pendingPlugins, heapIndex: _index, heapSequence: _sequence, ...rest } = entry;
  return {
    ...rest,
    pod: pod.source,
    unschedulablePlugins: [...unschedulablePlugins],
    pendingPlugins: [...pendingPlugins],
  };
}

function eventState({ oldPod, newPod, ...rest }: ClusterEvent): EventState {
  return {
    ...rest,
    ...(oldPod === undefined ? {} : { oldPod: oldPod.source }),
    ...(newPod === undefined ? {} : { newPod: newPod.source }),
  };
}

function loadEvent({ oldPod, newPod, ...rest }: EventState, compiler: PodCompiler): ClusterEvent {
  const compiled = (source: PodSource | undefined): PodInfo | undefined =>
    source === undefined ? undefined : compiler.compile(source);
  const [before, after] = [compiled(oldPod), compiled(newPod)];
  return {
    ...rest,
    ...(before === undefined ? {} : { oldPod: before }),
    ...(after === undefined ? {} : { newPod: after }),
  };
}
