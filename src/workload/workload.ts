import type { Engine, Micros } from "../engine/index.ts";
import { compileSelector, PHASE } from "../kube/index.ts";
import type { UsageMeter } from "../metrics/index.ts";
import { type Distribution, normalAt } from "../random/index.ts";
import { CHANGE, type Cursor, type PodTemplate, type Store } from "../store/index.ts";
import { RefColumn } from "../tables/index.ts";
import { curveAt, nextLook } from "./curve.ts";
import { limitsOf } from "./pod-limits.ts";
import { type Backends, DemandCells, type DemandContext, ServiceDemand } from "./service-demand.ts";
import type { PodLoad, ServiceLoad, TimedCurve } from "./types.ts";

export interface WorkloadOptions {
  readonly loads: readonly (ServiceLoad | PodLoad)[];
  /** How often a curve that moves continuously is looked at. */
  readonly tickMicros: Micros;
  /** Usage of a running pod that no load describes: what an idle process costs. */
  readonly idle: { readonly cpuMilli: number; readonly memoryBytes: number };
  /** A pod uses more memory than its limit: the kernel kills the container. Must only schedule. */
  readonly onOutOfMemory: (podRow: number) => void;
}

const NO_LOADS: readonly number[] = Object.freeze([]);

/**
 * Plays the loads: who demands how much CPU and memory of which pod, capped at the pod's CPU limit, written to the usage
 * meter. Demand is piecewise constant: it is set anew at each step of a curve, every `tickMicros` while a curve moves,
 * when noise is drawn, and when the endpoints of a Service change.
 *
 * DEVIATION(no-cpu-contention): pods on one node do not slow each other; only limits cap usage.
 */
export class Workload {
  readonly services: readonly ServiceDemand[];
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #meter: UsageMeter;
  readonly #options: WorkloadOptions;
  readonly #podLoads: readonly PodLoad[];
  readonly #matchers: readonly ((namespace: string, labels: Readonly<Record<string, string>>) => boolean)[];
  readonly #cursor: Cursor;
  readonly #seed: number;
  readonly #podTickKind: number;
  readonly #startupEndKind: number;
  /** Service loads of which the pod is a backend, ascending. */
  readonly #servedBy: RefColumn<readonly number[]>;
  /** Pod loads that match, by template: derived. */
  readonly #byTemplate = new WeakMap<PodTemplate, readonly number[]>();

