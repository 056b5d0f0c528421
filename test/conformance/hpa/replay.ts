/**
 * The HPA controller against recorded scenarios. Pods and their states come from the recording, so that only the HPA's
 * own decisions are on trial; its writes go to the store's ReplicaSet, and its status and events are compared.
 */
import { HpaController, type HpaOptions } from "../../../src/control/hpa/index.ts";
import { Engine } from "../../../src/engine/index.ts";
import {
  type HorizontalPodAutoscaler,
  type KubeObject,
  PHASE,
  type ReplicaSet,
  withDefaults,
} from "../../../src/kube/index.ts";
import { CONDITION, controllerReference, type DocumentKind, POD_PHASE, Store } from "../../../src/store/index.ts";
import { mergePatch } from "../../../src/tables/index.ts";
import { parseRfc3339, seconds } from "../../../src/units/index.ts";
import { type RecordedLoad, recordedMetrics } from "./load.ts";

export interface TimelineEntry {
  readonly t: number;
  readonly k: string;
  readonly id: string;
  readonly gone?: boolean;
  readonly s?: Readonly<Record<string, unknown>>;
}

export interface RecordedKubeEvent {
  readonly t: number;
  readonly obj: string;
  readonly type: string;
  readonly reason: string;
  readonly msg: string;
  readonly n?: number;
}

export interface SyncScenario {
  readonly name: string;
  readonly flags: Readonly<Record<string, number>>;
  readonly objects: readonly KubeObject[];
  readonly steps: readonly {
    readonly t: number;
    readonly op: string;
    readonly kind?: DocumentKind;
    readonly name?: string;
    readonly obj?: KubeObject;
    readonly patch?: unknown;
  }[];
  readonly duration: number;
  readonly load: RecordedLoad;
  readonly timeline: readonly TimelineEntry[];
  readonly events: readonly RecordedKubeEvent[];
  readonly racy?: readonly string[];
}

export interface Replay {
  readonly timeline: TimelineEntry[];
  readonly events: RecordedKubeEvent[];
}

export const EPOCH = parseRfc3339("2000-01-01T00:00:00Z");

/** Plays a scenario; gives the HPAs' entries and events in the recording's form. */
export function replayHpa(scenario: SyncScenario): Replay {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: EPOCH });
  new HpaController(store, recordedMetrics(store, scenario.load), hpaOptions(scenario));
  const recorder = record(store);
  const pods = new RecordedPods(store);
  const early = engine.define("recording.kubelet", PHASE.node, (_, index) => {
    const entry = scenario.timeline[index];
    if (entry !== undefined) pods.applyKubelet(entry);
  });
  for (const object of scenario.objects) store.writer.create(withDefaults(object));
  for (const [index, { t, k }] of scenario.timeline.entries()) if (k === "Pod") engine.at(seconds(t), early, 0, index);
  const times = new Set([...scenario.timeline.map(({ t }) => t), ...scenario.steps.map(({ t }) => t)]);
  for (const t of [...times].sort((a, b) => a - b)) {
    engine.run(seconds(t));
    for (const step of scenario.steps) if (step.t === t) applyStep(store, step);
    engine.run(seconds(t));
    for (const entry of scenario.timeline) if (entry.t === t) pods.applyControllers(entry);
  }
  engine.run(seconds(scenario.duration));
  return recorder();
}

/** The controller's flags of a scenario. */
export function hpaOptions({ flags }: SyncScenario): HpaOptions {
  return {
    hpaSyncMicros: seconds(flags.syncPeriod ?? 15),
    hpaTolerance: flags.tolerance ?? 0.1,
    hpaDownscaleStabilizationMicros: seconds(flags.downscaleStabilization ?? 300),
    hpaCpuInitializationMicros: seconds(flags.cpuInitializationPeriod ?? 300),
    hpaInitialReadinessDelayMicros: seconds(flags.initialReadinessDelay ?? 30),
  };
}

export function applyStep(store: Store, step: SyncScenario["steps"][number]): void {
  if (step.op === "create" && step.obj !== undefined) {
    const { status: _, ...object } = step.obj as KubeObject & { status?: unknown };
    store.writer.create(withDefaults(object));
    return;
  }
  const table = store.documents(step.kind ?? "Other");
  const row = table.rowOf("default", step.name ?? "");
  store.writer.update(table, row, withDefaults(mergePatch(table.get(row), step.patch) as KubeObject));
}

