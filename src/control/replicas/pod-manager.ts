import { assert } from "../../engine/index.ts";
import { PHASE } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { deepFreeze, StateMap } from "../../tables/index.ts";
import { controllerOf, type OwnedDocuments } from "../owned-documents.ts";
import { decisionName, type Expectations, PodControl, referenceTo, slowStart } from "../pods/index.ts";
import { DeletionRanking, RANKING_RULES } from "./deletion-ranking.ts";
import { type ReplicaKind, type ReplicaOwner, selectorOf } from "./replica-kind.ts";

/** Takes `count` of pods that rank equal by every rule, by row. What it returns must be among them. */
export type TieChooser = (tied: readonly number[], count: number) => readonly number[];

interface PodManagerOptions {
  readonly chooseTied?: TieChooser;
  readonly deletesInSync?: boolean;
}

/** Creations or deletions of one sync. @source kubernetes 1.37 pkg/controller/replicaset BurstReplicas */
const BURST = 500;

/** Victims of one sync, and why each goes before those that stay. */
interface Selection {
  readonly victims: readonly number[];
  readonly reasons: readonly string[];
}

/**
 * Creates and deletes pods for an owner. Creations happen in the sync; deletions follow it within the instant (without `deletesInSync`), so that
 * owners synced at one instant rank their pods side by side, before any of them deletes.
 */
export class PodManager {
  readonly #store: Store;
  readonly #kind: ReplicaKind;
  readonly #table: DocumentTable<ReplicaOwner>;
  readonly #expectations: Expectations;
  readonly #control: PodControl;
  readonly #siblings: OwnedDocuments<ReplicaOwner>;
  readonly #chooseTied: TieChooser | undefined;
  readonly #deletesInSync: boolean;
  readonly #selections: StateMap<number, Selection>;
  readonly #deleteKind: number;

  constructor(
    store: Store,
    kind: ReplicaKind,
    table: DocumentTable<ReplicaOwner>,
    expectations: Expectations,
    siblings: OwnedDocuments<ReplicaOwner>,
    { chooseTied, deletesInSync = false }: PodManagerOptions,
  ) {
    this.#store = store;
    this.#kind = kind;
    this.#table = table;
    this.#expectations = expectations;
    this.#control = new PodControl(store, kind.eventSource);
    this.#siblings = siblings;
    this.#chooseTied = chooseTied;
    this.#deletesInSync = deletesInSync;
    this.#selections = new StateMap(store.engine.cells, `${kind.name}.selections`);
    const { rows } = table;
    this.#deleteKind = store.engine.define(`${kind.name}.delete`, PHASE.control, (row) => this.#delete(row), { rows });
  }

