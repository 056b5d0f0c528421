import type { KubeObject, OwnerReference } from "../kube/index.ts";
import { PHASE } from "../kube/index.ts";
import {
  CHANGE,
  type Cursor,
  DOCUMENT_KINDS,
  type DocumentKind,
  type DocumentTable,
  type Store,
} from "../store/index.ts";
import { deepFreeze, StateMap, StateValue } from "../tables/index.ts";
import { deleteObject, FOREGROUND_FINALIZER, type Propagation } from "./delete-object.ts";

/** A document by its kind's number, row and uid. */
interface DocumentAt {
  readonly kindId: number;
  readonly row: number;
  readonly uid: string;
}

/**
 * Removes what is owned by objects that are gone: documents by their owner references, pods by their controlling owner; and
 * finishes deletions that wait for finalizers. It reacts in the instant of the change.
 *
 * DEVIATION(gc-absent-owner): the original also collects objects made with a reference to an owner that never was; here
 * they stay, as imported objects may name owners of kinds that are not simulated.
 * @source kubernetes 1.37 pkg/controller/garbagecollector
 */
export class GarbageCollector {
  readonly #store: Store;
  readonly #cursor: Cursor;
  readonly #podKindId: number;
  /** Namespaces wait until they are empty; that is their own controller's business. */
  readonly #namespaceKindId: number;
  /** Documents by the uid of each owner. */
  readonly #dependents: StateMap<string, readonly DocumentAt[]>;
  /** Owners in foreground deletion, by uid. */
  readonly #waiting: StateMap<string, DocumentAt>;
  /** What has to be looked at in this instant. */
  readonly #pending: StateValue<readonly DocumentAt[]>;
  /** References to pods as owners: few, so that pods are looked at only where there are any. */
  readonly #podOwnerCount: StateValue<number>;
  readonly #collectKind: number;

