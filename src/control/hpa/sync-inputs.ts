import type { CrossVersionObjectReference, MetricIdentifier, PodPhase } from "../../kube/index.ts";
import { CONDITION, POD_PHASE, POD_PHASE_NAMES, type PodTemplate, type Store } from "../../store/index.ts";
import { type MetricInputs, resourceStatus } from "./metric-proposal.ts";
import type { MetricsSource, ResourceQuery, SampleColumns, SampleCount } from "./metrics-source.ts";
import type { ReadyPods } from "./object-metrics.ts";
import { podRequestsOf } from "./pod-requests.ts";
import {
  averageOf,
  emptyTotals,
  percentOf,
  type ReadyPodsInput,
  type ReadyTotals,
  replicasFromTotals,
  replicasOf,
  sumReadyPods,
} from "./quick-utilization.ts";
import type { Scale } from "./reconcile.ts";
import { requestOf } from "./requests.ts";
import type { SteadyResource, SteadyState } from "./steady.ts";
import type {
  Calculation,
  PodMetricAnswer,
  PodRecord,
  PodRequests,
  PodSample,
  ReadinessPeriods,
  Tolerances,
} from "./types.ts";

/** Buffers that every sync uses again; they mean nothing between syncs. */
export class SyncBuffers {
  rows = new Int32Array(64);
  requestMilli = new Float64Array(64);
  samples = sampleColumns(64);
  count = 0;

  /** Takes the pods of some groups: by group, within it by creation. */
  fill(store: Store, groups: readonly number[]): void {
    const { byGroup } = store.pods;
    this.count = 0;
    for (const group of groups) {
      this.#ensure(this.count + byGroup.count(group));
      for (let row = byGroup.head(group); row !== -1; row = byGroup.next(row)) this.rows[this.count++] = row;
    }
  }

  #ensure(count: number): void {
    if (count <= this.rows.length) return;
    const capacity = Math.max(count, this.rows.length * 2);
    const rows = new Int32Array(capacity);
    rows.set(this.rows);
    this.rows = rows;
    this.requestMilli = new Float64Array(capacity);
    this.samples = sampleColumns(capacity);
  }
}

function sampleColumns(capacity: number): SampleColumns {
  return {
    valueMilli: new Float64Array(capacity),
    timestampMicros: new Float64Array(capacity),
    windowMicros: new Float64Array(capacity),
  };
}

const NO_TOLERANCES: Tolerances = { down: 0, up: 0 };
const NO_BYTES = new Uint8Array(0);
const NO_TIMES = new Float64Array(0);

/** Requests by template: derived, hence no state. */
const requestsByTemplate = new WeakMap<PodTemplate, PodRequests>();

/** What a sync reads of the store and of the metrics APIs. One object serves all syncs: `begin` starts the next one. */
export class SyncInputs implements MetricInputs {
  namespace = "";
  now = 0;
  specReplicas = 0;
  statusReplicas = 0;
  tolerances: Tolerances = NO_TOLERANCES;
  readonly periods: ReadinessPeriods;
  readonly isCountGuarded: boolean;
  readonly #store: Store;
  readonly #source: MetricsSource;
  readonly #buffers = new SyncBuffers();
  readonly #query: { -readonly [K in keyof ResourceQuery]: ResourceQuery[K] };
  readonly #sweep: { -readonly [K in keyof ReadyPodsInput]: ReadyPodsInput[K] };
  readonly #totals = emptyTotals();
  #records: PodRecord[] | undefined;
  /** Whose samples are in the buffers, and the answer's size; undefined when nobody's are. */
  #fetched: SampleCount | undefined;

  constructor(store: Store, source: MetricsSource, periods: ReadinessPeriods, isCountGuarded = true) {
    this.isCountGuarded = isCountGuarded;
    this.#store = store;
    this.#source = source;
    this.periods = periods;
    const { rows, samples, requestMilli } = this.#buffers;
    this.#query = { namespace: "", rows, count: 0, resource: "", container: "" };
    const columns = { phase: NO_BYTES, deletionAt: NO_TIMES, ready: NO_BYTES, readyAt: NO_TIMES, startTime: NO_TIMES };
    this.#sweep = { rows, count: 0, samples, requestMilli, columns, isCpu: false, now: 0, periods };
  }

  /** Starts the sync of an HPA whose target's pods are in these groups. */
  begin(namespace: string, groups: readonly number[]): void {
    this.namespace = namespace;
    this.now = this.#store.engine.now;
    this.#records = undefined;
    this.#fetched = undefined;
    this.#buffers.fill(this.#store, groups);
  }

  /** The scale and tolerances of the sync, for calculations. */
  scaleBy(scale: Scale, tolerances: Tolerances): void {
    this.specReplicas = scale.specReplicas;
    this.statusReplicas = scale.statusReplicas;
    this.tolerances = tolerances;
  }

