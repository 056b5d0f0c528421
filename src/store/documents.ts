import type { KubeObject } from "../kube/index.ts";
import { type CellRegistry, Column, deepFreeze, Links, RefColumn, Rows } from "../tables/index.ts";

/** A method, so that tables of a kind of objects are tables of objects. */
interface Renderer<T> {
  render(row: number, object: T, resourceVersion: string): T;
}

/**
 * All objects of one kind, as frozen documents with a row each. Reading is free for everybody; only the store writes.
 * A deleted row stays readable until every cursor has seen the deletion; `isPresent` tells whether it is still there.
 */
export class DocumentTable<T extends KubeObject = KubeObject> {
  readonly kind: string;
  readonly kindId: number;
  readonly rows: Rows;
  /** Microseconds since the start at which the object was created, whole seconds as the API keeps them. */
  readonly createdAt: Column<Float64Array>;
  /** Counts creations over all kinds: an order of birth without ties. */
  readonly serial: Column<Float64Array>;
  readonly #object: RefColumn<T | null>;
  readonly #present: Links;
  /** Revisions of writes that have not been rendered: derived, as nothing is saved unrendered. 0: none. */
  #unrendered: number[] = [];
  /** The first figure of each such write. */
  readonly #figures: number[] = [];
  #render: Renderer<T>["render"] | undefined;
  /** Rows by name, by namespace: derived. */
  #index: Map<string, Map<string, number>> | undefined;
  #version = 0;

  constructor(registry: CellRegistry, kind: string, kindId: number) {
    this.kind = kind;
    this.kindId = kindId;
    const name = `store.${kind}`;
    this.rows = new Rows(registry, name);
    this.createdAt = new Column<Float64Array>(registry, `${name}.createdAt`, Float64Array);
    this.serial = new Column<Float64Array>(registry, `${name}.serial`, Float64Array);
    registry.add({
      name: `${name}.rendered`,
      save: () => {
        this.#renderAll();
        return { form: "data", data: null };
      },
      load: () => {
        this.#unrendered = [];
      },
    });
    this.#object = new RefColumn<T | null>(registry, `${name}.object`, null);
    this.#present = new Links(registry, `${name}.present`);
    registry.add({
      name: `${name}.index`,
      save: () => ({ form: "data", data: null }),
      load: () => {
        this.#index = undefined;
        this.#version++;
      },
    });
  }

  /** Another number after every write, so that what is derived from the table can tell whether it still holds; no state. */
  get version(): number {
    return this.#version;
  }

  /** Objects present. */
  get count(): number {
    return this.#present.count(0);
  }

  /** The object of a row, also when it was just deleted. Throws for a row that was never used or was released. */
  get(row: number): T {
    if (this.#render !== undefined) this.#renderRow(row);
    return this.peek(row);
  }

  /** As `get`, but without what was written later and has not been rendered yet (`renderBy`). */
  peek(row: number): T {
    const object = this.#object.get(row);
    if (object === null) throw new Error(`${this.kind} has no row ${row}`);
    return object;
  }

  /**
   * Objects whose status is written again and again, and seldom read: `render` gives the object as the newest such write left it
   * (`DocumentWriter.statusMeasured`), from the one before, when somebody reads it.
   */
  renderBy(render: Renderer<T>["render"]): void {
    this.#render = render;
  }

  find(namespace: string, name: string): T | undefined {
    const row = this.rowOf(namespace, name);
    return row === -1 ? undefined : this.get(row);
  }

  /** The row of a present object, or -1. In the table "Other" a name is `Kind/name`. */
  rowOf(namespace: string, name: string): number {
    return this.#names().get(namespace)?.get(name) ?? -1;
  }

  isPresent(row: number): boolean {
    return row >= 0 && this.#present.listOf(row) === 0;
  }

  /** Rows of the present objects in order of creation: `for (row = first(); row !== -1; row = after(row))`. */
  first(): number {
    return this.#present.head(0);
  }
  after(row: number): number {
    return this.#present.next(row);
  }

  /** The present objects in order of creation. For places that are not hot. */
  list(namespace?: string): T[] {
    const objects: T[] = [];
    for (let row = this.first(); row !== -1; row = this.after(row)) {
      const object = this.get(row);
      if (namespace === undefined || object.metadata.namespace === namespace) objects.push(object);
    }
    return objects;
  }

  /** For the store alone. */
  insert(object: T, serial: number, createdAt: number): number {
    this.#version++;
    const row = this.rows.allocate();
    this.#object.set(row, object);
    this.serial.set(row, serial);
    this.createdAt.set(row, createdAt);
    this.#enter(this.#names(), object, row);
    this.#present.append(0, row);
    return row;
  }

  /** For the store alone: the row's object is to be rendered when somebody reads it. */
  defer(row: number, revision: number, figure: number): void {
    this.#unrendered[row] = revision;
    this.#figures[row] = figure;
  }

  /** The first figure of the newest write that has not been rendered; undefined when there is none, and `peek` says it all. */
  figureOf(row: number): number | undefined {
    return (this.#unrendered[row] ?? 0) === 0 ? undefined : this.#figures[row];
  }

  #renderRow(row: number): void {
    const revision = this.#unrendered[row] ?? 0;
    if (revision === 0) return;
    this.#unrendered[row] = 0;
    const rendered = this.#render?.(row, this.peek(row), String(revision));
    if (rendered !== undefined) this.#object.set(row, deepFreeze(rendered));
  }

  #renderAll(): void {
    for (let row = 0; row < this.#unrendered.length; row++) this.#renderRow(row);
  }

  /** For the store alone. */
  put(row: number, object: T): void {
    this.#version++;
    this.#object.set(row, object);
  }

  /** For the store alone: the object is no longer found or listed, but can still be read by row. */
  remove(row: number): void {
    this.#version++;
    const object = this.get(row);
    this.#names()
      .get(object.metadata.namespace ?? "")
      ?.delete(this.#nameOf(object));
    this.#present.remove(row);
  }

  /** For the store alone: nobody needs the deleted row any more. */
  release(row: number): void {
    this.#unrendered[row] = 0;
    this.#object.clear(row);
    this.rows.free(row);
  }

  #nameOf({ kind, metadata: { name = "" } }: KubeObject): string {
    return this.kind === "Other" ? `${kind}/${name}` : name;
  }

  #enter(index: Map<string, Map<string, number>>, object: KubeObject, row: number): void {
    const { namespace = "" } = object.metadata;
    let names = index.get(namespace);
    if (names === undefined) {
      names = new Map();
      index.set(namespace, names);
    }
    names.set(this.#nameOf(object), row);
  }

  #names(): Map<string, Map<string, number>> {
    if (this.#index === undefined) {
      this.#index = new Map();
      for (let row = this.first(); row !== -1; row = this.after(row)) this.#enter(this.#index, this.get(row), row);
    }
    return this.#index;
  }
}
