import type { SchedulerCache } from "./cache.ts";
import type { CycleState } from "./cycle-state.ts";
import type { FilterPlugin, NodeRows, ScorePlugin } from "./framework.ts";
import type { FullSearch } from "./full-search.ts";
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

/** The verdict of a node that has not been asked about since it changed. */
export const UNKNOWN = 0xffff;

/** Codes of why a node was rejected: what blocks say comes first. */
export const FIRST_SPECIAL_CODE = 253;
/** Not looked at since the node changed. */
const NOT_ASKED = 253;
/** The node was looked at in the light of the pods that are nominated to it. */
export const BY_NOMINEES = 254;
/** The memo rejects the node and says why. */
export const BY_MEMO = 255;

/** Forgetting so many nodes one by one costs less than forgetting all. */
const FEW = 1024;

/**
 * What filters and scores said about every node for pods of one kind, by node row: it holds until the node changes.
 * Nodes are asked about when somebody looks at them, not before.
 */
export class NodeMemo {
  key = "";
  /** When it was used last, in attempts. */
  usedAt = 0;
  /** By row: 0 when the node passes, `UNKNOWN`, else 1 + the number of the status. */
  verdicts = new Uint16Array(0);
  /** By row: the weighted scores that need no normalising, added up; NaN unless the node is known to pass. */
  sums = new Float64Array(0);
  /** Raw scores by scorer, then by row. */
  raws: Float64Array[] = [];
  statuses: Status[] = [];
  /** By place in the search order, from when somebody asked for them on. */
  #codes = new Uint8Array(0);
  #codesAreOf: Int32Array | undefined;
  /** The last search over all nodes. */
  fullSearch: FullSearch | undefined;
  readonly #cache: SchedulerCache;
  #questions: MemoQuestions | undefined;
  #numbers = new Map<Status, number>();
  /** How far the changes of nodes had gone when it was last brought up to date. */
  #clock = 0;
  readonly #asked: Batch;
  /** The nodes asked about since everything was forgotten, as long as there are few. */
  readonly #askedRows = new Int32Array(FEW);
  #askedCount = 0;

  constructor(cache: SchedulerCache) {
    this.#cache = cache;
    this.#asked = batchOf(cache);
  }

  /** Forgets everything and serves another kind of pods. */
  begin(key: string, questions: MemoQuestions): void {
    this.key = key;
    this.#questions = questions;
    this.statuses = [];
    this.fullSearch = undefined;
    this.#numbers.clear();
    this.#forgetAll();
    this.#clock = this.#cache.columns.clock;
    while (this.raws.length < questions.scorers.length) this.raws.push(new Float64Array(this.verdicts.length));
  }

