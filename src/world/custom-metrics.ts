import type { PodRowsQuery, SampleColumns, SampleCount } from "../control/index.ts";
import type { Engine, Micros } from "../engine/index.ts";
import {
  type CrossVersionObjectReference,
  compileSelector,
  findKindByName,
  type HorizontalPodAutoscaler,
  type KubeObject,
  type MetricIdentifier,
} from "../kube/index.ts";
import { type CollectedMetric, CollectedMetrics, type UsageMeter } from "../metrics/index.ts";
import { drawAt } from "../random/index.ts";
import type { Store } from "../store/index.ts";
import { levelAt, QueueModel, type ServiceDemand, type Workload } from "../workload/index.ts";
import type { LoadMeasure, Plan, PlannedMetric, TimedCurve } from "./plan.ts";

const MILLI = 1000;
const MICROS_PER_SECOND = 1_000_000;
const LOAD_MEASURES: readonly LoadMeasure[] = ["requests_per_second", "requests_in_flight"];

/** What custom metrics are read from. */
export interface MetricGround {
  readonly engine: Engine;
  readonly store: Store;
  readonly meter: UsageMeter;
  readonly workload: Workload;
  readonly isNodeReachable: (nodeId: number) => boolean;
}

/**
 * The custom and external metrics APIs: the plan's metrics and those that Service loads have by themselves, collected at
 * intervals and answered as an adapter does.
 *
 * @source prometheus-adapter pkg/custom-provider, custom-metrics-apiserver pkg/provider/errors.go
 */
export class CustomMetrics {
  readonly #metrics: readonly PlannedMetric[];
  readonly #collected: CollectedMetrics;
  readonly #ground: MetricGround;
  readonly #curveTickMicros: Micros;

