import type { Engine } from "../engine/index.ts";
import {
  isConditionTrue,
  type KubeNode,
  PHASE,
  POD_GC_NODE_QUARANTINE,
  POD_GC_PERIOD,
  TAINT_OUT_OF_SERVICE,
  TERMINATED_POD_GC_THRESHOLD,
} from "../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, POD_PHASE, type Store } from "../store/index.ts";
import { Column, StateMap, StateValue } from "../tables/index.ts";

/** Flags of the collector. */
export interface PodGcSettings {
  /** Ended pods beyond this many are deleted; 0 or less keeps all. */
  readonly terminatedThreshold: number;
  /** Whether a pass comes before a quarantine that ends at its instant, which the original leaves open. Default false. */
  readonly passesFirst: boolean;
}

/**
 * The pod garbage collector: every 20 s it removes pods that nobody else will: ended ones beyond a threshold, those
 * terminating on a node that is out of service, those of a node that is gone, and unbound ones that are being deleted.
 *
 * A pass that would find nothing has no effect, so passes are events only while there may be something to collect; they
 * stay on the grid of 20 s since the start of the run.
 *
 * @source kubernetes 1.37 pkg/controller/podgc/gc_controller.go
 */
export class PodGarbageCollector {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #threshold: number;
  readonly #passesFirst: boolean;
  readonly #cursor: Cursor;
  readonly #passKind: number;
  readonly #passAt: StateValue<number>;
  readonly #lastPassAt: StateValue<number>;
  /** End of the quarantine of vanished nodes, by node number. */
  readonly #quarantine: StateMap<number, number>;
  /** By pod row: whether it is counted among the ended ones. */
  readonly #isCounted: Column<Uint8Array>;
  readonly #endedCount: StateValue<number>;

