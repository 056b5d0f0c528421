import type { Engine, Micros } from "../engine/index.ts";
import type { HorizontalPodAutoscaler, KubeNode } from "../kube/index.ts";
import type { UsageMeter } from "../metrics/index.ts";
import { CHANGE, type Cursor, POD_PHASE, type Store } from "../store/index.ts";
import { Column, StateMap, StateValue } from "../tables/index.ts";
import type { DemandTotals, ServiceDemand } from "../workload/index.ts";
import { PodCensus } from "./census.ts";
import type { Labels, Measures } from "./measures.ts";
import type { NodeGroupSize } from "./node-cloud.ts";
import type { Plan, PlannedNode, ResultSink } from "./plan.ts";

const SECOND = 1_000_000;
const HOUR = 3600 * SECOND;

/** What an observer looks at besides the store. */
export interface Observed {
  readonly plan: Plan;
  readonly meter: UsageMeter;
  readonly measures: Measures;
  readonly services: readonly ServiceDemand[];
  readonly sink: ResultSink | undefined;
  /** What the plan says of a node, also of one that joined or left; undefined for one that it does not know. */
  readonly plannedNode: (name: string) => PlannedNode | undefined;
  /** The pools that the cluster autoscaler may change, as they are now. */
  readonly nodeGroups: () => readonly NodeGroupSize[];
  /** Whether the machine of a node runs: nothing on a dead one uses anything. */
  readonly isNodeUp: (nodeId: number) => boolean;
}

/**
 * Watches the store and turns what happens into measures and series. Reads only; runs in phase `observe`, silently, in
 * every run alike, so that what it feeds (files, a screen, nothing) cannot change the run.
 */
export class Observer {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #plan: Plan;
  readonly #measures: Measures;
  readonly #services: readonly ServiceDemand[];
  readonly #cursor: Cursor;
  readonly census: PodCensus;
  readonly #planned: (name: string) => PlannedNode | undefined;
  readonly #createdAt: Column<Float64Array>;
  readonly #hasBeenReady: Column<Uint8Array>;
  readonly #restarts: Column<Int32Array>;
  readonly #notReadySince: StateMap<string, Micros>;
  readonly #nodeSince: StateMap<string, Micros>;
  /** Replicas an HPA wanted last, and the direction of its last change. */
  readonly #desired: StateMap<string, { readonly replicas: number; readonly direction: number }>;
  /** Totals of service loads when the warm-up ended. */
  readonly served: StateValue<readonly DemandTotals[]>;

  constructor(engine: Engine, store: Store, world: Observed) {
    this.#engine = engine;
    this.#store = store;
    this.#plan = world.plan;
    this.#measures = world.measures;
    this.census = new PodCensus(engine.cells, store.pods);
    this.#planned = world.plannedNode;
    this.#services = world.services;
    this.#createdAt = new Column<Float64Array>(engine.cells, "observer.createdAt", Float64Array);
    this.#hasBeenReady = new Column<Uint8Array>(engine.cells, "observer.hasBeenReady", Uint8Array);
    this.#restarts = new Column<Int32Array>(engine.cells, "observer.restarts", Int32Array);
    this.#notReadySince = new StateMap(engine.cells, "observer.notReadySince");
    this.#nodeSince = new StateMap(engine.cells, "observer.nodeSince");
    this.#desired = new StateMap(engine.cells, "observer.desired");
    this.served = new StateValue<readonly DemandTotals[]>(engine.cells, "observer.served", Object.freeze([]));
    this.#cursor = store.observe("observer", ["Pod", "Node", "HorizontalPodAutoscaler"], () => this.#read());
  }

