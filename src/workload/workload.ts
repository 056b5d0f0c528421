import type { Engine, Micros } from "../engine/index.ts";
import { compileSelector, PHASE, type StringMap } from "../kube/index.ts";
import type { UsageMeter } from "../metrics/index.ts";
import { type Distribution, keyOf, noiseFactor } from "../random/index.ts";
import { CHANGE, type Cursor, type Store } from "../store/index.ts";
import { Column, RefColumn } from "../tables/index.ts";
import { levelAt } from "./curve.ts";
import { NodeCpu } from "./node-cpu.ts";
import { limitsOf } from "./pod-limits.ts";
import { isFollowable, PodLoadSource } from "./pod-load-source.ts";
import { type Backends, DemandCells, type DemandContext, FOR_NOISE, ServiceDemand } from "./service-demand.ts";
import { SlicesByService } from "./slices-by-service.ts";
import type { PodLoad, ServiceLoad, TimedCurve } from "./types.ts";

export interface WorkloadOptions {
  readonly loads: readonly (ServiceLoad | PodLoad)[];
  /** How often a curve that moves continuously is looked at. */
  readonly tickMicros: Micros;
  /** Usage of a running pod that no load describes: what an idle process costs. */
  readonly idle: { readonly cpuMilli: number; readonly memoryBytes: number };
  /** A pod uses more memory than its limit: the kernel kills the container. Must only schedule. */
  readonly onOutOfMemory: (podRow: number) => void;
  /** Whether pods that want more CPU than their node has share it by weight; else only limits cap usage. Default false. */
  readonly sharesCpu?: boolean;
}

const NO_LOADS: readonly number[] = Object.freeze([]);

/**
 * Plays the loads: who demands how much CPU and memory of which pod, capped at the pod's CPU limit, written to the usage
 * meter. Demand is piecewise constant: it is set anew at each step of a curve, every `tickMicros` while a curve moves (to
 * its mean until the next look), when noise is drawn, and when the endpoints of a Service change.
 *
 * A pod whose CPU depends on one load alone follows it (`UsageMeter.follow`): nothing happens then when the load is looked at.
 * Other pods are loose: each look at one of their loads is an event that sets their usage. Where pods share the CPU of their nodes, all
 * are loose.
 *
 * DEVIATION(no-cpu-contention): without `fidelity.cpuContention` pods on one node do not slow each other, and only limits cap usage; with it
 * their usage is capped by what the node has, but requests to a Service are served all the same.
 */