  /** Call before reading: forgets what was said of nodes that have changed. Cost: those, or all. */
  follow(): void {
    const { columns } = this.#cache;
    const { clock } = columns;
    const { length } = columns.podCount;
    if (this.verdicts.length < length) this.#widen(length);
    else if (!columns.remembers(this.#clock)) this.#forgetAll();
    else {
      const { verdicts, sums } = this;
      if (this.#codesAreOf !== this.#cache.rows()) this.#codesAreOf = undefined;
      const codesAreOf = this.#codesAreOf;
      for (let time = this.#clock + 1; time <= clock; time++) {
        const row = columns.rowTouchedAt(time);
        verdicts[row] = UNKNOWN;
        sums[row] = Number.NaN;
        if (codesAreOf !== undefined) this.#codes[this.#cache.positionOf(row)] = NOT_ASKED;
      }
    }
    this.#clock = clock;
  }

  /**
   * Writes for the nodes in `from` <= place < `to` of the search order 0 or `BY_MEMO`.
   * @param rows those of the cache
   */
  writeCodes(rows: Int32Array, from: number, to: number, codes: Uint8Array): void {
    const { verdicts } = this;
    if (this.#codesAreOf !== rows) {
      this.#codesAreOf = rows;
      this.#codes = Uint8Array.from(rows, (row) => codeOf(verdicts[row]!));
    }
    const known = this.#codes.subarray(from, to);
    for (let i = known.indexOf(NOT_ASKED); i !== -1; i = known.indexOf(NOT_ASKED, i)) {
      if (verdicts[rows[from + i]!] === UNKNOWN) askRun(this, rows, from + i, known.length - i);
      known[i] = codeOf(verdicts[rows[from + i]!]!);
    }
    codes.set(known, from);
  }

  /** Asks about the nodes of `rows[from..to)` again. */
  // hot: once a node that has changed since it was looked at.
  ask(rows: Int32Array, from: number, to: number): void {
    const { filters, scorers, state, pod } = this.#questions as MemoQuestions;
    const { nodes, statuses, raw } = this.#asked;
    const count = to - from;
    if (nodes.rows.length < count) nodes.rows = new Int32Array(count * 2);
    const asked = nodes.rows;
    for (let i = 0; i < count; i++) {
      asked[i] = rows[from + i]!;
      statuses[i] = null;
    }
    nodes.count = count;
    this.#noteAsked(asked, count);
    for (let i = 0; i < filters.length; i++) this.#filter(filters[i]!);
    this.#keepPassing();
    if (raw.values.length < count) raw.values = new Float64Array(asked.length);
    for (let i = 0; i < scorers.length; i++) {
      const { plugin, weight } = scorers[i]!;
      const { values } = raw;
      if (plugin.scoreRows !== undefined) plugin.scoreRows(pod, nodes, values);
      else for (let j = 0; j < nodes.count; j++) values[j] = plugin.score(state, pod, this.#nodeAt(asked[j]!));
      this.#keepScores(i, weight);
    }
  }

  #forgetAll(): void {
    this.#codesAreOf = undefined;
    const { verdicts, sums } = this;
    if (this.#askedCount > this.#askedRows.length) {
      verdicts.fill(UNKNOWN);
      sums.fill(Number.NaN);
    } else {
      for (let i = 0; i < this.#askedCount; i++) {
        const row = this.#askedRows[i]!;
        verdicts[row] = UNKNOWN;
        sums[row] = Number.NaN;
      }
    }
    this.#askedCount = 0;
  }

  #widen(length: number): void {
    this.#askedCount = 0;
    this.#codesAreOf = undefined;
    this.fullSearch = undefined;
    this.verdicts = new Uint16Array(length).fill(UNKNOWN);
    this.sums = new Float64Array(length).fill(Number.NaN);
    this.raws = this.raws.map(() => new Float64Array(length));
  }

  #noteAsked(rows: Int32Array, count: number): void {
    const noted = this.#askedRows;
    const before = this.#askedCount;
    this.#askedCount += count;
    if (this.#askedCount > noted.length) return;
    for (let i = 0; i < count; i++) noted[before + i] = rows[i]!;
  }

  #nodeAt(row: number): NodeInfo {
    return this.#cache.nodeAt(row) as NodeInfo;
  }

  #filter(plugin: FilterPlugin): void {
    const { state, pod } = this.#questions as MemoQuestions;
    if (plugin.passesAll?.(pod) === true) return;
    const { nodes, statuses } = this.#asked;
    if (plugin.filterRows !== undefined) {
      plugin.filterRows(pod, nodes, statuses);
      return;
    }
    for (let i = 0; i < nodes.count; i++) {
      if (statuses[i] === null) statuses[i] = plugin.filter(state, pod, this.#nodeAt(nodes.rows[i]!));
    }
  }

  /** Notes the verdicts and keeps the rows that passed, to be scored. */
  #keepPassing(): void {
    const { nodes, statuses } = this.#asked;
    const { rows, count } = nodes;
    const { verdicts, sums } = this;
    let passing = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      const status = statuses[i]!;
      if (status === null) {
        verdicts[row] = 0;
        sums[row] = 0;
        rows[passing++] = row;
      } else verdicts[row] = this.#numberOf(status) + 1;
    }
    nodes.count = passing;
  }

  #keepScores(scorer: number, weight: number): void {
    const { nodes, raw } = this.#asked;
    const { rows, count } = nodes;
    const { values } = raw;
    const { sums } = this;
    const kept = this.raws[scorer]!;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      kept[row] = values[i]!;
      sums[row]! += weight * values[i]!;
    }
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

function codeOf(verdict: number): number {
  return verdict === UNKNOWN ? NOT_ASKED : verdict === 0 ? 0 : BY_MEMO;
}

/** Asks about the unknown nodes that stand together from `position` on, `most` of them at most. */
export function askRun(memo: NodeMemo, rows: Int32Array, position: number, most = rows.length): void {
  const { verdicts } = memo;
  const last = Math.min(rows.length, position + most);
  let end = position + 1;
  while (end < last && verdicts[rows[end]!] === UNKNOWN) end++;
  memo.ask(rows, position, end);
}

/** The nodes of one round of questions: working space that all memos of a cache share. */
interface Batch {
  readonly nodes: { -readonly [K in keyof NodeRows]: NodeRows[K] };
  readonly statuses: (Status | null)[];
  readonly raw: { values: Float64Array };
}

const BATCHES = new WeakMap<SchedulerCache, Batch>();

function batchOf(cache: SchedulerCache): Batch {
  let batch = BATCHES.get(cache);
  if (batch === undefined) {
    batch = {
      nodes: { table: cache, rows: new Int32Array(16), count: 0 },
      statuses: [],
      raw: { values: new Float64Array(16) },
    };
    BATCHES.set(cache, batch);
  }
  return batch;
}
