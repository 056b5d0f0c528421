import type { KubeNode } from "../../kube/index.ts";
import { CONDITION, POD_CONDITIONS, type Store } from "../../store/index.ts";
import type { Micros } from "../../units/index.ts";
import { budgetsOf, budgetsOfPod } from "../disruption/budgets.ts";
import type { AllowedDisruptions, NodePod } from "./drainability.ts";
import type { PlacementSimulation, SimulatedPod } from "./types.ts";

const SCHEDULED = POD_CONDITIONS.indexOf("PodScheduled");

/** A pod and the version of its row that it was read from. */
interface Versioned {
  readonly version: number;
  readonly pod: SimulatedPod;
}

/** A pod that the scheduler found no node for. */
export interface PendingPod {
  readonly pod: SimulatedPod;
  readonly createdAt: Micros;
}

/**
 * The cluster in a simulation, brought up to date before each use: nodes, and the pods on them that count. Derived from the store
 * alone, so it is made anew after a restore. Cost of an update: one number a pod, and the pods and nodes that changed.
 */
export class ClusterSnapshot {
  readonly simulation: PlacementSimulation;
  readonly #store: Store;
  readonly #priorityMin: number;
  /** Pods as they were read last, by row. */
  readonly #read = new Map<number, Versioned>();
  /** Pods in the simulation, by row. */
  readonly #placed = new Map<number, Versioned>();
  readonly #nodes = new Map<string, KubeNode>();

  /** Pods of a priority below `priorityMin` count as if they were not there. */
  constructor(store: Store, simulation: PlacementSimulation, priorityMin: number) {
    this.#store = store;
    this.simulation = simulation;
    this.#priorityMin = priorityMin;
    store.engine.cells.add({
      name: "clusterAutoscaler.snapshot",
      save: () => ({ form: "data", data: null }),
      load: () => this.#forget(),
    });
  }

  update(): void {
    this.#updateNodes();
    this.#updatePods();
    this.simulation.commit();
  }

  /** Pods that wait, and that the scheduler has refused, in order of creation. */
  pending(): PendingPod[] {
    const { pods } = this.#store;
    const found: PendingPod[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      if (pods.nodeId.get(row) !== -1 || !this.isUnschedulable(row)) continue;
      const pod = this.podOf(row);
      if ((pod.spec.priority ?? 0) < this.#priorityMin) continue;
      found.push({ pod, createdAt: pods.createdAt.get(row) });
    }
    return found;
  }

  /** Whether the scheduler has said that the pod cannot be placed. */
  isUnschedulable(row: number): boolean {
    const { pods } = this.#store;
    if (!pods.isPresent(row) || !pods.isActive(row) || pods.nodeId.get(row) !== -1) return false;
    if (pods.conditionStatus[SCHEDULED]?.get(row) !== CONDITION.false) return false;
    return pods.extra.get(row).conditionTexts?.PodScheduled?.reason === "Unschedulable";
  }

  /** When the pod was found unschedulable. */
  unschedulableSince(row: number): Micros {
    return this.#store.pods.conditionAt[SCHEDULED]?.get(row) ?? 0;
  }

  podOf(row: number): SimulatedPod {
    const { pods } = this.#store;
    const version = pods.resourceVersion.get(row);
    const known = this.#read.get(row);
    if (known?.version === version) return known.pod;
    const owner = pods.owner.get(row);
    const nominated = pods.nominatedNodeId.get(row);
    const pod = Object.freeze({
      namespace: pods.namespaceOf(row),
      name: pods.name.get(row),
      uid: this.#store.rendering.uid(pods.serial.get(row)),
      labels: pods.labelsOf(row),
      spec: pods.templateOf(row).spec,
      ...(owner === null ? {} : { owner }),
      nodeName: pods.nodeNameOf(row),
      nominatedNodeName: nominated === -1 ? "" : pods.nodeNames.textOf(nominated),
      isTerminating: pods.isDeleting(row),
      startAt: pods.startTime.get(row),
      row,
    });
    this.#read.set(row, { version, pod });
    return pod;
  }

  /** The pods on a node, in order of creation, with what decides whether they may be moved. */
  podsOn(nodeName: string): NodePod[] {
    const { pods } = this.#store;
    const list = pods.nodeNames.find(nodeName);
    const rows = list === -1 ? [] : pods.byNode.rows(list).filter((row) => pods.isPresent(row));
    rows.sort((a, b) => pods.serial.get(a) - pods.serial.get(b));
    return rows.map((row) => ({
      pod: this.podOf(row),
      annotations: pods.annotationsOf(row),
      createdAt: pods.createdAt.get(row),
      isTerminal: pods.isTerminal(row),
      deletionAt: pods.deletionAt.get(row),
      hasOwner: this.#hasOwner(row),
      budgets: this.#budgetNames(row),
    }));
  }

  /** What the budgets still allow. */
  allowedDisruptions(): AllowedDisruptions {
    const budgets = budgetsOf(this.#store);
    return new Map(budgets.list().map((budget) => [nameOf(budget), budget.status?.disruptionsAllowed ?? 0]));
  }

  #hasOwner(row: number): boolean {
    const { pods } = this.#store;
    const owner = pods.owner.get(row);
    if (owner === null) return true;
    const table = this.#store.documents(owner.kind as "ReplicaSet");
    const name = table.kind === "Other" ? `${owner.kind}/${owner.name}` : owner.name;
    return table.rowOf(pods.namespaceOf(row), name) !== -1 || table.rowOf("", name) !== -1;
  }

  #budgetNames(row: number): string[] {
    const budgets = budgetsOf(this.#store);
    return budgetsOfPod(this.#store, row).map((budget) => nameOf(budgets.get(budget)));
  }

  #updateNodes(): void {
    const table = this.#store.documents<KubeNode>("Node");
    for (const name of [...this.#nodes.keys()]) {
      if (table.rowOf("", name) !== -1) continue;
      this.simulation.removeNode(name);
      this.#nodes.delete(name);
    }
    for (let row = table.first(); row !== -1; row = table.after(row)) {
      const node = table.get(row);
      const name = node.metadata.name ?? "";
      if (this.#nodes.get(name) === node) continue;
      this.simulation.addNode(node);
      this.#nodes.set(name, node);
    }
  }

  // hot: every pod, every iteration of the autoscaler.
  #updatePods(): void {
    const { pods } = this.#store;
    for (const [row, { version, pod }] of this.#placed) {
      if (pods.isPresent(row) && pods.resourceVersion.get(row) === version) continue;
      this.simulation.take(pod.uid);
      this.#placed.delete(row);
      if (!pods.isPresent(row)) this.#read.delete(row);
    }
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      if (this.#placed.has(row) || pods.nodeId.get(row) === -1 || pods.isTerminal(row)) continue;
      const pod = this.podOf(row);
      if ((pod.spec.priority ?? 0) < this.#priorityMin) continue;
      this.simulation.place(pod, pod.nodeName);
      this.#placed.set(row, { version: pods.resourceVersion.get(row), pod });
    }
  }

  #forget(): void {
    for (const { pod } of this.#placed.values()) this.simulation.take(pod.uid);
    for (const name of this.#nodes.keys()) this.simulation.removeNode(name);
    this.#read.clear();
    this.#placed.clear();
    this.#nodes.clear();
    this.simulation.commit();
  }
}

function nameOf({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}
