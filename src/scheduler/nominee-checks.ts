import type { SchedulerCache } from "./cache.ts";
import { CycleState } from "./cycle-state.ts";
import { Diagnosis } from "./diagnosis.ts";
import { filterNode, filtersOf, isNomineeAhead } from "./find-nodes.ts";
import type { FilterPlugin, Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import { BY_NOMINEES } from "./node-memo.ts";
import type { NominatedPods } from "./nominator.ts";
import type { PodInfo } from "./pod-info.ts";
import { runPreFilters } from "./schedule-one.ts";
import type { Status } from "./status.ts";

/**
 * The nodes on which room is kept for nominated pods that go before the pod at hand: they are looked at one by one,
 * with those pods in place, whatever is known about them otherwise.
 */
export class NomineeChecks {
  /** What was found, by position. */
  readonly statuses = new Map<number, Status>();
  readonly #framework: Framework;
  readonly #nominated: NominatedPods;
  readonly #pod: PodInfo;
  readonly #nodes: readonly { readonly position: number; readonly node: NodeInfo }[];
  #state: CycleState | undefined;
  #filters: readonly FilterPlugin[] = [];

  constructor(framework: Framework, cache: SchedulerCache, nominated: NominatedPods, pod: PodInfo) {
    this.#framework = framework;
    this.#nominated = nominated;
    this.#pod = pod;
    this.#nodes = [...nominated.nodeNames()].flatMap((name) => {
      const node = cache.node(name);
      const isKept = node !== undefined && [...nominated.on(name)].some((other) => isNomineeAhead(other, pod));
      return isKept ? [{ position: cache.positionOf(node.row), node }] : [];
    });
  }

  /** Whether there is nothing to look at. */
  get isEmpty(): boolean {
    return this.#nodes.length === 0;
  }

  /** Writes the codes of such nodes between two positions anew. */
  check(from: number, to: number, codes: Uint8Array): void {
    for (const { position, node } of this.#nodes) {
      if (position < from || position >= to) continue;
      const state = this.#stateOf();
      const status = filterNode(this.#filters, this.#nominated, state, this.#pod, node);
      codes[position] = status === null ? 0 : BY_NOMINEES;
      if (status !== null) this.statuses.set(position, status);
    }
  }

  #stateOf(): CycleState {
    if (this.#state === undefined) {
      this.#state = new CycleState();
      runPreFilters(this.#framework, this.#state, this.#pod, new Diagnosis(0));
      this.#filters = filtersOf(this.#framework, this.#state, this.#pod);
    }
    return this.#state;
  }
}