  constructor(store: Store, watchDelayMicros = 0) {
    const { engine } = store;
    this.#store = store;
    this.#podKindId = store.kindIdOf("Pod");
    this.#namespaceKindId = store.kindIdOf("Namespace");
    this.#dependents = new StateMap(engine.cells, "gc.dependents");
    this.#waiting = new StateMap(engine.cells, "gc.waiting");
    this.#pending = new StateValue<readonly DocumentAt[]>(engine.cells, "gc.pending", []);
    this.#podOwnerCount = new StateValue(engine.cells, "gc.podOwners", 0);
    this.#collectKind = engine.define("gc.collect", PHASE.control, () => this.#collect());
    this.#cursor = store.watch("gc", [...DOCUMENT_KINDS, "Pod"], () => this.#readChanges(), watchDelayMicros, {
      pods: { flags: CHANGE.deleted },
      documents: { flags: CHANGE.added | CHANGE.metadata | CHANGE.deleted },
    });
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    while (cursor.next()) {
      const { kindId, row, flags } = cursor;
      if (kindId !== this.#podKindId) {
        this.#noteDocument(kindId, row, flags, cursor.old as KubeObject | undefined);
      } else {
        if (this.#waiting.size > 0) this.#wakeOwner(this.#store.pods.owner.get(row)?.uid);
        if (this.#podOwnerCount.value > 0) this.#noteGonePod(row);
      }
    }
  }

  #noteDocument(kindId: number, row: number, flags: number, old: KubeObject | undefined): void {
    const { metadata } = this.#tableOf(kindId).get(row);
    const { uid = "", deletionTimestamp, finalizers = [], ownerReferences = [] } = metadata;
    const at: DocumentAt = deepFreeze({ kindId, row, uid });
    const isGone = (flags & CHANGE.deleted) !== 0;
    const owners = isGone ? [] : ownerReferences;
    const before = (flags & CHANGE.added) !== 0 ? [] : (old?.metadata.ownerReferences ?? []);
    for (const owner of before) if (!owners.some((kept) => kept.uid === owner.uid)) this.#unlink(owner, at);
    for (const owner of owners) if (!before.some((known) => known.uid === owner.uid)) this.#link(owner, at);
    if (isGone) {
      this.#waiting.delete(uid);
      if (!this.#dependents.has(uid) && this.#podsOf(uid).length === 0) return;
    } else if (deletionTimestamp === undefined || kindId === this.#namespaceKindId) return;
    else if (finalizers.includes(FOREGROUND_FINALIZER)) this.#waiting.set(uid, at);
    this.#later(at);
  }

  /** A pod may own claims. */
  #noteGonePod(row: number): void {
    const uid = this.#store.rendering.uid(this.#store.pods.serial.get(row));
    if (this.#dependents.has(uid)) this.#later(deepFreeze({ kindId: this.#podKindId, row, uid }));
  }

  #link({ uid, kind }: OwnerReference, at: DocumentAt): void {
    if (kind === "Pod") this.#podOwnerCount.value++;
    this.#dependents.set(uid, Object.freeze([...(this.#dependents.get(uid) ?? []), at]));
  }

  #unlink({ uid, kind }: OwnerReference, at: DocumentAt): void {
    if (kind === "Pod") this.#podOwnerCount.value--;
    const others = (this.#dependents.get(uid) ?? []).filter((dependent) => dependent.uid !== at.uid);
    if (others.length === 0) this.#dependents.delete(uid);
    else this.#dependents.set(uid, Object.freeze(others));
    this.#wakeOwner(uid);
  }

  #wakeOwner(uid: string | undefined): void {
    const owner = uid === undefined ? undefined : this.#waiting.get(uid);
    if (owner !== undefined) this.#later(owner);
  }

  #later(at: DocumentAt): void {
    const pending = this.#pending.value;
    if (pending.length === 0) this.#store.engine.at(this.#store.engine.now, this.#collectKind);
    if (!pending.some(({ uid }) => uid === at.uid)) this.#pending.value = Object.freeze([...pending, at]);
  }

  #collect(): void {
    const pending = this.#pending.value;
    this.#pending.value = [];
    for (const at of pending) {
      const object = this.#presentAt(at);
      if (object === undefined) this.#collectDependents(at.uid, "Background");
      else if (this.#waiting.has(at.uid)) {
        this.#collectDependents(at.uid, "Foreground");
        if (!this.#isBlocked(at.uid)) this.#dropFinalizer(at, object);
      } else if ((object.metadata.finalizers ?? []).length === 0)
        this.#store.writer.remove(this.#tableOf(at.kindId), at.row);
    }
  }

  /** Deletes what this owner has; an object with other owners that exist only loses the reference. */
  #collectDependents(uid: string, propagation: Propagation): void {
    for (const at of this.#dependents.get(uid) ?? []) {
      const object = this.#presentAt(at);
      if (object === undefined) continue;
      const { ownerReferences = [], deletionTimestamp } = object.metadata;
      const solid = ownerReferences.filter((owner) => owner.uid !== uid && this.#isSolid(owner, object));
      const table = this.#tableOf(at.kindId);
      if (solid.length > 0) {
        const next = { ...object, metadata: { ...object.metadata, ownerReferences: solid } };
        this.#store.writer.update(table, at.row, next);
      } else if (deletionTimestamp === undefined) deleteObject(this.#store, table.kind, at.row, propagation);
    }
    const { pods, podWriter } = this.#store;
    for (const pod of this.#podsOf(uid)) if (!pods.isDeleting(pod)) podWriter.requestDeletion(pod);
  }

  /** Whether an owner exists under this uid and is not going itself. Owners of kinds that are not simulated do. */
  #isSolid(owner: OwnerReference, dependent: KubeObject): boolean {
    const { namespace = "" } = dependent.metadata;
    if (owner.kind === "Pod") return this.#isPodOf(owner, namespace);
    if (!(DOCUMENT_KINDS as readonly string[]).includes(owner.kind)) return true;
    const table = this.#store.documents(owner.kind as DocumentKind);
    const found = table.find(namespace, owner.name) ?? table.find("", owner.name);
    return found?.metadata.uid === owner.uid && !this.#waiting.has(owner.uid);
  }

  #isPodOf({ name, uid }: OwnerReference, namespace: string): boolean {
    const { pods, rendering } = this.#store;
    const row = pods.rowOf(namespace, name);
    return row !== -1 && rendering.uid(pods.serial.get(row)) === uid;
  }

  /** An owner in foreground deletion waits for dependents whose reference says so. */
  #isBlocked(uid: string): boolean {
    const { pods } = this.#store;
    if (this.#podsOf(uid).some((pod) => pods.owner.get(pod)?.blockOwnerDeletion === true)) return true;
    return (this.#dependents.get(uid) ?? []).some((at) => {
      const references = this.#presentAt(at)?.metadata.ownerReferences ?? [];
      return references.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true);
    });
  }

  #dropFinalizer({ kindId, row, uid }: DocumentAt, object: KubeObject): void {
    const table = this.#tableOf(kindId);
    const finalizers = (object.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FOREGROUND_FINALIZER);
    this.#waiting.delete(uid);
    if (finalizers.length === 0) this.#store.writer.remove(table, row);
    else this.#store.writer.update(table, row, { ...object, metadata: { ...object.metadata, finalizers } });
  }

  #podsOf(uid: string): number[] {
    const { pods } = this.#store;
    const list = pods.ownerUids.find(uid);
    return list === -1 ? [] : pods.byOwner.rows(list);
  }

  /** The document, while it is there; a pod that is looked at is gone. */
  #presentAt({ kindId, row, uid }: DocumentAt): KubeObject | undefined {
    if (kindId === this.#podKindId) return undefined;
    const table = this.#tableOf(kindId);
    if (!table.isPresent(row)) return undefined;
    const object = table.get(row);
    return object.metadata.uid === uid ? object : undefined;
  }

  #tableOf(kindId: number): DocumentTable {
    return this.#store.documents(DOCUMENT_KINDS[kindId] as DocumentKind);
  }
}
