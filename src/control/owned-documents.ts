import type { KubeObject } from "../kube/index.ts";
import { CHANGE, type DocumentTable } from "../store/index.ts";
import { type CellRegistry, Interner, Links } from "../tables/index.ts";

/**
 * The documents of one kind by controlling owner, and those without one by namespace. Kept up by feeding it the changes
 * that a cursor reads; an owner is named by its uid.
 */
export class OwnedDocuments<T extends KubeObject> {
  readonly #table: DocumentTable<T>;
  readonly #lists: Links;
  readonly #owners: Interner;

  constructor(cells: CellRegistry, name: string, table: DocumentTable<T>) {
    this.#table = table;
    this.#lists = new Links(cells, `${name}.owned`);
    this.#owners = new Interner(cells, `${name}.owners`);
  }

  /** To be called for each change of the kind that is read. */
  noteChange(row: number, flags: number): void {
    if ((flags & CHANGE.deleted) !== 0) this.#lists.remove(row);
    else if ((flags & (CHANGE.added | CHANGE.metadata)) !== 0) this.#file(row);
  }

  /** Rows of the documents that this owner controls, by creation. */
  rowsOf(ownerUid: string): number[] {
    return this.#rows(this.#owners.find(ownerUid));
  }

  /** Rows of the documents of a namespace that nobody controls, by creation. */
  orphansOf(namespace: string): number[] {
    return this.#rows(this.#owners.find(orphansKey(namespace)));
  }

  #rows(list: number): number[] {
    if (list === -1 || this.#lists.count(list) === 0) return [];
    const rows: number[] = [];
    for (let row = this.#lists.head(list); row !== -1; row = this.#lists.next(row)) {
      if (this.#table.isPresent(row)) rows.push(row);
    }
    return rows.length < 2 ? rows : rows.sort((a, b) => this.#table.serial.get(a) - this.#table.serial.get(b));
  }

  #file(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const { metadata } = this.#table.get(row);
    const owner = controllerOf({ metadata });
    const list = this.#owners.idOf(owner === undefined ? orphansKey(metadata.namespace ?? "") : owner.uid);
    if (this.#lists.listOf(row) !== list) this.#lists.append(list, row);
  }
}

function orphansKey(namespace: string): string {
  return `orphans of ${namespace}`;
}

/** The owner reference that is marked as controller. */
export function controllerOf(object: Pick<KubeObject, "metadata">) {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}