  constructor(plan: Plan, ground: MetricGround) {
    const { engine } = ground;
    const { customMetricsScrapeMicros: scrapeMicros, customMetricsDelayMicros: delayMicros, phases } = plan.timing;
    this.#ground = ground;
    this.#curveTickMicros = scrapeMicros;
    this.#metrics = allMetrics(plan);
    const phase = drawAt(engine.streams.seedOf("metrics/custom-phase"), 0, 0);
    this.#collected = new CollectedMetrics(
      engine,
      this.#metrics.map((metric, index) => this.#collectable(metric, index)),
      {
        scrapeMicros,
        delayMicros,
        firstScrapeMicros: phases === "random" ? Math.floor(phase * scrapeMicros) : scrapeMicros,
      },
    );
  }

  start(): void {
    this.#collected.start();
  }

  /** Whether anything is measured: without, the cluster has no such APIs. */
  get isServed(): boolean {
    return this.#metrics.length > 0;
  }

  pods({ name, selector }: MetricIdentifier, query: PodRowsQuery, into: SampleColumns): SampleCount {
    const matcher = compileSelector(selector ?? {});
    const found = this.#named("pods", name, query.namespace).filter((i) => matcher.matches(this.#at(i).labels));
    if (this.#named("pods", name, query.namespace).length === 0) return notFound(name, "pods");
    const { serial } = this.#ground.store.pods;
    let shown = 0;
    for (let i = 0; i < query.count; i++) {
      into.valueMilli[i] = Number.NaN;
      const key = serial.get(query.rows[i] as number);
      for (const metric of found) {
        const value = this.#collected.valueOf(metric, key);
        if (Number.isNaN(value)) continue;
        shown++;
        into.valueMilli[i] = Math.floor(value * MILLI);
        into.timestampMicros[i] = Math.floor(this.#collected.sampledAt(metric) / MICROS_PER_SECOND) * MICROS_PER_SECOND;
        into.windowMicros[i] = this.#at(metric).windowMicros;
        break;
      }
    }
    return shown;
  }

  object(namespace: string, described: CrossVersionObjectReference, { name, selector }: MetricIdentifier) {
    const matcher = compileSelector(selector ?? {});
    const kind = findKindByName(described.kind);
    const resource = kind === undefined ? described.kind.toLowerCase() : kind.plural;
    for (const index of this.#named("object", name, namespace)) {
      const { object, labels } = this.#at(index);
      if (object?.kind !== described.kind || object.name !== described.name || !matcher.matches(labels)) continue;
      const value = this.#collected.valueOf(index, 0);
      if (!Number.isNaN(value)) return { valueMilli: Math.floor(value * MILLI) };
    }
    return notFound(name, `${resource} ${described.name}`);
  }

  external(namespace: string, { name, selector }: MetricIdentifier) {
    const matcher = compileSelector(selector ?? {});
    const valuesMilli = this.#named("external", name, namespace)
      .filter((index) => matcher.matches(this.#at(index).labels))
      .map((index) => this.#collected.valueOf(index, 0))
      .filter((value) => !Number.isNaN(value))
      .map((value) => Math.floor(value * MILLI));
    return { valuesMilli };
  }

  #at(index: number): PlannedMetric {
    return this.#metrics[index] as PlannedMetric;
  }

  /** Metrics of a kind and name that a namespace sees. */
  #named(kind: PlannedMetric["kind"], name: string, namespace: string): number[] {
    const found: number[] = [];
    for (const [index, metric] of this.#metrics.entries()) {
      if (metric.kind !== kind || metric.name !== name) continue;
      if (metric.namespace === null || metric.namespace === namespace) found.push(index);
    }
    return found;
  }

  #collectable(metric: PlannedMetric, index: number): CollectedMetric {
    const read = this.#reader(metric, index);
    const { engine } = this.#ground;
    return {
      windowMicros: metric.windowMicros,
      collect: (into) => {
        const isGap = metric.gaps.some(({ fromMicros, toMicros }) => engine.now >= fromMicros && engine.now < toMicros);
        if (!isGap) read(into);
      },
    };
  }

  #reader(metric: PlannedMetric, index: number): CollectedMetric["collect"] {
    const { engine, store, workload } = this.#ground;
    const { from } = metric;
    if (from.kind === "load") {
      const demand = workload.services.find(({ load }) => load.name === from.load) as ServiceDemand;
      if (metric.kind !== "pods") return (into) => into(0, demand.totalOf(from.measure));
      return (into) => {
        for (const row of demand.backendRows) {
          if (this.#isScraped(row)) into(store.pods.serial.get(row), demand.measureOf(from.measure, row));
        }
      };
    }
    if (from.kind === "queue") {
      const queue = new QueueModel(engine.cells, `${index}`, from.queue);
      const { noise } = from.queue.arrivalsPerSecond;
      return (into) => {
        const factor = noise === null ? 1 : workload.noiseFactor(noise, index);
        into(0, queue.lengthAt(engine.now, this.#selected(metric, (row) => store.pods.isReady(row)).length, factor));
      };
    }
    if (metric.kind !== "pods") return (into) => into(0, this.#level(from.value, engine.now, index));
    return (into) => {
      for (const row of this.#selected(metric, (one) => this.#isScraped(one))) {
        const since = from.value.since === "run" ? engine.now : engine.now - this.#ground.meter.startedAt(row);
        const serial = store.pods.serial.get(row);
        into(serial, this.#level(from.value, since, serial));
      }
    };
  }

  #level({ curve, noise }: TimedCurve, at: Micros, key: number): number {
    const level = levelAt(curve, at, this.#curveTickMicros);
    return noise === null ? level : level * this.#ground.workload.noiseFactor(noise, key);
  }

  /** A pod whose containers run, on a node that answers. */
  #isScraped(row: number): boolean {
    const { meter, store, isNodeReachable } = this.#ground;
    return meter.isOn.get(row) === 1 && store.pods.isPresent(row) && isNodeReachable(store.pods.nodeId.get(row));
  }

  #selected({ selector, namespace }: PlannedMetric, isWanted: (row: number) => boolean): number[] {
    const { pods } = this.#ground.store;
    const matcher = compileSelector(selector ?? {});
    const rows: number[] = [];
    for (let group = 0; group < pods.groups.count; group++) {
      if (namespace !== null && pods.groupNamespace.get(group) !== namespace) continue;
      if (pods.byGroup.count(group) === 0 || !matcher.matches(pods.groupLabels.get(group))) continue;
      for (let row = pods.byGroup.head(group); row !== -1; row = pods.byGroup.next(row)) {
        if (isWanted(row)) rows.push(row);
      }
    }
    return rows;
  }
}

function notFound(metric: string, resource: string): { readonly error: string } {
  return { error: `the server could not find the metric ${metric} for ${resource}` };
}

/** The plan's metrics, and those of its Service loads as far as some HPA asks for them by name. */
function allMetrics(plan: Plan): readonly PlannedMetric[] {
  const asked = askedNames(plan);
  const own: PlannedMetric[] = [];
  for (const load of plan.loads) {
    if (load.kind !== "service") continue;
    for (const measure of LOAD_MEASURES) {
      if (!asked.has(measure)) continue;
      const base = {
        name: measure,
        namespace: load.namespace,
        labels: { service: load.service },
        selector: null,
        windowMicros: measure === "requests_per_second" ? plan.timing.customMetricsWindowMicros : 0,
        from: { kind: "load", load: load.name, measure },
        gaps: [],
      } as const;
      own.push({ ...base, kind: "pods", object: null });
      own.push({ ...base, kind: "object", object: { kind: "Service", name: load.service } });
    }
  }
  // The user's own come first: of two with one name the first that has a value counts.
  return [...plan.metrics, ...own];
}

/** Names of the pods and object metrics that HPAs of the plan name, now or in what is applied later. */
function askedNames(plan: Plan): Set<string> {
  const later = plan.actions.flatMap((action) => ("objects" in action ? action.objects : []));
  const names = new Set<string>();
  for (const { object } of [...plan.objects, ...later]) {
    if (object.kind !== "HorizontalPodAutoscaler") continue;
    for (const { pods, object: described } of (object as KubeObject as HorizontalPodAutoscaler).spec.metrics ?? []) {
      for (const name of [pods?.metric.name, described?.metric.name]) if (name !== undefined) names.add(name);
    }
  }
  return names;
}
