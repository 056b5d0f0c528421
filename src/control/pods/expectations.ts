import type { Engine } from "../../engine/index.ts";
import { Column } from "../../tables/index.ts";
import { minutes } from "../../units/index.ts";

/** @source kubernetes 1.37 pkg/controller/controller_utils.go ExpectationsTimeout */
const EXPECTATIONS_TIMEOUT = minutes(5);

/**
 * What a controller has ordered and not yet seen happen, by owner row. While something is outstanding, the owner's pods
 * are not what they will be, and a sync only refreshes the status. Deletions are tracked pod by pod.
 */
export class Expectations {
  readonly #engine: Engine;
  readonly #creations: Column<Int32Array>;
  readonly #deletions: Column<Int32Array>;
  readonly #setAt: Column<Float64Array>;
  /** By pod row: one more than the owner row that has ordered its deletion. */
  readonly #doomedBy: Column<Int32Array>;

  constructor(engine: Engine, name: string) {
    this.#engine = engine;
    this.#creations = new Column<Int32Array>(engine.cells, `${name}.expectedCreations`, Int32Array);
    this.#deletions = new Column<Int32Array>(engine.cells, `${name}.expectedDeletions`, Int32Array);
    this.#setAt = new Column<Float64Array>(engine.cells, `${name}.expectedAt`, Float64Array);
    this.#doomedBy = new Column<Int32Array>(engine.cells, `${name}.doomedBy`, Int32Array);
  }

  /** So many creations and the deletion of these pods are on their way; whatever was expected before is forgotten. */
  expect(owner: number, creations: number, deletions: readonly number[]): void {
    this.#creations.set(owner, creations);
    this.#deletions.set(owner, deletions.length);
    this.#setAt.set(owner, this.#engine.now);
    for (const pod of deletions) this.#doomedBy.set(pod, owner + 1);
  }

  /** Creations that were given up or have been seen. */
  lowerCreations(owner: number, count: number): void {
    this.#creations.set(owner, this.#creations.get(owner) - count);
  }

  /** Whether this owner has ordered the pod's deletion and has not seen it yet. */
  awaitsDeletionOf(owner: number, pod: number): boolean {
    return this.#doomedBy.get(pod) === owner + 1;
  }

  /** The pod was seen to be deleting or gone. */
  noteDeletion(pod: number): void {
    const owner = this.#doomedBy.get(pod) - 1;
    if (owner === -1) return;
    this.#doomedBy.set(pod, 0);
    this.#deletions.set(owner, this.#deletions.get(owner) - 1);
  }

  isSatisfied(owner: number): boolean {
    if (this.#creations.get(owner) <= 0 && this.#deletions.get(owner) <= 0) return true;
    return this.#engine.now - this.#setAt.get(owner) > EXPECTATIONS_TIMEOUT;
  }

  forget(owner: number): void {
    this.#creations.set(owner, 0);
    this.#deletions.set(owner, 0);
  }
}
