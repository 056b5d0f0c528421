/**
 * Cells are the only places where a component may keep state. A registry knows all cells of a world by name, so that a
 * world can be saved, loaded and compared without knowing what its components are.
 */

/** The saved content of one cell: typed arrays and plain immutable data, never shared with the live cell's arrays. */
export type CellState =
  | { readonly form: "numbers"; readonly data: NumberArray }
  | { readonly form: "data"; readonly data: unknown };

export type NumberArray = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array;
export type NumberArrayConstructor =
  | Uint8ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Float64ArrayConstructor;

export interface Cell {
  readonly name: string;
  /** A copy of the content; references inside point to immutable values and may be shared. */
  save(): CellState;
  load(state: CellState): void;
}

/** All cells of a world at one instant, in the order in which they were added. */
export type Snapshot = ReadonlyMap<string, CellState>;

export class CellRegistry {
  readonly #cells = new Map<string, Cell>();

  /** Adds a cell. Throws when the name is taken: two cells of one name would overwrite each other on load. */
  add(cell: Cell): void {
    if (this.#cells.has(cell.name)) throw new Error(`cell "${cell.name}" exists already`);
    this.#cells.set(cell.name, cell);
  }

  get names(): readonly string[] {
    return [...this.#cells.keys()];
  }

  /** Copies the content of every cell. Cost: the numbers and references held, not the objects behind them. */
  save(): Snapshot {
    const snapshot = new Map<string, CellState>();
    for (const [name, cell] of this.#cells) snapshot.set(name, cell.save());
    return snapshot;
  }

  /** Puts a snapshot back. Throws when it was taken from a registry with other cells. */
  load(snapshot: Snapshot): void {
    for (const name of snapshot.keys()) {
      if (!this.#cells.has(name)) throw new Error(`the snapshot holds "${name}", which this world does not have`);
    }
    for (const [name, cell] of this.#cells) {
      const state = snapshot.get(name);
      if (state === undefined) throw new Error(`the snapshot lacks "${name}"`);
      cell.load(state);
    }
  }
}
