import type { SchedulerCache } from "./cache.ts";
import { FullSearch } from "./full-search.ts";
import { askRun, type NodeMemo, UNKNOWN } from "./node-memo.ts";
import type { NomineeChecks } from "./nominee-checks.ts";
import type { PluginBlock } from "./plugin-block.ts";
import type { ReusePlan } from "./reuse-plan.ts";
import type { ScheduleOptions } from "./schedule-one.ts";
import { feasibleNodesToFind, isBefore } from "./select-host.ts";

/** Looking at a few nodes more than needed costs less than looking at them a few at a time. */
const FEWEST_AT_ONCE = 64;

/** Looks for feasible nodes with what memo and blocks know. Its arrays are used again by the next search. */
export class NodeSearch {
  /** Rows of the feasible nodes: `count` of them. */
  found = new Int32Array(0);
  count = 0;
  /** How many nodes the search went over. */
  looked = 0;
  /** Why nodes were rejected, by position; `undefined` when only the memo rejected any. */
  codes: Uint8Array | undefined;
  /** Index into `found` of what `selectHost` takes when nothing but the memo's sums tells the nodes apart; -1 when the
   *  search did not look for it. */
  best = -1;
  /** The search, when it went over all nodes with the memo alone. */
  full: FullSearch | undefined;
  readonly #cache: SchedulerCache;
  #partial = new Int32Array(0);
  #codes = new Uint8Array(0);
  readonly #filtering: PluginBlock[] = [];

  constructor(cache: SchedulerCache) {
    this.#cache = cache;
  }

  /** The memo has been brought up to date. `nominees` when pods are nominated to nodes. */
  run(plan: ReusePlan, memo: NodeMemo, nominees: NomineeChecks | undefined, options: ScheduleOptions): void {
    const rows = this.#cache.rows();
    const total = rows.length;
    const toFind = feasibleNodesToFind(total, options.percentage);
    const start = total === 0 ? 0 : options.start % total;
    const filtering = this.#filtering;
    filtering.length = 0;
    for (const { block } of plan.blocks) if (block.prepareFilter()) filtering.push(block);
    this.full = undefined;
    this.codes = undefined;
    this.best = -1;
    if (filtering.length === 0 && nominees === undefined && toFind >= total) {
      this.#searchAll(memo, total, start);
      return;
    }
    if (this.#partial.length < toFind) this.#partial = new Int32Array(toFind);
    this.found = this.#partial;
    if (filtering.length === 0 && nominees === undefined) {
      if (plan.isDecidedByMemo) this.#searchBest(memo, rows, start, toFind);
      else this.#searchMemo(memo, rows, start, toFind);
    } else this.#searchBlocks(memo, rows, nominees, { start, toFind });
  }

  #searchAll(memo: NodeMemo, total: number, start: number): void {
    memo.fullSearch ??= new FullSearch(memo, this.#cache);
    this.full = memo.fullSearch;
    this.full.run(start);
    this.found = this.full.found;
    this.looked = total;
    this.count = this.full.count;
  }

  // hot: once a node for every attempt.
  #searchMemo(memo: NodeMemo, rows: Int32Array, start: number, toFind: number): void {
    const { verdicts } = memo;
    const { found } = this;
    const total = rows.length;
    let count = 0;
    let looked = 0;
    let position = start;
    for (; looked < total; looked++) {
      const row = rows[position]!;
      if (verdicts[row] === UNKNOWN) {
        askRun(memo, rows, position, Math.max(toFind - count + 1, FEWEST_AT_ONCE));
      }
      if (verdicts[row] === 0) {
        if (count === toFind) break;
        found[count++] = row;
      }
      position++;
      if (position === total) position = 0;
    }
    this.count = count;
    this.looked = looked;
  }

  /** The same, and looks for the best by the memo's sums meanwhile. */
  // hot: once a node for every attempt.
  #searchBest(memo: NodeMemo, rows: Int32Array, start: number, toFind: number): void {
    const { verdicts, sums } = memo;
    const { found } = this;
    const total = rows.length;
    let count = 0;
    let looked = 0;
    let best = 0;
    let most = Number.NEGATIVE_INFINITY;
    let position = start;
    for (; looked < total; looked++) {
      const row = rows[position]!;
      let sum = sums[row]!;
      if (Number.isNaN(sum) && verdicts[row] === UNKNOWN) {
        askRun(memo, rows, position, Math.max(toFind - count + 1, FEWEST_AT_ONCE));
        sum = sums[row]!;
      }
      if (!Number.isNaN(sum)) {
        if (count === toFind) break;
        found[count] = row;
        if (sum > most || (sum === most && isBefore(count, best))) {
          most = sum;
          best = count;
        }
        count++;
      }
      position++;
      if (position === total) position = 0;
    }
    this.count = count;
    this.looked = looked;
    this.best = best;
  }

  /** Goes over the nodes in stretches, each of them first by memo, then by every block. */
  #searchBlocks(
    memo: NodeMemo,
    rows: Int32Array,
    nominees: NomineeChecks | undefined,
    { start, toFind }: { readonly start: number; readonly toFind: number },
  ): void {
    const total = rows.length;
    if (this.#codes.length < total) this.#codes = new Uint8Array(total);
    const codes = this.#codes;
    this.codes = codes;
    this.count = 0;
    this.looked = 0;
    let position = start;
    while (this.looked < total) {
      // As many as it takes if nodes go on to be feasible as often as they were.
      const wanted = ((toFind - this.count + 1) * (this.looked + 1)) / (this.count + 1);
      const length = Math.max(Math.ceil(wanted), FEWEST_AT_ONCE);
      const end = position + Math.min(length, total - this.looked, total - position);
      memo.writeCodes(rows, position, end, codes);
      for (let i = 0; i < this.#filtering.length; i++) this.#filtering[i]!.filter(position, end, codes);
      nominees?.check(position, end, codes);
      if (this.#collect(rows, position, end, toFind)) break;
      position = end === total ? 0 : end;
    }
  }

  /** True when there are enough feasible nodes and one was met that is too many. */
  // hot: once a node for every attempt.
  #collect(rows: Int32Array, from: number, to: number, toFind: number): boolean {
    const { found } = this;
    const codes = this.#codes;
    let { count } = this;
    let position = from;
    for (; position < to; position++) {
      if (codes[position] !== 0) continue;
      if (count === toFind) break;
      found[count++] = rows[position]!;
    }
    this.count = count;
    this.looked += position - from;
    return position < to;
  }
}
