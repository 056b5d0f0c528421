import { type Condition, findKind, type KubeObject, type Namespace, setCondition } from "../kube/index.ts";
import { CHANGE, type Cursor, DOCUMENT_KINDS, type DocumentTable, resourceOf, type Store } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { deleteObject } from "./delete-object.ts";
import { WorkQueue } from "./work-queue.ts";

/** @source kubernetes 1.37 pkg/controller/namespace namespaceDeletionGracePeriod, deletion finalizerEstimateSeconds */
const DELETION_DELAY = seconds(5);
const FINALIZER_ESTIMATE_SECONDS = 15;
const RETRY_MAX = seconds(60);
const FINALIZER = "kubernetes";

/** What a round of deletions left behind. */
interface Remains {
  /** Seconds that what is left will take; 0: unknown. */
  readonly estimateSeconds: number;
  /** How many objects there still are, by resource and by finalizer. */
  readonly resources: ReadonlyMap<string, number>;
  readonly finalizers: ReadonlyMap<string, number>;
  readonly isOnlyPods: boolean;
}

/**
 * Empties namespaces that are to be deleted, five seconds after the request: pods first, and nothing else while there is
 * one; then all other kinds; at last the namespace itself.
 *
 * @source kubernetes 1.37 pkg/controller/namespace/deletion/namespaced_resources_deleter.go
 */
export class NamespaceController {
  readonly #store: Store;
  readonly #table: DocumentTable<Namespace>;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;

