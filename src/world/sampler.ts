import { type VerticalPodAutoscaler, vpaRows } from "../control/index.ts";
import type { Engine } from "../engine/index.ts";
import {
  type Deployment,
  type HorizontalPodAutoscaler,
  type KubeObject,
  PHASE,
  type ReplicaSet,
  type ReplicationController,
  type StatefulSet,
} from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import { cpuMilliOf, wholeValueOf } from "../units/index.ts";
import type { ServiceDemand } from "../workload/index.ts";
import { DocumentSamples, type Look } from "./document-samples.ts";
import type { Gauge, Labels } from "./measures.ts";
import { NodeTotals } from "./node-totals.ts";
import { isUsageDue, nodeUsageRows, rounded } from "./node-usage.ts";
import type { Observed, Observer } from "./observer.ts";
import type { SeriesName } from "./plan.ts";
import { hasVpa } from "./vertical-autoscaler.ts";

const SECOND = 1_000_000;
const WORKLOAD_METRICS = ["workload_replicas", "workload_ready_replicas"];
const HPA_METRICS = ["hpa_replicas", "hpa_utilization"];
const WORKLOAD_KINDS = ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"] as const;
type Workload = Deployment | ReplicaSet | ReplicationController | StatefulSet;

interface ServiceGauges {
  readonly ready: Gauge;
  readonly demand: Gauge;
}

/** Looks at the whole world every `record.sampleMicros`: gauges for the measures, rows for the series. Reads only. */
export class Sampler {
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #observed: Observed;
  readonly #observer: Observer;
  readonly #sampleKind: number;
  readonly #hasVpas: boolean;
  readonly #nodes: NodeTotals;
  readonly #workloads: readonly DocumentSamples<Workload>[];
  readonly #hpas: DocumentSamples<HorizontalPodAutoscaler>;
  readonly #services: readonly ServiceGauges[];

