import type { KubeNode } from "../kube/index.ts";
import type { DocumentTable, Store } from "../store/index.ts";
import { figuresOf, type NodeFigures } from "./node-usage.ts";
import type { Observer } from "./observer.ts";

interface KnownNode {
  readonly node: KubeNode;
  readonly figures: NodeFigures;
  readonly pricePerHour: number;
  /** Number of its name; -1 while it has none. */
  id: number;
}

/** Sums over all nodes, made anew only when some node was written. Reads only; all of it is derived. */
export class NodeTotals {
  total = 0;
  ready = 0;
  /** What ready nodes have to allocate. */
  cpuMilli = 0;
  memoryBytes = 0;
  /** What all nodes have to allocate of extended resources, by name. */
  readonly extended = new Map<string, number>();
  costPerHour = 0;
  readonly #store: Store;
  readonly #observer: Observer;
  readonly #table: DocumentTable<KubeNode>;
  #byRow: (KnownNode | undefined)[] = [];
  /** In the order of the table. */
  #present: KnownNode[] = [];
  #version = -1;

  constructor(store: Store, observer: Observer) {
    this.#store = store;
    this.#observer = observer;
    this.#table = store.documents("Node");
  }

  read(): void {
    const table = this.#table;
    if (table.version === this.#version) return;
    this.#version = table.version;
    this.#present = [];
    [this.total, this.ready, this.cpuMilli, this.memoryBytes, this.costPerHour] = [0, 0, 0, 0, 0];
    this.extended.clear();
    for (let row = table.first(); row !== -1; row = table.after(row)) this.#add(this.#knownOf(row));
  }

  /** Requests of the pods on nodes that are there. */
  requested(): { readonly cpuMilli: number; readonly memoryBytes: number } {
    const { census } = this.#observer;
    let cpuMilli = 0;
    let memoryBytes = 0;
    for (const known of this.#present) {
      const id = this.#idOf(known);
      if (id === -1) continue;
      cpuMilli += census.cpuMilliOf(id);
      memoryBytes += census.memoryBytesOf(id);
    }
    return { cpuMilli, memoryBytes };
  }

  /** What each node has to allocate and what is requested on it, in milli-CPU. */
  forEach(visit: (name: string, cpuMilli: number, requestedMilli: number) => void): void {
    for (const known of this.#present) {
      const id = this.#idOf(known);
      visit(known.figures.name, known.figures.cpuMilli, id === -1 ? 0 : this.#observer.census.cpuMilliOf(id));
    }
  }

  #knownOf(row: number): KnownNode {
    const node = this.#table.get(row);
    let known = this.#byRow[row];
    if (known?.node !== node) {
      const figures = figuresOf(node);
      known = { node, figures, pricePerHour: this.#observer.priceOf(figures.name), id: -1 };
      this.#byRow[row] = known;
    }
    return known;
  }

  #add(known: KnownNode): void {
    const { isReady, cpuMilli, memoryBytes, extended } = known.figures;
    this.#present.push(known);
    this.total++;
    this.costPerHour += known.pricePerHour;
    for (const [resource, amount] of extended) {
      this.extended.set(resource, (this.extended.get(resource) ?? 0) + amount);
    }
    if (!isReady) return;
    this.ready++;
    this.cpuMilli += cpuMilli;
    this.memoryBytes += memoryBytes;
  }

  #idOf(known: KnownNode): number {
    if (known.id === -1) known.id = this.#store.pods.nodeNames.find(known.figures.name);
    return known.id;
  }
}
