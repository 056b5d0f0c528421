import { CycleState } from "./cycle-state.ts";
import { Diagnosis } from "./diagnosis.ts";
import type { Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { NodeMemo } from "./node-memo.ts";
import { BY_MEMO, BY_NOMINEES } from "./node-memo.ts";
import type { PodInfo } from "./pod-info.ts";
import type { ReusePlan, ScoreStep } from "./reuse-plan.ts";
import { type Placement, runPreFilters } from "./schedule-one.ts";
import type { ScoreColumn, ScoreTable } from "./score-nodes.ts";
import type { Status } from "./status.ts";

/** One attempt's search, as it was left. The arrays are used again by the next attempt. */
export interface SearchRecord {
  readonly framework: Framework;
  readonly pod: PodInfo;
  readonly node: NodeInfo | undefined;
  readonly plan: ReusePlan;
  readonly memo: NodeMemo;
  /** In search order, with their rows. */
  readonly nodes: readonly NodeInfo[];
  readonly rows: Int32Array;
  readonly start: number;
  readonly looked: number;
  /** Rows of the feasible nodes: `count` of them. */
  readonly found: Int32Array;
  readonly count: number;
  /** Why nodes were rejected, by position; `undefined` when it was the memo alone. */
  readonly codes: Uint8Array | undefined;
  /** What was found on nodes with nominated pods, by position. */
  readonly ofNominees: ReadonlyMap<number, Status> | undefined;
  /** `undefined` when fewer than two nodes were feasible. */
  readonly scores: ReusedScores | undefined;
}

export interface ReusedScores {
  /** What all nodes got alike. */
  readonly base: number;
  /** By feasible node; absent where they are the memo's sums and the base. */
  readonly totals: Float64Array | undefined;
}

/**
 * A placement made with what was known. The chosen node is there at once; the rest is written out when somebody reads
 * it, which must be before the next attempt, and for the state before anything changes in the cluster.
 */
export class ReusedPlacement implements Placement {
  readonly node: NodeInfo | undefined;
  readonly pod: PodInfo;
  readonly evaluated: number;
  readonly nextStart: number;
  readonly allowedNodes = undefined;
  readonly error = undefined;
  readonly #record: SearchRecord;
  #state: CycleState | undefined;
  #feasible: readonly NodeInfo[] | undefined;
  #diagnosis: Diagnosis | undefined;
  #scores: ScoreTable | undefined;

  constructor(record: SearchRecord) {
    this.#record = record;
    this.node = record.node;
    this.pod = record.pod;
    this.evaluated = record.looked;
    this.nextStart = (record.start + record.looked) % record.nodes.length;
  }

  /** The same for another pod of the template, without looking at any node; `undefined` when nobody read this one's. */
  likewise(pod: PodInfo): ReusedPlacement | undefined {
    if (this.#diagnosis === undefined) return undefined;
    const placement = new ReusedPlacement({ ...this.#record, pod });
    placement.#diagnosis = this.#diagnosis;
    placement.#feasible = this.#feasible;
    return placement;
  }

  get state(): CycleState {
    if (this.#state === undefined) {
      const { framework, pod, plan, scores, nodes } = this.#record;
      this.#state = new CycleState();
      runPreFilters(framework, this.#state, pod, new Diagnosis(nodes.length));
      if (scores !== undefined) {
        for (const name of plan.skippedScores) this.#state.skippedScores.add(name);
        for (const { plugin, isSkipped } of plan.steps) if (isSkipped) this.#state.skippedScores.add(plugin.name);
      }
    }
    return this.#state;
  }

  get feasible(): readonly NodeInfo[] {
    if (this.#feasible === undefined) this.#walk();
    return this.#feasible as readonly NodeInfo[];
  }

  get diagnosis(): Diagnosis {
    if (this.#diagnosis === undefined) this.#walk();
    return this.#diagnosis as Diagnosis;
  }

  get scores(): ScoreTable | undefined {
    const { scores, plan } = this.#record;
    if (scores === undefined) return undefined;
    this.#scores ??= {
      totals: scores.totals ?? this.#totals(scores),
      columns: plan.steps.filter((s) => !s.isSkipped).map((step) => this.#column(step)),
    };
    return this.#scores;
  }

  #totals({ base }: ReusedScores): Float64Array {
    const { found, count, memo } = this.#record;
    return Float64Array.from({ length: count }, (_unused, index) => base + memo.sums[found[index]!]!);
  }

  /** Goes the way of the search again. */
  #walk(): void {
    const { nodes, start, looked } = this.#record;
    const diagnosis = new Diagnosis(nodes.length);
    const feasible: NodeInfo[] = [];
    for (let step = 0; step < looked; step++) {
      const position = (start + step) % nodes.length;
      const status = this.#rejectionAt(position);
      if (status === null) feasible.push(nodes[position]!);
      else diagnosis.reject(position, status);
    }
    this.#feasible = feasible;
    this.#diagnosis = diagnosis;
  }

  #rejectionAt(position: number): Status | null {
    const { rows, codes, plan, ofNominees, memo } = this.#record;
    const code = codes === undefined ? BY_MEMO : codes[position]!;
    if (code === 0) return null;
    if (code === BY_NOMINEES) return ofNominees?.get(position) as Status;
    if (code !== BY_MEMO) return plan.codeStatuses[code - 1] as Status;
    const verdict = memo.verdicts[rows[position]!]!;
    return verdict === 0 ? null : (memo.statuses[verdict - 1] as Status);
  }

  #column(step: ScoreStep): ScoreColumn {
    const { plugin, weight, slot, block, even, evenNormalized, raw, normalized } = step;
    const { count, found, memo } = this.#record;
    const { name } = plugin;
    if (even !== undefined) {
      const all = (value: number) => new Float64Array(count).fill(value);
      return { plugin: name, weight, raw: all(even), normalized: all(evenNormalized) };
    }
    if (step.isAddedByBlock) {
      const column = { plugin: name, weight, raw: new Float64Array(count), normalized: new Float64Array(count) };
      block?.scoresAdded?.(column.raw, column.normalized);
      return column;
    }
    if (raw !== undefined && normalized !== undefined) return { plugin: name, weight, raw, normalized };
    const kept = memo.raws[slot] as Float64Array;
    const scores = Float64Array.from({ length: count }, (_unused, index) => kept[found[index]!]!);
    return { plugin: name, weight, raw: scores, normalized: scores };
  }
}