/** Writes pods and the ReplicaSet's status as recorded. */
class RecordedPods {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What the kubelet and the binder did: before the controllers react. */
  applyKubelet({ id, gone, s = {} }: TimelineEntry): void {
    const row = this.#store.pods.rowOf("default", id);
    if (row === -1) return;
    const writer = this.#store.podWriter;
    if (gone === true) {
      writer.remove(row);
      return;
    }
    if (typeof s.node === "string") {
      writer.bind(row, s.node);
      writer.updateStatus(row, { startTime: this.#store.engine.now, conditions: { Ready: CONDITION.false } });
    }
    if (s.phase === "Running") writer.updateStatus(row, { phase: POD_PHASE.running });
    if ("ready" in s) {
      writer.updateStatus(row, { conditions: { Ready: s.ready === true ? CONDITION.true : CONDITION.false } });
    }
  }

  /** What the ReplicaSet controller did, after the HPA. */
  applyControllers({ k, id, s = {} }: TimelineEntry): void {
    const sets = this.#store.documents<ReplicaSet>("ReplicaSet");
    const setRow = sets.rowOf("default", "web");
    const set = sets.get(setRow);
    if (k === "ReplicaSet" && typeof s.n === "number") {
      this.#store.writer.updateStatus(sets, setRow, { ...set.status, replicas: s.n });
    }
    if (k !== "Pod") return;
    if (s.phase === "Pending" && set.spec.template !== undefined) {
      const template = this.#store.templateOf(set.spec.template);
      this.#store.podWriter.create({ namespace: "default", name: id, template, owner: controllerReference(set) });
    }
    if (s.deleting === true) this.#store.podWriter.requestDeletion(this.#store.pods.rowOf("default", id));
  }
}

/** Collects states at the end of each instant, and events; the function given back folds them. */
function record(store: Store): () => Replay {
  const table = store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler");
  const states = new Map<string, Map<number, Record<string, unknown>>>();
  const events: RecordedKubeEvent[] = [];
  const now = () => Math.round(store.engine.now / 1000) / 1000;
  const cursor = store.watch(
    "recorder",
    ["HorizontalPodAutoscaler"],
    () => {
      while (cursor.next()) {
        const { name = "" } = table.get(cursor.row).metadata;
        const known = states.get(name) ?? new Map<number, Record<string, unknown>>();
        states.set(name, known.set(now(), projection(table.get(cursor.row))));
      }
    },
    0,
    { documents: { flags: -1 } },
  );
  store.events.sink = {
    written: ({ involvedObject: { kind, name }, type, reason, message, count }) => {
      const msg = message.replace("(combined from similar events): ", "");
      events.push({ t: now(), obj: `${kind}/${name}`, type, reason, msg, ...(count > 1 && { n: count }) });
    },
  };
  return () => ({
    timeline: [...states].flatMap(([id, byTime]) => deltas("HorizontalPodAutoscaler", id, byTime)),
    events,
  });
}

export function projection({ metadata, status }: HorizontalPodAutoscaler): Record<string, unknown> {
  const at = (text: string | undefined) => (text === undefined ? null : (parseRfc3339(text) - EPOCH) / 1e6);
  const conds = (status?.conditions ?? []).map(({ type, status: is, reason, message, lastTransitionTime }) => [
    type,
    is,
    reason,
    message,
    at(lastTransitionTime),
  ]);
  return {
    cur: status?.currentReplicas ?? 0,
    des: status?.desiredReplicas ?? 0,
    gen: metadata.generation,
    ...(status?.lastScaleTime !== undefined && { lastScale: at(status.lastScaleTime) }),
    ...(status?.observedGeneration !== undefined && { obs: status.observedGeneration }),
    ...(conds.length > 0 && { conds }),
    ...(status?.currentMetrics !== undefined && { metrics: status.currentMetrics }),
  };
}

/** The entries of an object from its states by instant; undefined: the object is gone. */
export function deltas(
  k: string,
  id: string,
  byTime: ReadonlyMap<number, Record<string, unknown> | undefined>,
): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  let last: Record<string, unknown> = {};
  for (const [t, state] of byTime) {
    if (state === undefined) {
      entries.push({ t, k, id, gone: true });
      continue;
    }
    const s: Record<string, unknown> = {};
    for (const key of new Set([...Object.keys(last), ...Object.keys(state)])) {
      if (stable(last[key]) !== stable(state[key])) s[key] = state[key] ?? null;
    }
    if (Object.keys(s).length > 0) entries.push({ t, k, id, s });
    last = state;
  }
  return entries;
}

/** JSON with sorted keys: equal data, equal texts. */
export function stable(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
