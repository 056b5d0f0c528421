import type { Engine, Micros } from "../engine/index.ts";
import { drawAt } from "../random/index.ts";
import type { RefColumn } from "../tables/index.ts";
import type { ClientSpec } from "./types.ts";

const MICROS_PER_SECOND = 1_000_000;
/** Connections end in so many turns, a part of the clients each. */
export const TURNS = 10;

/** Who is connected to whom: by client the serial of its pod, -1 for none. */
export interface Connections {
  readonly podOf: readonly number[];
  /** Choices made so far: the counter of the next draws. */
  readonly choices: number;
  readonly turn: number;
}

export const NO_CONNECTIONS: Connections = Object.freeze({ podOf: Object.freeze([]), choices: 0, turn: 0 });
/** Clients by pod: derived. */
const counts = new WeakMap<Connections, ReadonlyMap<number, number>>();

/**
 * The clients of a Service load, each with one connection kept alive to one endpoint, chosen at random when it is made. A
 * connection that ends is made anew with any endpoint; with session affinity `ClientIP` with the same one as long as that
 * is there, unless the connection lasted longer than the affinity's timeout. One whose endpoint has gone is made anew at once.
 *
 * @source kubernetes 1.37 pkg/proxy (a choice for each new connection, each endpoint equally likely; sessionAffinity)
 */
export class ClientPool {
  readonly #spec: ClientSpec;
  readonly #cells: RefColumn<Connections>;
  readonly #row: number;
  readonly #seed: number;

  constructor(engine: Engine, cells: RefColumn<Connections>, row: number, load: { name: string; clients: ClientSpec }) {
    this.#spec = load.clients;
    this.#cells = cells;
    this.#row = row;
    this.#seed = engine.streams.seedOf(`workload/clients/${load.name}`);
  }

  /** Distance of the turns; Infinity when connections do not end. */
  get turnMicros(): Micros {
    return Math.max(MICROS_PER_SECOND, Math.floor(this.#spec.keepAliveMicros / TURNS));
  }

  /** Share of the clients that are connected to a pod. */
  shareOf(podSerial: number): number {
    const connections = this.#cells.get(this.#row);
    let byPod = counts.get(connections);
    if (byPod === undefined) {
      const found = new Map<number, number>();
      for (const serial of connections.podOf) found.set(serial, (found.get(serial) ?? 0) + 1);
      byPod = found;
      counts.set(connections, byPod);
    }
    return (byPod.get(podSerial) ?? 0) / this.#spec.count;
  }

  /** The endpoints are these now: who has lost its own connects anew. */
  follow(serials: readonly number[]): void {
    const there = new Set(serials);
    this.#choose(serials, (_client, serial) => !there.has(serial));
  }

  /** The connections of a part of the clients end. `affinityMicros`: timeout of the session affinity, 0 for none. */
  endTurn(serials: readonly number[], affinityMicros: Micros): void {
    const { turn } = this.#cells.get(this.#row);
    const there = new Set(serials);
    const isSticky = affinityMicros > this.#spec.keepAliveMicros;
    this.#choose(serials, (client, serial) => !there.has(serial) || (!isSticky && client % TURNS === turn));
    this.#cells.set(this.#row, Object.freeze({ ...this.#cells.get(this.#row), turn: (turn + 1) % TURNS }));
  }

  #choose(serials: readonly number[], isNew: (client: number, serial: number) => boolean): void {
    const old = this.#cells.get(this.#row);
    let { choices } = old;
    const podOf: number[] = [];
    for (let client = 0; client < this.#spec.count; client++) {
      const serial = old.podOf[client] ?? -1;
      if (!isNew(client, serial)) podOf.push(serial);
      else {
        const uniform = drawAt(this.#seed, client, choices++);
        podOf.push(serials[Math.floor(uniform * serials.length)] ?? -1);
      }
    }
    this.#cells.set(this.#row, Object.freeze({ ...old, podOf: Object.freeze(podOf), choices }));
  }
}
