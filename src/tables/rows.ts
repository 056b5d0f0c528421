import { Column } from "./columns.ts";
import type { Cell, CellRegistry, CellState } from "./registry.ts";

/**
 * Hands out row numbers and takes them back. A freed row is used again later under the next generation, so that whoever
 * kept (row, generation) can see that its row is gone. Rows in use are below `limit`; the lowest free row goes first
 * in last-in-first-out order.
 */
export class Rows implements Cell {
  readonly name: string;
  readonly #generation: Column<Int32Array>;
  readonly #isLive: Column<Uint8Array>;
  #free: number[] = [];
  #limit = 0;
  #count = 0;

  constructor(registry: CellRegistry, name: string) {
    this.name = name;
    this.#generation = new Column<Int32Array>(registry, `${name}.generation`, Int32Array);
    this.#isLive = new Column<Uint8Array>(registry, `${name}.live`, Uint8Array);
    registry.add(this);
  }

  /** Rows in use. */
  get count(): number {
    return this.#count;
  }

  /** One more than the highest row ever used. */
  get limit(): number {
    return this.#limit;
  }

  allocate(): number {
    const row = this.#free.pop() ?? this.#limit++;
    this.#isLive.set(row, 1);
    this.#generation.ensure(row + 1);
    this.#count++;
    return row;
  }

  /** Gives a row back; its generation moves on. Throws when it is not in use. */
  free(row: number): void {
    if (!this.isLive(row)) throw new Error(`row ${row} of "${this.name}" is not in use`);
    this.#isLive.set(row, 0);
    this.#generation.set(row, (this.#generation.get(row) + 1) & 0x7fffffff);
    this.#free.push(row);
    this.#count--;
  }

  isLive(row: number): boolean {
    return row >= 0 && row < this.#limit && this.#isLive.get(row) === 1;
  }

  generationOf(row: number): number {
    return this.#generation.get(row);
  }

  save(): CellState {
    return { form: "data", data: { free: this.#free.slice(), limit: this.#limit, count: this.#count } };
  }

  load(state: CellState): void {
    const saved = state.data as { free: number[]; limit: number; count: number };
    this.#free = saved.free.slice();
    this.#limit = saved.limit;
    this.#count = saved.count;
  }
}
