import type { Micros } from "../../engine/index.ts";
import type { ControllerRevision, DaemonSet, DaemonSetStatus, KubeNode } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, OWNER, type Store } from "../../store/index.ts";
import { Column, sameData } from "../../tables/index.ts";
import { seconds } from "../../units/index.ts";
import { controllerOf, OwnedDocuments } from "../owned-documents.ts";
import { claimPods, Expectations, isBeingDeleted } from "../pods/index.ts";
import { matcherOf } from "../scale.ts";
import { WorkQueue } from "../work-queue.ts";
import { DaemonPods, type DaemonPodsOptions } from "./daemon-pods.ts";
import { type CountName, DaemonTally } from "./daemon-tally.ts";
import { REVISION_LABEL } from "./daemon-template.ts";
import { eligibilityOf } from "./eligibility.ts";
import { FailedPodBackoff } from "./failed-pods.ts";
import { RevisionHistory } from "./history.ts";
import { EVENT_SOURCE, NodePlanner, type SetView } from "./node-plan.ts";
import { NodeSlots } from "./node-slots.ts";
import { RollingUpdate, type RolloutChooser } from "./rolling-update.ts";

export interface DaemonSetControllerOptions extends DaemonPodsOptions {
  /** Microseconds from a write until the controller sees it. Default 0. */
  readonly watchDelayMicros?: Micros;
  /** Chooses in a rolling update where the original's choice is arbitrary; without it by name of node. */
  readonly chooseTied?: RolloutChooser;
}

/** Changes of a pod that cannot change what its set counts or does. */
const IRRELEVANT = CHANGE.unschedulable | CHANGE.nominated | CHANGE.podIp | CHANGE.status | CHANGE.spec;

/**
 * Keeps one pod of each DaemonSet on every node that fits it. The pods name their node in their node affinity and are
 * bound by the scheduler.
 *
 * @source kubernetes 1.37 pkg/controller/daemon/daemon_controller.go
 */
export class DaemonSetController {
  readonly #store: Store;
  readonly #table: DocumentTable<DaemonSet>;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #revisions: DocumentTable<ControllerRevision>;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;
  readonly #slots: NodeSlots;
  readonly #tally: DaemonTally;
  readonly #expectations: Expectations;
  readonly #owned: OwnedDocuments<ControllerRevision>;
  readonly #history: RevisionHistory;
  readonly #backoff: FailedPodBackoff;
  readonly #planner: NodePlanner;
  readonly #rollout: RollingUpdate;
  readonly #pods: DaemonPods;
  /** By row of the set: some pod may have to be adopted or released. */
  readonly #needsClaim: Column<Uint8Array>;

