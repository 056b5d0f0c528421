import { type DaemonSet, resolveIntOrPercent } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { COUNTS, type DaemonTally } from "./daemon-tally.ts";
import { eligibilityOf } from "./eligibility.ts";
import { type Deletion, type NodePlanner, type SetView, surgeOf } from "./node-plan.ts";
import type { NodeSlots } from "./node-slots.ts";

/** What a rolling update does at one sync: pods that go, and nodes (by slot) that get another pod. */
export interface RolloutStep {
  readonly deletions: readonly Deletion[];
  readonly creations: readonly number[];
}

/** Takes `count` of pods or nodes among which the original's choice is arbitrary. What it returns must be among them. */
export interface RolloutChooser {
  readonly pods?: (tied: readonly number[], count: number) => readonly number[];
  readonly nodes?: (tied: readonly string[], count: number) => readonly string[];
}

/** The pods of one node as a rolling update sees them. */
interface NodePods {
  readonly slot: number;
  readonly updated: number;
  readonly former: number;
  /** More than one pod of a kind: left to be pruned first. */
  readonly isCrowded: boolean;
}

/**
 * The step from one revision of a DaemonSet to the next within maxUnavailable or maxSurge. Nodes are taken by name,
 * unless a chooser says otherwise; the original iterates a map.
 *
 * @source kubernetes 1.37 pkg/controller/daemon/update.go rollingUpdate
 */
export class RollingUpdate {
  readonly #store: Store;
  readonly #slots: NodeSlots;
  readonly #planner: NodePlanner;
  readonly #tally: DaemonTally;
  readonly #chooser: RolloutChooser;

  constructor(store: Store, slots: NodeSlots, planner: NodePlanner, tally: DaemonTally, chooser: RolloutChooser) {
    this.#store = store;
    this.#slots = slots;
    this.#planner = planner;
    this.#tally = tally;
    this.#chooser = chooser;
  }

  step(row: number, view: SetView): RolloutStep {
    const desired = this.#tally.of(row, "desired");
    const maxSurge = surgeOf(view.set, desired);
    return maxSurge === 0
      ? this.#replace(row, view, unavailableOf(view.set, desired))
      : this.#surge(row, view, maxSurge);
  }

  /** Former pods that are not available go for free; of the others as many as the budget has left. */
  #replace(row: number, view: SetView, maxUnavailable: number): RolloutStep {
    let unavailable = 0;
    const free: number[] = [];
    const candidates: number[] = [];
    for (const { updated, former, isCrowded } of this.#nodePods(row, view)) {
      if (isCrowded || (updated === -1) === (former === -1)) unavailable++;
      else if (updated !== -1) unavailable += this.#planner.isAvailable(view, updated) ? 0 : 1;
      else if (this.#planner.isAvailable(view, former)) candidates.push(former);
      else {
        free.push(former);
        unavailable++;
      }
    }
    const budget = Math.min(Math.max(0, maxUnavailable - unavailable), candidates.length);
    const chosen = this.#chooser.pods?.(candidates, budget) ?? candidates.slice(0, budget);
    return {
      deletions: [
        ...free.map((pod) => ({ pod, why: "of a former revision and not available" })),
        ...chosen.map((pod) => ({ pod, why: "of a former revision" })),
      ],
      creations: [],
    };
  }

  /** New pods beside former ones: for free where the former one is not available, else within the surge. */
  #surge(row: number, view: SetView, maxSurge: number): RolloutStep {
    const deletions: Deletion[] = [];
    const unfit: number[] = [];
    const free: number[] = [];
    const candidates: number[] = [];
    let surging = 0;
    let available = 0;
    for (const { slot, updated, former, isCrowded } of this.#nodePods(row, view)) {
      if (isCrowded) {
        surging++;
        continue;
      }
      const first = former === -1 ? updated : former;
      const isFirstAvailable = first !== -1 && this.#planner.isAvailable(view, first);
      if (isFirstAvailable) available++;
      if (former === -1) continue;
      if (updated !== -1) {
        if (this.#planner.isAvailable(view, updated))
          deletions.push({ pod: former, why: "its replacement is available" });
        else surging++;
        continue;
      }
      const node = this.#planner.nodeOf(slot);
      const shouldRun = node !== undefined && eligibilityOf(view.set, node).shouldRun;
      if (!isFirstAvailable && !shouldRun)
        deletions.push({ pod: former, why: "not available on a node that does not fit" });
      else if (!isFirstAvailable) free.push(slot);
      else if (!shouldRun) unfit.push(former);
      else candidates.push(slot);
    }
    const spare = Math.max(0, available - this.#tally.of(row, "desired"));
    deletions.push(...unfit.slice(0, spare).map((pod) => ({ pod, why: "the node does not fit" })));
    const budget = Math.min(Math.max(0, maxSurge - surging), candidates.length);
    return { deletions, creations: [...free, ...this.#choose(row, candidates, budget)] };
  }

  #choose(row: number, candidates: readonly number[], count: number): readonly number[] {
    const { nodes } = this.#chooser;
    if (nodes === undefined) return candidates.slice(0, count);
    const names = candidates.map((slot) => this.#slots.nodeNameOf(slot));
    return nodes(names, count).map((name) => this.#slots.slotOf(row, name));
  }

  /** The nodes that have a pod of the set or should have one, by name. Terminating pods do not count. */
  #nodePods(row: number, view: SetView): NodePods[] {
    const { pods } = this.#store;
    const found: { readonly name: string; readonly nodePods: NodePods }[] = [];
    for (let slot = this.#slots.all.head(row); slot !== -1; slot = this.#slots.all.next(slot)) {
      const present = this.#planner.podsOf(slot);
      if (present.length === 0 && (this.#tally.bitsOf(slot) & COUNTS.desired) === 0) continue;
      const staying = present.filter((pod) => !pods.isDeleting(pod));
      const updated = staying.filter((pod) => this.#planner.isUpdated(view, pod));
      const former = staying.filter((pod) => !updated.includes(pod));
      const isCrowded = updated.length > 1 || former.length > 1;
      const nodePods = { slot, updated: updated[0] ?? -1, former: former[0] ?? -1, isCrowded };
      found.push({ name: this.#slots.nodeNameOf(slot), nodePods });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ nodePods }) => nodePods);
  }
}

function unavailableOf({ spec }: DaemonSet, desired: number): number {
  const value = resolveIntOrPercent(spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, "up");
  return value === 0 && desired > 0 ? 1 : value;
}