  constructor(engine: Engine, store: Store, meter: UsageMeter, options: WorkloadOptions) {
    this.#engine = engine;
    this.#store = store;
    this.#meter = meter;
    this.#options = options;
    this.#seed = engine.streams.seedOf("workload/noise");
    this.#podLoads = options.loads.filter((load): load is PodLoad => load.kind === "pods");
    this.#matchers = this.#podLoads.map((load) => {
      const selector = compileSelector(load.selector);
      return (namespace, labels) => (load.namespace ?? namespace) === namespace && selector.matches(labels);
    });
    this.#servedBy = new RefColumn(engine.cells, "workload.servedBy", NO_LOADS);
    const demandOf = (row: number): ServiceDemand => this.services[row] as ServiceDemand;
    const context: DemandContext = {
      engine,
      store,
      cells: new DemandCells(engine.cells),
      tickMicros: options.tickMicros,
      demandKind: engine.define("workload.demand", PHASE.node, (row) => demandOf(row).tick()),
      endpointsKind: engine.define("workload.endpoints", PHASE.node, (row) => demandOf(row).refresh(true)),
      onShare: (row, backends) => this.#shared(row, backends),
    };
    this.services = options.loads
      .filter((load): load is ServiceLoad => load.kind === "service")
      .map((load, row) => new ServiceDemand(context, load, row));
    this.#cursor = store.watch("workload", ["Pod", "EndpointSlice"], () => this.#deliver());
    this.#podTickKind = engine.define("workload.tick", PHASE.node, (load) => this.#tick(load));
    this.#startupEndKind = engine.define("workload.warm", PHASE.node, (row) => this.#apply(row), {
      rows: store.pods.rows,
    });
  }

  /** Sets the first looks at the curves. */
  start(): void {
    for (const service of this.services) service.start();
    for (const [index, load] of this.#podLoads.entries()) {
      if (this.#needsTicks(load))
        this.#engine.at(Math.max(this.#engine.now, load.startMicros), this.#podTickKind, index);
    }
  }

  /** How long after its start a pod's application is not ready yet; 0 when no load says so. */
  warmUpMicros(podRow: number): Micros {
    let longest = 0;
    for (const load of this.#loadsOf(podRow))
      longest = Math.max(longest, this.#podLoads[load]?.startup?.readyAfterMicros ?? 0);
    return longest;
  }

  /** How long a pod takes to stop when told to; null when no load says so. */
  stopDelay(podRow: number): Distribution | null {
    for (const load of this.#loadsOf(podRow)) {
      const stop = this.#podLoads[load]?.stop;
      if (stop) return stop;
    }
    return null;
  }

  #deliver(): void {
    const podKind = this.#store.kindIdOf("Pod");
    while (this.#cursor.next()) {
      const { kindId, row, flags } = this.#cursor;
      if (kindId !== podKind) for (const service of this.services) service.sliceChanged(row);
      else if ((flags & (CHANGE.phase | CHANGE.status | CHANGE.deleted | CHANGE.added | CHANGE.metadata)) !== 0)
        this.#podChanged(row);
    }
  }

  /** Follows the first container: demand begins with it and ends with it. */
  #podChanged(row: number): void {
    const { pods } = this.#store;
    const isRunning =
      pods.isPresent(row) && pods.containers.get(row)?.some((status) => status.state?.running !== undefined) === true;
    const restarts = isRunning ? pods.restarts.get(row) : 0;
    const isOn = this.#meter.isOn.get(row) === 1;
    if (!pods.isPresent(row)) this.#servedBy.clear(row);
    if (!isRunning) {
      if (isOn) this.#meter.stop(row);
      return;
    }
    if (isOn && this.#meter.restarts.get(row) === restarts) return;
    this.#meter.start(row, this.#engine.now);
    this.#meter.restarts.set(row, restarts);
    for (const load of this.#loadsOf(row)) {
      const startup = this.#podLoads[load]?.startup;
      if (startup && startup.forMicros > 0) this.#engine.after(startup.forMicros, this.#startupEndKind, row);
    }
    this.#apply(row);
  }

  #tick(load: number): void {
    const { pods } = this.#store;
    const { startMicros, endMicros } = this.#podLoads[load] as PodLoad;
    const now = this.#engine.now;
    for (const group of this.#groupsOf(load)) {
      for (let row = pods.byGroup.head(group); row !== -1; row = pods.byGroup.next(row)) this.#apply(row);
    }
    if (now >= endMicros) return;
    const tick = this.#options.tickMicros;
    this.#engine.at(
      Math.min((Math.floor((now - startMicros) / tick) + 1) * tick + startMicros, endMicros),
      this.#podTickKind,
      load,
    );
  }

  #groupsOf(load: number): number[] {
    const { pods } = this.#store;
    const wanted = (this.#podLoads[load] as PodLoad).namespace;
    const matches = this.#matchers[load];
    const found: number[] = [];
    for (let id = 0; id < pods.namespaces.count; id++) {
      const namespace = pods.namespaces.textOf(id);
      if (wanted !== null && wanted !== namespace) continue;
      found.push(...pods.matchingGroups(namespace, (labels) => matches?.(namespace, labels) === true));
    }
    return found;
  }

  /** The share of a service load changed, or its backends did. */
  #shared(load: number, rows: Backends): void {
    const { pods } = this.#store;
    for (const row of rows.left) {
      this.#servedBy.set(
        row,
        this.#servedBy.get(row).filter((other) => other !== load),
      );
      if (pods.isPresent(row)) this.#apply(row);
    }
    for (const row of rows.now) {
      const known = this.#servedBy.get(row);
      if (!known.includes(load)) this.#servedBy.set(row, Object.freeze([...known, load].sort((a, b) => a - b)));
      this.#apply(row);
    }
  }

  // hot: every backend at every change of a service's demand (bench/world).
  /** Sets the usage of a running pod to what is demanded of it now. */
  #apply(row: number): void {
    const meter = this.#meter;
    if (meter.isOn.get(row) === 0) return;
    const now = this.#engine.now;
    const { pods } = this.#store;
    let cpuMilli = this.#options.idle.cpuMilli;
    let memoryBytes = this.#options.idle.memoryBytes;
    for (const load of this.#servedBy.get(row))
      cpuMilli += (this.services[load] as ServiceDemand).cpuMilliOf(pods.serial.get(row));
    for (const index of this.#loadsOf(row)) {
      const load = this.#podLoads[index] as PodLoad;
      if (now < load.startMicros || now >= load.endMicros) continue;
      if (load.cpuMilli !== null) cpuMilli += this.#valueOf(load.cpuMilli, load, row);
      if (load.memoryBytes !== null) memoryBytes = this.#valueOf(load.memoryBytes, load, row);
      const age = now - meter.startedAt.get(row);
      if (load.startup !== null && age < load.startup.forMicros) cpuMilli += load.startup.cpuMilli;
    }
    const limits = limitsOf(pods.templateOf(row));
    meter.setCpu(row, Math.min(cpuMilli, limits.cpuMilli), now);
    if (memoryBytes > limits.memoryBytes) {
      meter.memoryBytes.set(row, limits.memoryBytes);
      this.#options.onOutOfMemory(row);
    } else meter.memoryBytes.set(row, Math.floor(memoryBytes));
  }

  #valueOf(timed: TimedCurve, load: PodLoad, row: number): number {
    const now = this.#engine.now;
    const value = curveAt(
      timed.curve,
      now - (timed.since === "run" ? load.startMicros : this.#meter.startedAt.get(row)),
    );
    return timed.noise === null ? value : value * this.noiseFactor(timed.noise, this.#store.pods.serial.get(row));
  }

  /** max(0, 1 + sd · normal), the same for a pod until the next draw. */
  noiseFactor(noise: { readonly relativeSd: number; readonly everyMicros: Micros }, key: number): number {
    const k = Math.floor(this.#engine.now / noise.everyMicros);
    return Math.max(0, 1 + noise.relativeSd * normalAt(this.#seed, key, k));
  }

  #needsTicks(load: PodLoad): boolean {
    const moves = (timed: TimedCurve | null): boolean =>
      timed !== null &&
      (timed.noise !== null || nextLook(timed.curve, 0, this.#options.tickMicros) !== Number.POSITIVE_INFINITY);
    return (
      moves(load.cpuMilli) ||
      moves(load.memoryBytes) ||
      load.startMicros > 0 ||
      load.endMicros !== Number.POSITIVE_INFINITY
    );
  }

  #loadsOf(row: number): readonly number[] {
    if (this.#podLoads.length === 0) return NO_LOADS;
    const { pods } = this.#store;
    const namespace = pods.namespaceOf(row);
    const matching = (labels: Readonly<Record<string, string>>) =>
      this.#podLoads.map((_, index) => index).filter((index) => this.#matchers[index]?.(namespace, labels) === true);
    if (pods.extra.get(row).labels !== undefined) return matching(pods.labelsOf(row));
    const template = pods.templateOf(row);
    let loads = this.#byTemplate.get(template);
    if (loads === undefined) {
      loads = matching(template.labels);
      this.#byTemplate.set(template, loads);
    }
    return loads;
  }
}
