import type { Job, KubeObject, ObjectMeta, StringMap } from "../kube/index.ts";
import { defaultNamespace, generatedName, withJobSelector } from "../kube/index.ts";
import type { Stream } from "../random/index.ts";
import { deepFreeze, frozenCopy, type StateValue, sameData } from "../tables/index.ts";
import { resourceOf } from "./admission.ts";
import { CHANGE, type ChangeLog } from "./changes.ts";
import type { DocumentTable } from "./documents.ts";
import { admittedStorage } from "./storage-admission.ts";
import { DOCUMENT_KINDS, type DocumentKind, type Store } from "./store.ts";

/** What the writers of a store share. */
export interface WriterContext {
  readonly store: Store;
  readonly log: ChangeLog;
  readonly revision: StateValue<number>;
  readonly serial: StateValue<number>;
  readonly names: Stream;
  readonly admitsStorage: boolean;
}

/** A simulated failure, as the API server words it. A value, never thrown. */
export interface ApiStatus {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  /** What the refusal comes from, where controllers tell by it. */
  readonly cause?: string;
}
export type ApiResult =
  | { readonly ok: true; readonly row: number }
  | { readonly ok: false; readonly status: ApiStatus };

const GENERATE_NAME_ATTEMPTS = 8;
/** Kinds whose generation counts changes of the spec; the others have none. */
const WITH_GENERATION: ReadonlySet<string> = new Set([
  "ReplicationController",
  "ReplicaSet",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
]);

/** Writes documents: the one place where objects of every kind but Pod are made, changed and removed. */
export class DocumentWriter {
  readonly #context: WriterContext;

  constructor(context: WriterContext) {
    this.#context = context;
  }

