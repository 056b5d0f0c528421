import type { Engine, Micros } from "../engine/index.ts";
import { type EndpointSlice, PHASE } from "../kube/index.ts";
import { normalAt } from "../random/index.ts";
import type { DocumentTable, Store } from "../store/index.ts";
import { StateValue } from "../tables/index.ts";
import { curveAt, nextLook } from "./curve.ts";
import { limitsOf } from "./pod-limits.ts";
import type { ServiceLoad } from "./types.ts";

const MICROS_PER_SECOND = 1_000_000;
const MILLI = 1000;

/** Totals of a service load since the start. */
export interface DemandTotals {
  readonly requests: number;
  readonly unservedRequests: number;
  readonly overloadedMicros: Micros;
}

interface Share {
  /** Requests per second wanted of the whole service. */
  readonly wantedPerSecond: number;
  /** Requests per second that the backends can serve; Infinity without limits. */
  readonly capacityPerSecond: number;
  /** Since when this holds. */
  readonly since: Micros;
}

type Backends = { readonly left: readonly number[]; readonly now: readonly number[] };

/**
 * One load on one Service: a demand in requests per second, shared alike over the endpoints that its EndpointSlices show
 * as ready. Demand beyond what the endpoints' CPU limits allow is not served (and not queued).
 *
 * DEVIATION(fluid-service-load): requests are a fluid, shared evenly; connections, affinity and random choice are not played.
 */
export class ServiceDemand {
  readonly load: ServiceLoad;
  readonly #engine: Engine;
  readonly #store: Store;
  readonly #slices: DocumentTable<EndpointSlice>;
  readonly #tickMicros: Micros;
  readonly #onShare: (rows: Backends) => void;
  readonly #seed: number;
  readonly #refreshKind: number;
  readonly #tickKind: number;
  readonly #backends: StateValue<readonly number[]>;
  readonly #share: StateValue<Share>;
  readonly #totals: StateValue<DemandTotals>;
  readonly #isDirty: StateValue<boolean>;