export class Workload {
  readonly services: readonly ServiceDemand[];
  /** The loads on a Service. */
  readonly #byService = new Map<string, ServiceDemand[]>();
  readonly #slices: SlicesByService;
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
  readonly #limitMemoryBytes: Column<Float64Array>;
  /** null: pods use what they want. */
  readonly #nodeCpu: NodeCpu | null;
  /** The word by which the pod's noise is drawn. */
  readonly #noiseKey: Column<Int32Array>;
  readonly #sources: readonly PodLoadSource[];
  /** Numbers of the sources in the meter: of pod loads, and of service loads. */
  readonly #podSourceIds: readonly number[];
  readonly #serviceSourceIds: readonly number[];
  readonly #isFollowable: readonly boolean[];
  /** The loads of a loose pod that have to be looked at for it; and by load, how many such pods there are. */
  readonly #looseUnder: RefColumn<readonly number[]>;
  readonly #looseCount: Column<Int32Array>;
  /** 1 while a look at the load is to come. */
  readonly #isLookSet: Column<Uint8Array>;
  /** Groups that match a pod load, and how many groups there were when they were looked up: derived. */
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
    this.#looseUnder = new RefColumn(engine.cells, "workload.looseUnder", NO_LOADS);
    this.#looseCount = new Column<Int32Array>(engine.cells, "workload.looseCount", Int32Array);
    this.#isLookSet = new Column<Uint8Array>(engine.cells, "workload.isLookSet", Uint8Array);
    this.#noiseKey = new Column<Int32Array>(engine.cells, "workload.noiseKey", Int32Array);
    this.#limitMemoryBytes = new Column<Float64Array>(engine.cells, "workload.limitMemoryBytes", Float64Array);
    this.#nodeCpu = options.sharesCpu === true ? new NodeCpu(engine.cells, store, meter) : null;
    engine.cells.add({
      name: "workload.groups",
      save: () => ({ form: "data", data: null }),
      load: () => {
        this.#groups = [];
        this.#loadsOfGroup = [];
      },
    });
    this.#slices = new SlicesByService(store);
    const demandOf = (row: number): ServiceDemand => this.services[row] as ServiceDemand;
    const context: DemandContext = {
      engine,
      store,
      cells: new DemandCells(engine.cells),
      slices: this.#slices,
      tickMicros: options.tickMicros,
      demandKind: engine.define("workload.demand", PHASE.node, (row, arg) => demandOf(row).tick(arg === FOR_NOISE)),
      endpointsKind: engine.define("workload.endpoints", PHASE.node, (row) => demandOf(row).refresh(true)),
      turnKind: engine.define("workload.connections", PHASE.node, (row) => demandOf(row).endTurn()),
      onShare: (row, backends) => this.#shared(row, backends),
      isLoose: (row) => this.#meter.isOn.get(row) === 1 && !this.#meter.isFollowing(row),
    };
    this.services = options.loads
      .filter((load): load is ServiceLoad => load.kind === "service")
      .map((load, row) => new ServiceDemand(context, load, row));
    for (const service of this.services) {
      const known = this.#byService.get(service.serviceKey);
      if (known === undefined) this.#byService.set(service.serviceKey, [service]);
      else known.push(service);
    }
    this.#sources = this.#podLoads.map((load) => new PodLoadSource(load, options.tickMicros));
    this.#isFollowable = this.#podLoads.map(isFollowable);
    this.#podSourceIds = this.#sources.map((source) => meter.addSource(source));
    this.#serviceSourceIds = this.services.map((service) => meter.addSource(service));
    this.#cursor = store.watch("workload", ["Pod", "EndpointSlice"], () => this.#deliver(), 0, {
      isPrompt: true,
      pods: { flags: CHANGE.phase | CHANGE.status | CHANGE.deleted | CHANGE.added | CHANGE.metadata },
    });
    this.#podTickKind = engine.define("workload.tick", PHASE.node, (load) => this.#tick(load));
    this.#startupEndKind = engine.define("workload.warm", PHASE.node, (row) => this.#warm(row), {
      rows: store.pods.rows,
    });
  }

  /** Sets the first looks at the demand on Services. */
  start(): void {
    for (const service of this.services) service.start();
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
      if (kindId === podKind) this.#podChanged(row, flags);
      else for (const service of this.#byService.get(this.#slices.changed(row)) ?? []) service.sliceChanged();
    }
    this.#nodeCpu?.divide(this.#engine.now);
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
      if (!isOn) return;
      this.#meter.stop(row);
      this.#nodeCpu?.left(row);
      this.#loosen(row, NO_LOADS);
      return;
    }
    const isSame = isOn && this.#meter.restarts.get(row) === restarts;
    if (isSame && (flags & CHANGE.metadata) === 0) return;
    const limits = limitsOf(pods.templateOf(row));
    this.#limitMemoryBytes.set(row, limits.memoryBytes);
    if (!isSame) {
      this.#noiseKey.set(row, keyOf(this.#seed, pods.serial.get(row)));
      this.#meter.start(row, this.#engine.now);
      this.#meter.restarts.set(row, restarts);
      for (const load of this.#loadsOf(row)) {
        const startup = this.#podLoads[load]?.startup;
        if (startup && startup.forMicros > 0) this.#engine.after(startup.forMicros, this.#startupEndKind, row);
      }
    }
    this.#meter.limit(row, limits.cpuMilli);
    this.#settle(row);
  }

  #warm(row: number): void {
    this.#settle(row);
    this.#nodeCpu?.divide(this.#engine.now);
  }

  /** A look at a load, for the pods that do not follow it. */
  #tick(load: number): void {
    this.#isLookSet.set(load, 0);
    if (this.#looseCount.get(load) === 0) return;
    const { pods } = this.#store;
    for (const group of this.#groupsOf(load)) {
      for (let row = pods.byGroup.head(group); row !== -1; row = pods.byGroup.next(row)) {
        if (!this.#meter.isFollowing(row)) this.#apply(row);
      }
    }
    this.#setLook(load);
    this.#nodeCpu?.divide(this.#engine.now);
  }

  #setLook(load: number): void {
    if (this.#isLookSet.get(load) === 1) return;
    const source = this.#sources[load] as PodLoadSource;
    const at = source.changeAt(source.firstAfter(this.#engine.now));
    if (at === Number.POSITIVE_INFINITY) return;
    this.#isLookSet.set(load, 1);
    this.#engine.at(at, this.#podTickKind, load);
  }

  /** Sets the usage of a running pod, and whether it follows what it depends on. */
  #settle(row: number): void {
    this.#apply(row);
    if (this.#meter.isOn.get(row) === 0) return;
    const sourceId = this.#sourceFor(row);
    if (sourceId === -1) {
      this.#meter.unfollow(row);
      this.#loosen(row, this.#loadsOf(row));
      for (const service of this.#servedBy.get(row)) (this.services[service] as ServiceDemand).awaitDraw();
      return;
    }
    this.#loosen(row, NO_LOADS);
    const service = this.#servedBy.get(row)[0];
    const noiseKey =
      service === undefined
        ? this.#noiseKey.get(row)
        : (this.services[service] as ServiceDemand).noiseKeyOf(this.#store.pods.serial.get(row));
    this.#meter.follow(row, sourceId, this.#store.pods.byGroup.listOf(row), noiseKey);
  }

  /** The one source on which the CPU of a pod depends from now on, 0 for none at all; -1 where it is not so simple. */
  #sourceFor(row: number): number {
    if (this.#nodeCpu !== null || this.#store.pods.byGroup.listOf(row) === -1) return -1;
    let sourceId = 0;
    const age = this.#engine.now - this.#meter.startedAt(row);
    const loads = this.#loadsOf(row);
    for (let i = 0; i < loads.length; i++) {
      const index = loads[i]!;
      const { cpuMilli, startup } = this.#podLoads[index] as PodLoad;
      if (this.#isFollowable[index] !== true || (startup !== null && age < startup.forMicros)) return -1;
      if (cpuMilli === null) continue;
      if (sourceId !== 0) return -1;
      sourceId = this.#podSourceIds[index]!;
    }
    for (const service of this.#servedBy.get(row)) {
      if (sourceId !== 0 || !(this.services[service] as ServiceDemand).isFollowable) return -1;
      sourceId = this.#serviceSourceIds[service]!;
    }
    return sourceId;
  }

  /** Says for which loads the pod has to be looked at. */
  #loosen(row: number, loads: readonly number[]): void {
    const old = this.#looseUnder.get(row);
    if (old === loads) return;
    for (const load of old) this.#looseCount.set(load, this.#looseCount.get(load) - 1);
    this.#looseUnder.set(row, loads);
    for (const load of loads) {
      this.#looseCount.set(load, this.#looseCount.get(load) + 1);
      this.#setLook(load);
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
  #shared(load: number, backends: Backends): void {
    const { pods } = this.#store;
    this.#meter.changed(this.#serviceSourceIds[load]!);
    for (const row of backends.left) {
      this.#servedBy.set(row, Object.freeze(this.#servedBy.get(row).filter((other) => other !== load)));
      if (pods.isPresent(row)) this.#settle(row);
    }
    for (const row of backends.now) {
      const known = this.#servedBy.get(row);
      if (known.includes(load)) {
        if (!this.#meter.isFollowing(row)) this.#apply(row);
        continue;
      }
      this.#servedBy.set(row, Object.freeze([...known, load].sort((a, b) => a - b)));
      this.#settle(row);
    }
    this.#nodeCpu?.divide(this.#engine.now);
  }

  // hot: every loose pod of a load at every look at it.
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
      const age = now - meter.startedAt(row);
      const since = now - load.startMicros;
      if (load.cpuMilli !== null) cpuMilli += this.#valueOf(load.cpuMilli, since, age, row);
      if (load.memoryBytes !== null) memoryBytes = this.#valueOf(load.memoryBytes, since, age, row);
      if (load.startup !== null && age < load.startup.forMicros) cpuMilli += load.startup.cpuMilli;
    }
    const limitBytes = this.#limitMemoryBytes.get(row);
    const usedBytes = memoryBytes > limitBytes ? limitBytes : Math.floor(memoryBytes);
    const wantedMilli = Math.min(cpuMilli, meter.limitOf(row));
    if (this.#nodeCpu === null) meter.set(row, wantedMilli, usedBytes, now);
    else this.#nodeCpu.want(row, wantedMilli, usedBytes);
    if (memoryBytes > limitBytes) this.#options.onOutOfMemory(row);
  }

  #valueOf(timed: TimedCurve, sinceRun: Micros, age: Micros, row: number): number {
    const { curve, noise } = timed;
    const value = levelAt(curve, timed.since === "run" ? sinceRun : age, this.#options.tickMicros);
    return noise === null ? value : value * this.#noiseFactor(noise, row);
  }

  /** max(0, 1 + sd · normal), the same for whoever has this key until the next draw. */
  noiseFactor(noise: { readonly relativeSd: number; readonly everyMicros: Micros }, key: number): number {
    const k = Math.floor(this.#engine.now / noise.everyMicros);
    return noiseFactor(noise.relativeSd, keyOf(this.#seed, key), k);
  }

  #noiseFactor(noise: { readonly relativeSd: number; readonly everyMicros: Micros }, row: number): number {
    const k = Math.floor(this.#engine.now / noise.everyMicros);
    return noiseFactor(noise.relativeSd, this.#noiseKey.get(row), k);
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