  /** Stores a new object (already defaulted and valid); fills in what the server gives. Fails with AlreadyExists or Forbidden. */
  create(object: KubeObject): ApiResult {
    const { store, serial } = this.#context;
    const kind = documentKind(object.kind);
    const table = store.documents(kind);
    const namespace = object.metadata.namespace ?? "";
    const prefix = kind === "Other" ? `${object.kind}/` : "";
    const name = object.metadata.name ?? this.#generateName(table, namespace, object.metadata.generateName ?? "");
    if (table.rowOf(namespace, prefix + name) !== -1) return { ok: false, status: alreadyExists(object, name) };
    const refused = store.admission.admitDocument(object, name);
    if (refused !== undefined) return { ok: false, status: refused };
    serial.value++;
    const createdAt = store.nowSecond;
    const metadata: ObjectMeta = {
      ...object.metadata,
      name,
      uid: store.rendering.uid(serial.value),
      creationTimestamp: store.timestamp(createdAt),
      resourceVersion: String(++this.#context.revision.value),
      ...(WITH_GENERATION.has(kind) ? { generation: 1 } : {}),
    };
    const complete = completed({ ...object, metadata });
    const stored = this.#context.admitsStorage ? admittedStorage(store, complete) : complete;
    const row = table.insert(frozenCopy(stored), serial.value, createdAt);
    this.#context.log.append(table.kindId, row, CHANGE.added, undefined);
    return { ok: true, row };
  }

  /**
   * Replaces an object; the server's own metadata are kept. What differs decides generation and change flags: parts
   * that are the same object are the same, so hand back unchanged parts as they are. Nothing is written when nothing
   * differs. Returns whether something was written.
   */
  update<T extends KubeObject>(table: DocumentTable<T>, row: number, next: T): boolean {
    const old = table.get(row);
    let flags = 0;
    let specDiffers = false;
    for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
      if (key === "metadata" || key === "apiVersion" || key === "kind") continue;
      if (sameData(part(old, key), part(next, key))) continue;
      if (key === "status") flags |= CHANGE.status;
      else {
        flags |= CHANGE.spec;
        specDiffers = true;
      }
    }
    const annotationsDiffer = !sameData(old.metadata.annotations ?? {}, next.metadata.annotations ?? {});
    if (annotationsDiffer || metadataDiffers(old.metadata, next.metadata)) flags |= CHANGE.metadata;
    if (flags === 0) return false;
    // A Deployment's generation also counts changes of its annotations.
    const bumps = specDiffers || (annotationsDiffer && table.kind === "Deployment");
    const { generation } = old.metadata;
    const metadata: ObjectMeta = {
      ...next.metadata,
      ...serverMetadata(old.metadata),
      resourceVersion: String(++this.#context.revision.value),
      ...(generation === undefined ? {} : { generation: bumps ? generation + 1 : generation }),
    };
    table.put(row, frozenCopy({ ...next, metadata }));
    this.#context.log.append(table.kindId, row, flags, old);
    return true;
  }

  /**
   * hot: at every sync of an HPA (bench/world).
   * Replaces the status, and the annotations where they are given: a write through the status subresource, which never
   * counts as a new generation. Returns whether something was written.
   */
  updateStatus<T extends KubeObject>(
    table: DocumentTable<T>,
    row: number,
    status: unknown,
    annotations?: StringMap,
  ): boolean {
    const old = table.get(row);
    const isSame = sameData(part(old, "status"), status);
    const isAnnotated = annotations !== undefined && !sameData(old.metadata.annotations ?? {}, annotations);
    if (isSame && !isAnnotated) return false;
    const resourceVersion = String(++this.#context.revision.value);
    const metadata = isAnnotated
      ? { ...old.metadata, annotations: frozenCopy(annotations), resourceVersion }
      : { ...old.metadata, resourceVersion };
    table.put(row, deepFreeze({ ...old, metadata, status: frozenCopy(status) }));
    this.#context.log.append(
      table.kindId,
      row,
      (isSame ? 0 : CHANGE.status) | (isAnnotated ? CHANGE.metadata : 0),
      old,
    );
    return true;
  }

  // hot: once a sync of an HPA at rest (bench/world).
  /**
   * A write of the status that shows what was measured and says nothing else: it counts as a revision, wakes nobody who does not ask for it (`CHANGE.measured`), and is
   * rendered when somebody reads the object (`DocumentTable.renderBy`). `figure` is its first number, for `DocumentTable.figureOf`.
   */
  statusMeasured(table: DocumentTable, row: number, figure: number): void {
    const { log, revision } = this.#context;
    table.defer(row, ++revision.value, figure);
    if (log.isWanted(table.kindId, CHANGE.measured)) log.append(table.kindId, row, CHANGE.measured, undefined);
  }

  /** Removes an object at once. What becomes of its dependents is the garbage collector's business. */
  remove(table: DocumentTable, row: number): void {
    const old = table.get(row);
    table.remove(row);
    this.#context.revision.value++;
    this.#context.log.append(table.kindId, row, CHANGE.deleted, old);
  }

  #generateName(table: DocumentTable, namespace: string, base: string): string {
    for (let attempt = 0; ; attempt++) {
      const name = generatedName(base, (n) => this.#context.names.int(n));
      if (table.rowOf(namespace, name) === -1 || attempt === GENERATE_NAME_ATTEMPTS) return name;
    }
  }
}

/** The table an object of this kind is kept in. */
export function documentKind(kind: string): DocumentKind {
  return (DOCUMENT_KINDS as readonly string[]).includes(kind) ? (kind as DocumentKind) : "Other";
}

/** The object with what the server adds whoever makes it. */
function completed(object: KubeObject): KubeObject {
  if (object.kind === "Job") return withJobSelector(object as Job, object.metadata.uid ?? "");
  return object.kind === "Namespace" ? defaultNamespace(object) : object;
}

function part(object: KubeObject, key: string): unknown {
  return (object as unknown as Record<string, unknown>)[key];
}

function metadataDiffers(old: ObjectMeta, next: ObjectMeta): boolean {
  return (
    old.deletionTimestamp !== next.deletionTimestamp ||
    !sameData(old.labels ?? {}, next.labels ?? {}) ||
    !sameData(old.ownerReferences ?? [], next.ownerReferences ?? []) ||
    !sameData(old.finalizers ?? [], next.finalizers ?? [])
  );
}

function serverMetadata({ name, namespace, uid, creationTimestamp }: ObjectMeta): ObjectMeta {
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
  };
}

function alreadyExists(object: KubeObject, name: string): ApiStatus {
  return { code: 409, reason: "AlreadyExists", message: `${resourceOf(object)} "${name}" already exists` };
}
