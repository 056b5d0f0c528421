import type { KubeNode } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, type Store } from "../../store/index.ts";
import { StateValue } from "../../tables/index.ts";
import type { Micros } from "../../units/index.ts";
import { WorkQueue } from "../work-queue.ts";
import { Monitor, markPodNotReady } from "./monitor.ts";
import { NoExecuteTainter } from "./no-execute-tainter.ts";
import { NodeMemory, PassTimes, SEEN } from "./node-memory.ts";
import { changeTaints, conditionTaints } from "./node-taints.ts";
import { NODE_LIFECYCLE_DEFAULTS, type NodeLifecycleSettings } from "./settings.ts";
import { Zones } from "./zones.ts";

/** Labels that mirror another. @source kubernetes 1.37 pkg/controller/nodelifecycle labelReconcileInfo */
const MIRRORED_LABELS = [
  ["kubernetes.io/os", "beta.kubernetes.io/os"],
  ["kubernetes.io/arch", "beta.kubernetes.io/arch"],
] as const;

/**
 * The node lifecycle controller: marks silent nodes and their pods, keeps the taints that show a node's conditions, and
 * taints nodes that are not ready so that the taint eviction controller empties them.
 *
 * ```ts
 * const nodeLifecycle = new NodeLifecycle(store);
 * nodeLifecycle.start();
 * ```
 * @source kubernetes 1.37 pkg/controller/nodelifecycle/node_lifecycle_controller.go
 */
export class NodeLifecycle {
  readonly #store: Store;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #memory: NodeMemory;
  readonly #monitor: Monitor;
  readonly #taintWriteMicros: Micros;
  readonly #cursor: Cursor;
  readonly #nodeQueue: WorkQueue;
  readonly #podQueue: WorkQueue;

  constructor(store: Store, settings: Partial<NodeLifecycleSettings> = {}) {
    const all: NodeLifecycleSettings = { ...NODE_LIFECYCLE_DEFAULTS, ...settings };
    const { engine } = store;
    this.#store = store;
    this.#nodes = store.documents("Node");
    // A probe time is at most a grace and two periods old when its node is visited again.
    const ringSize = Math.ceil(all.gracePeriodMicros / all.monitorPeriodMicros) + 4;
    const memory = new NodeMemory(engine.cells, ringSize);
    const passTimes = new PassTimes(engine.cells, ringSize);
    const zones = new Zones(engine.cells, all);
    const nextPassAt = new StateValue(engine.cells, "nodeLifecycle.nextPassAt", -1);
    const tainter = new NoExecuteTainter(store, all, { zones, memory, nextPassAt });
    this.#memory = memory;
    this.#taintWriteMicros = all.taintWriteMicros;
    this.#monitor = new Monitor(store, all, { memory, passTimes, zones, tainter, nextPassAt });
    this.#nodeQueue = new WorkQueue(store, "nodeLifecycle.node", this.#nodes.rows, (row) => this.#syncNode(row));
    this.#podQueue = new WorkQueue(store, "nodeLifecycle.pod", store.pods.rows, (row) => this.#syncPod(row));
    this.#cursor = store.watch("nodeLifecycle", ["Node", "Pod"], () => this.#read(), 0, {
      pods: { flags: CHANGE.added | CHANGE.bound },
    });
  }

  /** Has the first pass run now, and the others after it. To be called once, before the run. */
  start(): void {
    this.#monitor.start();
  }

  /** A new process: nodes are looked at as if they had just been heard of. */
  restart(): void {
    this.#monitor.forgetAll();
    for (let row = this.#nodes.first(); row !== -1; row = this.#nodes.after(row)) this.#nodeQueue.add(row);
  }

  #read(): void {
    const cursor = this.#cursor;
    const nodeKind = this.#store.kindIdOf("Node");
    while (cursor.next()) {
      const { row, flags } = cursor;
      if (cursor.kindId !== nodeKind) {
        if (this.#store.pods.nodeId.get(row) !== -1) this.#bound(row);
      } else if ((flags & CHANGE.deleted) !== 0) this.#monitor.noteGone(row, this.#nodes.get(row));
      else if (this.#nodes.isPresent(row)) {
        this.#memory.watch(row);
        this.#nodeQueue.addAfter(row, this.#taintWriteMicros);
      }
    }
  }

  /** A pod came to a node: it matters when the node was not ready when last looked at. */
  #bound(pod: number): void {
    if (this.#store.pods.isPresent(pod) && this.#isOnSilentNode(pod)) this.#podQueue.add(pod);
  }

  #syncPod(pod: number): void {
    if (this.#store.pods.isPresent(pod) && this.#isOnSilentNode(pod)) markPodNotReady(this.#store, pod);
  }

  #isOnSilentNode(pod: number): boolean {
    const node = this.#nodes.rowOf("", this.#store.pods.nodeNameOf(pod));
    if (node === -1) return false;
    const seen = this.#memory.seen.get(node);
    return seen === SEEN.false || seen === SEEN.unknown;
  }

  /** Taints that show conditions and cordon, and mirrored labels. */
  #syncNode(row: number): void {
    if (!this.#nodes.isPresent(row)) return;
    const { add, remove } = conditionTaints(this.#nodes.get(row));
    if (add.length + remove.length > 0) {
      changeTaints(this.#store, row, add, remove);
      this.#tellTaints(row, add, remove);
    }
    const node = this.#nodes.get(row);
    const labels = node.metadata.labels ?? {};
    const missing = MIRRORED_LABELS.filter(([from, to]) => labels[from] !== undefined && labels[from] !== labels[to]);
    if (missing.length === 0) return;
    const mirrored = Object.fromEntries(missing.map(([from, to]) => [to, labels[from] ?? ""]));
    const metadata = { ...node.metadata, labels: { ...labels, ...mirrored } };
    this.#store.writer.update(this.#nodes, row, { ...node, metadata });
  }

  #tellTaints(
    row: number,
    add: readonly { readonly key: string }[],
    remove: readonly { readonly key: string }[],
  ): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({
      by: "node-lifecycle",
      what: "condition-taints",
      object: `node/${this.#nodes.get(row).metadata.name ?? ""}`,
      add: add.map(({ key }) => `${key}:NoSchedule`),
      remove: remove.map(({ key }) => `${key}:NoSchedule`),
    });
  }
}