  /** Moves the number of active pods by `-difference`. Returns the text of an error. */
  manage(row: number, difference: number): string | undefined {
    if (difference < 0) return this.#create(row, Math.min(-difference, BURST), difference);
    const selection = this.#select(row, Math.min(difference, BURST));
    this.#expectations.expect(row, 0, selection.victims);
    this.#selections.set(row, selection);
    if (this.#deletesInSync) this.#delete(row);
    else this.#store.engine.at(this.#store.engine.now, this.#deleteKind, row);
    return undefined;
  }

  /** Slow start: batches of 1, 2, 4, …; a batch with an error is the last. */
  #create(row: number, count: number, difference: number): string | undefined {
    this.#expectations.expect(row, count, []);
    const owner = this.#table.get(row);
    const { metadata, spec } = owner;
    if (spec.template === undefined) return undefined;
    const generateName = `${metadata.name}-`;
    const creation = {
      namespace: metadata.namespace ?? "",
      generateName,
      template: this.#store.templateOf(spec.template),
      owner: referenceTo(this.#store, owner),
      extra: { generateName },
    };
    const { names, failure, skipped } = slowStart(count, () => this.#control.create(owner, creation));
    this.#expectations.lowerCreations(row, skipped);
    this.#tell(owner, "create", difference, names, failure === undefined ? {} : { error: failure });
    return failure;
  }

  #select(row: number, count: number): Selection {
    const owner = this.#table.get(row);
    const { pods } = this.#store;
    const active = pods.byOwner.rows(pods.ownerList(owner.metadata.uid ?? "")).filter((pod) => pods.isActive(pod));
    // When all go, nobody is ranked.
    if (active.length <= count) return { victims: active, reasons: [] };
    const ranking = new DeletionRanking(this.#store, this.#relatedPodsByNode(owner));
    const sorted = ranking.sorted(active);
    this.#settleTies(ranking, sorted, count);
    const victims = sorted.slice(0, count);
    const survivor = sorted[count] as number;
    const isAsked = this.#store.decisions.isEnabled;
    const reasons = isAsked ? victims.map((pod) => RANKING_RULES[ranking.compare(pod, survivor).rule] ?? "tie") : [];
    return deepFreeze({ victims, reasons });
  }

  /** Where the line between victims and survivors runs through pods of equal rank, lets the chooser say who goes. */
  #settleTies(ranking: DeletionRanking, sorted: number[], count: number): void {
    if (this.#chooseTied === undefined) return;
    const last = sorted[count - 1] as number;
    const isTied = (pod: number): boolean => pod === last || ranking.compare(pod, last).rule === -1;
    const tied = sorted.filter(isTied);
    const before = sorted.slice(0, count).filter((pod) => !isTied(pod));
    const wanted = count - before.length;
    if (tied.length === wanted) return;
    const chosen = this.#chooseTied(tied, wanted);
    assert(
      chosen.length === wanted && new Set(chosen).size === wanted && chosen.every((pod) => tied.includes(pod)),
      () => `[${chosen.join(", ")}] are not ${wanted} of the pods [${tied.join(", ")}] that rank equal`,
    );
    const others = sorted.filter((pod) => !before.includes(pod) && !chosen.includes(pod));
    sorted.splice(0, sorted.length, ...before, ...chosen, ...others);
  }

  /** Active pods of all ReplicaSets with the same controller, counted by node; without a controller there are none. */
  #relatedPodsByNode(owner: ReplicaOwner): (nodeId: number) => number {
    const controller = owner.kind === "ReplicaSet" ? controllerOf(owner) : undefined;
    if (controller === undefined) return () => 0;
    const { pods } = this.#store;
    const groups = new Set<number>();
    for (const sibling of this.#siblings.rowsOf(controller.uid)) {
      const matcher = selectorOf(this.#table.get(sibling));
      const { namespace = "" } = owner.metadata;
      for (const group of pods.matchingGroups(namespace, (labels) => matcher.matches(labels), matcher.label))
        groups.add(group);
    }
    const counts = new Map<number, number>();
    for (const group of groups) {
      for (let pod = pods.byGroup.head(group); pod !== -1; pod = pods.byGroup.next(pod)) {
        if (!pods.isActive(pod)) continue;
        const node = pods.nodeId.get(pod);
        counts.set(node, (counts.get(node) ?? 0) + 1);
      }
    }
    return (nodeId) => counts.get(nodeId) ?? 0;
  }

  #delete(row: number): void {
    const selection = this.#selections.get(row);
    this.#selections.delete(row);
    if (selection === undefined || !this.#table.isPresent(row)) return;
    const owner = this.#table.get(row);
    const { pods } = this.#store;
    const names: string[] = [];
    for (const pod of selection.victims) {
      // Somebody else may have been faster.
      if (!this.#expectations.awaitsDeletionOf(row, pod) || !pods.isPresent(pod)) continue;
      names.push(this.#control.delete(owner, pod));
    }
    const why = selection.reasons.length === 0 ? {} : { reasons: selection.reasons };
    this.#tell(owner, "delete", names.length, names, why);
  }

  #tell(owner: ReplicaOwner, what: string, difference: number, names: readonly string[], more: object): void {
    if (!this.#store.decisions.isEnabled) return;
    this.#store.decisions.write({
      by: this.#kind.name,
      what,
      object: decisionName(owner),
      wanted: owner.spec.replicas ?? 1,
      difference,
      pods: names,
      ...more,
    });
  }
}
