import type { DaemonSet } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { Column, Links, Rows, StateMap } from "../../tables/index.ts";
import { pinnedNode } from "./daemon-template.ts";

const NODE_UNITS = 1 << 24;

/**
 * One slot for each DaemonSet and node that have to do with each other: the pods of the set on or for the node, and
 * whether anything has changed since the slot was last looked at. A sync looks at changed slots and not at all nodes.
 */
export class NodeSlots {
  readonly rows: Rows;
  /** Pods by slot. */
  readonly pods: Links;
  /** Slots by row of the DaemonSet: all, and those that changed. */
  readonly all: Links;
  readonly changed: Links;
  readonly #store: Store;
  readonly #table: DocumentTable<DaemonSet>;
  readonly #index: StateMap<number, number>;
  readonly #owner: Column<Int32Array>;
  readonly #nodeId: Column<Int32Array>;

  constructor(store: Store, table: DocumentTable<DaemonSet>) {
    const { cells } = store.engine;
    this.#store = store;
    this.#table = table;
    this.rows = new Rows(cells, "daemonset.slots");
    this.pods = new Links(cells, "daemonset.podsOfSlot");
    this.all = new Links(cells, "daemonset.allSlots");
    this.changed = new Links(cells, "daemonset.changedSlots");
    this.#index = new StateMap(cells, "daemonset.slotIndex");
    this.#owner = new Column<Int32Array>(cells, "daemonset.slotOwner", Int32Array);
    this.#nodeId = new Column<Int32Array>(cells, "daemonset.slotNode", Int32Array);
  }

  /** The row of the slot's DaemonSet. */
  ownerOf(slot: number): number {
    return this.#owner.get(slot);
  }
  nodeNameOf(slot: number): string {
    return this.#store.pods.nodeNames.textOf(this.#nodeId.get(slot));
  }

  /** The slot of a set and a node, made when there is none. */
  slotOf(owner: number, nodeName: string): number {
    const nodeId = this.#store.pods.nodeNames.idOf(nodeName);
    const key = owner * NODE_UNITS + nodeId;
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    const slot = this.rows.allocate();
    this.#index.set(key, slot);
    this.#owner.set(slot, owner);
    this.#nodeId.set(slot, nodeId);
    this.all.append(owner, slot);
    return slot;
  }

  touch(slot: number): void {
    this.changed.append(this.#owner.get(slot), slot);
  }
  settle(slot: number): void {
    this.changed.remove(slot);
  }

  /** Puts a pod into the slot where it is now, and marks what changed. Returns the rows of the sets concerned. */
  update(pod: number): { readonly before: number; readonly after: number } {
    const old = this.pods.listOf(pod);
    const before = old === -1 ? -1 : this.#owner.get(old);
    const slot = this.#slotOfPod(pod);
    if (old !== -1) this.touch(old);
    if (old !== slot) this.pods.remove(pod);
    if (slot === -1) return { before, after: -1 };
    if (old !== slot) this.pods.append(slot, pod);
    this.touch(slot);
    return { before, after: this.#owner.get(slot) };
  }

  free(slot: number): void {
    for (const pod of this.pods.rows(slot)) this.pods.remove(pod);
    this.#index.delete(this.#owner.get(slot) * NODE_UNITS + this.#nodeId.get(slot));
    this.changed.remove(slot);
    this.all.remove(slot);
    this.rows.free(slot);
  }

  /** The row of the present DaemonSet that controls the pod, or -1. */
  controllerOf(pod: number): number {
    const { pods } = this.#store;
    const reference = pods.owner.get(pod);
    if (reference === null || reference.kind !== "DaemonSet") return -1;
    const row = this.#table.rowOf(pods.namespaceOf(pod), reference.name);
    return row !== -1 && this.#table.get(row).metadata.uid === reference.uid ? row : -1;
  }

  #slotOfPod(pod: number): number {
    const { pods } = this.#store;
    if (!pods.isPresent(pod)) return -1;
    const owner = this.controllerOf(pod);
    if (owner === -1) return -1;
    const nodeName = pods.nodeNameOf(pod) || pinnedNode(pods.templateOf(pod));
    return nodeName === "" ? -1 : this.slotOf(owner, nodeName);
  }
}
