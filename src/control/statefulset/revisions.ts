import {
  type ControllerRevision,
  canonicalText,
  compileSelector,
  type PodTemplateSpec,
  type StatefulSet,
  templateHash,
} from "../../kube/index.ts";
import { CHANGE, controllerReference, type DocumentTable, type Store } from "../../store/index.ts";
import type { OwnedDocuments } from "../owned-documents.ts";
import { isBeingDeleted } from "../pods/index.ts";
import { REVISION_LABEL } from "./identity.ts";

const HISTORY_LIMIT = 10;

/** The revisions that matter to a sync. */
export interface SetRevisions {
  /** What the pods were made from before the update that goes on now. */
  readonly current: ControllerRevision;
  /** What new pods are made from. */
  readonly update: ControllerRevision;
  /** How often the name of a new revision was taken. */
  readonly collisionCount: number;
  /** Rows of all that there were when the sync began, the oldest first. */
  readonly rows: readonly number[];
}

/**
 * The history of the pod templates of StatefulSets, one ControllerRevision for each. Going back to an earlier template
 * gives its revision a new number.
 *
 * @source kubernetes 1.37 pkg/controller/statefulset getStatefulSetRevisions, truncateHistory; pkg/controller/history
 */
export class Revisions {
  readonly #store: Store;
  readonly #table: DocumentTable<ControllerRevision>;
  readonly #owned: OwnedDocuments<ControllerRevision>;

  constructor(store: Store, table: DocumentTable<ControllerRevision>, owned: OwnedDocuments<ControllerRevision>) {
    this.#store = store;
    this.#table = table;
    this.#owned = owned;
  }

  /** Finds or makes the revisions of a set; or says why none can be made. Orphans that its selector matches are adopted. */
  of(set: StatefulSet): SetRevisions | { readonly failure: string } {
    this.#adoptOrphans(set);
    const rows = this.#rowsOf(set);
    const newest = rows.at(-1);
    const next = newest === undefined ? 1 : this.#table.get(newest).revision + 1;
    const wanted = textOf(set.spec.template);
    const equal = rows.filter((row) => textOf(templateOf(this.#table.get(row))) === wanted).at(-1);
    let collisionCount = set.status?.collisionCount ?? 0;
    let update: number;
    if (equal !== undefined) {
      update = equal;
      const isNewest = newest !== undefined && textOf(templateOf(this.#table.get(newest))) === wanted;
      if (!isNewest) this.#store.writer.update(this.#table, equal, { ...this.#table.get(equal), revision: next });
    } else {
      const made = this.#create(set, next, collisionCount);
      if ("failure" in made) return made;
      ({ row: update, collisionCount } = made);
    }
    const current = rows.find((row) => this.#table.get(row).metadata.name === set.status?.currentRevision);
    return {
      current: this.#table.get(current ?? update),
      update: this.#table.get(update),
      collisionCount,
      rows,
    };
  }

  /** Removes the oldest revisions that nothing uses, until as many are left as the set keeps. */
  truncate(set: StatefulSet, revisions: SetRevisions, isUsed: (name: string) => boolean): void {
    const live = new Set([revisions.current.metadata.name, revisions.update.metadata.name]);
    const idle = revisions.rows.filter((row) => {
      const name = this.#table.get(row).metadata.name ?? "";
      return !live.has(name) && !isUsed(name);
    });
    const surplus = idle.length - (set.spec.revisionHistoryLimit ?? HISTORY_LIMIT);
    for (const row of idle.slice(0, Math.max(0, surplus))) this.#store.writer.remove(this.#table, row);
  }

  #rowsOf(set: StatefulSet): number[] {
    const matcher = compileSelector(set.spec.selector);
    const { createdAt } = this.#table;
    const nameOf = (row: number): string => this.#table.get(row).metadata.name ?? "";
    return this.#owned
      .rowsOf(set.metadata.uid ?? "")
      .filter((row) => matcher.matches(this.#table.get(row).metadata.labels))
      .sort(
        (a, b) =>
          this.#table.get(a).revision - this.#table.get(b).revision ||
          createdAt.get(a) - createdAt.get(b) ||
          (nameOf(a) < nameOf(b) ? -1 : 1),
      );
  }

  #adoptOrphans(set: StatefulSet): void {
    const orphans = this.#owned.orphansOf(set.metadata.namespace ?? "");
    if (orphans.length === 0 || isBeingDeleted(set)) return;
    const matcher = compileSelector(set.spec.selector);
    for (const row of orphans) {
      const revision = this.#table.get(row);
      const { ownerReferences = [], labels } = revision.metadata;
      if (!matcher.matches(labels)) continue;
      const metadata = { ...revision.metadata, ownerReferences: [...ownerReferences, controllerReference(set)] };
      this.#store.writer.update(this.#table, row, { ...revision, metadata });
      this.#owned.noteChange(row, CHANGE.metadata);
    }
  }

  /** A name that another template has taken is passed over. */
  #create(
    set: StatefulSet,
    revision: number,
    collisions: number,
  ): { readonly row: number; readonly collisionCount: number } | { readonly failure: string } {
    const { namespace = "", annotations } = set.metadata;
    const { template } = set.spec;
    for (let collisionCount = collisions; ; collisionCount++) {
      const hash = templateHash(template, collisionCount);
      const name = `${set.metadata.name}-${hash}`;
      const made = this.#store.writer.create({
        apiVersion: "apps/v1",
        kind: "ControllerRevision",
        metadata: {
          name,
          namespace,
          labels: { ...template.metadata?.labels, [REVISION_LABEL]: hash },
          ...(annotations === undefined ? {} : { annotations }),
          ownerReferences: [controllerReference(set)],
        },
        data: { spec: { template: { ...template, $patch: "replace" } } },
        revision,
      } as ControllerRevision);
      if (made.ok) return { row: made.row, collisionCount };
      if (made.status.reason !== "AlreadyExists") return { failure: made.status.message };
      const present = this.#table.rowOf(namespace, name);
      if (textOf(templateOf(this.#table.get(present))) === textOf(template)) return { row: present, collisionCount };
    }
  }
}

/** Pod templates by the data of their revision: derived, hence no state. */
const templates = new WeakMap<object, PodTemplateSpec>();
const EMPTY: PodTemplateSpec = { spec: { containers: [] } };

/** The pod template that a revision brings back; its pods say which revision they are of. */
export function templateOf({ metadata, data }: ControllerRevision): PodTemplateSpec {
  const kept = data?.spec?.template;
  if (kept === undefined) return EMPTY;
  const known = templates.get(kept);
  if (known !== undefined) return known;
  const { $patch: _, ...template } = kept;
  const labels = { ...template.metadata?.labels, [REVISION_LABEL]: metadata.name ?? "" };
  const made = { ...template, metadata: { ...template.metadata, labels } };
  templates.set(kept, made);
  return made;
}

const texts = new WeakMap<PodTemplateSpec, string>();

/** The template as text: equal texts, equal templates. What the server or a revision adds does not count. */
function textOf(template: PodTemplateSpec): string {
  const known = texts.get(template);
  if (known !== undefined) return known;
  const { creationTimestamp: _, labels = {}, ...metadata } = template.metadata ?? {};
  const { [REVISION_LABEL]: _revision, ...own } = labels;
  const text = canonicalText({ ...template, metadata: { ...metadata, labels: own } });
  texts.set(template, text);
  return text;
}
