import type { Engine } from "../engine/index.ts";
import {
  type Deployment,
  type HorizontalPodAutoscaler,
  type KubeNode,
  type KubeObject,
  PHASE,
  type ReplicaSet,
  type ReplicationController,
  type StatefulSet,
} from "../kube/index.ts";
import type { DocumentTable, Store } from "../store/index.ts";
import { cpuMilliOf, wholeValueOf } from "../units/index.ts";
import type { Gauge, Labels } from "./measures.ts";
import { isNodeReady, type Observed, type Observer } from "./observer.ts";
import type { SeriesName } from "./plan.ts";

const SECOND = 1_000_000;
const WORKLOAD_METRICS = ["workload_replicas", "workload_ready_replicas"];
const HPA_METRICS = ["hpa_replicas", "hpa_utilization"];
const WORKLOAD_KINDS = ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"] as const;

interface Gauged {
  readonly serial: number;
  readonly gauges: readonly Gauge[];
}

/** Looks at the whole world every `record.sampleMicros`: gauges for the measures, rows for the series. Reads only. */
export class Sampler {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #observed: Observed;
  readonly #observer: Observer;
  readonly #sampleKind: number;
  /** By kind and row: derived. */
  readonly #gauges = new Map<string, (Gauged | undefined)[]>();

  constructor(engine: Engine, store: Store, observed: Observed, observer: Observer) {
    this.#engine = engine;
    this.#store = store;
    this.#observed = observed;
    this.#observer = observer;
    this.#sampleKind = engine.define("observer.sample", PHASE.observe, () => this.#sample(), { silent: true });
  }

  start(): void {
    this.#engine.at(this.#engine.now, this.#sampleKind);
  }

