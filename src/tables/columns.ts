import type { Cell, CellRegistry, CellState, NumberArray, NumberArrayConstructor } from "./registry.ts";

const FIRST_CAPACITY = 16;

/**
 * A growing column of numbers, one a row. Reads of rows never written give `fill`.
 *
 * hot: read and written by every handler. Columns of the common arrays are of a class each, with a `get` and a `set` of
 * their own: one that met all kinds of arrays is slower, and takes long to compile wherever it is inlined (bench/world).
 */
export class Column<A extends NumberArray = NumberArray> implements Cell {
  readonly name: string;
  /** The numbers themselves. Growth replaces the array: never keep it across a call that may add rows. */
  data: A;
  protected readonly fill: number;
  readonly #make: NumberArrayConstructor;

  constructor(registry: CellRegistry, name: string, make: NumberArrayConstructor, fill = 0) {
    this.name = name;
    this.#make = make;
    this.fill = fill;
    this.data = this.#grown(FIRST_CAPACITY);
    if (new.target === Column) {
      const Own = OWN_CLASSES.get(make);
      // biome-ignore lint/correctness/noConstructorReturn: which class it is follows from the array.
      if (Own !== undefined) return new Own(registry, name, make, fill) as Column<A>;
    }
    registry.add(this);
  }

  get(row: number): number {
    return row < this.data.length ? (this.data[row] as number) : this.fill;
  }

  set(row: number, value: number): void {
    if (row >= this.data.length) this.ensure(row + 1);
    this.data[row] = value;
  }

  /** Makes room for `count` rows. */
  ensure(count: number): void {
    if (count <= this.data.length) return;
    let capacity = this.data.length;
    while (capacity < count) capacity *= 2;
    const old = this.data;
    this.data = this.#grown(capacity);
    this.data.set(old);
  }

  save(): CellState {
    return { form: "numbers", data: this.data.slice() };
  }

  load(state: CellState): void {
    if (state.form !== "numbers") throw new Error(`cell "${this.name}" holds numbers`);
    this.data = state.data.slice() as A;
  }

  #grown(capacity: number): A {
    const data = new this.#make(capacity) as A;
    if (this.fill !== 0) data.fill(this.fill);
    return data;
  }
}

class ByteColumn extends Column<Uint8Array> {
  override get(row: number): number {
    return row < this.data.length ? (this.data[row] as number) : this.fill;
  }

  override set(row: number, value: number): void {
    if (row >= this.data.length) this.ensure(row + 1);
    this.data[row] = value;
  }
}

class IntColumn extends Column<Int32Array> {
  override get(row: number): number {
    return row < this.data.length ? (this.data[row] as number) : this.fill;
  }

  override set(row: number, value: number): void {
    if (row >= this.data.length) this.ensure(row + 1);
    this.data[row] = value;
  }
}

class FloatColumn extends Column<Float64Array> {
  override get(row: number): number {
    return row < this.data.length ? (this.data[row] as number) : this.fill;
  }

  override set(row: number, value: number): void {
    if (row >= this.data.length) this.ensure(row + 1);
    this.data[row] = value;
  }
}

const OWN_CLASSES = new Map<
  NumberArrayConstructor,
  typeof Column<Uint8Array> | typeof Column<Int32Array> | typeof Column<Float64Array>
>([
  [Uint8Array, ByteColumn],
  [Int32Array, IntColumn],
  [Float64Array, FloatColumn],
]);

/** A growing column of immutable values, one a row. Reads of rows never written give `initial`. */
export class RefColumn<T> implements Cell {
  readonly name: string;
  data: T[] = [];
  readonly #initial: T;

  constructor(registry: CellRegistry, name: string, initial: T) {
    this.name = name;
    this.#initial = initial;
    registry.add(this);
  }

  get(row: number): T {
    return row < this.data.length ? (this.data[row] as T) : this.#initial;
  }

  set(row: number, value: T): void {
    while (this.data.length < row) this.data.push(this.#initial);
    this.data[row] = value;
  }

  clear(row: number): void {
    if (row < this.data.length) this.data[row] = this.#initial;
  }

  save(): CellState {
    return { form: "data", data: this.data.slice() };
  }

  load(state: CellState): void {
    this.data = (state.data as T[]).slice();
  }
}
