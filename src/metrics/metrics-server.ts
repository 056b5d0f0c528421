import type { Engine, Micros } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import type { PodTable } from "../store/index.ts";
import { Column, StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** A container younger than this at its first sample is not shown before its second one.
 *  @source metrics-server pkg/storage: freshContainerMinMetricsResolution */
const FRESH_CONTAINER_MIN_AGE = seconds(10);

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
  readonly #engine: Engine;
  readonly #pods: PodTable;
  readonly #meter: UsageMeter;
  readonly #options: MetricsServerOptions;
  readonly #scrapeKind: number;
  /** By node number, at the last scrape: 1 for a node that answered. */
  readonly #reachable: Column<Uint8Array>;
  readonly #areAllReachable: StateValue<boolean>;

  constructor(engine: Engine, pods: PodTable, meter: UsageMeter, options: MetricsServerOptions) {
    this.#engine = engine;
    this.#pods = pods;
    this.#meter = meter;
    this.#options = options;
    this.#reachable = new Column<Uint8Array>(engine.cells, "metricsServer.reachable", Uint8Array);
    this.#areAllReachable = new StateValue(engine.cells, "metricsServer.areAllReachable", true);
    this.#scrapeKind = engine.define("metrics-server.scrape", PHASE.node, () => this.#scrape());
    const areAllReachable = this.#areAllReachable;
    meter.scrapedBy(options.scrapeMicros, {
      get areAll() {
        return areAllReachable.value;
      },
      isReachable: (row) => this.#reachable.get(pods.nodeId.get(row)) === 1,
    });
    const fromMicros = options.showsFreshContainers === false ? Infinity : FRESH_CONTAINER_MIN_AGE;
    meter.records.freshAges = { fromMicros, toMicros: options.scrapeMicros };
  }

  start(): void {
    this.#engine.after(this.#options.firstScrapeMicros ?? this.#options.scrapeMicros, this.#scrapeKind);
  }

  /** Scrapes so far. */
  get scrapeCount(): number {
    return this.#meter.scrapeCount;
  }

  #scrape(): void {
    this.#lookAtNodes();
    this.#meter.scrape();
    this.#engine.after(this.#options.scrapeMicros, this.#scrapeKind);
  }

  /** Which nodes answer now; scrapes that wait to be played are played by who answered until now. */
  #lookAtNodes(): void {
    const { count } = this.#pods.nodeNames;
    let areAll = true;
    let isSame = true;
    for (let id = 0; id < count; id++) {
      const answers = this.#options.isNodeReachable(id);
      if (!answers) areAll = false;
      if ((this.#reachable.get(id) === 1) !== answers) isSame = false;
    }
    if (isSame) return;
    this.#meter.playAll();
    for (let id = 0; id < count; id++) this.#reachable.set(id, this.#options.isNodeReachable(id) ? 1 : 0);
    this.#areAllReachable.value = areAll;
  }
}
