import type { Engine, Micros } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import type { PodTable } from "../store/index.ts";
import { Column, StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** A container younger than this at its first sample is not shown before its second one.
 *  @source metrics-server pkg/storage: freshContainerMinMetricsResolution */
const FRESH_CONTAINER_MIN_AGE = seconds(10);
const NANOS_PER_MILLI = 1_000_000;

export interface MetricsServerOptions {
  /** Distance of two scrapes. 15 s in the shipped manifests. */
  readonly scrapeMicros: Micros;
  /** From the start to the first scrape; a whole period by default. */
  readonly firstScrapeMicros?: Micros;
  /** Whether a young container is measured from its start, so that it is shown after one scrape. Heapster did not. Default true. */
  readonly showsFreshContainers?: boolean;
  /** Whether the kubelet of a node answers now; samples of a silent node disappear. */
  readonly isNodeReachable: (nodeId: number) => boolean;
}

/**
 * metrics-server: scrapes every pod's counters, as the kubelet saw them last, and shows the usage between the last two
 * that differ.
 *
 * CPU is the difference of two counters over their distance, truncated to nanocores and rounded up to milli-CPU as
 * its readers do; a fresh pod is measured from its start; a pod that has used nothing yet is left out. When the kubelet has
 * not looked since the last scrape, what is shown stays.
 * @source metrics-server pkg/storage/pod.go, pkg/scraper
 *
 * DEVIATION(scrape-instant): all nodes are scraped at the same instant; the original spreads its calls over up to 100 ms.
 */
export class MetricsServer {
  /** Instant of the sample shown; -1 when the pod is not shown. */
  readonly sampleAt: Column<Float64Array>;
  readonly windowMicros: Column<Float64Array>;
  readonly cpuMilli: Column<Int32Array>;
  readonly memoryBytes: Column<Float64Array>;
  readonly #lastAt: Column<Float64Array>;
  readonly #lastCounter: Column<Float64Array>;
  readonly #scrapes: StateValue<number>;
  readonly #engine: Engine;
  readonly #pods: PodTable;
  readonly #meter: UsageMeter;
  readonly #options: MetricsServerOptions;
  readonly #scrapeKind: number;

  constructor(engine: Engine, pods: PodTable, meter: UsageMeter, options: MetricsServerOptions) {
    this.#engine = engine;
    this.#pods = pods;
    this.#meter = meter;
    this.#options = options;
    this.sampleAt = new Column<Float64Array>(engine.cells, "metricsServer.sampleAt", Float64Array, -1);
    this.windowMicros = new Column<Float64Array>(engine.cells, "metricsServer.window", Float64Array);
    this.cpuMilli = new Column<Int32Array>(engine.cells, "metricsServer.cpuMilli", Int32Array);
    this.memoryBytes = new Column<Float64Array>(engine.cells, "metricsServer.memoryBytes", Float64Array);
    this.#lastAt = new Column<Float64Array>(engine.cells, "metricsServer.lastAt", Float64Array, -1);
    this.#lastCounter = new Column<Float64Array>(engine.cells, "metricsServer.lastCounter", Float64Array);
    this.#scrapes = new StateValue(engine.cells, "metricsServer.scrapes", 0);
    this.#scrapeKind = engine.define("metrics-server.scrape", PHASE.node, () => this.#scrape());
  }

  start(): void {
    this.#engine.after(this.#options.firstScrapeMicros ?? this.#options.scrapeMicros, this.#scrapeKind);
  }

  /** Scrapes so far. */
  get scrapeCount(): number {
    return this.#scrapes.value;
  }

  // hot: every pod, every scrape (bench/world).
  #scrape(): void {
    const now = this.#engine.now;
    const meter = this.#meter;
    const pods = this.#pods;
    const reachable = this.#reachableNodes();
    const limit = pods.rows.limit;
    for (const column of [this.sampleAt, this.windowMicros, this.cpuMilli, this.memoryBytes]) column.ensure(limit);
    this.#lastAt.ensure(limit);
    this.#lastCounter.ensure(limit);
    for (const column of [meter.isOn, pods.nodeId, meter.startedAt]) column.ensure(limit);
    const isOn = meter.isOn.data;
    const nodeId = pods.nodeId.data;
    const startedAt = meter.startedAt.data;
    const lastAt = this.#lastAt.data;
    const lastCounter = this.#lastCounter.data;
    const sampleAt = this.sampleAt.data;
    const window = this.windowMicros.data;
    const cpuMilli = this.cpuMilli.data;
    const memory = this.memoryBytes.data;
    const freshAge = this.#options.showsFreshContainers === false ? Infinity : FRESH_CONTAINER_MIN_AGE;
    const freshEnd = this.#options.scrapeMicros;
    for (let row = 0; row < limit; row++) {
      if (isOn[row] === 0 || reachable[nodeId[row]!] !== 1) {
        lastAt[row] = -1;
        sampleAt[row] = -1;
        continue;
      }
      const started = startedAt[row]!;
      const seenAt = meter.seenAt(row, now);
      let from = lastAt[row]!;
      if (from === seenAt && from > started) continue;
      const counter = meter.counterAt(row, seenAt);
      const bytes = meter.bytesAt(row, seenAt);
      if (counter === 0 || bytes === 0) {
        lastAt[row] = -1;
        sampleAt[row] = -1;
        continue;
      }
      const age = seenAt - started;
      let fromCounter = lastCounter[row]!;
      if (age >= freshAge && age < freshEnd) {
        from = started;
        fromCounter = 0;
      } else if (from <= started) from = -1;
      lastAt[row] = seenAt;
      lastCounter[row] = counter;
      if (from === -1) {
        sampleAt[row] = -1;
        continue;
      }
      const nanos = Math.floor(((counter - fromCounter) * NANOS_PER_MILLI) / (seenAt - from));
      sampleAt[row] = seenAt;
      window[row] = seenAt - from;
      cpuMilli[row] = Math.ceil(nanos / NANOS_PER_MILLI);
      memory[row] = bytes;
    }
    this.#scrapes.value++;
    this.#engine.after(this.#options.scrapeMicros, this.#scrapeKind);
  }

  #reachableNodes(): Uint8Array {
    const reachable = new Uint8Array(this.#pods.nodeNames.count);
    for (let id = 0; id < reachable.length; id++) reachable[id] = this.#options.isNodeReachable(id) ? 1 : 0;
    return reachable;
  }
}
