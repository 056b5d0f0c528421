import type { ControllerRevision, StatefulSet, StatefulSetStatus } from "../../kube/index.ts";
import { POD_PHASE, type Store } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { type BatchOrder, isBeingDeleted, slowStart } from "../pods/index.ts";
import { firstOrdinal, isInRange, ordinalOf, podName, REVISION_LABEL } from "./identity.ts";
import type { SetRevisions } from "./revisions.ts";
import { rollingUpdate } from "./rolling-update.ts";
import type { StatefulPods } from "./stateful-pods.ts";

/** A place of the set: its ordinal, and the row of the pod that was there when the sync began (-1: none). */
export interface Slot {
  readonly ordinal: number;
  readonly pod: number;
}

/** Whether a step lets the next one follow. */
type Step = "go on" | "stop" | { readonly failure: string };

/** What came of a sync: the status to be written, and an error after which it has to be tried again. */
export interface SyncOutcome {
  readonly status: StatefulSetStatus;
  readonly failure: string | undefined;
}

/**
 * One sync of one StatefulSet: creates what is missing, deletes what is too much or too old, in the order and at the pace
 * that the set asks for. It sees the pods as they were when it began.
 *
 * @source kubernetes 1.37 pkg/controller/statefulset/stateful_set_control.go updateStatefulSet
 */
export class SetSync {
  readonly set: StatefulSet;
  readonly slots: readonly Slot[];
  readonly revisions: SetRevisions;
  readonly pods: StatefulPods;
  readonly isMonotonic: boolean;
  /** Rows of the pods outside the range of ordinals, the highest first. */
  readonly #condemned: readonly number[];
  readonly #members: readonly number[];
  readonly #store: Store;
  readonly #order: BatchOrder;

