import {
  type ControllerRevision,
  canonicalText,
  type DaemonSet,
  type PodTemplateSpec,
  templateHash,
} from "../../kube/index.ts";
import { controllerReference, type DocumentTable, type Store } from "../../store/index.ts";
import type { OwnedDocuments } from "../owned-documents.ts";
import { REVISION_LABEL } from "./daemon-template.ts";

/** What the revisions of a set say: the hash of its template now, and the revisions of former templates. */
export interface History {
  /** Undefined when the revision could not be made: try again. */
  readonly hash: string | undefined;
  readonly former: readonly number[];
}

/**
 * Keeps one ControllerRevision for each template that a DaemonSet has had; the newest has the highest number.
 *
 * @source kubernetes 1.37 pkg/controller/daemon/update.go constructHistory, snapshot, cleanupHistory
 */
export class RevisionHistory {
  readonly #store: Store;
  readonly #sets: DocumentTable<DaemonSet>;
  readonly #revisions: DocumentTable<ControllerRevision>;
  readonly #owned: OwnedDocuments<ControllerRevision>;
  readonly #texts = new WeakMap<PodTemplateSpec, string>();

  constructor(store: Store, sets: DocumentTable<DaemonSet>, owned: OwnedDocuments<ControllerRevision>) {
    this.#store = store;
    this.#sets = sets;
    this.#revisions = store.documents<ControllerRevision>("ControllerRevision");
    this.#owned = owned;
  }

  construct(row: number): History {
    const set = this.#sets.get(row);
    const wanted = this.#textOf({ ...set.spec.template, $patch: "replace" }, set.spec.template);
    const rows = this.#owned.rowsOf(set.metadata.uid ?? "");
    const current = rows.filter((revision) => this.#templateText(revision) === wanted);
    const former = rows.filter((revision) => !current.includes(revision));
    const number =
      former.reduce((highest, revision) => Math.max(highest, this.#revisions.get(revision).revision), 0) + 1;
    const [newest] = current.sort((a, b) => this.#revisions.get(b).revision - this.#revisions.get(a).revision);
    if (newest === undefined) return { hash: this.#snapshot(row, set, number, wanted), former };
    const revision = this.#revisions.get(newest);
    if (revision.revision < number)
      this.#store.writer.update(this.#revisions, newest, { ...revision, revision: number });
    return { hash: revision.metadata.labels?.[REVISION_LABEL], former };
  }

  /** Removes former revisions beyond the limit, the oldest first, but for those that have a pod. */
  cleanUp(row: number, former: readonly number[], hasPod: (hash: string) => boolean): void {
    let surplus = former.length - (this.#sets.get(row).spec.revisionHistoryLimit ?? 10);
    if (surplus <= 0) return;
    const byAge = [...former].sort((a, b) => this.#revisions.get(a).revision - this.#revisions.get(b).revision);
    for (const revision of byAge) {
      if (surplus <= 0) return;
      if (hasPod(this.#revisions.get(revision).metadata.labels?.[REVISION_LABEL] ?? "")) continue;
      this.#store.writer.remove(this.#revisions, revision);
      surplus--;
    }
  }

  #snapshot(row: number, set: DaemonSet, revision: number, wanted: string): string | undefined {
    const { spec, metadata, status } = set;
    const { namespace = "" } = metadata;
    const hash = templateHash(spec.template, status?.collisionCount);
    const name = `${metadata.name}-${hash}`;
    const made = this.#store.writer.create({
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name,
        namespace,
        labels: { ...spec.template.metadata?.labels, [REVISION_LABEL]: hash },
        ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
        ownerReferences: [controllerReference(set)],
      },
      data: { spec: { template: { ...spec.template, $patch: "replace" } } },
      revision,
    } as ControllerRevision);
    if (made.ok) return hash;
    if (made.status.reason !== "AlreadyExists") return undefined;
    const present = this.#revisions.rowOf(namespace, name);
    if (this.#templateText(present) === wanted) return hash;
    const counts = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    const collisionCount = (status?.collisionCount ?? 0) + 1;
    this.#store.writer.updateStatus(this.#sets, row, { ...counts, ...status, collisionCount });
    return undefined;
  }

  #templateText(revision: number): string {
    const template = this.#revisions.get(revision).data?.spec?.template;
    return template === undefined ? "" : this.#textOf(template, template);
  }

  #textOf(value: object, key: PodTemplateSpec): string {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = canonicalText(value);
    this.#texts.set(key, text);
    return text;
  }
}