  constructor(store: Store, options: DaemonSetControllerOptions = {}) {
    const { engine } = store;
    this.#store = store;
    this.#table = store.documents<DaemonSet>("DaemonSet");
    this.#nodes = store.documents<KubeNode>("Node");
    this.#revisions = store.documents<ControllerRevision>("ControllerRevision");
    this.#slots = new NodeSlots(store, this.#table);
    this.#tally = new DaemonTally(engine.cells);
    this.#expectations = new Expectations(engine, "daemonset");
    this.#owned = new OwnedDocuments(engine.cells, "daemonset.revisions", this.#revisions);
    this.#history = new RevisionHistory(store, this.#table, this.#owned);
    this.#backoff = new FailedPodBackoff(store);
    this.#planner = new NodePlanner(store, this.#slots, this.#backoff);
    this.#rollout = new RollingUpdate(this.#slots, this.#planner, this.#tally, options.chooseTied ?? {});
    this.#pods = new DaemonPods(store, this.#slots, this.#planner, this.#expectations, options);
    this.#needsClaim = new Column<Uint8Array>(engine.cells, "daemonset.needsClaim", Uint8Array);
    this.#queue = new WorkQueue(store, "daemonset", this.#table.rows, (row) => this.#sync(row));
    const kinds = ["DaemonSet", "ControllerRevision", "Node", "Pod"] as const;
    this.#cursor = store.watch("daemonset", kinds, () => this.#readChanges(), options.watchDelayMicros ?? 0, {
      pods: { flags: ~IRRELEVANT, owners: OWNER.none | OWNER.DaemonSet },
    });
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    const podKindId = this.#store.kindIdOf("Pod");
    while (cursor.next()) {
      const { kindId, row, flags } = cursor;
      if (kindId === podKindId) this.#notePod(row, flags);
      else if (kindId === this.#nodes.kindId) this.#noteNode(row, flags, cursor.old as KubeNode | undefined);
      else if (kindId === this.#revisions.kindId) this.#noteRevision(row, flags);
      else this.#noteSet(row, flags, cursor.old as DaemonSet | undefined);
    }
  }

  #noteSet(row: number, flags: number, old: DaemonSet | undefined): void {
    if ((flags & CHANGE.deleted) !== 0) {
      this.#expectations.forget(row);
      for (const slot of this.#slots.all.rows(row)) this.#free(slot);
      return;
    }
    if (!this.#table.isPresent(row)) return;
    const { spec } = this.#table.get(row);
    if ((flags & CHANGE.added) !== 0) this.#expectations.forget(row);
    if (!sameData(old?.spec.selector, spec.selector)) this.#needsClaim.set(row, 1);
    if (old === undefined || (flags & CHANGE.spec) !== 0) this.#touchAll(row);
    this.#queue.add(row);
  }

  /** The set is new or wants something else: every node has to be looked at, and every pod it has. */
  #touchAll(row: number): void {
    const { pods } = this.#store;
    const { uid = "" } = this.#table.get(row).metadata;
    for (const pod of pods.byOwner.rows(pods.ownerList(uid))) this.#slots.update(pod);
    for (const slot of this.#slots.all.rows(row)) this.#slots.touch(slot);
    for (let node = this.#nodes.first(); node !== -1; node = this.#nodes.after(node)) {
      this.#slots.touch(this.#slots.slotOf(row, this.#nodes.get(node).metadata.name ?? ""));
    }
  }

  #noteRevision(row: number, flags: number): void {
    this.#owned.noteChange(row, flags);
    const owner = controllerOf(this.#revisions.get(row));
    if (owner?.kind !== "DaemonSet" || (flags & CHANGE.added) !== 0) return;
    const set = this.#table.rowOf(this.#revisions.get(row).metadata.namespace ?? "", owner.name);
    if (set !== -1 && this.#table.get(set).metadata.uid === owner.uid) this.#queue.add(set);
  }

  /** A node that comes, or changes its labels or taints; one that goes wakes nobody, but is seen by the next sync. */
  #noteNode(row: number, flags: number, old: KubeNode | undefined): void {
    const node = this.#nodes.get(row);
    const isGone = (flags & CHANGE.deleted) !== 0;
    if (!isGone && (flags & CHANGE.added) === 0) {
      const isSame =
        sameData(old?.metadata.labels, node.metadata.labels) && sameData(old?.spec?.taints, node.spec?.taints);
      if (isSame) return;
    }
    const { name = "" } = node.metadata;
    for (let set = this.#table.first(); set !== -1; set = this.#table.after(set)) {
      const slot = this.#slots.slotOf(set, name);
      this.#slots.touch(slot);
      if (!isGone && this.#concerns(set, slot, node)) this.#queue.add(set);
    }
  }

  #concerns(row: number, slot: number, node: KubeNode): boolean {
    const { pods } = this.#store;
    const set = this.#table.get(row);
    const { shouldRun, mayStay } = eligibilityOf(set, node);
    const hasPod = this.#slots.pods.rows(slot).some((pod) => pods.nodeId.get(pod) !== -1);
    return hasPod ? !mayStay || (set.status?.numberMisscheduled ?? 0) > 0 : shouldRun;
  }

  // hot: a few times a pod's life (bench/world).
  #notePod(pod: number, flags: number): void {
    const { pods } = this.#store;
    if ((flags & (CHANGE.deleting | CHANGE.deleted)) !== 0) this.#expectations.noteDeletion(pod);
    const { before, after } = this.#slots.update(pod);
    if (before !== -1 && before !== after && this.#table.isPresent(before)) this.#queue.add(before);
    const isRelabelled = (flags & (CHANGE.added | CHANGE.metadata)) !== 0;
    if (after !== -1) {
      if ((flags & CHANGE.added) !== 0) this.#expectations.lowerCreations(after, 1);
      if (isRelabelled && !this.#isSelected(pod, after)) this.#needsClaim.set(after, 1);
      this.#queue.add(after);
      const { minReadySeconds = 0 } = this.#table.get(after).spec;
      const becameReady = (flags & CHANGE.ready) !== 0 && pods.isReady(pod);
      if (becameReady && minReadySeconds > 0) this.#queue.addAfter(after, seconds(minReadySeconds + 1));
    } else if (isRelabelled && pods.isPresent(pod) && pods.owner.get(pod) === null) this.#offerOrphan(pod);
  }

  #isSelected(pod: number, row: number): boolean {
    const { selector } = this.#table.get(row).spec;
    return matcherOf("DaemonSet", selector).matches(this.#store.pods.labelsOf(pod));
  }

  #offerOrphan(pod: number): void {
    const namespace = this.#store.pods.namespaceOf(pod);
    for (let row = this.#table.first(); row !== -1; row = this.#table.after(row)) {
      if (this.#table.get(row).metadata.namespace !== namespace || !this.#isSelected(pod, row)) continue;
      this.#needsClaim.set(row, 1);
      this.#queue.add(row);
    }
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const set = this.#table.get(row);
    const matcher = matcherOf("DaemonSet", set.spec.selector);
    if (matcher.selectsEverything) {
      const message = "This daemon set is selecting all pods. A non-empty selector is required.";
      this.#store.event(set, EVENT_SOURCE, "Warning", "SelectingAll", message);
      return;
    }
    if (isBeingDeleted(set)) return;
    const { hash, former } = this.#history.construct(row);
    if (hash === undefined) {
      this.#queue.retry(row);
      return;
    }
    if (this.#needsClaim.get(row) === 1) {
      this.#needsClaim.set(row, 0);
      for (const pod of claimPods(this.#store, set, matcher)) this.#slots.update(pod);
    }
    const isSatisfied = this.#expectations.isSatisfied(row);
    const failure = isSatisfied ? this.#act(row, { set, hash }, former) : undefined;
    this.#writeStatus(row, { set: this.#table.get(row), hash }, isSatisfied);
    if (failure === undefined) this.#queue.forget(row);
    else this.#queue.retry(row);
  }

  /** Makes and deletes what is due; returns the text of an error. */
  #act(row: number, view: SetView, former: readonly number[]): string | undefined {
    const { failure, againMicros } = this.#pods.manage(row, view);
    if (againMicros > 0) this.#queue.addAfter(row, againMicros);
    if (failure !== undefined) return failure;
    this.#recount(row, view);
    if (this.#expectations.isSatisfied(row) && this.#tally.of(row, "former") > 0 && isRolling(view.set)) {
      const refused = this.#pods.carryOut(row, view, this.#rollout.step(row, view));
      if (refused !== undefined) return refused;
    }
    this.#history.cleanUp(row, former, (hash) => this.#hasPodOf(row, hash));
    return undefined;
  }

  #hasPodOf(row: number, hash: string): boolean {
    const { pods } = this.#store;
    const own = pods.byOwner.rows(pods.ownerList(this.#table.get(row).metadata.uid ?? ""));
    return own.some((pod) => pods.labelsOf(pod)[REVISION_LABEL] === hash);
  }

  /** Counts the changed slots anew, and lets go of those with which nothing will happen by itself. */
  #recount(row: number, view: SetView): void {
    for (const slot of this.#slots.changed.rows(row)) {
      this.#tally.set(row, slot, this.#planner.countsOf(view, slot));
      if (this.#slots.pods.count(slot) === 0 && this.#planner.nodeOf(slot) === undefined) this.#free(slot);
      else if (!this.#pods.isPending(view, slot)) this.#slots.settle(slot);
    }
  }

  #free(slot: number): void {
    this.#tally.set(this.#slots.ownerOf(slot), slot, 0);
    this.#backoff.forget(slot);
    this.#slots.free(slot);
  }

  #writeStatus(row: number, view: SetView, isObserved: boolean): void {
    const { set } = view;
    for (const slot of this.#slots.changed.rows(row)) this.#tally.set(row, slot, this.#planner.countsOf(view, slot));
    const count = (name: CountName): number => this.#tally.of(row, name);
    const { generation = 0 } = set.metadata;
    const observedGeneration = isObserved ? generation : (set.status?.observedGeneration ?? 0);
    const [desired, ready, available] = [count("desired"), count("ready"), count("available")];
    const unavailable = desired - available;
    const next: DaemonSetStatus = {
      currentNumberScheduled: count("current"),
      numberMisscheduled: count("misscheduled"),
      desiredNumberScheduled: desired,
      numberReady: ready,
      ...(observedGeneration === 0 ? {} : { observedGeneration }),
      ...(count("updated") === 0 ? {} : { updatedNumberScheduled: count("updated") }),
      ...(available === 0 ? {} : { numberAvailable: available }),
      ...(unavailable === 0 ? {} : { numberUnavailable: unavailable }),
      ...(set.status?.collisionCount === undefined ? {} : { collisionCount: set.status.collisionCount }),
    };
    if (!sameData(set.status, next)) this.#store.writer.updateStatus(this.#table, row, next);
    const { minReadySeconds = 0 } = set.spec;
    if (minReadySeconds > 0 && ready !== available) this.#queue.addAfter(row, seconds(minReadySeconds));
  }
}

function isRolling({ spec }: DaemonSet): boolean {
  return spec.updateStrategy?.type !== "OnDelete";
}
