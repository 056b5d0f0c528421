import type { Cell, CellRegistry, CellState } from "./registry.ts";

/** A map in insertion order whose values are primitives or frozen data: replaced, never changed in place. */
export class StateMap<K extends string | number, V> implements Cell {
  readonly name: string;
  #map = new Map<K, V>();

  constructor(registry: CellRegistry, name: string) {
    this.name = name;
    registry.add(this);
  }

  get size(): number {
    return this.#map.size;
  }
  get(key: K): V | undefined {
    return this.#map.get(key);
  }
  has(key: K): boolean {
    return this.#map.has(key);
  }
  set(key: K, value: V): void {
    this.#map.set(key, value);
  }
  delete(key: K): boolean {
    return this.#map.delete(key);
  }
  clear(): void {
    this.#map.clear();
  }
  keys(): IterableIterator<K> {
    return this.#map.keys();
  }
  values(): IterableIterator<V> {
    return this.#map.values();
  }
  entries(): IterableIterator<[K, V]> {
    return this.#map.entries();
  }
  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#map.entries();
  }

  save(): CellState {
    return { form: "data", data: [...this.#map] };
  }
  load(state: CellState): void {
    this.#map = new Map(state.data as [K, V][]);
  }
}

/** One value: a primitive or frozen data. */
export class StateValue<T> implements Cell {
  readonly name: string;
  value: T;

  constructor(registry: CellRegistry, name: string, initial: T) {
    this.name = name;
    this.value = initial;
    registry.add(this);
  }

  save(): CellState {
    return { form: "data", data: this.value };
  }
  load(state: CellState): void {
    this.value = state.data as T;
  }
}

/** A first-in-first-out queue of numbers on a ring that grows. */
export class Fifo implements Cell {
  readonly name: string;
  #ring = new Float64Array(16);
  #head = 0;
  #length = 0;

  constructor(registry: CellRegistry, name: string) {
    this.name = name;
    registry.add(this);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = value;
    this.#length++;
  }

  /** The oldest number; `undefined` when empty. */
  shift(): number | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    return value;
  }

  at(index: number): number | undefined {
    return index < this.#length ? this.#ring[(this.#head + index) & (this.#ring.length - 1)] : undefined;
  }

  save(): CellState {
    const data = new Float64Array(this.#length);
    for (let i = 0; i < this.#length; i++) data[i] = this.at(i) as number;
    return { form: "numbers", data };
  }

  load(state: CellState): void {
    this.#ring = new Float64Array(16);
    this.#head = 0;
    this.#length = 0;
    for (const value of state.data as Float64Array) this.push(value);
  }

  #grow(): void {
    const next = new Float64Array(this.#ring.length * 2);
    for (let i = 0; i < this.#length; i++) next[i] = this.at(i) as number;
    this.#ring = next;
    this.#head = 0;
  }
}