  #sample(): void {
    this.#engine.after(this.#observed.plan.record.sampleMicros, this.#sampleKind);
    if (!this.#observer.isWarm) {
      this.#observer.served.value = Object.freeze(this.#observed.services.map((service) => service.totals));
    }
    this.#sampleNodes();
    this.#samplePods();
    this.#sampleWorkloads();
    this.#sampleHpas();
    this.#sampleServices();
  }

  /** Rows are built only for a sink. */
  #row(series: SeriesName, row: () => Readonly<Record<string, string | number>>): void {
    this.#observed.sink?.sample(series, { at_s: this.#engine.now / SECOND, ...row() });
  }

  /** The gauges of each document, looked up once in its life. */
  #gaugesOf(table: DocumentTable, row: number, metrics: readonly string[], labels: () => Labels): readonly Gauge[] {
    let rows = this.#gauges.get(table.kind);
    if (rows === undefined) {
      rows = [];
      this.#gauges.set(table.kind, rows);
    }
    const serial = table.serial.get(row);
    let known = rows[row];
    if (known?.serial !== serial) {
      const measured = labels();
      known = { serial, gauges: metrics.map((metric) => this.#observed.measures.gauge(metric, measured)) };
      rows[row] = known;
    }
    return known.gauges;
  }

  #add(gauge: Gauge | undefined, value: number): void {
    if (gauge !== undefined && this.#observer.isWarm) this.#observed.measures.addTo(gauge, value);
  }

  #gauge(metric: string, value: number, labels: Labels): void {
    if (this.#observer.isWarm) this.#observed.measures.add(metric, value, labels);
  }

  #sampleNodes(): void {
    const nodes = this.#store.documents<KubeNode>("Node");
    const { census } = this.#observer;
    const perNode = this.#isAsserted("node_cpu_requested");
    let ready = 0;
    let total = 0;
    let costPerHour = 0;
    const requested = { cpu: 0, memory: 0 };
    const allocatable = { cpu: 0, memory: 0 };
    for (let row = nodes.first(); row !== -1; row = nodes.after(row)) {
      const { name, isReady, cpuMilli, memoryBytes } = figuresOf(nodes.get(row));
      const id = this.#store.pods.nodeNames.find(name);
      total++;
      costPerHour += this.#observer.priceOf(name);
      const cpuRequested = id === -1 ? 0 : census.cpuMilliOf(id);
      requested.cpu += cpuRequested;
      requested.memory += id === -1 ? 0 : census.memoryBytesOf(id);
      if (perNode && cpuMilli > 0) {
        this.#gauge("node_cpu_requested", cpuRequested / cpuMilli, this.#observer.nodeLabels(name));
      }
      if (!isReady) continue;
      ready++;
      allocatable.cpu += cpuMilli;
      allocatable.memory += memoryBytes;
    }
    this.#gauge("nodes_ready", ready, {});
    this.#row("nodes", () => ({
      ready,
      not_ready: total - ready,
      cpu_requested_ratio: rounded(allocatable.cpu === 0 ? 0 : requested.cpu / allocatable.cpu),
      memory_requested_ratio: rounded(allocatable.memory === 0 ? 0 : requested.memory / allocatable.memory),
      cost_per_hour: rounded(costPerHour),
    }));
  }

  #samplePods(): void {
    const { pods } = this.#store;
    const { meter } = this.#observed;
    const perPod = this.#isAsserted("pod_cpu_cores") || this.#isAsserted("pod_memory_bytes");
    let cpuMilli = 0;
    if (perPod || this.#observed.sink !== undefined) {
      const { limit } = pods.rows;
      meter.isOn.ensure(limit);
      for (let row = 0; row < limit; row++) {
        if (meter.isOn.data[row] === 0 || !this.#observed.isNodeUp(pods.nodeId.get(row))) continue;
        cpuMilli += meter.cpuMilli.get(row);
        if (!perPod) continue;
        this.#observer.podMeasure("pod_cpu_cores", row, meter.cpuMilli.get(row) / 1000);
        this.#observer.podMeasure("pod_memory_bytes", row, meter.memoryBytes.get(row));
      }
    }
    const { counts } = this.#observer.census;
    this.#gauge("pods_pending", counts.pending, {});
    this.#gauge("pods_running", counts.running, {});
    this.#row("pods", () => ({ ...counts, cpu_used_cores: rounded(cpuMilli / 1000) }));
  }

  /** Values by node or pod are many: they are measured only where an assertion asks for them. */
  #isAsserted(metric: string): boolean {
    return this.#observed.plan.assertions.some((assertion) => assertion.metric === metric);
  }

  #sampleWorkloads(): void {
    for (const kind of WORKLOAD_KINDS) {
      const table = this.#store.documents<Deployment | ReplicaSet | ReplicationController | StatefulSet>(kind);
      for (let row = table.first(); row !== -1; row = table.after(row)) {
        const workload = table.get(row);
        if (workload.metadata.ownerReferences?.some((owner) => owner.controller === true)) continue;
        const { namespace = "", name = "" } = workload.metadata;
        const wanted = workload.spec.replicas ?? 1;
        const ready = workload.status?.readyReplicas ?? 0;
        const gauges = this.#gaugesOf(table, row, WORKLOAD_METRICS, () => ({ namespace, kind, name }));
        this.#add(gauges[0], wanted);
        this.#add(gauges[1], ready);
        const current = workload.status?.replicas ?? 0;
        const updated = updatedReplicas(workload) ?? current;
        this.#row("workloads", () => ({ namespace, kind, name, wanted, current, ready, updated }));
      }
    }
  }

  #sampleHpas(): void {
    const hpas = this.#store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler");
    for (let row = hpas.first(); row !== -1; row = hpas.after(row)) {
      const { metadata, spec, status } = hpas.get(row);
      const { namespace = "", name = "" } = metadata;
      const gauges = this.#gaugesOf(hpas, row, HPA_METRICS, () => ({ namespace, hpa: name }));
      const seen = status?.currentMetrics?.[0] as
        | { resource?: { current?: { averageUtilization?: number } } }
        | undefined;
      const utilization = seen?.resource?.current?.averageUtilization;
      const target = spec.metrics?.[0]?.resource?.target.averageUtilization;
      const desired = status?.desiredReplicas ?? 0;
      if (desired > 0) this.#add(gauges[0], desired);
      if (utilization !== undefined) this.#add(gauges[1], utilization / 100);
      this.#row("hpa", () => ({
        namespace,
        name,
        current: status?.currentReplicas ?? 0,
        desired,
        min: spec.minReplicas ?? 1,
        max: spec.maxReplicas,
        utilization_percent: utilization ?? "",
        target_percent: target ?? "",
      }));
    }
  }

  #sampleServices(): void {
    for (const service of this.#observed.services) {
      const labels = { namespace: service.load.namespace, svc: service.load.service };
      this.#gauge("service_ready_endpoints", service.backendCount, labels);
      this.#gauge("service_demand_rps", service.wantedPerSecond, labels);
      this.#row("services", () => ({
        namespace: labels.namespace,
        name: labels.svc,
        ready_endpoints: service.backendCount,
        demand_rps: rounded(service.wantedPerSecond),
        unserved_requests: rounded(service.totals.unservedRequests),
      }));
    }
  }
}

interface NodeFigures {
  readonly name: string;
  readonly isReady: boolean;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** A node's document is a new object whenever it changes, so what is read off it can be kept by it. */
const nodeFigures = new WeakMap<KubeNode, NodeFigures>();

function figuresOf(node: KubeNode): NodeFigures {
  let figures = nodeFigures.get(node);
  if (figures === undefined) {
    const { cpu = "0", memory = "0" } = node.status?.allocatable ?? {};
    figures = {
      name: node.metadata.name ?? "",
      isReady: isNodeReady(node),
      cpuMilli: cpuMilliOf(cpu),
      memoryBytes: wholeValueOf(memory),
    };
    nodeFigures.set(node, figures);
  }
  return figures;
}

/** Six decimals: what a person or a plot can use, and the same text everywhere. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Replicas made from the present template, of the kinds that tell them apart. */
function updatedReplicas({ kind, status }: KubeObject & { readonly status?: object }): number | undefined {
  const { updatedReplicas: count } = (status ?? {}) as { readonly updatedReplicas?: number };
  return kind === "StatefulSet" ? (count ?? 0) : count;
}
