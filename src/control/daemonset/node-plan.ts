import type { Micros } from "../../engine/index.ts";
import { type DaemonSet, type KubeNode, resolveIntOrPercent } from "../../kube/index.ts";
import { type DocumentTable, POD_PHASE, type Store } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { isAvailable, oldestFirst } from "./availability.ts";
import { COUNTS } from "./daemon-tally.ts";
import { REVISION_LABEL } from "./daemon-template.ts";
import { type Eligibility, eligibilityOf } from "./eligibility.ts";
import type { FailedPodBackoff } from "./failed-pods.ts";
import type { NodeSlots } from "./node-slots.ts";

export const EVENT_SOURCE = "daemonset-controller";

/** A pod to be deleted, and why. */
export interface Deletion {
  readonly pod: number;
  readonly why: string;
}
/** What is to be done on one node. */
export interface NodePlan {
  readonly creates: boolean;
  readonly deletions: readonly Deletion[];
  /** Look again after so long; 0 for not needed. */
  readonly againMicros: Micros;
}

/** What the planning for one set at one sync looks at. */
export interface SetView {
  readonly set: DaemonSet;
  readonly hash: string;
}

/** The pods of a node between two revisions. */
export interface NodePods {
  readonly updated: number;
  readonly former: number;
  /** There is more than one of a kind. */
  readonly isCrowded: boolean;
}

/** Decides, node by node, which pods of a DaemonSet are to be made and deleted, and what the node counts for. */
export class NodePlanner {
  readonly #store: Store;
  readonly #slots: NodeSlots;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #backoff: FailedPodBackoff;

  constructor(store: Store, slots: NodeSlots, backoff: FailedPodBackoff) {
    this.#store = store;
    this.#slots = slots;
    this.#nodes = store.documents<KubeNode>("Node");
    this.#backoff = backoff;
  }

  /** The present node of a slot, or undefined. */
  nodeOf(slot: number): KubeNode | undefined {
    return this.#nodes.find("", this.#slots.nodeNameOf(slot));
  }

  /** The pods of a slot without those that are over and going: nothing is left to do about them. */
  podsOf(slot: number): number[] {
    const { pods } = this.#store;
    const isOver = (pod: number): boolean => pods.isTerminal(pod) && pods.isDeleting(pod);
    return this.#slots.pods.rows(slot).filter((pod) => pods.isPresent(pod) && !isOver(pod));
  }

  isUpdated({ hash }: SetView, pod: number): boolean {
    return this.#store.pods.labelsOf(pod)[REVISION_LABEL] === hash;
  }

