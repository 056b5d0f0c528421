import { type DaemonSet, resolveIntOrPercent } from "../../kube/index.ts";
import { COUNTS, type CountName, type DaemonTally } from "./daemon-tally.ts";
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

const NOTHING: RolloutStep = Object.freeze({ deletions: [], creations: [] });

/**
 * The step from one revision of a DaemonSet to the next within maxUnavailable or maxSurge. Nodes are taken by name,
 * unless a chooser says otherwise; the original iterates a map.
 *
 * @source kubernetes 1.37 pkg/controller/daemon/update.go rollingUpdate
 */
export class RollingUpdate {
  readonly #slots: NodeSlots;
  readonly #planner: NodePlanner;
  readonly #tally: DaemonTally;
  readonly #chooser: RolloutChooser;

  constructor(slots: NodeSlots, planner: NodePlanner, tally: DaemonTally, chooser: RolloutChooser) {
    this.#slots = slots;
    this.#planner = planner;
    this.#tally = tally;
    this.#chooser = chooser;
  }

  /** The tally must be up to date. */
  step(row: number, view: SetView): RolloutStep {
    const desired = this.#tally.of(row, "desired");
    const maxSurge = surgeOf(view.set, desired);
    return maxSurge === 0
      ? this.#replace(row, view, unavailableOf(view.set, desired))
      : this.#surge(row, view, maxSurge);
  }

  /** Former pods that are not available go for free; of the others as many as the budget has left. */
  #replace(row: number, view: SetView, maxUnavailable: number): RolloutStep {
    const free = this.#tally.of(row, "free");
    const room = Math.max(0, maxUnavailable - this.#tally.of(row, "blocked") - free);
    const budget = Math.min(room, this.#tally.of(row, "candidate"));
    if (free === 0 && budget === 0) return NOTHING;
    const formerOf = (slot: number): number => this.#planner.nodePodsOf(view, this.#planner.podsOf(slot)).former;
    const candidates = this.#byName(row, COUNTS.candidate, this.#chooser.pods === undefined ? budget : undefined);
    const tied = candidates.map(formerOf);
    const chosen = this.#chooser.pods?.(tied, budget) ?? tied;
    return {
      deletions: [
        ...this.#byName(row, COUNTS.free).map((slot) => ({
          pod: formerOf(slot),
          why: "of a former revision and not available",
        })),
        ...chosen.map((pod) => ({ pod, why: "of a former revision" })),
      ],
      creations: [],
    };
  }

  /** New pods beside former ones: for free where the former one is not available, else within the surge. */
  #surge(row: number, view: SetView, maxSurge: number): RolloutStep {
    const count = (name: CountName): number => this.#tally.of(row, name);
    const spare = Math.max(0, count("serving") - count("desired"));
    const budget = Math.min(Math.max(0, maxSurge - count("surging")), count("candidate"));
    if (count("replaced") + count("free") + spare + budget === 0) return NOTHING;
    const isWanted = (slot: number): boolean => (this.#tally.bitsOf(slot) & COUNTS.desired) !== 0;
    const deletion = (slot: number, why: string): Deletion => {
      return { pod: this.#planner.nodePodsOf(view, this.#planner.podsOf(slot)).former, why };
    };
    const free = this.#byName(row, COUNTS.free);
    const candidates = this.#byName(row, COUNTS.candidate);
    const unfit = candidates.filter((slot) => !isWanted(slot)).slice(0, spare);
    const chosen = this.#choose(row, candidates.filter(isWanted), budget);
    return {
      deletions: [
        ...this.#byName(row, COUNTS.replaced).map((slot) => deletion(slot, "its replacement is available")),
        ...free
          .filter((slot) => !isWanted(slot))
          .map((slot) => deletion(slot, "not available on a node that does not fit")),
        ...unfit.map((slot) => deletion(slot, "the node does not fit")),
      ],
      creations: [...free.filter(isWanted), ...chosen],
    };
  }

  #choose(row: number, candidates: readonly number[], count: number): readonly number[] {
    const { nodes } = this.#chooser;
    if (nodes === undefined) return candidates.slice(0, count);
    const names = candidates.map((slot) => this.#slots.nodeNameOf(slot));
    return nodes(names, Math.min(count, names.length)).map((name) => this.#slots.slotOf(row, name));
  }

  // hot: once a step of a rollout, over all nodes (bench/world).
  /** The slots counted as this, by name of node; only the first `count` if given. */
  #byName(row: number, bit: number, count?: number): number[] {
    const found: number[] = [];
    for (let slot = this.#slots.all.head(row); slot !== -1; slot = this.#slots.all.next(slot)) {
      if ((this.#tally.bitsOf(slot) & bit) !== 0) found.push(slot);
    }
    const isBefore = (a: number, b: number): boolean => this.#slots.nodeNameOf(a) < this.#slots.nodeNameOf(b);
    if (count === 1 && found.length > 0) return [found.reduce((least, slot) => (isBefore(slot, least) ? slot : least))];
    found.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    return count === undefined ? found : found.slice(0, count);
  }
}

function unavailableOf({ spec }: DaemonSet, desired: number): number {
  const value = resolveIntOrPercent(spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, "up");
  return value === 0 && desired > 0 ? 1 : value;
}
