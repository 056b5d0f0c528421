import type { CycleState } from "./cycle-state.ts";
import type { FilterPlugin, ScorePlugin } from "./framework.ts";
import type { FullSearch } from "./full-search.ts";
import type { NodeColumns } from "./node-columns.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";
import type { Status } from "./status.ts";

/** What a memo asks about a node that has changed. */
export interface MemoQuestions {
  readonly filters: readonly FilterPlugin[];
  readonly scorers: readonly MemoScorer[];
  /** What the plugins noted before any node. */
  readonly state: CycleState;
  readonly pod: PodInfo;
}

export interface MemoScorer {
  readonly plugin: ScorePlugin;
  /** What the raw score adds to the sum; 0 when the score has to be normalised first. */
  readonly weight: number;
}

/**
 * What filters and scores said about every node for pods of one kind, by node row: it holds until the node changes.
 * Nodes are asked about when somebody looks at them, not before.
 */
export class NodeMemo {
  key = "";
  /** When it was used last, in attempts. */
  usedAt = 0;
  /** By row: the node's generation when it was asked about. */
  generations = new Float64Array(0);
  /** By row: 0 when the node passes, else 1 + the number of the status. */
  verdicts = new Uint16Array(0);
  /** By row: the weighted scores that need no normalising, added up. */
  sums = new Float64Array(0);
  /** Raw scores by scorer, then by row. */
  raws: Float64Array[] = [];
  statuses: Status[] = [];
  /** The last search over all nodes. */
  fullSearch: FullSearch | undefined;
  readonly #columns: NodeColumns;
  #questions: MemoQuestions | undefined;
  #numbers = new Map<Status, number>();

  constructor(columns: NodeColumns) {
    this.#columns = columns;
  }

  /** Forgets everything and serves another kind of pods. */
  begin(key: string, questions: MemoQuestions): void {
    this.key = key;
    this.#questions = questions;
    this.statuses = [];
    this.fullSearch = undefined;
    this.#numbers.clear();
    this.generations.fill(0);
    while (this.raws.length < questions.scorers.length) this.raws.push(new Float64Array(this.generations.length));
  }

  /** Call before reading: there may be more rows than before. */
  makeRoom(): void {
    const { length } = this.#columns.generation;
    if (this.generations.length >= length) return;
    this.fullSearch = undefined;
    this.generations = new Float64Array(length);
    this.verdicts = new Uint16Array(length);
    this.sums = new Float64Array(length);
    this.raws = this.raws.map(() => new Float64Array(length));
  }

  /** Asks about a node again; gives its verdict. */
  // hot: once a node that has changed since it was looked at.
  ask(node: NodeInfo): number {
    const { row } = node;
    const { filters, scorers, state, pod } = this.#questions as MemoQuestions;
    this.generations[row] = this.#columns.generation[row]!;
    for (let i = 0; i < filters.length; i++) {
      const status = filters[i]!.filter(state, pod, node);
      if (status === null) continue;
      const verdict = this.#numberOf(status) + 1;
      this.verdicts[row] = verdict;
      return verdict;
    }
    let sum = 0;
    for (let i = 0; i < scorers.length; i++) {
      const { plugin, weight } = scorers[i]!;
      const score = plugin.score(state, pod, node);
      this.raws[i]![row] = score;
      sum += weight * score;
    }
    this.sums[row] = sum;
    this.verdicts[row] = 0;
    return 0;
  }

  #numberOf(status: Status): number {
    let number = this.#numbers.get(status);
    if (number === undefined) {
      number = this.statuses.push(status) - 1;
      this.#numbers.set(status, number);
    }
    return number;
  }
}
