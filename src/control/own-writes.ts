import type { KubeObject } from "../kube/index.ts";
import { CHANGE, type DocumentTable } from "../store/index.ts";
import { type CellRegistry, Column } from "../tables/index.ts";

/**
 * Tells a controller the echo of its own status writes. A sync that has nothing to do but write a status would, looking at
 * the result, find nothing to do: such a controller need not look again when nobody else has written meanwhile.
 */
export class OwnWrites<T extends KubeObject> {
  readonly #table: DocumentTable<T>;
  /** The resource version of the last status written. */
  readonly #version: Column<Float64Array>;

  constructor(cells: CellRegistry, name: string, table: DocumentTable<T>) {
    this.#table = table;
    this.#version = new Column<Float64Array>(cells, `${name}.ownWrites`, Float64Array);
  }

  /** The object as it is now is what the controller has just written. */
  note(row: number): void {
    this.#version.set(row, this.#versionOf(row));
  }

  /** Whether a change is nothing but the last status written, and the object still is as it was written. */
  isEcho(row: number, flags: number): boolean {
    return flags === CHANGE.status && this.#version.get(row) === this.#versionOf(row);
  }

  #versionOf(row: number): number {
    return Number(this.#table.get(row).metadata.resourceVersion);
  }
}