  /** Measures what is still going on at the end: pods that wait, nodes that are down, hours and money. */
  finish(): void {
    const { pods } = this.#store;
    const now = this.#engine.now;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      if (pods.nodeId.get(row) === -1)
        this.podMeasure("pod_pending_seconds", row, (now - this.#createdAt.get(row)) / SECOND);
    }
    for (const name of this.#nodeSince.keys()) this.#closeNode(name);
    for (const [index, service] of this.#services.entries()) {
      const labels = { namespace: service.load.namespace, svc: service.load.service };
      const before = this.served.value[index] ?? { requests: 0, unservedRequests: 0, overloadedMicros: 0 };
      const { requests, unservedRequests, overloadedMicros } = service.totals;
      this.#measures.add("service_requests", requests - before.requests, labels);
      this.#measures.add("service_unserved_requests", unservedRequests - before.unservedRequests, labels);
      this.#measures.add("service_overload_seconds", (overloadedMicros - before.overloadedMicros) / SECOND, labels);
    }
  }

  get isWarm(): boolean {
    return this.#engine.now >= this.#plan.warmupMicros;
  }

  #read(): void {
    const podKind = this.#store.kindIdOf("Pod");
    const nodeKind = this.#store.kindIdOf("Node");
    const cursor = this.#cursor;
    while (cursor.next()) {
      if (cursor.kindId === podKind) this.#podChanged(cursor.row, cursor.flags);
      else if (cursor.kindId === nodeKind) this.#nodeChanged(cursor.row, cursor.flags);
      else this.#hpaChanged(cursor.row, cursor.flags);
    }
  }

  #podChanged(row: number, flags: number): void {
    this.census.note(row);
    const { pods } = this.#store;
    const now = this.#engine.now;
    if ((flags & CHANGE.added) !== 0) {
      this.#createdAt.set(row, now);
      this.#hasBeenReady.set(row, 0);
      this.#restarts.set(row, pods.restarts.get(row));
    }
    if ((flags & CHANGE.bound) !== 0)
      this.podMeasure("pod_pending_seconds", row, (now - this.#createdAt.get(row)) / SECOND);
    if ((flags & CHANGE.phase) !== 0 && pods.phase.get(row) === POD_PHASE.running)
      this.podMeasure("pod_starts", row, 1);
    if ((flags & CHANGE.ready) !== 0 && pods.isReady(row) && this.#hasBeenReady.get(row) === 0) {
      this.#hasBeenReady.set(row, 1);
      this.podMeasure("pod_ready_seconds", row, (now - this.#createdAt.get(row)) / SECOND);
    }
    if ((flags & CHANGE.status) !== 0) this.#restarted(row);
    if ((flags & CHANGE.deleting) !== 0 && pods.extra.get(row).conditions?.some((c) => c.type === "DisruptionTarget")) {
      this.podMeasure("pod_evictions", row, 1);
    }
  }

  #restarted(row: number): void {
    const { pods } = this.#store;
    const restarts = pods.restarts.get(row);
    const more = restarts - this.#restarts.get(row);
    if (more <= 0) return;
    this.#restarts.set(row, restarts);
    this.podMeasure("container_restarts", row, more);
    const killed = pods.containers.get(row)?.some((status) => status.lastState?.terminated?.reason === "OOMKilled");
    if (killed) this.podMeasure("container_oom_kills", row, 1);
  }

  /** A value about a pod, once the warm-up is over. */
  podMeasure(metric: string, row: number, value: number): void {
    if (!this.isWarm) return;
    const { pods } = this.#store;
    const labels = { namespace: pods.namespaceOf(row), pod: pods.name.get(row), node: pods.nodeNameOf(row) };
    this.#measures.add(metric, value, labels, pods.labelsOf(row));
  }

  #nodeChanged(row: number, flags: number): void {
    const node = this.#store.documents<KubeNode>("Node").get(row);
    const name = node.metadata.name ?? "";
    if ((flags & CHANGE.added) !== 0) this.#nodeSince.set(name, this.#engine.now);
    if ((flags & CHANGE.deleted) !== 0) {
      this.#closeNode(name);
      return;
    }
    const isReady = isNodeReady(node);
    if (!isReady && !this.#notReadySince.has(name)) this.#notReadySince.set(name, this.#engine.now);
    else if (isReady) this.#endNotReady(name);
  }

  #endNotReady(name: string): void {
    const since = this.#notReadySince.get(name);
    if (since === undefined) return;
    this.#notReadySince.delete(name);
    const from = Math.max(since, this.#plan.warmupMicros);
    if (this.#engine.now > from)
      this.#measures.add("node_not_ready_seconds", (this.#engine.now - from) / SECOND, this.nodeLabels(name));
  }

  #closeNode(name: string): void {
    this.#endNotReady(name);
    const since = this.#nodeSince.get(name);
    if (since === undefined) return;
    this.#nodeSince.delete(name);
    const hours = Math.max(0, this.#engine.now - Math.max(since, this.#plan.warmupMicros)) / HOUR;
    const labels = this.nodeLabels(name);
    this.#measures.add("node_hours", hours, labels);
    this.#measures.add("cost", hours * this.priceOf(name), labels);
  }

  nodeLabels(name: string): Labels {
    const planned = this.#planned(name);
    return { node: name, zone: planned?.zone ?? "", pool: planned?.pool ?? "" };
  }

  priceOf(name: string): number {
    return this.#planned(name)?.pricePerHour ?? 0;
  }

  #hpaChanged(row: number, flags: number): void {
    if ((flags & CHANGE.deleted) !== 0) return;
    const hpa = this.#store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").get(row);
    const replicas = hpa.status?.desiredReplicas;
    if (replicas === undefined || replicas === 0) return;
    const labels = { namespace: hpa.metadata.namespace ?? "", hpa: hpa.metadata.name ?? "" };
    const key = `${labels.namespace}/${labels.hpa}`;
    const before = this.#desired.get(key);
    if (before?.replicas === replicas) return;
    const direction = before === undefined ? 0 : replicas > before.replicas ? 1 : -1;
    this.#desired.set(key, Object.freeze({ replicas, direction }));
    if (before === undefined || !this.isWarm) return;
    this.#measures.add("hpa_rescales", 1, labels);
    if (before.direction === -direction && direction !== 0) this.#measures.add("hpa_reversals", 1, labels);
  }
}

export function isNodeReady(node: KubeNode): boolean {
  return node.status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") === true;
}
