import type { SchedulerCache } from "./cache.ts";
import type { Framework } from "./framework.ts";
import { FullSearch } from "./full-search.ts";
import type { NodeInfo } from "./node-info.ts";
import { NodeMemo } from "./node-memo.ts";
import type { NominatedPods } from "./nominator.ts";
import type { PodInfo, TemplateInfo } from "./pod-info.ts";
import { isReusable, makePlan, type ReusePlan, type ScoreStep } from "./reuse-plan.ts";
import { ReusedPlacement } from "./reused-placement.ts";
import type { ScheduleOptions } from "./schedule-one.ts";
import { feasibleNodesToFind, selectHost } from "./select-host.ts";
import type { Status } from "./status.ts";

/** Bounds the memory of plans: all are forgotten when there are more. */
const MOST_PLANS = 4096;
/** Bounds the memory of memos, which grows with the nodes: the one that was not used for longest serves anew. */
const MOST_MEMOS = 64;

const BOOKS = new WeakMap<Framework, ReuseBook>();

/** What a framework knows from earlier attempts. Derived state: dropped and rebuilt at will. */
export function reuseBookOf(framework: Framework, cache: SchedulerCache): ReuseBook {
  let book = BOOKS.get(framework);
  if (book === undefined || book.cache !== cache) {
    book = new ReuseBook(framework, cache);
    BOOKS.set(framework, book);
  }
  return book;
}

/**
 * Schedules pods as `scheduleOne` does, decision for decision, without asking again what it knows: plugins are asked
 * about nodes that have changed since a pod of the same kind looked at them, and follow their counts otherwise.
 */
export class ReuseBook {
  readonly cache: SchedulerCache;
  readonly #framework: Framework;
  readonly #isReusable: boolean;
  readonly #plans = new Map<TemplateInfo, ReusePlan | null>();
  readonly #memos = new Map<string, NodeMemo>();
  #attempts = 0;
  /** Rows of the feasible nodes of the last attempt. */
  #found = new Int32Array(0);
  /** Holds them when the search may end early. */
  #partial = new Int32Array(0);
  /** The last attempt's search, when it went over all nodes. */
  #full: FullSearch | undefined;
  /** What blocks said about the nodes that they rejected in the last attempt, in the order of the search. */
  #blocked: Status[] = [];
  #looked = 0;
  readonly #one = new Float64Array(1);

  constructor(framework: Framework, cache: SchedulerCache) {
    this.#framework = framework;
    this.cache = cache;
    this.#isReusable = isReusable(framework);
  }