  constructor(store: Store, settings: Partial<PodGcSettings> = {}) {
    this.#store = store;
    this.#engine = store.engine;
    this.#nodes = store.documents("Node");
    this.#threshold = settings.terminatedThreshold ?? TERMINATED_POD_GC_THRESHOLD;
    this.#passesFirst = settings.passesFirst ?? false;
    const { cells } = store.engine;
    this.#passAt = new StateValue(cells, "podGc.passAt", -1);
    this.#lastPassAt = new StateValue(cells, "podGc.lastPassAt", -1);
    this.#quarantine = new StateMap(cells, "podGc.quarantine");
    this.#isCounted = new Column<Uint8Array>(cells, "podGc.isCounted", Uint8Array);
    this.#endedCount = new StateValue(cells, "podGc.ended", 0);
    this.#passKind = store.engine.define("podGc.pass", PHASE.control, () => this.#pass());
    this.#cursor = store.watch("podGc", ["Node", "Pod"], () => this.#read(), 0, {
      pods: { flags: CHANGE.added | CHANGE.bound | CHANGE.deleting | CHANGE.deleted | CHANGE.phase },
    });
  }

  /** A new process: the quarantine of vanished nodes begins anew. */
  restart(): void {
    this.#quarantine.clear();
    this.#arm();
  }

  #read(): void {
    const cursor = this.#cursor;
    const nodeKind = this.#store.kindIdOf("Node");
    let isNeeded = false;
    while (cursor.next()) {
      const { row, flags } = cursor;
      if (cursor.kindId !== nodeKind) isNeeded = this.#podMatters(row, flags) || isNeeded;
      else if ((flags & CHANGE.deleted) !== 0) isNeeded = true;
      else if (this.#nodes.isPresent(row) && isOutOfService(this.#nodes.get(row))) isNeeded = true;
    }
    if (isNeeded || (this.#threshold > 0 && this.#endedCount.value > this.#threshold)) this.#arm();
  }

  /** Counts ended pods; tells whether the change may have made the pod a case for the next pass. */
  #podMatters(row: number, flags: number): boolean {
    const { pods } = this.#store;
    if ((flags & (CHANGE.deleted | CHANGE.phase | CHANGE.added)) !== 0) {
      this.#count(row, (flags & CHANGE.deleted) === 0 && pods.isPresent(row) && pods.isTerminal(row));
    }
    if ((flags & (CHANGE.added | CHANGE.bound | CHANGE.deleting)) === 0 || !pods.isPresent(row)) return false;
    const nodeName = pods.nodeNameOf(row);
    if (nodeName === "") return pods.isDeleting(row);
    const node = this.#nodes.find("", nodeName);
    return node === undefined || (pods.isDeleting(row) && isOutOfService(node));
  }

  #count(row: number, isEnded: boolean): void {
    if ((this.#isCounted.get(row) === 1) === isEnded) return;
    this.#isCounted.set(row, isEnded ? 1 : 0);
    this.#endedCount.value += isEnded ? 1 : -1;
  }

  /** Has the next pass of the grid run. */
  #arm(): void {
    const { now } = this.#engine;
    const from = this.#lastPassAt.value === now ? now + 1 : now;
    const at = Math.ceil(from / POD_GC_PERIOD) * POD_GC_PERIOD;
    if (this.#passAt.value >= now && this.#passAt.value <= at) return;
    this.#passAt.value = at;
    this.#engine.at(at, this.#passKind);
  }

  #pass(): void {
    this.#passAt.value = -1;
    this.#lastPassAt.value = this.#engine.now;
    this.#collectEnded();
    this.#collectOutOfService();
    this.#collectOrphans();
    this.#collectUnbound();
    if (this.#quarantine.size > 0) this.#arm();
  }

  #collectEnded(): void {
    const surplus = this.#endedCount.value - this.#threshold;
    if (this.#threshold <= 0 || surplus <= 0) return;
    const { pods } = this.#store;
    const ended = this.#select((row) => pods.isTerminal(row));
    const rank = (row: number) =>
      pods.extra.get(row).reason === "Evicted" && pods.phase.get(row) === POD_PHASE.failed ? 0 : 1;
    ended.sort((a, b) => {
      const difference = rank(a) - rank(b) || pods.createdAt.get(a) - pods.createdAt.get(b);
      if (difference !== 0) return difference;
      return pods.name.get(a) < pods.name.get(b) ? -1 : pods.name.get(a) > pods.name.get(b) ? 1 : a - b;
    });
    for (const row of ended.slice(0, Math.max(0, ended.length - this.#threshold))) this.#delete(row, "ended");
  }

  #collectOutOfService(): void {
    const { pods } = this.#store;
    for (let node = this.#nodes.first(); node !== -1; node = this.#nodes.after(node)) {
      const object = this.#nodes.get(node);
      if (!isOutOfService(object) || isConditionTrue(object.status?.conditions, "Ready")) continue;
      for (const row of pods.byNode.rows(pods.nodeNames.idOf(object.metadata.name ?? ""))) {
        if (pods.isDeleting(row)) this.#delete(row, "node out of service");
      }
    }
  }

  #collectOrphans(): void {
    const { pods } = this.#store;
    const { now } = this.#engine;
    for (let id = 0; id < pods.nodeNames.count; id++) {
      const isOrphaned = pods.byNode.count(id) > 0 && this.#nodes.rowOf("", pods.nodeNames.textOf(id)) === -1;
      if (isOrphaned && !this.#quarantine.has(id)) this.#quarantine.set(id, now + POD_GC_NODE_QUARANTINE);
    }
    for (const [id, endsAt] of [...this.#quarantine]) {
      if (endsAt > now || (endsAt === now && this.#passesFirst)) continue;
      this.#quarantine.delete(id);
      if (this.#nodes.rowOf("", pods.nodeNames.textOf(id)) !== -1) continue;
      for (const row of pods.byNode.rows(id)) this.#deleteOrphan(row);
    }
  }

  #deleteOrphan(row: number): void {
    if (!this.#store.pods.isTerminal(row)) {
      const why = "PodGC: node no longer exists";
      this.#store.podWriter.setExtraCondition(row, "DisruptionTarget", "True", "DeletionByPodGC", why);
    }
    this.#delete(row, "node gone");
  }

  #collectUnbound(): void {
    const { pods } = this.#store;
    for (const row of this.#select((one) => pods.isDeleting(one) && pods.nodeId.get(one) === -1)) {
      this.#delete(row, "unbound and terminating");
    }
  }

  /** Failed first, then gone at once, unless a finalizer holds it. */
  #delete(row: number, why: string): void {
    const { pods, podWriter, decisions } = this.#store;
    if (!pods.isPresent(row)) return;
    if (decisions.isEnabled) {
      const object = `pod/${pods.namespaceOf(row)}/${pods.name.get(row)}`;
      decisions.write({ by: "pod-gc", what: "delete", object, why, node: pods.nodeNameOf(row) });
    }
    if (!pods.isTerminal(row)) podWriter.updateStatus(row, { phase: POD_PHASE.failed });
    podWriter.requestDeletion(row, 0);
  }

  #select(isWanted: (row: number) => boolean): number[] {
    const { pods } = this.#store;
    const rows: number[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) if (isWanted(row)) rows.push(row);
    return rows;
  }
}

function isOutOfService(node: KubeNode): boolean {
  return node.spec?.taints?.some(({ key }) => key === TAINT_OUT_OF_SERVICE) ?? false;
}