  /** `members` are the rows of the pods that the set has. */
  constructor(
    store: Store,
    set: StatefulSet,
    members: readonly number[],
    context: { readonly revisions: SetRevisions; readonly pods: StatefulPods; readonly order: BatchOrder },
  ) {
    this.#store = store;
    this.set = set;
    this.#members = members;
    this.revisions = context.revisions;
    this.pods = context.pods;
    this.#order = context.order;
    this.isMonotonic = set.spec.podManagementPolicy !== "Parallel";
    const byOrdinal = new Map(members.map((row) => [this.#ordinalOf(row), row]));
    const first = firstOrdinal(set);
    this.slots = Array.from({ length: set.spec.replicas ?? 1 }, (_, index) => {
      const ordinal = first + index;
      return { ordinal, pod: byOrdinal.get(ordinal) ?? -1 };
    });
    this.#condemned = members
      .filter((row) => this.#ordinalOf(row) >= 0 && !isInRange(set, this.#ordinalOf(row)))
      .sort((a, b) => this.#ordinalOf(b) - this.#ordinalOf(a));
  }

  run(): SyncOutcome {
    if (isBeingDeleted(this.set)) return this.#outcome(this.#members);
    const failure = this.#fill();
    if (failure !== "go on")
      return this.#outcome(this.#present(), typeof failure === "object" ? failure.failure : undefined);
    this.#releaseClaims();
    if (this.#condemn() === "stop") return this.#outcome(this.#present());
    const outcome = this.#outcome(this.#present());
    if (this.set.spec.updateStrategy?.type === "OnDelete") return outcome;
    const updated = rollingUpdate(this);
    if (updated === 0) return outcome;
    const { status } = outcome;
    return { ...outcome, status: { ...status, currentReplicas: (status.currentReplicas ?? 0) - updated } };
  }

  /** Not ready for long enough, being deleted, or not there. */
  isUnavailable(row: number): boolean {
    return row === -1 || !this.isAvailable(row) || this.isTerminating(row);
  }

  isAvailable(row: number): boolean {
    const { pods, engine } = this.#store;
    if (row === -1 || !pods.isReady(row)) return false;
    const minReadyMicros = seconds(this.set.spec.minReadySeconds ?? 0);
    return minReadyMicros === 0 || pods.readyAt.get(row) + minReadyMicros <= engine.now;
  }

  isTerminating(row: number): boolean {
    return row !== -1 && this.#store.pods.isDeleting(row);
  }

  /** Whether the pod in a slot, or the one to be made there, is not of the revision that the set updates to. */
  isOutdated({ ordinal, pod }: Slot): boolean {
    const name = pod === -1 ? this.#revisionFor(ordinal).metadata.name : this.#store.pods.labelsOf(pod)[REVISION_LABEL];
    return name !== this.revisions.update.metadata.name;
  }

  /** First ready, then available: the slots in ascending order, one at a time or all at once. */
  #fill(): Step {
    if (this.isMonotonic) {
      for (const slot of this.slots) {
        const step = this.#fillSlot(slot);
        if (step !== "go on") return step;
      }
      return "go on";
    }
    const result = slowStart(
      this.slots.length,
      (index) => {
        const step = this.#fillSlot(this.slots[index] as Slot);
        return typeof step === "object" ? step : { name: "" };
      },
      this.#order,
    );
    return result.failure === undefined ? "go on" : { failure: result.failure };
  }

  #fillSlot({ ordinal, pod }: Slot): Step {
    const { pods } = this.#store;
    if (pod === -1) return this.#create(ordinal);
    if (pods.isTerminal(pod)) {
      if (!pods.isDeleting(pod)) this.pods.delete(this.set, pod, "it has ended");
      return "stop";
    }
    if (pods.phase.get(pod) === POD_PHASE.pending) {
      const failure = this.pods.createMissingClaims(this.set, pod);
      if (failure !== undefined) return { failure };
    }
    if (this.isMonotonic && (this.isTerminating(pod) || !this.#isRunningAndReady(pod) || !this.isAvailable(pod))) {
      return "stop";
    }
    this.pods.mend(this.set, pod);
    return "go on";
  }

  #create(ordinal: number): Step {
    const pod = this.pods.claimant(-1, podName(this.set, ordinal));
    if (this.pods.claims.isStale(this.set, pod)) return "stop";
    const failure = this.pods.create(this.set, this.#revisionFor(ordinal), ordinal);
    if (failure !== undefined) return { failure };
    return this.isMonotonic ? "stop" : "go on";
  }

  /** Before the first of the pods outside the range goes, the claims of all of them get their owners. */
  #releaseClaims(): void {
    const { claims } = this.pods;
    for (const row of this.#condemned) {
      const pod = this.pods.claimant(row, this.#store.pods.name.get(row));
      if (!claims.areOwnedAsWanted(this.set, pod)) claims.setOwners(this.set, pod);
    }
  }

  /** Deletes the pods outside the range, the highest first. */
  #condemn(): "go on" | "stop" {
    const firstUnavailable = this.#firstUnavailable();
    for (const row of this.#condemned) {
      if (this.isTerminating(row)) {
        if (this.isMonotonic) return "stop";
        continue;
      }
      const isWell = this.#isRunningAndReady(row) && this.isAvailable(row);
      if (this.isMonotonic && !isWell && row !== firstUnavailable) return "stop";
      this.pods.delete(this.set, row, "scaled down");
      if (this.isMonotonic) return "stop";
    }
    return "go on";
  }

  /** The row of the first pod that is not available: by slot, then the lowest of the condemned. */
  #firstUnavailable(): number {
    const slot = this.slots.find(({ pod }) => this.isUnavailable(pod));
    if (slot !== undefined) return slot.pod;
    return this.#condemned.findLast((row) => this.isUnavailable(row)) ?? -1;
  }

  /** The revision of a new pod: of those below the partition the one before the update. */
  #revisionFor(ordinal: number): ControllerRevision {
    const { updateStrategy, ordinals } = this.set.spec;
    const { rollingUpdate: settings } = updateStrategy ?? {};
    const kept = settings === undefined ? this.set.status?.currentReplicas : settings.partition;
    const keeps = settings !== undefined || updateStrategy?.type === "RollingUpdate";
    const { current, update } = this.revisions;
    return keeps && ordinal < (ordinals?.start ?? 0) + (kept ?? 0) ? current : update;
  }

  #isRunningAndReady(row: number): boolean {
    const { pods } = this.#store;
    return pods.phase.get(row) === POD_PHASE.running && pods.isReady(row);
  }

  #ordinalOf(row: number): number {
    return ordinalOf(this.#store.pods.name.get(row));
  }

  /** Rows of the pods there were, in slots or condemned. */
  #present(): number[] {
    const inSlots = this.slots.map(({ pod }) => pod).filter((pod) => pod !== -1);
    return [...inSlots, ...this.#condemned];
  }

  #outcome(rows: readonly number[], failure?: string): SyncOutcome {
    const { current, update, collisionCount } = this.revisions;
    const counts = { replicas: 0, readyReplicas: 0, availableReplicas: 0, currentReplicas: 0, updatedReplicas: 0 };
    for (const row of rows) {
      counts.replicas++;
      if (this.#isRunningAndReady(row)) {
        counts.readyReplicas++;
        if (this.isAvailable(row)) counts.availableReplicas++;
      }
      if (this.isTerminating(row)) continue;
      const revision = this.#store.pods.labelsOf(row)[REVISION_LABEL];
      if (revision === current.metadata.name) counts.currentReplicas++;
      if (revision === update.metadata.name) counts.updatedReplicas++;
    }
    const { conditions } = this.set.status ?? {};
    const status = {
      observedGeneration: this.set.metadata.generation ?? 0,
      ...counts,
      currentRevision: current.metadata.name ?? "",
      updateRevision: update.metadata.name ?? "",
      collisionCount,
      ...(conditions === undefined ? {} : { conditions }),
    };
    return { status, failure };
  }
}