  /** Null when nothing can be reused for the pod, or when no node is feasible: the plain way tells more then. */
  schedule(nominated: NominatedPods, pod: PodInfo, options: ScheduleOptions): ReusedPlacement | null {
    if (!this.#isReusable || pod.nodeName !== "" || pod.nominatedNodeName !== "" || !nominated.isEmpty) return null;
    const plan = this.#planOf(pod);
    if (plan === null) return null;
    const nodes = this.cache.snapshot();
    const memo = this.#memoOf(plan);
    const count = this.#search(plan, memo, nodes, options);
    if (count === 0) return null;
    const found = this.#found;
    const totals = count < 2 ? undefined : this.#score(plan, memo, pod, count);
    const chosen = totals === undefined ? 0 : selectHost(totals, count);
    return new ReusedPlacement({
      framework: this.#framework,
      pod,
      node: this.cache.nodeAt(found[chosen]!) as NodeInfo,
      plan,
      memo,
      nodes,
      rows: this.cache.rows(),
      start: options.start,
      looked: this.#looked,
      found,
      count,
      blocked: this.#blocked,
      totals,
    });
  }

  #planOf(pod: PodInfo): ReusePlan | null {
    const { template } = pod;
    let plan = this.#plans.get(template);
    if (plan === undefined) {
      if (this.#plans.size >= MOST_PLANS) this.#forgetPlans();
      plan = makePlan(this.#framework, pod);
      this.#plans.set(template, plan);
    }
    return plan;
  }

  #forgetPlans(): void {
    for (const plan of this.#plans.values()) for (const { block } of plan?.blocks ?? []) block.release();
    this.#plans.clear();
  }

  #memoOf(plan: ReusePlan): NodeMemo {
    let { memo } = plan;
    if (memo?.key !== plan.memoKey) {
      memo = this.#memos.get(plan.memoKey) ?? this.#newMemo(plan);
      plan.memo = memo;
    }
    memo.usedAt = ++this.#attempts;
    memo.makeRoom();
    return memo;
  }

  #newMemo(plan: ReusePlan): NodeMemo {
    let memo: NodeMemo | undefined;
    if (this.#memos.size >= MOST_MEMOS) {
      for (const one of this.#memos.values()) if (memo === undefined || one.usedAt < memo.usedAt) memo = one;
      this.#memos.delete(memo?.key ?? "");
    }
    memo ??= new NodeMemo(this.cache.columns);
    memo.begin(plan.memoKey, plan.questions);
    this.#memos.set(plan.memoKey, memo);
    return memo;
  }

  /** Fills `#found`, `#blocked` and `#looked`; gives the number of feasible nodes. */
  // hot: once a node for every attempt.
  #search(plan: ReusePlan, memo: NodeMemo, nodes: readonly NodeInfo[], options: ScheduleOptions): number {
    const rows = this.cache.rows();
    const total = rows.length;
    const toFind = feasibleNodesToFind(total, options.percentage);
    let isFiltered = false;
    for (const planned of plan.blocks) {
      planned.isFiltering = planned.block.prepareFilter();
      if (planned.isFiltering) isFiltered = true;
    }
    if (this.#blocked.length > 0) this.#blocked = [];
    this.#full = undefined;
    if (toFind >= total && !isFiltered) return this.#searchAll(memo, total, options.start);
    if (this.#partial.length < toFind) this.#partial = new Int32Array(toFind);
    const found = this.#partial;
    this.#found = found;
    const { generation } = this.cache.columns;
    const { generations, verdicts } = memo;
    let count = 0;
    let looked = 0;
    let position = total === 0 ? 0 : options.start % total;
    for (; looked < total; looked++) {
      const row = rows[position]!;
      const verdict = generations[row] === generation[row] ? verdicts[row]! : memo.ask(nodes[position]!);
      if (verdict === 0 && !(isFiltered && this.#isBlocked(plan, row))) {
        if (count === toFind) break;
        found[count++] = row;
      }
      position++;
      if (position === total) position = 0;
    }
    this.#looked = looked;
    return count;
  }

  #searchAll(memo: NodeMemo, total: number, start: number): number {
    memo.fullSearch ??= new FullSearch(memo, this.cache);
    this.#full = memo.fullSearch;
    this.#full.run(total === 0 ? 0 : start % total);
    this.#found = this.#full.found;
    this.#looked = total;
    return this.#full.count;
  }

  #isBlocked(plan: ReusePlan, row: number): boolean {
    const { blocks } = plan;
    for (let i = 0; i < blocks.length; i++) {
      const { block, isFiltering } = blocks[i]!;
      if (!isFiltering) continue;
      const status = block.filter(row);
      if (status === null) continue;
      this.#blocked.push(status);
      return true;
    }
    return false;
  }

  #score(plan: ReusePlan, memo: NodeMemo, pod: PodInfo, count: number): Float64Array {
    const { scratch } = this.#framework;
    scratch.reset();
    let base = 0;
    let isDone = true;
    for (const step of plan.steps) {
      base += this.#evenPart(step, plan, pod);
      if (step.even === undefined && !isFolded(step)) isDone = false;
    }
    if (isDone && this.#full !== undefined) return this.#full.totals(base);
    const totals = scratch.take(count);
    const found = this.#found;
    const { sums } = memo;
    for (let i = 0; i < count; i++) totals[i] = base + sums[found[i]!]!;
    for (const step of plan.steps) {
      if (step.even === undefined && !isFolded(step)) this.#addScores(step, plan, memo, pod, count, totals);
    }
    return totals;
  }

  /** What the step adds to every total alike; 0 when the nodes have to be looked at. */
  #evenPart(step: ScoreStep, { questions: { state } }: ReusePlan, pod: PodInfo): number {
    const { plugin, weight } = step;
    step.even = plugin.evenScore?.(state, pod);
    step.isSkipped = false;
    if (step.even === undefined) return 0;
    step.evenNormalized = step.even;
    if (plugin.normalize !== undefined) {
      this.#one[0] = step.even;
      plugin.normalize(state, pod, [this.cache.nodeAt(this.#found[0]!) as NodeInfo], this.#one);
      step.evenNormalized = this.#one[0];
    }
    return weight * step.evenNormalized;
  }

  // hot: once a feasible node for every attempt and plugin that cannot be kept.
  #addScores(
    step: ScoreStep,
    plan: ReusePlan,
    memo: NodeMemo,
    pod: PodInfo,
    count: number,
    totals: Float64Array,
  ): void {
    const { plugin, weight, slot, block } = step;
    const { state } = plan.questions;
    const found = this.#found;
    step.isSkipped = block !== undefined && !block.prepareScore(found, count);
    if (step.isSkipped) return;
    const { scratch } = this.#framework;
    const raw = scratch.take(count);
    if (block !== undefined) block.score(found, count, raw);
    else if (slot === -1) this.#askEach(plugin, plan, pod, count, raw);
    else {
      const kept = memo.raws[slot]!;
      for (let i = 0; i < count; i++) raw[i] = kept[found[i]!]!;
    }
    let normalized = raw;
    if (plugin.normalize !== undefined) {
      normalized = scratch.take(count);
      normalized.set(raw);
      if (block?.normalize !== undefined) block.normalize(found, count, normalized);
      else plugin.normalize(state, pod, this.#foundNodes(count), normalized);
    }
    step.raw = raw;
    step.normalized = normalized;
    for (let i = 0; i < count; i++) totals[i]! += normalized[i]! * weight;
  }

  #askEach(plugin: ScoreStep["plugin"], plan: ReusePlan, pod: PodInfo, count: number, raw: Float64Array): void {
    const { state } = plan.questions;
    for (let i = 0; i < count; i++) {
      raw[i] = plugin.score(state, pod, this.cache.nodeAt(this.#found[i]!) as NodeInfo);
    }
  }

  #foundNodes(count: number): NodeInfo[] {
    return Array.from(this.#found.subarray(0, count), (row) => this.cache.nodeAt(row) as NodeInfo);
  }
}

/** Whether the memo's sums contain the step's scores. */
function isFolded({ slot, plugin }: ScoreStep): boolean {
  return slot !== -1 && plugin.normalize === undefined;
}
