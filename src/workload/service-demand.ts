import type { Engine, Micros } from "../engine/index.ts";
import type { EndpointSlice, Service } from "../kube/index.ts";
import type { UsageSource } from "../metrics/index.ts";
import { keyOf, noiseFactor } from "../random/index.ts";
import type { DocumentTable, Store } from "../store/index.ts";
import { type CellRegistry, RefColumn } from "../tables/index.ts";
import { ClientPool, type Connections, NO_CONNECTIONS } from "./client-pool.ts";
import { levelAt, nextLook } from "./curve.ts";
import { LevelLogs } from "./level-logs.ts";
import { limitsOf } from "./pod-limits.ts";
import { keyOf as keyOfService, type SlicesByService } from "./slices-by-service.ts";
import type { LoadMeasure, Noise, ServiceLoad } from "./types.ts";

const MICROS_PER_SECOND = 1_000_000;
const MILLI = 1000;
/** A server that is busier than this would have queues without end: its requests are taken to wait so long. */
const MOST_BUSY = 0.99;

/** Totals of a service load since the start. */
export interface DemandTotals {
  readonly requests: number;
  readonly unservedRequests: number;
  readonly overloadedMicros: Micros;
}

interface Share {
  /** Requests per second wanted of the whole service. */
  readonly wantedPerSecond: number;
  /** Requests per second beyond what the backends that get them can serve. */
  readonly unservedPerSecond: number;
  /** Since when this holds. */
  readonly since: Micros;
}

/** Argument of an event: a look at the noise alone. */
export const FOR_NOISE = 1;

const NO_SHARE: Share = Object.freeze({ wantedPerSecond: 0, unservedPerSecond: 0, since: 0 });
const NO_TOTALS: DemandTotals = Object.freeze({ requests: 0, unservedRequests: 0, overloadedMicros: 0 });
const NO_BACKENDS: readonly number[] = Object.freeze([]);

interface Capacities {
  /** Requests per second that one backend can serve, each value once, and of how many backends. */
  readonly perSecond: readonly number[];
  readonly counts: readonly number[];
}

const NO_CAPACITIES: Capacities = Object.freeze({ perSecond: Object.freeze([]), counts: Object.freeze([]) });

/** The state of all service loads, one row a load. */
export class DemandCells {
  readonly backends: RefColumn<readonly number[]>;
  readonly share: RefColumn<Share>;
  readonly totals: RefColumn<DemandTotals>;
  readonly isDirty: RefColumn<boolean>;
  /** Whether a look at the noise is to come. */
  readonly isDrawSet: RefColumn<boolean>;
  readonly connections: RefColumn<Connections>;
  /** Capacities of the backends when they were looked up. */
  readonly capacities: RefColumn<Capacities>;
  /** What the CPU of each backend has been since the followers last caught up. */
  readonly changes: LevelLogs;

  constructor(registry: CellRegistry) {
    this.backends = new RefColumn(registry, "workload.backends", NO_BACKENDS);
    this.share = new RefColumn<Share>(registry, "workload.share", NO_SHARE);
    this.totals = new RefColumn<DemandTotals>(registry, "workload.totals", NO_TOTALS);
    this.connections = new RefColumn<Connections>(registry, "workload.connections", NO_CONNECTIONS);
    this.isDrawSet = new RefColumn<boolean>(registry, "workload.isDrawSet", false);
    this.isDirty = new RefColumn<boolean>(registry, "workload.dirty", false);
    this.capacities = new RefColumn<Capacities>(registry, "workload.capacities", NO_CAPACITIES);
    this.changes = new LevelLogs(registry, "workload.changes");
  }
}

/** What the service loads of a world have in common. */
export interface DemandContext {
  readonly engine: Engine;
  readonly store: Store;
  readonly cells: DemandCells;
  readonly slices: SlicesByService;
  readonly tickMicros: Micros;
  /** Event kinds whose subject is the row of a load: look at the curve; look up the endpoints; end connections. */
  readonly demandKind: number;
  readonly endpointsKind: number;
  /** Some clients make new connections. */
  readonly turnKind: number;
  /** The share of a load changed, or its backends did. */
  readonly onShare: (row: number, backends: Backends) => void;
  /** Whether a backend has to be looked at whenever noise is drawn. */
  readonly isLoose: (podRow: number) => boolean;
}

