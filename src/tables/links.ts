import { Column } from "./columns.ts";
import type { CellRegistry } from "./registry.ts";

/**
 * Lists over rows: each row stands in at most one list, in the order of appending. Append, remove and step are O(1).
 * List numbers and rows are small integers of the caller's; -1 means none.
 */
export class Links {
  readonly #next: Column<Int32Array>;
  readonly #previous: Column<Int32Array>;
  readonly #listOf: Column<Int32Array>;
  readonly #head: Column<Int32Array>;
  readonly #tail: Column<Int32Array>;
  readonly #count: Column<Int32Array>;

  constructor(registry: CellRegistry, name: string) {
    this.#next = new Column(registry, `${name}.next`, Int32Array, -1);
    this.#previous = new Column(registry, `${name}.previous`, Int32Array, -1);
    this.#listOf = new Column(registry, `${name}.list`, Int32Array, -1);
    this.#head = new Column(registry, `${name}.head`, Int32Array, -1);
    this.#tail = new Column(registry, `${name}.tail`, Int32Array, -1);
    this.#count = new Column(registry, `${name}.count`, Int32Array);
  }

  /** The list in which the row stands, or -1. */
  listOf(row: number): number {
    return this.#listOf.get(row);
  }

  append(list: number, row: number): void {
    this.remove(row);
    const tail = this.#tail.get(list);
    this.#listOf.set(row, list);
    this.#previous.set(row, tail);
    this.#next.set(row, -1);
    if (tail === -1) this.#head.set(list, row);
    else this.#next.set(tail, row);
    this.#tail.set(list, row);
    this.#count.set(list, this.#count.get(list) + 1);
  }

  /** Takes the row out of its list, if it stands in one. */
  remove(row: number): void {
    const list = this.#listOf.get(row);
    if (list === -1) return;
    const next = this.#next.get(row);
    const previous = this.#previous.get(row);
    if (previous === -1) this.#head.set(list, next);
    else this.#next.set(previous, next);
    if (next === -1) this.#tail.set(list, previous);
    else this.#previous.set(next, previous);
    this.#listOf.set(row, -1);
    this.#count.set(list, this.#count.get(list) - 1);
  }

  head(list: number): number {
    return this.#head.get(list);
  }
  /** The row after this one in its list, or -1. */
  next(row: number): number {
    return this.#next.get(row);
  }
  count(list: number): number {
    return this.#count.get(list);
  }

  /** The rows of a list, in order. For places that are not hot. */
  rows(list: number): number[] {
    const rows: number[] = [];
    for (let row = this.head(list); row !== -1; row = this.next(row)) rows.push(row);
    return rows;
  }
}
