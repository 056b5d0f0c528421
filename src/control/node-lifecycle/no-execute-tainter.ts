import type { Engine, EventRef } from "../../engine/index.ts";
import { type ConditionStatus, type KubeNode, PHASE } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { StateValue } from "../../tables/index.ts";
import { millis } from "../../units/index.ts";
import type { NodeMemory } from "./node-memory.ts";
import {
  changeTaints,
  hasTaint,
  NOT_READY_NO_EXECUTE,
  noExecuteTaintOf,
  readyStatus,
  UNREACHABLE_NO_EXECUTE,
} from "./node-taints.ts";
import type { NodeLifecycleSettings } from "./settings.ts";
import { TAINTING_STEP, type TaintOutcome, TaintQueue } from "./taint-queue.ts";
import { ZONE_STATE, ZONE_STATE_NAMES, type Zones } from "./zones.ts";

const BOTH = [NOT_READY_NO_EXECUTE, UNREACHABLE_NO_EXECUTE];
const DONE: TaintOutcome = { isDone: true };
const RETRY_WITHOUT_READY: TaintOutcome = { isDone: false, retryAfterMicros: millis(50) };

/**
 * Taints nodes NoExecute that are not ready, zone by zone at the zone's rate, and removes the taints of those that are.
 *
 * The queues are looked at every 100 ms. A look without a token or without a waiting node has no effect, so only the
 * looks that find both are events.
 *
 * @source kubernetes 1.37 pkg/controller/nodelifecycle processTaintBaseEviction, doNoExecuteTaintingPass
 */
export class NoExecuteTainter {
  readonly queue: TaintQueue;
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #settings: NodeLifecycleSettings;
  readonly #zones: Zones;
  readonly #memory: NodeMemory;
  readonly #lookKind: number;
  readonly #lookRef: StateValue<EventRef>;
  /** Instant of the pending look; Infinity when none is. */
  readonly #lookAt: StateValue<number>;
  readonly #lookedAt: StateValue<number>;
  readonly #nextPassAt: StateValue<number>;

  /** `nextPassAt`: a look that falls on the instant of a pass comes after it. */
  constructor(
    store: Store,
    settings: NodeLifecycleSettings,
    parts: { readonly zones: Zones; readonly memory: NodeMemory; readonly nextPassAt: StateValue<number> },
  ) {
    this.#store = store;
    this.#engine = store.engine;
    this.#nodes = store.documents("Node");
    this.#settings = settings;
    this.#zones = parts.zones;
    this.#memory = parts.memory;
    this.#nextPassAt = parts.nextPassAt;
    const { cells } = store.engine;
    this.queue = new TaintQueue(cells, (a, b) => settings.compareTied(this.#nameOf(a), this.#nameOf(b)));
    this.#lookRef = new StateValue(cells, "nodeLifecycle.lookRef", 0);
    this.#lookAt = new StateValue(cells, "nodeLifecycle.lookAt", Infinity);
    this.#lookedAt = new StateValue(cells, "nodeLifecycle.lookedAt", -1);
    this.#lookKind = store.engine.define("nodeLifecycle.taint", PHASE.control, () => this.#look());
  }

  /** Gives a zone that is not remembered a state, an empty queue and a full bucket. */
  openZone(zone: number): void {
    if (this.#zones.state.get(zone) !== ZONE_STATE.none) return;
    this.#zones.state.set(zone, ZONE_STATE.initial);
    this.queue.clear(zone);
    this.queue.buckets.reset(zone, this.#settings.evictionRate, this.#engine.now);
  }

  /** What a monitor pass does about one node, given the status of its Ready condition. */
  decide(row: number, status: ConditionStatus): void {
    const wanted = noExecuteTaintOf(status);
    if (wanted === undefined) {
      this.release(row);
      return;
    }
    const node = this.#nodes.get(row);
    const opposite = wanted === UNREACHABLE_NO_EXECUTE ? NOT_READY_NO_EXECUTE : UNREACHABLE_NO_EXECUTE;
    if (hasTaint(node, opposite)) {
      changeTaints(this.#store, row, [wanted], [opposite]);
      return;
    }
    if (!hasTaint(node, wanted)) this.queue.remove(row);
    if (this.queue.add(this.#memory.zone.get(row), row, this.#engine.now)) this.arm();
  }

  /** The node is reachable: neither taint, nor waiting for one. Returns whether it was tainted or queued. */
  release(row: number): boolean {
    const wasTainted = changeTaints(this.#store, row, [], BOTH);
    const wasKnown = this.queue.remove(row);
    if ((wasTainted || wasKnown) && this.#store.decisions.isEnabled) {
      const object = `node/${this.#nameOf(row)}`;
      this.#store.decisions.write({ by: "node-lifecycle", what: "untaint", object, wasTainted, wasQueued: wasKnown });
    }
    return wasTainted || wasKnown;
  }

  /** Whether the node needs no look: neither tainted nor known to its queue. */
  isClear(row: number): boolean {
    const node = this.#nodes.get(row);
    return !this.queue.isKnown(row) && !BOTH.some((taint) => hasTaint(node, taint));
  }

  /** Sets the rate of a zone. 0 stops its tainting. */
  setRate(zone: number, rate: number): void {
    this.queue.buckets.swap(zone, rate, this.#engine.now);
    this.arm();
  }

  /** Schedules the next look that can have an effect. */
  arm(): void {
    const { now } = this.#engine;
    const from = this.#settings.looksFirst || this.#lookedAt.value === now ? now + 1 : now;
    let at = Infinity;
    for (let zone = 0; zone < this.#zones.count; zone++) {
      if (this.queue.isWaiting(zone)) at = Math.min(at, this.queue.buckets.nextToken(zone, from, TAINTING_STEP));
    }
    if (at === this.#lookAt.value) return;
    this.#engine.cancel(this.#lookRef.value);
    this.#lookAt.value = at;
    this.#lookRef.value = at === Infinity ? 0 : this.#engine.at(at, this.#lookKind);
  }

  #look(): void {
    const { now } = this.#engine;
    if (this.#nextPassAt.value === now) {
      this.#lookRef.value = this.#engine.at(now, this.#lookKind);
      return;
    }
    this.#lookedAt.value = now;
    this.#lookAt.value = Infinity;
    for (let zone = 0; zone < this.#zones.count; zone++) {
      this.queue.tryHeads(zone, now, (row) => this.#taint(row, zone));
    }
    this.arm();
  }

  /** Looks at the node again: it may have changed since it was queued. */
  #taint(row: number, zone: number): TaintOutcome {
    const node = this.#nodes.get(row);
    const status = readyStatus(node);
    if (status === undefined) return RETRY_WITHOUT_READY;
    const wanted = noExecuteTaintOf(status);
    if (wanted === undefined) return DONE;
    const opposite = wanted === UNREACHABLE_NO_EXECUTE ? NOT_READY_NO_EXECUTE : UNREACHABLE_NO_EXECUTE;
    if (changeTaints(this.#store, row, [wanted], [opposite]) && this.#store.decisions.isEnabled) {
      this.#store.decisions.write({
        by: "node-lifecycle",
        what: "taint",
        object: `node/${this.#nameOf(row)}`,
        taint: `${wanted.key}:${wanted.effect}`,
        ready: status,
        zone: this.#zones.nameOf(zone),
        zoneState: ZONE_STATE_NAMES[this.#zones.state.get(zone)],
        ratePerSecond: this.queue.buckets.rateOf(zone),
      });
    }
    return DONE;
  }

  #nameOf(row: number): string {
    return this.#nodes.get(row).metadata.name ?? "";
  }
}
