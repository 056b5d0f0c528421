import { type VerticalPodAutoscaler, vpaRows } from "../control/index.ts";
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
import { figuresOf, isUsageDue, nodeUsageRows, rounded } from "./node-usage.ts";
import type { Observed, Observer } from "./observer.ts";
import type { SeriesName } from "./plan.ts";
import { hasVpa } from "./vertical-autoscaler.ts";

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
  readonly #hasVpas: boolean;
  /** By kind and row: derived. */
  readonly #gauges = new Map<string, (Gauged | undefined)[]>();

  constructor(engine: Engine, store: Store, observed: Observed, observer: Observer) {
    this.#engine = engine;
    this.#store = store;
    this.#observed = observed;
    this.#observer = observer;
    this.#hasVpas = hasVpa(observed.plan);
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
    if (this.#hasVpas) this.#sampleVpas();
    this.#sampleServices();
    if (this.#isWritten("nodegroups")) {
      for (const group of this.#observed.nodeGroups()) this.#row("nodegroups", () => ({ ...group }));
    }
    const { plan } = this.#observed;
    if (!this.#isWritten("node_usage") || !isUsageDue(plan, this.#engine.now)) return;
    for (const row of nodeUsageRows(this.#store, this.#observed, this.#observer)) this.#row("node_usage", () => row);
  }

  /** Rows are built only for a sink, and of the series that are wanted. */
  #row(series: SeriesName, row: () => Readonly<Record<string, string | number>>): void {
    if (!this.#isWritten(series)) return;
    this.#observed.sink?.sample(series, { at_s: this.#engine.now / SECOND, ...row() });
  }

  #isWritten(series: SeriesName): boolean {
    const { plan, sink } = this.#observed;
    return sink !== undefined && plan.record.series?.includes(series) !== false;
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
    const allocatable = { cpu: 0, memory: 0, extended: new Map<string, number>() };
    for (let row = nodes.first(); row !== -1; row = nodes.after(row)) {
      const { name, isReady, cpuMilli, memoryBytes, extended } = figuresOf(nodes.get(row));
      for (let i = 0; i < extended.length; i++) {
        const [resource, amount] = extended[i] as (typeof extended)[number];
        allocatable.extended.set(resource, (allocatable.extended.get(resource) ?? 0) + amount);
      }
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
    for (const [resource, amount] of allocatable.extended) {
      if (amount === 0) continue;
      this.#gauge("extended_resource_requested", census.extendedOf(resource) / amount, { resource });
    }
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
    if (perPod || this.#isWritten("pods")) {
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

  #sampleVpas(): void {
    const table = this.#store.documents<VerticalPodAutoscaler>("Other");
    for (const vpaRow of vpaRows(this.#store)) {
      const { metadata, status } = table.get(vpaRow);
      const { namespace = "default", name = "" } = metadata;
      for (const one of status?.recommendation?.containerRecommendations ?? []) {
        const container = one.containerName;
        for (const [resource, text] of Object.entries(one.target)) {
          const read = resource === "cpu" ? (amount: string) => cpuMilliOf(amount) / 1000 : wholeValueOf;
          const metric = resource === "cpu" ? "vpa_target_cpu_cores" : "vpa_target_memory_bytes";
          this.#gauge(metric, read(text), { namespace, vpa: name, container });
          this.#row("vpa", () => {
            const [lower, upper] = [read(one.lowerBound[resource] ?? text), read(one.upperBound[resource] ?? text)];
            return { namespace, name, container, resource, lower, target: read(text), upper };
          });
        }
      }
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
        capacity_rps: Number.isFinite(service.capacityPerSecond) ? rounded(service.capacityPerSecond) : "",
        ...this.#spreadOf(service.backendRows),
      }));
    }
  }

  /** How unevenly the endpoints of a Service are used; empty without endpoints. */
  #spreadOf(rows: readonly number[]): Record<string, number | ""> {
    let [least, most, sum, count] = [Number.POSITIVE_INFINITY, 0, 0, 0];
    for (const row of rows) {
      if (this.#observed.meter.isOn.get(row) === 0) continue;
      const cores = this.#observed.meter.cpuMilli.get(row) / 1000;
      least = Math.min(least, cores);
      most = Math.max(most, cores);
      sum += cores;
      count++;
    }
    const isNone = count === 0;
    return {
      endpoint_cpu_min_cores: isNone ? "" : rounded(least),
      endpoint_cpu_mean_cores: isNone ? "" : rounded(sum / count),
      endpoint_cpu_max_cores: isNone ? "" : rounded(most),
    };
  }
}

/** Replicas made from the present template, of the kinds that tell them apart. */
function updatedReplicas({ kind, status }: KubeObject & { readonly status?: object }): number | undefined {
  const { updatedReplicas: count } = (status ?? {}) as { readonly updatedReplicas?: number };
  return kind === "StatefulSet" ? (count ?? 0) : count;
}
