import { deleteObject } from "../../../src/control/index.ts";
import { type KubeObject, PHASE } from "../../../src/kube/index.ts";
import { CHANGE, type Cursor, DOCUMENT_KINDS, type DocumentKind, type Store } from "../../../src/store/index.ts";

/** What is owned by an object that is gone, to be deleted now. */
interface Orphaned {
  readonly uid: string;
}

/**
 * The recorder's deletion of dependents (FORMAT.md, NOTES.md "What is ours"): in the instant in which an object goes, what has it as
 * its only owner goes too; there is no collector besides.
 *
 * The original's controllers hear of an owner and of its pods by two watches, in any order. `hearsPodsFirst` tells whether the recording
 * is one in which the owner of this kind and name was still known to its controller when its pods began to go.
 */
export class Cascade {
  readonly #store: Store;
  readonly #cursor: Cursor;
  readonly #hearsPodsFirst: (kind: string, name: string) => boolean;
  readonly #collectKind: number;
  readonly #removeKind: number;
  #orphaned: Orphaned[] = [];
  #late: { readonly kind: DocumentKind; readonly row: number }[] = [];
  readonly #isDone = new Set<string>();

  constructor(store: Store, hearsPodsFirst: (kind: string, name: string) => boolean) {
    this.#store = store;
    this.#hearsPodsFirst = hearsPodsFirst;
    this.#collectKind = store.engine.define("cascade.collect", PHASE.control, () => this.#collect());
    this.#removeKind = store.engine.define("cascade.remove", PHASE.control, () => this.#removeLate());
    this.#cursor = store.watch("cascade", [...DOCUMENT_KINDS, "Pod"], () => this.#readChanges());
  }

  #readChanges(): void {
    const { pods, rendering, engine } = this.#store;
    while (this.#cursor.next()) {
      const { kindId, row, flags } = this.#cursor;
      const kind = DOCUMENT_KINDS[kindId];
      if ((flags & CHANGE.deleted) === 0) {
        if (kind !== undefined && this.#isForeground(kind, row)) this.#removeSoon(kind, row, engine.now);
        continue;
      }
      const uid =
        kind === undefined ? rendering.uid(pods.serial.get(row)) : this.#store.documents(kind).get(row).metadata.uid;
      if (uid === undefined || this.#isDone.has(uid)) continue;
      if (this.#orphaned.length === 0) engine.at(engine.now, this.#collectKind);
      this.#orphaned.push({ uid });
    }
  }

  #collect(): void {
    const orphaned = this.#orphaned;
    this.#orphaned = [];
    for (const { uid } of orphaned) {
      for (const kind of DOCUMENT_KINDS) this.#collectDocuments(kind, uid);
      this.#collectPods(uid);
    }
  }

  #collectDocuments(kind: DocumentKind, uid: string): void {
    const { engine } = this.#store;
    const table = this.#store.documents(kind);
    for (let row = table.first(); row !== -1; row = table.after(row)) {
      const { metadata } = table.get(row);
      if (!isOnlyOwner(metadata, uid)) continue;
      if (!this.#hearsPodsFirst(kind, metadata.name ?? "")) {
        deleteObject(this.#store, kind, row);
        continue;
      }
      this.#collectPods(metadata.uid ?? "");
      this.#isDone.add(metadata.uid ?? "");
      this.#removeSoon(kind, row, engine.now + 1);
    }
  }

  /** The recorder knows no foreground deletion: the object goes, and the rest with it. */
  #isForeground(kind: DocumentKind, row: number): boolean {
    const table = this.#store.documents(kind);
    return table.isPresent(row) && table.get(row).metadata.finalizers?.includes("foregroundDeletion") === true;
  }

  #removeSoon(kind: DocumentKind, row: number, at: number): void {
    this.#late.push({ kind, row });
    this.#store.engine.at(at, this.#removeKind);
  }

  #removeLate(): void {
    for (const { kind, row } of this.#late.splice(0)) {
      const table = this.#store.documents(kind);
      if (table.isPresent(row)) this.#store.writer.remove(table, row);
    }
  }

  #collectPods(uid: string): void {
    const { pods, podWriter } = this.#store;
    const list = pods.ownerUids.find(uid);
    for (const row of list === -1 ? [] : pods.byOwner.rows(list)) {
      if (!pods.isDeleting(row)) podWriter.requestDeletion(row);
    }
  }
}

function isOnlyOwner({ ownerReferences = [] }: KubeObject["metadata"], uid: string): boolean {
  return ownerReferences.length === 1 && ownerReferences[0]?.uid === uid;
}
