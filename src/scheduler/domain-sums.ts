import type { NodeInfo } from "./node-info.ts";
import type { Counter, CountListener } from "./pod-counters.ts";
import type { IndexedNodes, TopologyIndex } from "./topology-index.ts";

/**
 * A counter's pods by topology domain, over the nodes that are included, kept up to date as pods come and go. After
 * nodes came, went or changed their labels or taints, `refresh` adds them up anew.
 */
export class DomainSums implements CountListener {
  readonly counter: Counter;
  readonly index: TopologyIndex;
  /** By domain. */
  sums = new Int32Array(0);
  /** Included nodes that hold a pod. */
  usedNodes = 0;
  /** Domains that an included node is in. */
  domainCount = 0;
  /** The smallest sum of those domains; 0 when there is none. */
  minimum = 0;
  readonly #nodes: IndexedNodes;
  readonly #includes: (node: NodeInfo) => boolean;
  #included = new Uint8Array(0);
  /** How many of those domains have each sum. */
  #domainsBySum: number[] = [];
  #revision = -1;

  constructor(nodes: IndexedNodes, counter: Counter, index: TopologyIndex, includes: (node: NodeInfo) => boolean) {
    this.#nodes = nodes;
    this.counter = counter;
    this.index = index;
    this.#includes = includes;
    counter.listen(this);
  }

  /** Stops following the counter. */
  release(): void {
    this.counter.unlisten(this);
  }

  /** Call before reading. */
  refresh(): void {
    if (this.#revision === this.#nodes.structureRevision) return;
    this.index.refresh();
    this.#rebuild();
    this.#revision = this.#nodes.structureRevision;
  }

  // hot: once a pod that comes or goes and is counted.
  changed(row: number, by: number, count: number): void {
    if (this.#revision !== this.#nodes.structureRevision || this.#included[row] !== 1) return;
    if (count === 0) this.usedNodes--;
    else if (count === by) this.usedNodes++;
    const domain = this.index.domainOf[row]!;
    const before = this.sums[domain]!;
    const after = before + by;
    this.sums[domain] = after;
    const histogram = this.#domainsBySum;
    histogram[before]! -= 1;
    while (histogram.length <= after) histogram.push(0);
    histogram[after]! += 1;
    if (after < this.minimum) this.minimum = after;
    else while (histogram[this.minimum] === 0) this.minimum++;
  }

  #rebuild(): void {
    const { domainOf, domainCount } = this.index;
    const { byRow } = this.counter;
    if (this.#included.length < domainOf.length) this.#included = new Uint8Array(domainOf.length);
    else this.#included.fill(0);
    if (this.sums.length < domainCount) this.sums = new Int32Array(domainCount);
    else this.sums.fill(0);
    const isPresent = new Uint8Array(domainCount);
    this.usedNodes = 0;
    for (const node of this.#nodes.snapshot()) {
      if (!this.#includes(node)) continue;
      const { row } = node;
      this.#included[row] = 1;
      isPresent[domainOf[row]!] = 1;
      const count = row < byRow.length ? byRow[row]! : 0;
      this.sums[domainOf[row]!]! += count;
      if (count > 0) this.usedNodes++;
    }
    this.#countDomains(isPresent);
  }

  #countDomains(isPresent: Uint8Array): void {
    const histogram: number[] = [];
    this.domainCount = 0;
    this.minimum = 0;
    for (let domain = 0; domain < isPresent.length; domain++) {
      if (isPresent[domain] === 0) continue;
      const sum = this.sums[domain]!;
      while (histogram.length <= sum) histogram.push(0);
      histogram[sum]! += 1;
      if (this.domainCount === 0 || sum < this.minimum) this.minimum = sum;
      this.domainCount++;
    }
    this.#domainsBySum = histogram;
  }
}
