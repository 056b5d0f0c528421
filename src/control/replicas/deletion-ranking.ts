import type { Micros } from "../../engine/index.ts";
import type { PodTable, Store } from "../../store/index.ts";
import { compareRestarts, phaseOrder } from "../pods/index.ts";

/** The rules by which pods are chosen for deletion, in their order; the first that differs decides. */
export const RANKING_RULES = [
  "unassigned",
  "phase",
  "not ready",
  "deletion cost",
  "doubled up on its node",
  "ready for a shorter time",
  "restarts",
  "younger",
] as const;

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const INT32_MAX = 2147483647;
/** Go sorts up to this many by insertion; the comparison is not transitive, so the way of sorting shows. */
const INSERTION_SORT_MAX = 12;

/** The rule that decided a comparison (an index into the rules, -1 on a tie) and which pod goes first. */
interface Verdict {
  readonly rule: number;
  /** Negative when the first pod goes first. */
  readonly order: number;
}
const TIE: Verdict = { rule: -1, order: 0 };

/**
 * Compares pods of one owner: who is deleted first. `countOnNode` gives how many related pods a node (by number) has;
 * `now` matters as times are compared by the integer logarithm of the time since.
 *
 * @source kubernetes 1.37 pkg/controller/controller_utils.go ActivePodsWithRanks
 */
export class DeletionRanking {
  readonly #store: Store;
  readonly #pods: PodTable;
  readonly #now: Micros;
  readonly #countOnNode: (nodeId: number) => number;

  constructor(store: Store, countOnNode: (nodeId: number) => number) {
    this.#store = store;
    this.#pods = store.pods;
    this.#now = store.engine.now;
    this.#countOnNode = countOnNode;
  }

  compare(a: number, b: number): Verdict {
    const pods = this.#pods;
    const nodeA = pods.nodeId.get(a);
    const nodeB = pods.nodeId.get(b);
    if ((nodeA === -1) !== (nodeB === -1)) return { rule: 0, order: nodeA === -1 ? -1 : 1 };
    const phase = phaseOrder(pods.phase.get(a)) - phaseOrder(pods.phase.get(b));
    if (phase !== 0) return { rule: 1, order: phase };
    const isReady = pods.isReady(a);
    if (isReady !== pods.isReady(b)) return { rule: 2, order: isReady ? 1 : -1 };
    const cost = deletionCost(pods, a) - deletionCost(pods, b);
    if (cost !== 0) return { rule: 3, order: cost };
    const doubled = this.#countOnNode(nodeB) - this.#countOnNode(nodeA);
    if (doubled !== 0) return { rule: 4, order: doubled };
    const readyA = pods.readyAt.get(a);
    const readyB = pods.readyAt.get(b);
    if (isReady && readyA !== readyB) return { rule: 5, order: this.#byAge(readyA, readyB, a, b) };
    const restarts = compareRestarts(pods, a, b);
    if (restarts !== 0) return { rule: 6, order: restarts };
    const createdA = pods.createdAt.get(a);
    const createdB = pods.createdAt.get(b);
    if (createdA !== createdB) return { rule: 7, order: this.#byAge(createdA, createdB, a, b) };
    return TIE;
  }

  /** The pods in the order of deletion; pods of equal rank by creation. */
  sorted(rows: readonly number[]): number[] {
    const { serial } = this.#pods;
    const byCreation = [...rows].sort((a, b) => serial.get(a) - serial.get(b));
    if (byCreation.length <= INSERTION_SORT_MAX) return insertionSorted(byCreation, (a, b) => this.compare(a, b).order);
    return byCreation.sort((a, b) => this.compare(a, b).order || serial.get(a) - serial.get(b));
  }

  /** The later instant first when their ages differ in magnitude, else the smaller uid. */
  #byAge(atA: Micros, atB: Micros, a: number, b: number): number {
    const difference = ageBucket(this.#now - atA) - ageBucket(this.#now - atB);
    if (difference !== 0) return difference;
    const { rendering, pods } = this.#store;
    return rendering.uid(pods.serial.get(a)) < rendering.uid(pods.serial.get(b)) ? -1 : 1;
  }
}

/** The whole part of the binary logarithm of an age in nanoseconds; -1 for none. The age comes in microseconds. */
export function ageBucket(ageMicros: Micros): number {
  if (ageMicros <= 0) return -1;
  const nanos = ageMicros * 1000;
  const high = Math.floor(nanos / 4294967296);
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(nanos);
}

/** The annotation's number: an int32 without plus sign or leading zero; anything else counts 0. */
export function parseDeletionCost(text: string | undefined): number {
  if (text === undefined || !/^(?:0|-[0-9]+|[1-9][0-9]*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost > INT32_MAX || cost < -INT32_MAX - 1 ? 0 : cost;
}

function deletionCost(pods: PodTable, row: number): number {
  return parseDeletionCost(pods.annotationsOf(row)[DELETION_COST]);
}

function insertionSorted(rows: number[], order: (a: number, b: number) => number): number[] {
  for (let i = 1; i < rows.length; i++) {
    const moving = rows[i] as number;
    let at = i;
    for (; at > 0 && order(moving, rows[at - 1] as number) < 0; at--) rows[at] = rows[at - 1] as number;
    rows[at] = moving;
  }
  return rows;
}
