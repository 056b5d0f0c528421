import type { NodeInfo } from "./node-info.ts";

/** The nodes of the cluster as an index sees them. */
export interface IndexedNodes {
  /** Grows when a node comes, goes, or changes its labels or taints. */
  readonly structureRevision: number;
  snapshot(): readonly NodeInfo[];
}

/** Every node's domain under one topology key, as a small number by node row. */
export class TopologyIndex {
  readonly key: string;
  /** A node without the label is in the domain of the empty value, and marked in `isMissing`. */
  domainOf = new Int32Array(0);
  isMissing = new Uint8Array(0);
  /** The same by place in the search order, for those who go over many nodes. */
  domainAt = new Int32Array(0);
  isMissingAt = new Uint8Array(0);
  missingCount = 0;
  domainCount = 0;
  readonly #nodes: IndexedNodes;
  #revision = -1;

  constructor(nodes: IndexedNodes, key: string) {
    this.#nodes = nodes;
    this.key = key;
  }

  /** Call before reading. Cost: all nodes when one came, went or changed its labels, else nothing. */
  refresh(): void {
    if (this.#revision === this.#nodes.structureRevision) return;
    this.#revision = this.#nodes.structureRevision;
    const nodes = this.#nodes.snapshot();
    let rows = 0;
    for (const { row } of nodes) if (row >= rows) rows = row + 1;
    if (rows > this.domainOf.length) {
      this.domainOf = new Int32Array(rows);
      this.isMissing = new Uint8Array(rows);
    }
    if (nodes.length > this.domainAt.length) {
      this.domainAt = new Int32Array(nodes.length);
      this.isMissingAt = new Uint8Array(nodes.length);
    }
    const numbers = new Map<string, number>();
    this.missingCount = 0;
    for (let position = 0; position < nodes.length; position++) {
      const { row, labels } = nodes[position]!;
      const label = labels[this.key];
      const value = label ?? "";
      let domain = numbers.get(value);
      if (domain === undefined) {
        domain = numbers.size;
        numbers.set(value, domain);
      }
      this.domainOf[row] = domain;
      this.isMissing[row] = label === undefined ? 1 : 0;
      this.domainAt[position] = domain;
      this.isMissingAt[position] = this.isMissing[row]!;
      if (label === undefined) this.missingCount++;
    }
    this.domainCount = numbers.size;
  }
}
