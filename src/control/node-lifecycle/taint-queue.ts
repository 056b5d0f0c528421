import { type CellRegistry, Column, Links } from "../../tables/index.ts";
import { TokenBuckets } from "./token-bucket.ts";

/** What became of the node at the head: done (leaves the queue, stays known), or again after a while. */
export type TaintOutcome = { readonly isDone: true } | { readonly isDone: false; readonly retryAfterMicros: number };

/** How often the queues are looked at: on the grid of this step since the start of the run. @source kubernetes 1.37 nodeEvictionPeriod */
export const TAINTING_STEP = 100_000;

/**
 * The rate-limited queues of nodes to be tainted NoExecute, one a zone. A node that was served leaves the queue but
 * stays known, so that it is not added again before it is taken out.
 *
 * @source kubernetes 1.37 pkg/controller/nodelifecycle/scheduler/rate_limited_queue.go
 */
export class TaintQueue {
  readonly buckets: TokenBuckets;
  readonly #waiting: Links;
  readonly #isKnown: Column<Uint8Array>;
  readonly #processAt: Column<Float64Array>;
  readonly #compareTied: (a: number, b: number) => number;

  /** `compareTied` orders nodes (rows) that are due since the same instant. */
  constructor(cells: CellRegistry, compareTied: (a: number, b: number) => number) {
    this.buckets = new TokenBuckets(cells, "nodeLifecycle.bucket");
    this.#waiting = new Links(cells, "nodeLifecycle.toTaint");
    this.#isKnown = new Column<Uint8Array>(cells, "nodeLifecycle.toTaint.known", Uint8Array);
    this.#processAt = new Column<Float64Array>(cells, "nodeLifecycle.toTaint.processAt", Float64Array);
    this.#compareTied = compareTied;
  }

  isWaiting(zone: number): boolean {
    return this.#waiting.count(zone) > 0;
  }

  isKnown(row: number): boolean {
    return this.#isKnown.get(row) === 1;
  }

  /** Adds a node that is not known yet. */
  add(zone: number, row: number, now: number): boolean {
    if (this.isKnown(row)) return false;
    this.#isKnown.set(row, 1);
    this.#processAt.set(row, now);
    this.#waiting.append(zone, row);
    return true;
  }

  /** Forgets a node. Returns whether it was known. */
  remove(row: number): boolean {
    const wasKnown = this.isKnown(row);
    this.#isKnown.set(row, 0);
    this.#waiting.remove(row);
    return wasKnown;
  }

  /** Empties a zone's queue. */
  clear(zone: number): void {
    for (const row of this.#waiting.rows(zone)) this.remove(row);
  }

  /** One look at a zone's queue: each try takes a token before it looks at the head. */
  tryHeads(zone: number, now: number, serve: (row: number) => TaintOutcome): void {
    while (this.isWaiting(zone) && this.buckets.take(zone, now)) {
      const row = this.#head(zone);
      if (this.#processAt.get(row) > now) return;
      const outcome = serve(row);
      if (outcome.isDone) this.#waiting.remove(row);
      else this.#processAt.set(row, now + outcome.retryAfterMicros);
    }
  }

  #head(zone: number): number {
    let first = this.#waiting.head(zone);
    for (let row = this.#waiting.next(first); row !== -1; row = this.#waiting.next(row)) {
      const difference = this.#processAt.get(row) - this.#processAt.get(first);
      if (difference < 0 || (difference === 0 && this.#compareTied(row, first) < 0)) first = row;
    }
    return first;
  }
}
