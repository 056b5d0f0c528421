import type { Micros } from "../../engine/index.ts";
import { type Condition, isConditionTrue, type Job } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, type Store } from "../../store/index.ts";
import { parseRfc3339, seconds } from "../../units/index.ts";
import { deleteObject } from "../delete-object.ts";
import { decisionName, isBeingDeleted } from "../pods/index.ts";
import { WorkQueue } from "../work-queue.ts";

/**
 * Deletes Jobs, and their pods first, when they have been over for `ttlSecondsAfterFinished`.
 *
 * @source kubernetes 1.37 pkg/controller/ttlafterfinished
 */
export class TtlAfterFinished {
  readonly #store: Store;
  readonly #table: DocumentTable<Job>;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;

  constructor(store: Store, watchDelayMicros: Micros = 0) {
    this.#store = store;
    this.#table = store.documents<Job>("Job");
    this.#queue = new WorkQueue(store, "ttlAfterFinished", this.#table.rows, (row) => this.#sync(row));
    this.#cursor = store.watch("ttlAfterFinished", ["Job"], () => this.#readChanges(), watchDelayMicros);
  }

  #readChanges(): void {
    while (this.#cursor.next()) {
      const { row, flags } = this.#cursor;
      if ((flags & CHANGE.deleted) === 0 && this.#expiryOf(row) !== undefined) this.#queue.add(row);
    }
  }

  /** When the Job is to be deleted; undefined for never, or not known yet. */
  #expiryOf(row: number): Micros | undefined {
    if (!this.#table.isPresent(row)) return undefined;
    const job = this.#table.get(row);
    const { ttlSecondsAfterFinished } = job.spec;
    const finished = job.status?.conditions?.find(isFinal)?.lastTransitionTime;
    if (ttlSecondsAfterFinished === undefined || finished === undefined || isBeingDeleted(job)) return undefined;
    return parseRfc3339(finished) - this.#store.epochMicros + seconds(ttlSecondsAfterFinished);
  }

  #sync(row: number): void {
    const expiry = this.#expiryOf(row);
    if (expiry === undefined) return;
    const { now } = this.#store.engine;
    if (expiry > now) {
      this.#queue.addAfter(row, expiry - now);
      return;
    }
    const object = decisionName(this.#table.get(row));
    this.#store.decisions.write({ by: "ttl-after-finished", what: "delete", object });
    deleteObject(this.#store, "Job", row, "Foreground");
  }
}

function isFinal(condition: Condition): boolean {
  return isConditionTrue([condition], "Complete") || isConditionTrue([condition], "Failed");
}
