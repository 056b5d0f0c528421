import {
  type KubeObject,
  objectSubject,
  podSubject,
  type QuotaSubject,
  type ResourceQuota,
  totalUsage,
} from "../kube/index.ts";
import {
  CHANGE,
  type Cursor,
  DOCUMENT_KINDS,
  type DocumentKind,
  type DocumentTable,
  type Store,
} from "../store/index.ts";
import { minutes, seconds } from "../units/index.ts";
import { WorkQueue } from "./work-queue.ts";

/** @source kubernetes 1.37 pkg/controller/resourcequota/config: ResourceQuotaSyncPeriod */
const RESYNC_PERIOD = minutes(5);

/**
 * Keeps `status` of ResourceQuotas: what they allow, and what is used. Admission adds what it lets in; here it is counted
 * anew when a quota changes, when something that may be counted goes or ends, and every five minutes.
 *
 * @source kubernetes 1.37 pkg/controller/resourcequota
 */
export class ResourceQuotaController {
  readonly #store: Store;
  readonly #table: DocumentTable<ResourceQuota>;
  readonly #queue: WorkQueue;
  readonly #quotas: Cursor;
  readonly #usage: Cursor;

  constructor(store: Store) {
    this.#store = store;
    this.#table = store.documents<ResourceQuota>("ResourceQuota");
    this.#queue = new WorkQueue(store, "resourceQuota", this.#table.rows, (row) => this.#sync(row));
    this.#quotas = store.watch("resourceQuota", ["ResourceQuota"], () => this.#readQuotas(), 0, {
      documents: { flags: CHANGE.added | CHANGE.spec },
    });
    const counted = DOCUMENT_KINDS.filter((kind) => kind !== "Node" && kind !== "Namespace" && kind !== "Lease");
    this.#usage = store.watch("resourceQuota.usage", [...counted, "Pod"], () => this.#readUsage(), 0, {
      pods: { flags: CHANGE.phase | CHANGE.deleted },
      documents: { flags: CHANGE.deleted },
    });
  }

  #readQuotas(): void {
    while (this.#quotas.next()) this.#queue.add(this.#quotas.row);
  }

  #readUsage(): void {
    const podKindId = this.#store.kindIdOf("Pod");
    const { pods } = this.#store;
    while (this.#usage.next()) {
      if (this.#table.count === 0) continue;
      const { kindId, row } = this.#usage;
      if (kindId !== podKindId) {
        const table = this.#store.documents(DOCUMENT_KINDS[kindId] as DocumentKind);
        this.#recount(table.get(row).metadata.namespace ?? "");
      } else if (!pods.isPresent(row) || pods.isTerminal(row)) this.#recount(pods.namespaceOf(row));
    }
  }

  #recount(namespace: string): void {
    for (let row = this.#table.first(); row !== -1; row = this.#table.after(row)) {
      if (this.#table.get(row).metadata.namespace === namespace) this.#queue.add(row);
    }
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    countQuota(this.#store, row);
    this.#queue.addAfter(row, RESYNC_PERIOD - (this.#store.engine.now % RESYNC_PERIOD));
  }
}

/** Writes into a quota's status what it allows and what is used now. */
export function countQuota(store: Store, row: number): void {
  const table = store.documents<ResourceQuota>("ResourceQuota");
  const quota = table.get(row);
  const used = totalUsage(quota, subjectsIn(store, quota.metadata.namespace ?? ""));
  store.writer.updateStatus(table, row, { ...quota.status, hard: quota.spec.hard ?? {}, used });
}

function* subjectsIn(store: Store, namespace: string): Generator<QuotaSubject> {
  const { pods, engine } = store;
  for (const row of pods.matching(namespace, () => true)) {
    const graceMicros = seconds(pods.graceSeconds.get(row));
    // The deletion timestamp has the grace in it already; the original adds it once more.
    const isOverdue = pods.isDeleting(row) && engine.now > pods.deletionAt.get(row) + graceMicros;
    yield podSubject(pods.templateOf(row).spec, pods.isTerminal(row) || isOverdue);
  }
  for (const kind of DOCUMENT_KINDS) {
    const table = store.documents<KubeObject>(kind);
    for (let row = table.first(); row !== -1; row = table.after(row)) {
      const object = table.get(row);
      if (object.metadata.namespace === namespace) yield objectSubject(object);
    }
  }
}
