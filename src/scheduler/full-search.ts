import type { SchedulerCache } from "./cache.ts";
import type { NodeMemo } from "./node-memo.ts";

/**
 * The outcome of a search over all nodes, brought up to date from attempt to attempt: as long as the same nodes are
 * feasible, only those that changed are looked at.
 */
export class FullSearch {
  /** Rows of the feasible nodes in search order: `count` of them. */
  found = new Int32Array(0);
  count = 0;
  readonly #memo: NodeMemo;
  readonly #cache: SchedulerCache;
  /** By row: the place in `found`; -1 for nodes that are not feasible. */
  #placeOf = new Int32Array(0);
  /** What was searched: the nodes in order, from where, and how far the changes of nodes had gone. */
  #rows: Int32Array | undefined;
  #start = 0;
  #clock = 0;
  #totals: Float64Array | undefined;
  #base = 0;

  constructor(memo: NodeMemo, cache: SchedulerCache) {
    this.#memo = memo;
    this.#cache = cache;
  }

  /** Searches from position `start` on. Cost: the nodes that changed since the last call, or all nodes. */
  run(start: number): void {
    if (this.#start !== start || this.#rows !== this.#cache.rows() || !this.#follow()) this.#searchAll(start);
    this.#clock = this.#cache.columns.clock;
  }

  /** The memo's scores of the feasible nodes, each with `base` added; the same array as long as they are the same. */
  totals(base: number): Float64Array {
    if (this.#totals === undefined || this.#base !== base) {
      const { sums } = this.#memo;
      const totals = this.#totals ?? new Float64Array(this.count);
      for (let i = 0; i < this.count; i++) totals[i] = base + sums[this.found[i]!]!;
      this.#totals = totals;
      this.#base = base;
    }
    return this.#totals;
  }

  /** False when a node has become feasible or is not any more, or when too much has happened. */
  #follow(): boolean {
    const { columns } = this.#cache;
    const { clock } = columns;
    if (!columns.remembers(this.#clock)) return false;
    for (let time = this.#clock + 1; time <= clock; time++) {
      const row = columns.rowTouchedAt(time);
      const place = this.#placeOf[row] ?? -1;
      const verdict = this.#verdictOf(row);
      if ((verdict === 0) !== place >= 0) return false;
      if (place >= 0 && this.#totals !== undefined) this.#totals[place] = this.#base + this.#memo.sums[row]!;
    }
    return true;
  }

  /** -1 when the row holds no node. */
  #verdictOf(row: number): number {
    const { generations, verdicts } = this.#memo;
    if (generations[row] === this.#cache.columns.generation[row]) return verdicts[row]!;
    const node = this.#cache.nodeAt(row);
    return node === undefined ? -1 : this.#memo.ask(node);
  }

  #searchAll(start: number): void {
    const rows = this.#cache.rows();
    const { length } = this.#cache.columns.generation;
    if (this.found.length < rows.length) this.found = new Int32Array(rows.length);
    if (this.#placeOf.length < length) this.#placeOf = new Int32Array(length);
    this.#placeOf.fill(-1);
    let count = 0;
    let position = start;
    for (let step = 0; step < rows.length; step++) {
      const row = rows[position]!;
      if (this.#verdictOf(row) === 0) {
        this.#placeOf[row] = count;
        this.found[count++] = row;
      }
      position++;
      if (position === rows.length) position = 0;
    }
    this.count = count;
    this.#rows = rows;
    this.#start = start;
    this.#totals = undefined;
  }
}