  constructor(
    engine: Engine,
    store: Store,
    load: ServiceLoad,
    index: number,
    tickMicros: Micros,
    onShare: (rows: Backends) => void,
  ) {
    this.load = load;
    this.#engine = engine;
    this.#store = store;
    this.#slices = store.documents<EndpointSlice>("EndpointSlice");
    this.#tickMicros = tickMicros;
    this.#onShare = onShare;
    this.#seed = engine.streams.seedOf(`workload/service/${load.name}`);
    const name = `workload.service${index}`;
    this.#backends = new StateValue<readonly number[]>(engine.cells, `${name}.backends`, Object.freeze([]));
    this.#share = new StateValue<Share>(engine.cells, `${name}.share`, {
      wantedPerSecond: 0,
      capacityPerSecond: 0,
      since: 0,
    });
    this.#totals = new StateValue<DemandTotals>(engine.cells, `${name}.totals`, {
      requests: 0,
      unservedRequests: 0,
      overloadedMicros: 0,
    });
    this.#isDirty = new StateValue(engine.cells, `${name}.dirty`, false);
    this.#refreshKind = engine.define(`${name}.endpoints`, PHASE.node, () => this.#refresh(true));
    this.#tickKind = engine.define(`${name}.demand`, PHASE.node, () => this.#tick());
  }

  start(): void {
    this.#engine.at(Math.max(this.#engine.now, this.load.startMicros), this.#tickKind);
  }

  /** An EndpointSlice changed: if it is one of this Service, the backends are looked up again at this instant. */
  sliceChanged(row: number): void {
    const slice = this.#slices.get(row);
    if (slice.metadata.namespace !== this.load.namespace) return;
    if (slice.metadata.labels?.["kubernetes.io/service-name"] !== this.load.service || this.#isDirty.value) return;
    this.#isDirty.value = true;
    this.#engine.at(this.#engine.now, this.#refreshKind);
  }

  /** Requests per second wanted now. */
  get wantedPerSecond(): number {
    return this.#share.value.wantedPerSecond;
  }
  get backendCount(): number {
    return this.#backends.value.length;
  }

  /** Totals up to now. Reading settles nothing: an observer must leave no trace. */
  get totals(): DemandTotals {
    const { requests, unservedRequests, overloadedMicros } = this.#totals.value;
    const { wantedPerSecond, capacityPerSecond, since } = this.#share.value;
    const forMicros = this.#engine.now - since;
    const beyond = Math.max(0, wantedPerSecond - capacityPerSecond);
    return {
      requests: requests + (wantedPerSecond * forMicros) / MICROS_PER_SECOND,
      unservedRequests: unservedRequests + (beyond * forMicros) / MICROS_PER_SECOND,
      overloadedMicros: overloadedMicros + (beyond > 0 ? forMicros : 0),
    };
  }

  /** CPU that this load demands of one backend; `key` names the backend's noise. */
  cpuMilliOf(key: number): number {
    const count = this.#backends.value.length;
    if (count === 0) return 0;
    const cpu = (this.#share.value.wantedPerSecond / count) * (this.load.perRequest.cpuMicros / MILLI);
    const { noise } = this.load.requestsPerSecond;
    if (noise === null) return cpu;
    const k = Math.floor(this.#engine.now / noise.everyMicros);
    return cpu * Math.max(0, 1 + noise.relativeSd * normalAt(this.#seed, key, k));
  }

  #tick(): void {
    const { startMicros, endMicros, requestsPerSecond } = this.load;
    const now = this.#engine.now;
    this.#refresh(false);
    if (now >= endMicros) return;
    const since = now - startMicros;
    let next = startMicros + nextLook(requestsPerSecond.curve, since, this.#tickMicros);
    const every = requestsPerSecond.noise?.everyMicros;
    if (every !== undefined) next = Math.min(next, (Math.floor(now / every) + 1) * every);
    next = Math.min(next, endMicros);
    if (next !== Number.POSITIVE_INFINITY) this.#engine.at(next, this.#tickKind);
  }

  #refresh(lookUp: boolean): void {
    const { startMicros, endMicros, requestsPerSecond } = this.load;
    const now = this.#engine.now;
    this.#settle();
    const old = this.#backends.value;
    if (lookUp) {
      this.#isDirty.value = false;
      this.#backends.value = Object.freeze(this.#readyBackends());
    }
    const isActive = now >= startMicros && now < endMicros;
    const wantedPerSecond = isActive ? curveAt(requestsPerSecond.curve, now - startMicros) : 0;
    this.#share.value = Object.freeze({ wantedPerSecond, capacityPerSecond: this.#capacity(), since: now });
    const current = this.#backends.value;
    const kept = new Set(current);
    const left = lookUp ? old.filter((row) => !kept.has(row)) : [];
    this.#onShare({ left, now: current });
  }

  #readyBackends(): number[] {
    const { pods } = this.#store;
    const rows = new Set<number>();
    for (let row = this.#slices.first(); row !== -1; row = this.#slices.after(row)) {
      const slice = this.#slices.get(row);
      if (slice.metadata.namespace !== this.load.namespace) continue;
      if (slice.metadata.labels?.["kubernetes.io/service-name"] !== this.load.service) continue;
      for (const endpoint of slice.endpoints) {
        if (!endpoint.conditions.ready || endpoint.targetRef?.kind !== "Pod") continue;
        const pod = pods.rowOf(this.load.namespace, endpoint.targetRef.name);
        if (pod !== -1) rows.add(pod);
      }
    }
    return [...rows].sort((a, b) => pods.serial.get(a) - pods.serial.get(b));
  }

  #capacity(): number {
    const { cpuMicros } = this.load.perRequest;
    if (cpuMicros === 0) return this.#backends.value.length === 0 ? 0 : Number.POSITIVE_INFINITY;
    let cpuMilli = 0;
    for (const row of this.#backends.value) cpuMilli += limitsOf(this.#store.pods.templateOf(row)).cpuMilli;
    return (cpuMilli * MILLI) / cpuMicros;
  }

  #settle(): void {
    const { wantedPerSecond, capacityPerSecond } = this.#share.value;
    this.#totals.value = Object.freeze(this.totals);
    this.#share.value = Object.freeze({ wantedPerSecond, capacityPerSecond, since: this.#engine.now });
  }
}
