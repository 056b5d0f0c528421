import type { KubeNode, StringMap } from "../../kube/index.ts";
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

/** A pod on a node; what others decide about it is looked up when somebody asks. */
class PodOnNode implements NodePod {
  readonly pod: SimulatedPod;
  readonly annotations: StringMap;
  readonly createdAt: Micros;
  readonly isTerminal: boolean;
  readonly deletionAt: Micros;
  readonly #store: Store;

  constructor(store: Store, row: number, pod: SimulatedPod) {
    const { pods } = store;
    this.#store = store;
    this.pod = pod;
    this.annotations = pods.annotationsOf(row);
    this.createdAt = pods.createdAt.get(row);
    this.isTerminal = pods.isTerminal(row);
    this.deletionAt = pods.deletionAt.get(row);
  }

  get hasOwner(): boolean {
    const { owner, namespace } = this.pod;
    if (owner === undefined) return true;
    const table = this.#store.documents(owner.kind as "ReplicaSet");
    const name = table.kind === "Other" ? `${owner.kind}/${owner.name}` : owner.name;
    return table.rowOf(namespace, name) !== -1 || table.rowOf("", name) !== -1;
  }

  get budgets(): readonly string[] {
    const budgets = budgetsOf(this.#store);
    return budgetsOfPod(this.#store, this.pod.row as number).map((budget) => nameOf(budgets.get(budget)));
  }
}

/** A pod that the scheduler found no node for. */
export interface PendingPod {
  readonly pod: SimulatedPod;
  readonly createdAt: Micros;
}

/**
 * The cluster in a simulation, brought up to date before each use: nodes, and the pods on them that count. Derived from the store
 * alone, so it is made anew after a restore. Cost of an update: the comparison of one number a pod, and the pods and nodes that
 * changed.
 */
export class ClusterSnapshot {
  readonly simulation: PlacementSimulation;
  readonly #store: Store;
  readonly #priorityMin: number;
  /** Pods as they were read last, by row. */
  readonly #read = new Map<number, Versioned>();
  /** Pods in the simulation, by row. */
  readonly #placed = new Map<number, SimulatedPod>();
  readonly #nodes = new Map<string, KubeNode>();
  #nodesVersion = -1;
  /** The version of each row at the last update, and the number of the node that its pod was on. */
  #versions = new Float64Array(0);
  #nodeIds = new Int32Array(0);
  /** Rows of pods on no node, and of those being deleted. */
  readonly #unbound = new Set<number>();
  readonly #deleting = new Set<number>();
  /** Pods by node, as long as they stay as they are. */
  readonly #podsOn = new Map<number, readonly NodePod[]>();

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

  /** Returns whether anything differs from the last update. */
  update(): boolean {
    const haveNodesChanged = this.#updateNodes();
    const havePodsChanged = this.#updatePods();
    this.simulation.commit();
    return haveNodesChanged || havePodsChanged;
  }

  /** Whether some pod was being deleted at the last update. */
  get hasDeletingPods(): boolean {
    return this.#deleting.size > 0;
  }

  /** Pods that waited at the last update, and that the scheduler has refused, in order of creation. */
  pending(): PendingPod[] {
    const { pods } = this.#store;
    const found: PendingPod[] = [];
    for (const row of this.#byCreation([...this.#unbound])) {
      if (!this.isUnschedulable(row)) continue;
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
  podsOn(nodeName: string): readonly NodePod[] {
    const { pods } = this.#store;
    const list = pods.nodeNames.find(nodeName);
    const rows = list === -1 ? [] : pods.byNode.rows(list).filter((row) => pods.isPresent(row));
    return this.#byCreation(rows).map((row) => new PodOnNode(this.#store, row, this.podOf(row)));
  }

  /** The same as it was at the last update; the same list as long as none of the pods has changed. */
  podsSeenOn(nodeName: string): readonly NodePod[] {
    const id = this.#store.pods.nodeNames.find(nodeName);
    let known = this.#podsOn.get(id);
    if (known === undefined) {
      known = this.podsOn(nodeName);
      this.#podsOn.set(id, known);
    }
    return known;
  }

  /** What the budgets still allow. */
  allowedDisruptions(): AllowedDisruptions {
    const budgets = budgetsOf(this.#store);
    return new Map(budgets.list().map((budget) => [nameOf(budget), budget.status?.disruptionsAllowed ?? 0]));
  }

  #byCreation(rows: number[]): number[] {
    const { serial } = this.#store.pods;
    return rows.sort((a, b) => serial.get(a) - serial.get(b));
  }

  #updateNodes(): boolean {
    const table = this.#store.documents<KubeNode>("Node");
    if (table.version === this.#nodesVersion) return false;
    this.#nodesVersion = table.version;
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
    return true;
  }

  #updatePods(): boolean {
    const changed = this.#changedRows();
    for (const row of changed) this.#leave(row);
    for (const row of this.#byCreation(changed)) this.#enter(row);
    return changed.length > 0;
  }

  // hot: every pod, every iteration of the autoscaler.
  /** Rows that were written since the last update: whatever happens to a pod gives its row another version. */
  #changedRows(): number[] {
    const { pods } = this.#store;
    const { limit } = pods.rows;
    pods.resourceVersion.ensure(limit);
    if (limit > this.#versions.length) {
      this.#versions = grown(this.#versions, new Float64Array(limit * 2));
      this.#nodeIds = grown(this.#nodeIds, new Int32Array(limit * 2).fill(-1));
    }
    const versions = pods.resourceVersion.data;
    const seen = this.#versions;
    const changed: number[] = [];
    for (let row = 0; row < limit; row++) {
      if (versions[row]! === seen[row]!) continue;
      seen[row] = versions[row]!;
      changed.push(row);
    }
    return changed;
  }

  /** Takes back what was known of a row. */
  #leave(row: number): void {
    const placed = this.#placed.get(row);
    if (placed !== undefined) {
      this.simulation.take(placed.uid);
      this.#placed.delete(row);
    }
    this.#podsOn.delete(this.#nodeIds[row]!);
    this.#nodeIds[row] = -1;
    this.#unbound.delete(row);
    this.#deleting.delete(row);
    if (!this.#store.pods.isPresent(row)) this.#read.delete(row);
  }

  #enter(row: number): void {
    const { pods } = this.#store;
    if (!pods.isPresent(row)) return;
    if (pods.deletionAt.get(row) !== -1) this.#deleting.add(row);
    const nodeId = pods.nodeId.get(row);
    if (nodeId === -1) {
      this.#unbound.add(row);
      return;
    }
    this.#nodeIds[row] = nodeId;
    this.#podsOn.delete(nodeId);
    if (pods.isTerminal(row)) return;
    const pod = this.podOf(row);
    if ((pod.spec.priority ?? 0) < this.#priorityMin) return;
    this.simulation.place(pod, pod.nodeName);
    this.#placed.set(row, pod);
  }

  #forget(): void {
    for (const { uid } of this.#placed.values()) this.simulation.take(uid);
    for (const name of this.#nodes.keys()) this.simulation.removeNode(name);
    for (const known of [this.#read, this.#placed, this.#nodes, this.#podsOn, this.#unbound, this.#deleting])
      known.clear();
    this.#nodesVersion = -1;
    this.#versions.fill(0);
    this.#nodeIds.fill(-1);
    this.simulation.commit();
  }
}

function grown<A extends Float64Array | Int32Array>(old: A, next: A): A {
  next.set(old);
  return next;
}

function nameOf({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}