  isAvailable({ set }: SetView, pod: number): boolean {
    return isAvailable(this.#store.pods, pod, seconds(set.spec.minReadySeconds ?? 0), this.#store.engine.now);
  }

  /** What the slot counts for in the status, and in a rolling update. */
  countsOf(view: SetView, slot: number): number {
    const present = this.podsOf(slot);
    const node = this.nodeOf(slot);
    const isWanted = node !== undefined && eligibilityOf(view.set, node).shouldRun;
    const rollout = present.length === 0 && !isWanted ? 0 : this.#rolloutCounts(view, present);
    if (node === undefined) return rollout;
    const first = oldestFirst(this.#store.pods, present)[0];
    if (!isWanted) return rollout | (first === undefined ? 0 : COUNTS.misscheduled);
    if (first === undefined) return rollout | COUNTS.desired;
    let counts = rollout | COUNTS.desired | COUNTS.current;
    if (this.#store.pods.isReady(first)) counts |= COUNTS.ready;
    if (this.isAvailable(view, first)) counts |= COUNTS.available;
    if (this.isUpdated(view, first)) counts |= COUNTS.updated;
    return counts;
  }

  /** Pods that are being deleted do not count. */
  #rolloutCounts(view: SetView, present: readonly number[]): number {
    const { updated, former, isCrowded } = this.nodePodsOf(view, present);
    let counts = former === -1 ? 0 : COUNTS.former;
    // More than one pod of a kind is left to be pruned first.
    if (isCrowded) return counts | COUNTS.blocked | COUNTS.surging;
    const isUpdatedAvailable = updated !== -1 && this.isAvailable(view, updated);
    const isFormerAvailable = former !== -1 && this.isAvailable(view, former);
    if (former === -1 ? isUpdatedAvailable : isFormerAvailable) counts |= COUNTS.serving;
    if (former === -1) return counts | (isUpdatedAvailable ? 0 : COUNTS.blocked);
    if (updated === -1) return counts | (isFormerAvailable ? COUNTS.candidate : COUNTS.free);
    return counts | COUNTS.blocked | (isUpdatedAvailable ? COUNTS.replaced : COUNTS.surging);
  }

  /** The pods of a node that stay, one of this revision and one of a former; -1 for none. */
  nodePodsOf(view: SetView, present: readonly number[]): NodePods {
    const { pods } = this.#store;
    const found = { updated: -1, former: -1, isCrowded: false };
    for (const pod of present) {
      if (pods.isDeleting(pod)) continue;
      const which = this.isUpdated(view, pod) ? "updated" : "former";
      if (found[which] !== -1) found.isCrowded = true;
      else found[which] = pod;
    }
    return found;
  }

  /** @source kubernetes 1.37 pkg/controller/daemon podsShouldBeOnNode, getUnscheduledPodsWithoutNode */
  plan(view: SetView, slot: number): NodePlan {
    const { pods } = this.#store;
    const present = this.podsOf(slot);
    const node = this.nodeOf(slot);
    if (node === undefined) {
      const stranded = present.filter((pod) => pods.nodeId.get(pod) === -1);
      return deleting(stranded.map((pod) => ({ pod, why: "its node is gone" })));
    }
    const eligibility = eligibilityOf(view.set, node);
    if (eligibility.shouldRun && present.length === 0) return { creates: true, deletions: [], againMicros: 0 };
    if (eligibility.mayStay) return this.#prune(view, slot, present, eligibility);
    const going = present.filter((pod) => !pods.isDeleting(pod));
    return deleting(going.map((pod) => ({ pod, why: "the node does not fit" })));
  }

  #prune(view: SetView, slot: number, present: readonly number[], { shouldRun }: Eligibility): NodePlan {
    const { pods } = this.#store;
    const deletions: Deletion[] = [];
    const running: number[] = [];
    let againMicros = 0;
    for (const pod of present) {
      if (pods.isDeleting(pod)) continue;
      const phase = pods.phase.get(pod);
      if (phase === POD_PHASE.failed) {
        const delay = this.#backoff.next(slot, view.set.status?.observedGeneration ?? 0);
        if (delay > 0) againMicros = againMicros === 0 ? delay : Math.min(againMicros, delay);
        else deletions.push(this.#ended(view, slot, pod, "failed"));
      } else if (phase === POD_PHASE.succeeded) deletions.push(this.#ended(view, slot, pod, "succeeded"));
      else running.push(pod);
    }
    if (!allowsSurge(view.set)) {
      const surplus = oldestFirst(pods, running).slice(1);
      deletions.push(...surplus.map((pod) => ({ pod, why: "an older pod runs on the node" })));
      return { creates: false, deletions, againMicros };
    }
    if (running.length > 1) deletions.push(...this.#pruneSurged(view, running));
    return { creates: running.length === 0 && shouldRun, deletions, againMicros };
  }

  /** One pod of this revision and one of a former may run side by side, until the new one is available or the old one is not ready. */
  #pruneSurged(view: SetView, running: readonly number[]): Deletion[] {
    const { pods } = this.#store;
    const byAge = oldestFirst(pods, running);
    const updated = byAge.find((pod) => this.isUpdated(view, pod));
    const former = byAge.find((pod) => !this.isUpdated(view, pod));
    const surplus = byAge.filter((pod) => pod !== updated && pod !== former);
    const deletions = surplus.map((pod) => ({ pod, why: "an older pod runs on the node" }));
    if (updated === undefined || former === undefined) return deletions;
    if (!pods.isReady(former)) deletions.push({ pod: former, why: "not ready, and replaced" });
    else if (this.isAvailable(view, updated)) deletions.push({ pod: former, why: "its replacement is available" });
    return deletions;
  }

  #ended({ set }: SetView, slot: number, pod: number, what: "failed" | "succeeded"): Deletion {
    const { pods } = this.#store;
    const name = `${pods.namespaceOf(pod)}/${pods.name.get(pod)}`;
    const end = what === "failed" ? "kill" : "delete";
    const message = `Found ${what} daemon pod ${name} on node ${this.#slots.nodeNameOf(slot)}, will try to ${end} it`;
    if (what === "failed") this.#store.event(set, EVENT_SOURCE, "Warning", "FailedDaemonPod", message);
    else this.#store.event(set, EVENT_SOURCE, "Normal", "SucceededDaemonPod", message);
    return { pod, why: what };
  }
}

function deleting(deletions: readonly Deletion[]): NodePlan {
  return { creates: false, deletions, againMicros: 0 };
}

/** How many nodes may have a second pod, of so many. Percentages round up. */
export function surgeOf({ spec }: DaemonSet, nodeCount: number): number {
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  return type === "OnDelete" ? 0 : resolveIntOrPercent(rollingUpdate?.maxSurge ?? 0, nodeCount, "up");
}

function allowsSurge(set: DaemonSet): boolean {
  return surgeOf(set, 1) > 0;
}