  pods(): readonly PodRecord[] {
    if (this.#records === undefined) {
      const { rows, count } = this.#buffers;
      this.#records = Array.from(rows.subarray(0, count), (row) => podRecord(this.#store, row));
      const { serial } = this.#store.pods;
      const serials = new Map(this.#records.map((record, i) => [record, serial.get(rows[i] ?? 0)]));
      this.#records.sort((a, b) => (serials.get(a) ?? 0) - (serials.get(b) ?? 0));
    }
    return this.#records;
  }

  readyPods(): ReadyPods {
    const { rows, count } = this.#buffers;
    const { phase, ready } = this.#store.pods;
    let runningReadyCount = 0;
    for (const row of rows.subarray(0, count)) {
      if (phase.get(row) === POD_PHASE.running && ready.get(row) === CONDITION.true) runningReadyCount++;
    }
    return { podCount: count, runningReadyCount };
  }

  resource(resource: string, container: string): PodMetricAnswer {
    return this.#answer(this.#fetch(resource, container));
  }

  podsMetric(metric: MetricIdentifier): PodMetricAnswer {
    const { rows, count, samples } = this.#buffers;
    this.#fetched = undefined;
    return this.#answer(this.#source.pods(metric, { namespace: this.namespace, rows, count }, samples));
  }

  objectMetric(described: CrossVersionObjectReference, metric: MetricIdentifier) {
    return this.#source.object(this.namespace, described, metric);
  }

  externalMetric(metric: MetricIdentifier) {
    return this.#source.external(this.namespace, metric);
  }

  quickUtilization(resource: string, container: string, targetPercent: number): Calculation | undefined {
    const totals = this.#readyTotals(resource, container);
    if (totals === undefined) return undefined;
    const scale = { currentReplicas: this.specReplicas, tolerances: this.tolerances };
    return replicasFromTotals(totals, targetPercent, scale);
  }

  // hot: once a sync of an HPA at rest (bench/world).
  /**
   * Measures a resource anew. "same": all pods are ready and measured, and as many and as busy as before; "moved": not so
   * busy as before, but enough or little enough to ask for the same; "other": neither.
   */
  measureAgain(before: SteadyResource, scale: SteadyState["scale"]): "same" | "moved" | "other" {
    const totals = this.#readyTotals(before.resource, before.container);
    if (totals === undefined) return "other";
    const percent = percentOf(totals);
    const value = averageOf(totals);
    const { readyCount } = totals;
    if (readyCount === before.readyCount && percent === before.utilizationPercent && value === before.valueMilli) {
      return "same";
    }
    if (replicasOf(totals, percent, before.targetPercent, scale) !== before.replicas) return "other";
    before.readyCount = readyCount;
    if (percent === before.utilizationPercent && value === before.valueMilli) return "same";
    before.utilizationPercent = percent;
    before.valueMilli = value;
    before.status = resourceStatus(before.resource, before.container, value, percent);
    return "moved";
  }

  // hot: once a sync (bench/world).
  #readyTotals(resource: string, container: string): ReadyTotals | undefined {
    const answered = this.#fetch(resource, container);
    const { rows, count, samples, requestMilli } = this.#buffers;
    if (typeof answered !== "number" || answered === 0 || count === 0) return undefined;
    this.#readRequests(resource, container);
    const { pods } = this.#store;
    const sweep = this.#sweep;
    sweep.rows = rows;
    sweep.count = count;
    sweep.samples = samples;
    sweep.requestMilli = requestMilli;
    sweep.isCpu = resource === "cpu";
    sweep.now = this.now;
    const { columns } = sweep;
    columns.phase = pods.phase.data;
    columns.deletionAt = pods.deletionAt.data;
    columns.ready = pods.ready.data;
    columns.readyAt = pods.readyAt.data;
    columns.startTime = pods.startTime.data;
    return sumReadyPods(sweep, this.#totals);
  }

  #fetch(resource: string, container: string): SampleCount {
    const query = this.#query;
    if (this.#fetched === undefined || query.resource !== resource || query.container !== container) {
      const { rows, count, samples } = this.#buffers;
      query.namespace = this.namespace;
      query.rows = rows;
      query.count = count;
      query.resource = resource;
      query.container = container;
      this.#fetched = this.#source.resource(query, samples);
    }
    return this.#fetched;
  }

  #answer(answered: SampleCount): PodMetricAnswer {
    if (typeof answered !== "number") return answered;
    const { rows, count, samples: columns } = this.#buffers;
    const samples = new Map<string, PodSample>();
    for (let i = 0; i < count; i++) {
      const valueMilli = columns.valueMilli[i] ?? Number.NaN;
      if (Number.isNaN(valueMilli)) continue;
      const timestampMicros = columns.timestampMicros[i] ?? 0;
      const windowMicros = columns.windowMicros[i] ?? 0;
      samples.set(this.#store.pods.name.get(rows[i] ?? 0), { valueMilli, timestampMicros, windowMicros });
    }
    return { itemCount: answered, samples };
  }

  // hot: once a pod and sync (bench/world).
  #readRequests(resource: string, container: string): void {
    const { rows, count, requestMilli } = this.#buffers;
    const templates = this.#store.pods.template.data;
    let last: PodTemplate | null = null;
    let request = Number.NaN;
    for (let i = 0; i < count; i++) {
      const template = templates[rows[i]!] ?? null;
      if (template !== last) {
        last = template;
        const found =
          template === null ? "" : requestOf({ name: "", requests: requestsOf(template) }, container, resource);
        request = typeof found === "number" ? found : Number.NaN;
      }
      requestMilli[i] = request;
    }
  }
}

function requestsOf(template: PodTemplate): PodRequests {
  let requests = requestsByTemplate.get(template);
  if (requests === undefined) {
    requests = podRequestsOf(template.spec);
    requestsByTemplate.set(template, requests);
  }
  return requests;
}

const READY_NAMES = [undefined, "False", "True", "Unknown"] as const;

function podRecord({ pods }: Store, row: number): PodRecord {
  const started = pods.startTime.get(row);
  return {
    name: pods.name.get(row),
    phase: POD_PHASE_NAMES[pods.phase.get(row)] as PodPhase,
    isDeleting: pods.isDeleting(row),
    readyStatus: READY_NAMES[pods.ready.get(row)],
    readyTransitionMicros: pods.readyAt.get(row),
    startMicros: started === -1 ? undefined : started,
    requests: requestsOf(pods.templateOf(row)),
  };
}
