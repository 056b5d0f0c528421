import type { SchedulerCache } from "./cache.ts";
import { askRun, type NodeMemo, UNKNOWN } from "./node-memo.ts";

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
  /** The memo's sums by place, once somebody has asked for the best. */
  #totals: Float64Array | undefined;
  /** By place, seen as a heap: the highest total at or below it. */
  #highest = new Float64Array(0);
  readonly #one = new Int32Array(1);

  constructor(memo: NodeMemo, cache: SchedulerCache) {
    this.#memo = memo;
    this.#cache = cache;
  }

  /** Searches from position `start` on. Cost: the nodes that changed since the last call, or all nodes. */
  run(start: number): void {
    if (this.#start !== start || this.#rows !== this.#cache.rows() || !this.#follow()) this.#searchAll(start);
    this.#clock = this.#cache.columns.clock;
  }

  /** What `selectHost` gives for the memo's sums: the first of the best in preorder. Cost: the height of its heap. */
  best(): number {
    const totals = this.#totals ?? this.#sumUp();
    const highest = this.#highest;
    const most = highest[0]!;
    let place = 0;
    while (totals[place] !== most) {
      place = 2 * place + 1;
      if (highest[place] !== most) place++;
    }
    return place;
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
      if (place >= 0 && this.#totals !== undefined) {
        this.#totals[place] = this.#memo.sums[row]!;
        this.#lift(this.#totals, place);
      }
    }
    return true;
  }

  /** -1 when the row holds no node. */
  #verdictOf(row: number): number {
    const { verdicts } = this.#memo;
    if (verdicts[row] !== UNKNOWN) return verdicts[row]!;
    if (this.#cache.nodeAt(row) === undefined) return -1;
    this.#one[0] = row;
    this.#memo.ask(this.#one, 0, 1);
    return verdicts[row]!;
  }

  #searchAll(start: number): void {
    const rows = this.#cache.rows();
    const { length } = this.#cache.columns.podCount;
    if (this.found.length < rows.length) this.found = new Int32Array(rows.length);
    if (this.#placeOf.length < length) this.#placeOf = new Int32Array(length);
    this.#placeOf.fill(-1);
    const { verdicts } = this.#memo;
    let count = 0;
    let position = start;
    for (let step = 0; step < rows.length; step++) {
      const row = rows[position]!;
      if (verdicts[row] === UNKNOWN) askRun(this.#memo, rows, position);
      if (verdicts[row] === 0) {
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

  #sumUp(): Float64Array {
    const { sums } = this.#memo;
    const totals = new Float64Array(this.count);
    for (let i = 0; i < totals.length; i++) totals[i] = sums[this.found[i]!]!;
    this.#totals = totals;
    this.#findHighest(totals);
    return totals;
  }

  #findHighest(totals: Float64Array): void {
    if (this.#highest.length < totals.length) this.#highest = new Float64Array(totals.length);
    for (let place = totals.length - 1; place >= 0; place--) this.#highest[place] = this.#highestAt(totals, place);
  }

  /** Brings the maxima above a changed total up to date. */
  #lift(totals: Float64Array, changed: number): void {
    const highest = this.#highest;
    for (let place = changed; ; place = (place - 1) >> 1) {
      const most = this.#highestAt(totals, place);
      if (highest[place] === most) return;
      highest[place] = most;
      if (place === 0) return;
    }
  }

  #highestAt(totals: Float64Array, place: number): number {
    const highest = this.#highest;
    let most = totals[place]!;
    const left = 2 * place + 1;
    if (left < totals.length && highest[left]! > most) most = highest[left]!;
    if (left + 1 < totals.length && highest[left + 1]! > most) most = highest[left + 1]!;
    return most;
  }
}
