import { isConditionTrue, type KubeNode, PHASE } from "../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, type Store } from "../store/index.ts";
import { StateValue } from "../tables/index.ts";
import { seconds } from "../units/index.ts";
import { deleteObject } from "./delete-object.ts";

/** @source kubernetes 1.37 cloud-controller-manager --node-monitor-period */
const MONITOR_PERIOD = seconds(5);

/**
 * The cloud node lifecycle controller: every 5 s it asks the cloud about the nodes that are not ready, and deletes the Node object
 * of an instance that is not there any more.
 *
 * A pass that would find nothing has no effect, so passes are events only while there is something to delete; they stay on the
 * grid of 5 s since the start of the run.
 *
 * @source kubernetes 1.37 staging cloud-provider controllers/nodelifecycle/node_lifecycle_controller.go
 */
// DEVIATION(shut-down-instances): the cloud says of a machine that is off that it is there, not that it is shut down; the taint
// node.cloudprovider.kubernetes.io/shutdown is not set.
export class CloudNodeLifecycle {
  readonly #store: Store;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #isGone: (node: string) => boolean;
  readonly #cursor: Cursor;
  readonly #passKind: number;
  readonly #passAt: StateValue<number>;

  /** `isGone` is the cloud's answer about a node, by name: its instance has been taken away. */
  constructor(store: Store, isGone: (node: string) => boolean) {
    this.#store = store;
    this.#nodes = store.documents("Node");
    this.#isGone = isGone;
    this.#passAt = new StateValue(store.engine.cells, "cloudNodeLifecycle.passAt", -1);
    this.#passKind = store.engine.define("cloudNodeLifecycle.pass", PHASE.control, () => this.#pass());
    this.#cursor = store.watch("cloudNodeLifecycle", ["Node"], () => this.#read());
  }

  /** Has the next pass happen: to be called when an instance goes, whose node may have been not ready before. */
  look(): void {
    const { engine } = this.#store;
    if (this.#passAt.value >= engine.now) return;
    this.#passAt.value = Math.ceil(engine.now / MONITOR_PERIOD) * MONITOR_PERIOD;
    engine.at(this.#passAt.value, this.#passKind);
  }

  #read(): void {
    let isNeeded = false;
    while (this.#cursor.next()) {
      const { row, flags } = this.#cursor;
      if ((flags & CHANGE.deleted) === 0 && this.#nodes.isPresent(row))
        isNeeded ||= this.#isLeftOver(this.#nodes.get(row));
    }
    if (isNeeded) this.look();
  }

  #isLeftOver(node: KubeNode): boolean {
    return !isConditionTrue(node.status?.conditions, "Ready") && this.#isGone(node.metadata.name ?? "");
  }

  #pass(): void {
    const nodes = this.#nodes;
    const gone: number[] = [];
    for (let row = nodes.first(); row !== -1; row = nodes.after(row))
      if (this.#isLeftOver(nodes.get(row))) gone.push(row);
    for (const row of gone) this.#delete(row);
  }

  #delete(row: number): void {
    const store = this.#store;
    const node = this.#nodes.get(row);
    const name = node.metadata.name ?? "";
    const message = `Deleting node ${name} because it does not exist in the cloud provider`;
    store.event(node, "cloud-node-lifecycle-controller", "Normal", "DeletingNode", message);
    deleteObject(store, "Node", row);
    if (!store.decisions.isEnabled) return;
    const object = `node/${name}`;
    store.decisions.write({
      by: "cloud-node-lifecycle",
      what: "delete",
      object,
      notable: `${object} deleted: no such instance`,
    });
  }
}