  constructor(engine: Engine, store: Store, observed: Observed, observer: Observer) {
    this.#engine = engine;
    this.#store = store;
    this.#observed = observed;
    this.#observer = observer;
    this.#hasVpas = hasVpa(observed.plan);
    const { measures } = observed;
    this.#nodes = new NodeTotals(store, observer);
    this.#workloads = WORKLOAD_KINDS.map(
      (kind) => new DocumentSamples(store.documents<Workload>(kind), measures, WORKLOAD_METRICS, workloadLook),
    );
    const hpas = store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler");
    this.#hpas = new DocumentSamples(hpas, measures, HPA_METRICS, hpaLook, { withFigure: hpaWithUtilization });
    this.#services = observed.services.map(({ load: { namespace, service } }) => {
      const labels = { namespace, svc: service };
      return {
        ready: measures.gauge("service_ready_endpoints", labels),
        demand: measures.gauge("service_demand_rps", labels),
      };
    });
    this.#sampleKind = engine.define("observer.sample", PHASE.observe, () => this.#sample(), { silent: true });
  }

  start(): void {
    this.#engine.at(this.#engine.now, this.#sampleKind);
  }

  #sample(): void {
    this.#engine.after(this.#observed.plan.record.sampleMicros, this.#sampleKind);
    if (this.#observer.isWarm) this.#observed.measures.beginSample();
    else this.#observer.served.value = Object.freeze(this.#observed.services.map((service) => service.totals));
    this.#sampleNodes();
    this.#samplePods();
    for (const workloads of this.#workloads) this.#sampleDocuments("workloads", workloads);
    this.#sampleDocuments("hpa", this.#hpas);
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

  #gauge(metric: string, value: number, labels: Labels): void {
    if (this.#observer.isWarm) this.#observed.measures.add(metric, value, labels);
  }

  #sampleDocuments(
    series: SeriesName,
    documents: DocumentSamples<Workload> | DocumentSamples<HorizontalPodAutoscaler>,
  ) {
    if (this.#observer.isWarm) documents.measure();
    if (!this.#isWritten(series)) return;
    for (const row of documents.rows()) this.#row(series, () => row);
  }

  #sampleNodes(): void {
    const nodes = this.#nodes;
    nodes.read();
    const { census } = this.#observer;
    this.#gauge("nodes_ready", nodes.ready, {});
    for (const [resource, amount] of nodes.extended) {
      if (amount === 0) continue;
      this.#gauge("extended_resource_requested", census.extendedOf(resource) / amount, { resource });
    }
    if (this.#isAsserted("node_cpu_requested")) {
      nodes.forEach((name, cpuMilli, requestedMilli) => {
        if (cpuMilli === 0) return;
        this.#gauge("node_cpu_requested", requestedMilli / cpuMilli, this.#observer.nodeLabels(name));
      });
    }
    this.#row("nodes", () => {
      const requested = nodes.requested();
      return {
        ready: nodes.ready,
        not_ready: nodes.total - nodes.ready,
        cpu_requested_ratio: rounded(nodes.cpuMilli === 0 ? 0 : requested.cpuMilli / nodes.cpuMilli),
        memory_requested_ratio: rounded(nodes.memoryBytes === 0 ? 0 : requested.memoryBytes / nodes.memoryBytes),
        cost_per_hour: rounded(nodes.costPerHour),
      };
    });
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
        cpuMilli += meter.cpuMilli(row);
        if (!perPod) continue;
        this.#observer.podMeasure("pod_cpu_cores", row, meter.cpuMilli(row) / 1000);
        this.#observer.podMeasure("pod_memory_bytes", row, meter.memoryBytes(row));
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
    const { services, measures } = this.#observed;
    const { isWarm } = this.#observer;
    const isWritten = this.#isWritten("services");
    for (let i = 0; i < services.length; i++) {
      const service = services[i] as ServiceDemand;
      const { ready, demand } = this.#services[i] as ServiceGauges;
      if (isWarm) measures.sample(ready, service.backendCount);
      if (isWarm) measures.sample(demand, service.wantedPerSecond);
      if (!isWritten) continue;
      this.#row("services", () => ({
        namespace: service.load.namespace,
        name: service.load.service,
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
      const cores = this.#observed.meter.cpuMilli(row) / 1000;
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

/** A workload that nothing else controls. */
function workloadLook(workload: Workload): Look | undefined {
  const { kind, metadata, spec, status } = workload;
  if (metadata.ownerReferences?.some((owner) => owner.controller === true)) return undefined;
  const { namespace = "", name = "" } = metadata;
  const wanted = spec.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  const current = status?.replicas ?? 0;
  const updated = updatedReplicas(workload) ?? current;
  const row = { namespace, kind, name, wanted, current, ready, updated };
  return { labels: { namespace, kind, name }, values: [wanted, ready], row };
}

/** What is seen of an HPA whose newest metrics have not been rendered; NaN: its first metric is no utilization. */
function hpaWithUtilization({ labels, values, row }: Look, percent: number): Look {
  const isKnown = !Number.isNaN(percent);
  return {
    labels,
    values: [values[0], isKnown ? percent / 100 : undefined],
    row: { ...row, utilization_percent: isKnown ? percent : "" },
  };
}

function hpaLook({ metadata, spec, status }: HorizontalPodAutoscaler): Look {
  const { namespace = "", name = "" } = metadata;
  const seen = status?.currentMetrics?.[0] as { resource?: { current?: { averageUtilization?: number } } } | undefined;
  const utilization = seen?.resource?.current?.averageUtilization;
  const desired = status?.desiredReplicas ?? 0;
  return {
    labels: { namespace, hpa: name },
    values: [desired > 0 ? desired : undefined, utilization === undefined ? undefined : utilization / 100],
    row: {
      namespace,
      name,
      current: status?.currentReplicas ?? 0,
      desired,
      min: spec.minReplicas ?? 1,
      max: spec.maxReplicas,
      utilization_percent: utilization ?? "",
      target_percent: spec.metrics?.[0]?.resource?.target.averageUtilization ?? "",
    },
  };
}

/** Replicas made from the present template, of the kinds that tell them apart. */
function updatedReplicas({ kind, status }: KubeObject & { readonly status?: object }): number | undefined {
  const { updatedReplicas: count } = (status ?? {}) as { readonly updatedReplicas?: number };
  return kind === "StatefulSet" ? (count ?? 0) : count;
}