/** Backends that are none any more, and those that there are. */
export type Backends = { readonly left: readonly number[]; readonly now: readonly number[] };

/**
 * One load on one Service: a demand in requests per second, shared over the endpoints that its EndpointSlices show as
 * ready: alike, or by the connections of its clients. Demand beyond what an endpoint's CPU limit allows is not served (and not
 * queued).
 *
 * DEVIATION(fluid-service-load): requests are a fluid, and without `clients` shared evenly; single requests are not played.
 */
export class ServiceDemand implements UsageSource {
  readonly load: ServiceLoad;
  readonly #row: number;
  readonly #context: DemandContext;
  readonly #slices: DocumentTable<EndpointSlice>;
  readonly #seed: number;
  readonly #pool: ClientPool | undefined;

  constructor(context: DemandContext, load: ServiceLoad, row: number) {
    this.load = load;
    this.#row = row;
    this.#context = context;
    const { clients, name } = load;
    if (clients !== undefined) {
      this.#pool = new ClientPool(context.engine, context.cells.connections, row, { name, clients });
    }
    this.#slices = context.store.documents<EndpointSlice>("EndpointSlice");
    this.#seed = context.engine.streams.seedOf(`workload/service/${load.name}`);
  }

  start(): void {
    const { engine, demandKind, turnKind } = this.#context;
    engine.at(Math.max(engine.now, this.load.startMicros), demandKind, this.#row);
    if (this.#pool !== undefined && (this.load.clients?.keepAliveMicros ?? 0) > 0) {
      engine.at(Math.max(engine.now, this.load.startMicros) + this.#pool.turnMicros, turnKind, this.#row);
    }
  }

  /** An EndpointSlice of this Service changed: the backends are looked up again at this instant. */
  sliceChanged(): void {
    const { engine, cells, endpointsKind } = this.#context;
    if (cells.isDirty.get(this.#row)) return;
    cells.isDirty.set(this.#row, true);
    engine.at(engine.now, endpointsKind, this.#row);
  }

  /** The Service, as `SlicesByService` names it. */
  get serviceKey(): string {
    return keyOfService(this.load.namespace, this.load.service);
  }

  /** Requests per second wanted now. */
  get wantedPerSecond(): number {
    return this.#share.wantedPerSecond;
  }
  get backendCount(): number {
    return this.#backends.length;
  }
  /** Rows of the pods that serve now. */
  get backendRows(): readonly number[] {
    return this.#backends;
  }
  /** Requests per second that the endpoints' CPU limits allow; Infinity where there is no limit. */
  get capacityPerSecond(): number {
    return this.#backends.reduce((sum, row) => sum + this.#capacityOf(row), 0);
  }

  /** Totals up to now. Reading settles nothing: an observer must leave no trace. */
  get totals(): DemandTotals {
    const { requests, unservedRequests, overloadedMicros } = this.#totals;
    const { wantedPerSecond, unservedPerSecond: beyond, since } = this.#share;
    const forMicros = this.#context.engine.now - since;
    return {
      requests: requests + (wantedPerSecond * forMicros) / MICROS_PER_SECOND,
      unservedRequests: unservedRequests + (beyond * forMicros) / MICROS_PER_SECOND,
      overloadedMicros: overloadedMicros + (beyond > 0 ? forMicros : 0),
    };
  }

  /** CPU that this load demands of one backend, by the backend's serial. */
  cpuMilliOf(serial: number): number {
    const cpu = this.#wantedOf(serial) * (this.load.perRequest.cpuMicros / MILLI);
    const { noise } = this;
    if (noise === null) return cpu;
    const k = Math.floor(this.#context.engine.now / noise.everyMicros);
    return cpu * noiseFactor(noise.relativeSd, this.noiseKeyOf(serial), k);
  }

  get noise(): Noise | null {
    return this.load.requestsPerSecond.noise;
  }
  /** The word by which a backend's noise is drawn. */
  noiseKeyOf(serial: number): number {
    return keyOf(this.#seed, serial);
  }
  /** Whether each backend is asked for the same, but for noise. */
  get isFollowable(): boolean {
    return this.#pool === undefined;
  }
  changeAt(index: number): Micros {
    return this.#context.cells.changes.changeAt(this.#row, index, this.#context.engine.now, this.#drawMicros);
  }
  levelAt(index: number): number {
    return this.#context.cells.changes.levelAt(this.#row, index, this.#context.engine.now, this.#drawMicros);
  }
  firstAfter(now: Micros): number {
    return this.#context.cells.changes.firstAfter(this.#row, now, this.#drawMicros);
  }
  get #drawMicros(): Micros {
    return this.noise?.everyMicros ?? 0;
  }
  forgetBefore(index: number): void {
    this.#context.cells.changes.forgetBefore(this.#row, index);
  }

  /** A measure of one backend now; NaN for a pod that is none. */
  measureOf(measure: LoadMeasure, podRow: number): number {
    const { store } = this.#context;
    if (!this.#backends.includes(podRow) || !store.pods.isPresent(podRow)) return Number.NaN;
    const { cpuMicros, latencyMicros } = this.load.perRequest;
    const wanted = this.#wantedOf(store.pods.serial.get(podRow));
    const capacity = this.#capacityOf(podRow);
    const served = Math.min(wanted, capacity);
    if (measure === "requests_per_second") return served;
    const busy = Math.min(wanted / capacity, MOST_BUSY);
    const residenceMicros = Math.max(0, latencyMicros - cpuMicros) + cpuMicros / (1 - busy);
    return (served * residenceMicros) / MICROS_PER_SECOND;
  }

  /** A measure of the whole service now: the sum over its backends. */
  totalOf(measure: LoadMeasure): number {
    let sum = 0;
    for (const row of this.#backends) {
      const value = this.measureOf(measure, row);
      if (!Number.isNaN(value)) sum += value;
    }
    return sum;
  }

  /** Requests per second that one backend gets. */
  #wantedOf(serial: number): number {
    const count = this.#backends.length;
    if (count === 0) return 0;
    const { wantedPerSecond } = this.#share;
    return this.#pool !== undefined && this.#keepsConnections
      ? wantedPerSecond * this.#pool.shareOf(serial)
      : wantedPerSecond / count;
  }

  /** Whether requests of a client go to one endpoint for longer than one request. */
  get #keepsConnections(): boolean {
    return (this.load.clients?.keepAliveMicros ?? 0) > 0 || this.#affinityMicros > 0;
  }

  /** Timeout of the Service's session affinity; 0 when it has none. @source kubernetes 1.37 core/v1 defaults (3 h) */
  get #affinityMicros(): Micros {
    const service = this.#context.store.documents<Service>("Service").find(this.load.namespace, this.load.service);
    if (service?.spec.sessionAffinity !== "ClientIP") return 0;
    return (service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) * MICROS_PER_SECOND;
  }

  /** The connections of some clients end. */
  endTurn(): void {
    const pool = this.#pool;
    const { engine, turnKind } = this.#context;
    if (pool === undefined || engine.now >= this.load.endMicros) return;
    pool.endTurn(this.#backendSerials(), this.#affinityMicros);
    this.refresh(false);
    engine.after(pool.turnMicros, turnKind, this.#row);
  }

  #backendSerials(): readonly number[] {
    const { serial } = this.#context.store.pods;
    return this.#backends.map((row) => serial.get(row));
  }

  get #share(): Share {
    return this.#context.cells.share.get(this.#row);
  }
  get #totals(): DemandTotals {
    return this.#context.cells.totals.get(this.#row);
  }
  get #backends(): readonly number[] {
    return this.#context.cells.backends.get(this.#row);
  }

  /** Looks at the curve, and says when to look again; or, for backends that do not follow it, at its noise alone. */
  tick(isForNoise: boolean): void {
    const { startMicros, endMicros, requestsPerSecond } = this.load;
    const { engine, tickMicros, demandKind, cells } = this.#context;
    const { now } = engine;
    if (isForNoise) cells.isDrawSet.set(this.#row, false);
    this.refresh(false);
    if (isForNoise || now >= endMicros) return;
    const next = startMicros + nextLook(requestsPerSecond.curve, now - startMicros, tickMicros);
    const at = Math.min(next, endMicros);
    if (at !== Number.POSITIVE_INFINITY) engine.at(at, demandKind, this.#row);
  }

  /** Has the loose backends looked at when noise is drawn next. */
  awaitDraw(): void {
    const { engine, demandKind, cells, isLoose } = this.#context;
    const { now } = engine;
    if (this.noise === null || cells.isDrawSet.get(this.#row) || now >= this.load.endMicros) return;
    if (!this.#backends.some(isLoose)) return;
    cells.isDrawSet.set(this.#row, true);
    engine.at((Math.floor(now / this.#drawMicros) + 1) * this.#drawMicros, demandKind, this.#row, FOR_NOISE);
  }

  /** Shares the demand anew; with `lookUp`, over the endpoints that there are now. */
  refresh(lookUp: boolean): void {
    const { startMicros, endMicros, requestsPerSecond } = this.load;
    const now = this.#context.engine.now;
    this.#settle();
    const old = this.#backends;
    if (lookUp) {
      this.#context.cells.isDirty.set(this.#row, false);
      this.#context.cells.backends.set(this.#row, Object.freeze(this.#readyBackends()));
      this.#context.cells.capacities.set(this.#row, this.#capacitiesOf(this.#backends));
      this.#pool?.follow(this.#backendSerials());
    }
    const isActive = now >= startMicros && now < endMicros;
    const wantedPerSecond = isActive
      ? levelAt(requestsPerSecond.curve, now - startMicros, this.#context.tickMicros)
      : 0;
    const { share } = this.#context.cells;
    share.set(this.#row, Object.freeze({ wantedPerSecond, unservedPerSecond: 0, since: now }));
    const unservedPerSecond = this.#unserved();
    if (unservedPerSecond > 0) share.set(this.#row, Object.freeze({ wantedPerSecond, unservedPerSecond, since: now }));
    if (this.isFollowable) {
      const level = this.#wantedOf(0) * (this.load.perRequest.cpuMicros / MILLI);
      this.#context.cells.changes.push(this.#row, now, level, this.#drawMicros);
    }
    const current = this.#backends;
    let left = NO_BACKENDS;
    if (lookUp) {
      const kept = new Set(current);
      left = old.filter((row) => !kept.has(row));
    }
    this.#context.onShare(this.#row, { left, now: current });
    this.awaitDraw();
  }

  #readyBackends(): number[] {
    const { pods } = this.#context.store;
    const rows = new Set<number>();
    for (const slice of this.#context.slices.of(this.serviceKey).map((row) => this.#slices.get(row))) {
      for (const endpoint of slice.endpoints) {
        if (!endpoint.conditions.ready || endpoint.targetRef?.kind !== "Pod") continue;
        const pod = pods.rowOf(this.load.namespace, endpoint.targetRef.name);
        if (pod !== -1) rows.add(pod);
      }
    }
    return [...rows].sort((a, b) => pods.serial.get(a) - pods.serial.get(b));
  }

  /** Requests per second that one backend can serve; a pod may be gone at this instant while its endpoint is not yet. */
  #capacityOf(podRow: number): number {
    const { pods } = this.#context.store;
    const { cpuMicros } = this.load.perRequest;
    if (!pods.isPresent(podRow)) return 0;
    return cpuMicros === 0 ? Infinity : (limitsOf(pods.templateOf(podRow)).cpuMilli * MILLI) / cpuMicros;
  }

  #capacitiesOf(backends: readonly number[]): Capacities {
    const found = new Map<number, number>();
    for (const row of backends) {
      const capacity = this.#capacityOf(row);
      found.set(capacity, (found.get(capacity) ?? 0) + 1);
    }
    return Object.freeze({ perSecond: Object.freeze([...found.keys()]), counts: Object.freeze([...found.values()]) });
  }

  #unserved(): number {
    const { wantedPerSecond } = this.#share;
    const backends = this.#backends;
    if (backends.length === 0) return wantedPerSecond;
    if (this.isFollowable) {
      const wanted = wantedPerSecond / backends.length;
      const { perSecond, counts } = this.#context.cells.capacities.get(this.#row);
      let unserved = 0;
      for (const [i, capacity] of perSecond.entries()) unserved += Math.max(0, wanted - capacity) * (counts[i] ?? 0);
      return unserved;
    }
    const { serial } = this.#context.store.pods;
    let unserved = 0;
    for (const row of backends) {
      unserved += Math.max(0, this.#wantedOf(serial.get(row)) - this.#capacityOf(row));
    }
    return unserved;
  }

  #settle(): void {
    this.#context.cells.totals.set(this.#row, Object.freeze(this.totals));
    this.#context.cells.share.set(this.#row, Object.freeze({ ...this.#share, since: this.#context.engine.now }));
  }
}
