import type { Micros } from "../engine/index.ts";
import { PHASE } from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import { deepFreeze, StateMap, StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import { evict } from "./disruption/index.ts";

/** @source kubernetes 1.37 kubectl pkg/drain: after a 429, and between two looks at what is still there */
const RETRY_DELAY = seconds(5);
const POLL_PERIOD = seconds(1);
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";
const TOO_MANY_REQUESTS = 429;

/** A pod by its row, and its serial number as long as the row has not another one. */
interface PodAt {
  readonly row: number;
  readonly serial: number;
}

/** A drain that goes on: pods to be evicted, and evicted ones that are still there. */
interface Draining {
  readonly node: string;
  readonly startedAt: Micros;
  readonly gracePeriodSeconds: number | null;
  readonly pods: readonly PodAt[];
}

/**
 * `kubectl drain --ignore-daemonsets --delete-emptydir-data --force`, after the cordon: evicts the pods that are on the node
 * now, all at once, but for those of DaemonSets and of the kubelet itself; asks again every five seconds where a budget
 * refuses; and waits until all are gone. Other refusals end the attempt for that pod.
 *
 * @source kubernetes 1.37 kubectl pkg/drain evictPods, filters
 */
export class Drain {
  readonly #store: Store;
  readonly #drains: StateMap<number, Draining>;
  readonly #count: StateValue<number>;
  readonly #evictKind: number;
  readonly #pollKind: number;

  constructor(store: Store) {
    const { engine } = store;
    this.#store = store;
    this.#drains = new StateMap(engine.cells, "drain.drains");
    this.#count = new StateValue(engine.cells, "drain.count", 0);
    const { rows } = store.pods;
    this.#evictKind = engine.define("drain.evict", PHASE.fault, (row, id) => this.#evict(row, id), { rows });
    this.#pollKind = engine.define("drain.poll", PHASE.fault, (id) => this.#poll(id));
  }

  /** Begins to drain a node. `gracePeriodSeconds` is that of the deletions; null: each pod's own. */
  start(node: string, gracePeriodSeconds: number | null): void {
    const { engine, pods } = this.#store;
    const list = pods.nodeNames.find(node);
    const rows = (list === -1 ? [] : pods.byNode.rows(list)).filter((row) => this.#isToGo(row));
    rows.sort((a, b) => pods.serial.get(a) - pods.serial.get(b));
    const id = ++this.#count.value;
    const startedAt = engine.now;
    const found = rows.map((row) => ({ row, serial: pods.serial.get(row) }));
    this.#drains.set(id, deepFreeze({ node, startedAt, gracePeriodSeconds, pods: found }));
    for (const row of rows) engine.at(startedAt, this.#evictKind, row, id);
    engine.at(rows.length === 0 ? startedAt : startedAt + POLL_PERIOD, this.#pollKind, id);
  }

  /** Pods that the drain takes: of DaemonSets only those that have ended. */
  #isToGo(row: number): boolean {
    const { pods } = this.#store;
    if (pods.annotationsOf(row)[MIRROR_ANNOTATION] !== undefined) return false;
    return pods.owner.get(row)?.kind !== "DaemonSet" || pods.isTerminal(row);
  }

  #evict(row: number, id: number): void {
    const drain = this.#drains.get(id);
    const { pods, engine } = this.#store;
    if (drain === undefined || !pods.isPresent(row)) return;
    const { gracePeriodSeconds } = drain;
    const outcome = evict(this.#store, row, gracePeriodSeconds === null ? {} : { gracePeriodSeconds });
    if (outcome.ok) return;
    if (outcome.code === TOO_MANY_REQUESTS) {
      engine.at(engine.now + RETRY_DELAY, this.#evictKind, row, id);
      return;
    }
    this.#drains.set(id, deepFreeze({ ...drain, pods: drain.pods.filter((pod) => pod.row !== row) }));
    const name = `${pods.namespaceOf(row)}/${pods.name.get(row)}`;
    this.#tell(drain, "fail", { pod: name, error: outcome.message });
  }

  #poll(id: number): void {
    const drain = this.#drains.get(id);
    if (drain === undefined) return;
    const { pods, engine } = this.#store;
    const left = drain.pods.filter(({ row, serial }) => pods.isPresent(row) && pods.serial.get(row) === serial);
    if (left.length > 0) {
      this.#drains.set(id, deepFreeze({ ...drain, pods: left }));
      engine.at(engine.now + POLL_PERIOD, this.#pollKind, id);
      return;
    }
    this.#drains.delete(id);
    const tookMicros = engine.now - drain.startedAt;
    this.#tell(drain, "drained", { tookMicros, notable: `node ${drain.node} drained` });
  }

  #tell({ node }: Draining, what: string, details: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({ by: "drain", what, object: `node/${node}`, ...details });
  }
}
