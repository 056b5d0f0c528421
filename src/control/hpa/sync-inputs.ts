import type { CrossVersionObjectReference, MetricIdentifier, PodPhase } from "../../kube/index.ts";
import type { ShownUsage } from "../../metrics/index.ts";
import { CONDITION, POD_PHASE, POD_PHASE_NAMES, type PodTemplate, type Store } from "../../store/index.ts";
import type { MetricInputs } from "./metric-proposal.ts";
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
const NO_GROUPS: readonly number[] = Object.freeze([]);
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
  readonly #shown: ShownUsage = { podCount: 0, cpuMilli: 0 };
  #groups: readonly number[] = NO_GROUPS;
  /** Whether the buffers hold the pods of these groups. */
  #isFilled = false;
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
    this.#groups = groups;
    this.#isFilled = false;
  }

  /** The buffers, with the pods of the groups in them. */
  #filled(): SyncBuffers {
    if (!this.#isFilled) {
      this.#isFilled = true;
      this.#buffers.fill(this.#store, this.#groups);
    }
    return this.#buffers;
  }

  /** The scale and tolerances of the sync, for calculations. */
  scaleBy(scale: Scale, tolerances: Tolerances): void {
    this.specReplicas = scale.specReplicas;
    this.statusReplicas = scale.statusReplicas;
    this.tolerances = tolerances;
  }

  pods(): readonly PodRecord[] {
    if (this.#records === undefined) {
      const { rows, count } = this.#filled();
      this.#records = Array.from(rows.subarray(0, count), (row) => podRecord(this.#store, row));
      const { serial } = this.#store.pods;
      const serials = new Map(this.#records.map((record, i) => [record, serial.get(rows[i] ?? 0)]));
      this.#records.sort((a, b) => (serials.get(a) ?? 0) - (serials.get(b) ?? 0));
    }
    return this.#records;
  }

  readyPods(): ReadyPods {
    const { rows, count } = this.#filled();
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
    const { rows, count, samples } = this.#filled();
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
   * busy as before, but enough or little enough to ask for the same; "other": neither. What was measured is in `before.found`.
   */
  measureAgain(before: SteadyResource, scale: SteadyState["scale"]): "same" | "moved" | "other" {
    const totals = this.#quickTotals(before) ?? this.#wholeTotals(before);
    if (totals === undefined) return "other";
    const percent = percentOf(totals);
    const value = averageOf(totals);
    const { readyCount } = totals;
    const { found } = before;
    found.readyCount = readyCount;
    found.utilizationPercent = percent;
    found.valueMilli = value;
    const isSame = percent === before.utilizationPercent && value === before.valueMilli;
    if (isSame && readyCount === before.readyCount) return "same";
    if (replicasOf(totals, percent, before.targetPercent, scale) !== before.replicas) return "other";
    return isSame ? "same" : "moved";
  }

  /** The totals from sums that are at hand, of pods none of which has been written since they were all ready; or undefined. */
  #quickTotals({ resource, container, pods }: SteadyResource): ReadyTotals | undefined {
    if (pods === undefined || resource !== "cpu" || container !== "" || this.#source.addCpu === undefined)
      return undefined;
    if (this.#version() !== pods.version) return undefined;
    const shown = this.#shown;
    shown.podCount = 0;
    shown.cpuMilli = 0;
    const groups = this.#groups;
    for (let i = 0; i < groups.length; i++) this.#source.addCpu(groups[i]!, shown);
    // NaN is no safe integer: some pod is not shown.
    if (shown.podCount !== pods.count || !Number.isSafeInteger(shown.cpuMilli)) return undefined;
    const totals = this.#totals;
    totals.readyCount = pods.count;
    totals.usageMilli = shown.cpuMilli;
    totals.requestMilli = pods.requestMilli;
    return totals;
  }

  /** The totals by a look at each pod, and what of it will stay as it is. */
  #wholeTotals(before: SteadyResource): ReadyTotals | undefined {
    const totals = this.#readyTotals(before.resource, before.container);
    before.pods =
      totals !== undefined && this.#areSettled()
        ? { version: this.#version(), count: totals.readyCount, requestMilli: totals.requestMilli }
        : undefined;
    return totals;
  }

  #version(): number {
    const { groupVersion } = this.#store.pods;
    const groups = this.#groups;
    let version = 0;
    for (let i = 0; i < groups.length; i++) version += groupVersion.get(groups[i]!);
    return version;
  }

  /** Whether all pods have started so long ago that the age of their samples does not matter any more. */
  #areSettled(): boolean {
    const { rows, count } = this.#filled();
    const { startTime } = this.#store.pods;
    const before = this.now - this.periods.cpuInitializationMicros;
    for (let i = 0; i < count; i++) if (startTime.get(rows[i]!) > before) return false;
    return true;
  }

  // hot: once a sync (bench/world).
  #readyTotals(resource: string, container: string): ReadyTotals | undefined {
    const answered = this.#fetch(resource, container);
    const { rows, count, samples, requestMilli } = this.#filled();
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
      const { rows, count, samples } = this.#filled();
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
    const { rows, count, samples: columns } = this.#filled();
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
    const { rows, count, requestMilli } = this.#filled();
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