  constructor(store: Store) {
    this.#store = store;
    this.#table = store.documents<Namespace>("Namespace");
    const options = { retryMaxMicros: RETRY_MAX };
    this.#queue = new WorkQueue(store, "namespace", this.#table.rows, (row) => this.#sync(row), options);
    this.#cursor = store.watch("namespace", ["Namespace"], () => this.#readChanges(), 0, {
      documents: { flags: CHANGE.metadata },
    });
  }

  #readChanges(): void {
    while (this.#cursor.next()) {
      const { row } = this.#cursor;
      if (!this.#table.isPresent(row)) continue;
      if (this.#table.get(row).metadata.deletionTimestamp !== undefined) this.#queue.addAfter(row, DELETION_DELAY);
    }
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const namespace = this.#table.get(row);
    const remains = this.#deleteContent(namespace);
    if (remains.resources.size === 0) {
      this.#finalize(row);
      return;
    }
    this.#writeConditions(row, remains);
    const { estimateSeconds } = remains;
    if (estimateSeconds === 0) this.#queue.retry(row);
    else this.#queue.addAfter(row, seconds(Math.floor(estimateSeconds / 2) + 1));
  }

  #deleteContent({ metadata }: Namespace): Remains {
    const name = metadata.name ?? "";
    const pods = this.#deletePods(name, metadata.deletionTimestamp);
    if (pods.resources.size > 0) return pods;
    for (const kind of DOCUMENT_KINDS) {
      for (const [row] of this.#documentsIn(kind, name)) {
        if (this.#store.documents(kind).isPresent(row)) deleteObject(this.#store, kind, row, "Background");
      }
    }
    const resources = new Map<string, number>();
    const finalizers = new Map<string, number>();
    let isHeld = true;
    for (const kind of DOCUMENT_KINDS) {
      for (const [, object] of this.#documentsIn(kind, name)) {
        count(resources, shownResource(object));
        const own = object.metadata.finalizers ?? [];
        for (const finalizer of own) count(finalizers, finalizer);
        isHeld &&= own.length > 0;
      }
    }
    const estimateSeconds = resources.size > 0 && isHeld ? FINALIZER_ESTIMATE_SECONDS : 0;
    return { estimateSeconds, resources, finalizers, isOnlyPods: false };
  }

  /** Pods are given the longest of their graces, counted from the deletion of the namespace. */
  #deletePods(namespace: string, deletedAt: string | undefined): Remains {
    const { pods, podWriter } = this.#store;
    const present = pods.matching(namespace, () => true);
    const graces = present
      .filter((row) => !pods.isTerminal(row))
      .map((row) => pods.templateOf(row).spec.terminationGracePeriodSeconds ?? 0);
    const grace = Math.max(0, ...graces);
    const isOverdue =
      deletedAt !== undefined && deletedAt < this.#store.timestamp(this.#store.nowSecond - seconds(grace));
    for (const row of present) podWriter.requestDeletion(row);
    const left = present.filter((row) => pods.isPresent(row));
    const isHeld = left.length > 0 && left.every((row) => pods.finalizersOf(row).length > 0);
    const estimateSeconds = isOverdue || grace === 0 ? (isHeld ? FINALIZER_ESTIMATE_SECONDS : 0) : grace;
    const resources = new Map(left.length === 0 ? [] : [["pods.", left.length]]);
    return { estimateSeconds, resources, finalizers: new Map(), isOnlyPods: true };
  }

  #documentsIn(kind: (typeof DOCUMENT_KINDS)[number], namespace: string): [number, KubeObject][] {
    const table = this.#store.documents(kind);
    const found: [number, KubeObject][] = [];
    for (let row = table.first(); row !== -1; row = table.after(row)) {
      if (table.get(row).metadata.namespace === namespace) found.push([row, table.get(row)]);
    }
    return found;
  }

  #writeConditions(row: number, { resources, finalizers, isOnlyPods }: Remains): void {
    const namespace = this.#table.get(row);
    const now = this.#store.timestamp(this.#store.nowSecond);
    const shown = (counts: ReadonlyMap<string, number>, what: string): string =>
      [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, number]) => `${name} ${what} ${number} resource instances`)
        .join(", ");
    const isLeft = !isOnlyPods && resources.size > 0;
    const isHeld = !isOnlyPods && finalizers.size > 0;
    const wanted = [
      ...SUCCESSES,
      condition("NamespaceContentRemaining", isLeft, "SomeResourcesRemain", "ContentRemoved", [
        `Some resources are remaining: ${shown(resources, "has")}`,
        "All content successfully removed",
      ]),
      condition("NamespaceFinalizersRemaining", isHeld, "SomeFinalizersRemain", "ContentHasNoFinalizers", [
        `Some content in the namespace has finalizers remaining: ${shown(finalizers, "in")}`,
        "All content-preserving finalizers finished",
      ]),
    ];
    const before: readonly Condition[] = namespace.status?.conditions ?? [];
    const conditions = wanted.reduce((list, one) => setCondition(list, one, now), before);
    this.#store.writer.updateStatus(this.#table, row, { ...namespace.status, conditions });
  }

  /** The namespace goes, unless somebody else's finalizer holds it. */
  #finalize(row: number): void {
    const namespace = this.#table.get(row);
    const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
    const isHeld = finalizers.length > 0 || (namespace.metadata.finalizers ?? []).length > 0;
    if (!isHeld) this.#store.writer.remove(this.#table, row);
    else this.#store.writer.update(this.#table, row, { ...namespace, spec: { ...namespace.spec, finalizers } });
  }
}

function condition(
  type: string,
  isTrue: boolean,
  reason: string,
  goodReason: string,
  [message, goodMessage]: readonly [string, string],
): Condition {
  return isTrue
    ? { type, status: "True", reason, message }
    : { type, status: "False", reason: goodReason, message: goodMessage };
}

/** What cannot go wrong here: discovery, versions, and the deletions themselves. */
const SUCCESSES: readonly Condition[] = [
  ["NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"],
  ["NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"],
  [
    "NamespaceDeletionContentFailure",
    "ContentDeleted",
    "All content successfully deleted, may be waiting on finalization",
  ],
].map(([type = "", reason = "", message = ""]) => ({ type, status: "False" as const, reason, message }));

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** `widgets.example.com`; of the core group with a dot at the end, as the original writes it. */
function shownResource(object: KubeObject): string {
  const resource = resourceOf(object);
  return findKind(object.apiVersion, object.kind)?.group === "" ? `${resource}.` : resource;
}
