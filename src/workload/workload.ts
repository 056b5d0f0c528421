import type { Engine, Micros } from "../engine/index.ts";
import { compileSelector, PHASE, type StringMap } from "../kube/index.ts";
import type { UsageMeter } from "../metrics/index.ts";
import { type Distribution, keyOf, roughNormal } from "../random/index.ts";
import { CHANGE, type Cursor, type Store } from "../store/index.ts";
import { Column, RefColumn } from "../tables/index.ts";
import { levelAt, nextLook } from "./curve.ts";
import { limitsOf } from "./pod-limits.ts";
import { type Backends, DemandCells, type DemandContext, ServiceDemand } from "./service-demand.ts";
import type { Curve, PodLoad, ServiceLoad, TimedCurve } from "./types.ts";

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
 * meter. Demand is piecewise constant: it is set anew at each step of a curve, every `tickMicros` while a curve moves (to
 * its mean until the next look), when noise is drawn, and when the endpoints of a Service change.
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
  readonly #matchers: readonly ((namespace: string, labels: StringMap) => boolean)[];
  readonly #cursor: Cursor;
  readonly #seed: number;
  readonly #podTickKind: number;
  readonly #startupEndKind: number;
  /** Service loads of which the pod is a backend, ascending. */
  readonly #servedBy: RefColumn<readonly number[]>;
  /** What a running pod may use at most: looked up when it starts. */
  readonly #limitCpuMilli: Column<Float64Array>;
  readonly #limitMemoryBytes: Column<Float64Array>;
  /** The word by which the pod's noise is drawn. */
  readonly #noiseKey: Column<Int32Array>;
  /** Groups that match a pod load, and how many groups there were when they were looked up: derived. */
  #lastCurve: Curve | undefined;
  #lastTime = -1;
  #lastValue = 0;
  #groups: { readonly seen: number; readonly found: readonly number[] }[] = [];
  /** Pod loads that match a group of pods: derived. */
  #loadsOfGroup: (readonly number[])[] = [];

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
    this.#limitCpuMilli = new Column<Float64Array>(engine.cells, "workload.limitCpuMilli", Float64Array);
    this.#noiseKey = new Column<Int32Array>(engine.cells, "workload.noiseKey", Int32Array);
    this.#limitMemoryBytes = new Column<Float64Array>(engine.cells, "workload.limitMemoryBytes", Float64Array);
    engine.cells.add({
      name: "workload.groups",
      save: () => ({ form: "data", data: null }),
      load: () => {
        this.#groups = [];
        this.#loadsOfGroup = [];
      },
    });
    const demandOf = (row: number): ServiceDemand => this.services[row] as ServiceDemand;
    const context: DemandContext = {
      engine,
      store,
      cells: new DemandCells(engine.cells),
      tickMicros: options.tickMicros,
      demandKind: engine.define("workload.demand", PHASE.node, (row) => demandOf(row).tick()),
      endpointsKind: engine.define("workload.endpoints", PHASE.node, (row) => demandOf(row).refresh(true)),
      turnKind: engine.define("workload.connections", PHASE.node, (row) => demandOf(row).endTurn()),
      onShare: (row, backends) => this.#shared(row, backends),
    };
    this.services = options.loads
      .filter((load): load is ServiceLoad => load.kind === "service")
      .map((load, row) => new ServiceDemand(context, load, row));
    this.#cursor = store.watch("workload", ["Pod", "EndpointSlice"], () => this.#deliver(), 0, {
      isPrompt: true,
      pods: { flags: CHANGE.phase | CHANGE.status | CHANGE.deleted | CHANGE.added | CHANGE.metadata },
    });
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

  /** When and how a container exits by itself; null when no load says so. `container` counts the regular containers. */
  runOf(podRow: number, container: number): PodLoad["run"] | null {
    for (const index of this.#loadsOf(podRow)) {
      const { run, container: name = null } = this.#podLoads[index] as PodLoad;
      if (run === undefined) continue;
      const { containers } = this.#store.pods.templateOf(podRow).spec;
      if (name === null ? container === 0 : containers[container]?.name === name) return run;
    }
    return null;
  }

  #deliver(): void {
    const podKind = this.#store.kindIdOf("Pod");
    while (this.#cursor.next()) {
      const { kindId, row, flags } = this.#cursor;
      if (kindId !== podKind) for (const service of this.services) service.sliceChanged(row);
      else this.#podChanged(row, flags);
    }
  }

  /** Follows the first container: demand begins with it and ends with it. */
  #podChanged(row: number, flags: number): void {
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
    const isSame = isOn && this.#meter.restarts.get(row) === restarts;
    if (isSame && (flags & CHANGE.metadata) === 0) return;
    const limits = limitsOf(pods.templateOf(row));
    this.#limitCpuMilli.set(row, limits.cpuMilli);
    this.#limitMemoryBytes.set(row, limits.memoryBytes);
    if (isSame) {
      this.#apply(row);
      return;
    }
    this.#noiseKey.set(row, keyOf(this.#seed, pods.serial.get(row)));
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
      if (this.#isAlone(load, group)) this.#sweep(this.#podLoads[load] as PodLoad, group);
      else for (let row = pods.byGroup.head(group); row !== -1; row = pods.byGroup.next(row)) this.#apply(row);
    }
    if (now >= endMicros) return;
    const tick = this.#options.tickMicros;
    this.#engine.at(
      Math.min((Math.floor((now - startMicros) / tick) + 1) * tick + startMicros, endMicros),
      this.#podTickKind,
      load,
    );
  }

  /** Whether the CPU of a group's pods follows this load and nothing else, but for Services. */
  #isAlone(index: number, group: number): boolean {
    const { cpuMilli, memoryBytes, endMicros } = this.#podLoads[index] as PodLoad;
    if (cpuMilli === null || cpuMilli.since !== "run" || memoryBytes !== null) return false;
    return this.#loadsOfGroupAt(group).length === 1 && this.#engine.now < endMicros;
  }

  // hot: every pod of a load at every look at it (bench/world).
  /** What `#apply` does, for a group of pods with one load alone. */
  #sweep(load: PodLoad, group: number): void {
    const { pods } = this.#store;
    const meter = this.#meter;
    const { now } = this.#engine;
    const { curve, noise } = load.cpuMilli as TimedCurve;
    const level = this.#levelAtOnce(curve, now - load.startMicros);
    const relativeSd = noise === null ? 0 : noise.relativeSd;
    const k = noise === null ? 0 : Math.floor(now / noise.everyMicros);
    const warmMicros = load.startup === null ? 0 : load.startup.forMicros;
    const idleMilli = this.#options.idle.cpuMilli;
    for (let row = pods.byGroup.head(group); row !== -1; row = pods.byGroup.next(row)) {
      if (meter.isOn.get(row) === 0) continue;
      if (this.#servedBy.get(row).length > 0) {
        this.#apply(row);
        continue;
      }
      let cpuMilli = level;
      if (relativeSd > 0) {
        const factor = 1 + relativeSd * roughNormal(this.#noiseKey.get(row), k);
        cpuMilli = factor > 0 ? level * factor : 0;
      }
      cpuMilli += idleMilli;
      if (warmMicros > 0 && now - meter.startedAt.get(row) < warmMicros) cpuMilli += load.startup?.cpuMilli ?? 0;
      const limit = this.#limitCpuMilli.get(row);
      meter.set(row, cpuMilli < limit ? cpuMilli : limit, meter.memoryBytes.get(row), now);
    }
  }

  /** Groups of pods that a load selects; groups are never taken back, so only new ones are looked at. */
  #groupsOf(load: number): readonly number[] {
    const { pods } = this.#store;
    const known = this.#groups[load];
    if (known?.seen === pods.groups.count) return known.found;
    const found = known === undefined ? [] : [...known.found];
    for (let group = known?.seen ?? 0; group < pods.groups.count; group++) {
      if (this.#matchers[load]?.(pods.groupNamespace.get(group), pods.groupLabels.get(group)) === true)
        found.push(group);
    }
    this.#groups[load] = { seen: pods.groups.count, found };
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

  // hot: every pod of a load at every look at it (bench/world).
  /** Sets the usage of a running pod to what is demanded of it now. */
  #apply(row: number): void {
    const meter = this.#meter;
    if (meter.isOn.get(row) === 0) return;
    const now = this.#engine.now;
    const { idle } = this.#options;
    const key = this.#store.pods.serial.get(row);
    let cpuMilli = idle.cpuMilli;
    let memoryBytes = idle.memoryBytes;
    const services = this.#servedBy.get(row);
    for (let i = 0; i < services.length; i++)
      cpuMilli += (this.services[services[i]!] as ServiceDemand).cpuMilliOf(key);
    const loads = this.#loadsOf(row);
    for (let i = 0; i < loads.length; i++) {
      const load = this.#podLoads[loads[i]!] as PodLoad;
      if (now < load.startMicros || now >= load.endMicros) continue;
      const age = now - meter.startedAt.get(row);
      if (load.cpuMilli !== null) cpuMilli += this.#valueOf(load.cpuMilli, now - load.startMicros, age, row);
      if (load.memoryBytes !== null) memoryBytes = this.#valueOf(load.memoryBytes, now - load.startMicros, age, row);
      if (load.startup !== null && age < load.startup.forMicros) cpuMilli += load.startup.cpuMilli;
    }
    const limitBytes = this.#limitMemoryBytes.get(row);
    const usedBytes = memoryBytes > limitBytes ? limitBytes : Math.floor(memoryBytes);
    meter.set(row, Math.min(cpuMilli, this.#limitCpuMilli.get(row)), usedBytes, now);
    if (memoryBytes > limitBytes) this.#options.onOutOfMemory(row);
  }

  #valueOf(timed: TimedCurve, sinceRun: Micros, age: Micros, row: number): number {
    const { curve, noise } = timed;
    const value =
      timed.since === "run" ? this.#levelAtOnce(curve, sinceRun) : levelAt(curve, age, this.#options.tickMicros);
    return noise === null ? value : value * this.#noiseFactor(noise, row);
  }

  /** The pods of a load share its curve: at one instant it is worked out once. */
  #levelAtOnce(curve: Curve, t: Micros): number {
    if (this.#lastCurve !== curve || this.#lastTime !== t) {
      this.#lastCurve = curve;
      this.#lastTime = t;
      this.#lastValue = levelAt(curve, t, this.#options.tickMicros);
    }
    return this.#lastValue;
  }

  /** max(0, 1 + sd · normal), the same for whoever has this key until the next draw. */
  noiseFactor(noise: { readonly relativeSd: number; readonly everyMicros: Micros }, key: number): number {
    const k = Math.floor(this.#engine.now / noise.everyMicros);
    return Math.max(0, 1 + noise.relativeSd * roughNormal(keyOf(this.#seed, key), k));
  }

  #noiseFactor(noise: { readonly relativeSd: number; readonly everyMicros: Micros }, row: number): number {
    const k = Math.floor(this.#engine.now / noise.everyMicros);
    return Math.max(0, 1 + noise.relativeSd * roughNormal(this.#noiseKey.get(row), k));
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
    const group = pods.byGroup.listOf(row);
    if (group === -1) return this.#matching(pods.namespaceOf(row), pods.labelsOf(row));
    return this.#loadsOfGroupAt(group);
  }

  #loadsOfGroupAt(group: number): readonly number[] {
    const { pods } = this.#store;
    let loads = this.#loadsOfGroup[group];
    if (loads === undefined) {
      loads = this.#matching(pods.groupNamespace.get(group), pods.groupLabels.get(group));
      this.#loadsOfGroup[group] = loads;
    }
    return loads;
  }

  #matching(namespace: string, labels: StringMap): readonly number[] {
    const found: number[] = [];
    for (const index of this.#podLoads.keys())
      if (this.#matchers[index]?.(namespace, labels) === true) found.push(index);
    return found.length === 0 ? NO_LOADS : found;
  }
}
