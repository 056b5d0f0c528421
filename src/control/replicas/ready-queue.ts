import type { Micros } from "../../engine/index.ts";
import type { PodTable, Store } from "../../store/index.ts";
import { Column, Links } from "../../tables/index.ts";

/**
 * The ready pods of each owner that have not been seen to be available yet, by owner row, the first to become available in
 * front: so that a sync looks at the pods that matured since the last one, and not at all of them.
 */
export class ReadyQueue {
  readonly #pods: PodTable;
  readonly #waiting: Links;
  /** By pod row: the instant since when it is ready, as it was queued; -1 when it is not. */
  readonly #since: Column<Float64Array>;
  /** By owner row: since when the last queued pod is ready, and whether pods were queued out of that order. */
  readonly #newest: Column<Float64Array>;
  readonly #isUnsorted: Column<Uint8Array>;

  constructor(store: Store, name: string) {
    const { cells } = store.engine;
    this.#pods = store.pods;
    this.#waiting = new Links(cells, `${name}.ready`);
    this.#since = new Column<Float64Array>(cells, `${name}.readySince`, Float64Array, -1);
    this.#newest = new Column<Float64Array>(cells, `${name}.newestReady`, Float64Array);
    this.#isUnsorted = new Column<Uint8Array>(cells, `${name}.readyUnsorted`, Uint8Array);
  }

  /** The pod counts as ready for this owner; it waits anew only when its ready time is another. */
  enter(pod: number, owner: number): void {
    const since = this.#pods.readyAt.get(pod);
    if (this.#since.get(pod) === since) return;
    this.#since.set(pod, since);
    if (this.#waiting.count(owner) === 0) this.#isUnsorted.set(owner, 0);
    else if (since < this.#newest.get(owner)) this.#isUnsorted.set(owner, 1);
    this.#newest.set(owner, since);
    this.#waiting.append(owner, pod);
  }

  leave(pod: number): void {
    this.#since.set(pod, -1);
    this.#waiting.remove(pod);
  }

  /** Takes out the pods that have been ready for `minReadyMicros`; returns how many still wait. */
  settle(owner: number, minReadyMicros: Micros, now: Micros): number {
    const isSorted = this.#isUnsorted.get(owner) === 0;
    for (let pod = this.#waiting.head(owner); pod !== -1; ) {
      const next = this.#waiting.next(pod);
      if (this.#since.get(pod) + minReadyMicros <= now) this.#waiting.remove(pod);
      else if (isSorted) break;
      pod = next;
    }
    return this.#waiting.count(owner);
  }

  /** Microseconds until the next waiting pod becomes available; at most `minReadyMicros`. */
  nextIn(owner: number, minReadyMicros: Micros, now: Micros): Micros {
    let delay = minReadyMicros;
    for (let pod = this.#waiting.head(owner); pod !== -1; pod = this.#waiting.next(pod)) {
      delay = Math.min(delay, this.#since.get(pod) + minReadyMicros - now);
      if (this.#isUnsorted.get(owner) === 0) break;
    }
    return delay;
  }
}
