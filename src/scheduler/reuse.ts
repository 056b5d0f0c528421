import type { SchedulerCache } from "./cache.ts";
import { CycleState } from "./cycle-state.ts";
import type { Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import { NodeMemo } from "./node-memo.ts";
import { NodeSearch } from "./node-search.ts";
import type { NominatedPods } from "./nominator.ts";
import { NomineeChecks } from "./nominee-checks.ts";
import type { PodInfo, TemplateInfo } from "./pod-info.ts";
import { isReusable, makePlan, type Refusal, type ReusePlan, type ScoreStep } from "./reuse-plan.ts";
import { ReusedPlacement, type ReusedScores } from "./reused-placement.ts";
import type { ScheduleOptions } from "./schedule-one.ts";
import { selectHost } from "./select-host.ts";

/** Bounds the memory of plans: all are forgotten when there are more. */
const MOST_PLANS = 4096;
/** Bounds the memory of memos, which grows with the nodes: the one that was not used for longest serves anew. */
const FEWEST_MEMOS = 64;
const MOST_REMEMBERED = 400_000;

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
 * Schedules pods as `schedulePlainly` does, decision for decision, without asking again what it knows: plugins are
 * asked about nodes that have changed since a pod of the same kind looked at them, and follow their counts otherwise.
 */
export class ReuseBook {
  readonly cache: SchedulerCache;
  readonly #framework: Framework;
  readonly #isReusable: boolean;
  readonly #plans = new Map<TemplateInfo, ReusePlan | null>();
  /** Templates that were met: a plan is only kept when its template is met again. */
  readonly #metTemplates = new WeakSet<TemplateInfo>();
  readonly #memos = new Map<string, NodeMemo>();
  /** Kinds of pods that were met: only those that are met again get a memo of their own. */
  readonly #met = new Set<string>();
  /** Serves those that are met for the first time. */
  #passing: NodeMemo;
  #attempts = 0;
  readonly #search: NodeSearch;
  /** Steps of the attempt whose scores have to be worked out. */
  readonly #open: ScoreStep[] = [];
  readonly #one = new Float64Array(1);

  constructor(framework: Framework, cache: SchedulerCache) {
    this.#framework = framework;
    this.cache = cache;
    this.#isReusable = isReusable(framework);
    this.#search = new NodeSearch(cache);
    this.#passing = new NodeMemo(cache);
  }

  /** Null when nothing can be reused for the pod. A pod that is nominated to a node has been tried there. */
  schedule(nominated: NominatedPods, pod: PodInfo, options: ScheduleOptions): ReusedPlacement | null {
    if (!this.#isReusable || pod.nodeName !== "") return null;
    const { cache } = this;
    const nodes = cache.snapshot();
    if (nodes.length === 0) return null;
    const plan = this.#planOf(pod);
    if (plan === null) return null;
    const again = nominated.isEmpty ? this.#refusedAgain(plan, pod, options) : undefined;
    if (again !== undefined) return again;
    const isKept = this.#plans.has(pod.template);
    const memo = this.#memoOf(plan);
    const search = this.#search;
    const nominees = nominated.isEmpty ? undefined : new NomineeChecks(this.#framework, cache, nominated, pod);
    search.run(plan, memo, nominees?.isEmpty === false ? nominees : undefined, options);
    const { count, found } = search;
    const scores = count < 2 ? undefined : this.#score(plan, memo, pod);
    if (!isKept) release(plan);
    const placement = new ReusedPlacement({
      framework: this.#framework,
      pod,
      node: count === 0 ? undefined : cache.nodeAt(found[this.#best(scores)]!),
      plan,
      memo,
      nodes,
      rows: cache.rows(),
      start: options.start,
      looked: search.looked,
      found,
      count,
      codes: search.codes,
      ofNominees: nominees?.statuses,
      scores,
    });
    if (count === 0 && nominated.isEmpty) plan.refusal = { ...this.#circumstances(options), placement };
    return placement;
  }

  #refusedAgain({ refusal }: ReusePlan, pod: PodInfo, options: ScheduleOptions): ReusedPlacement | undefined {
    if (refusal === undefined) return undefined;
    const { clock, structureRevision, countersRevision, start } = this.#circumstances(options);
    const isSame =
      refusal.clock === clock &&
      refusal.structureRevision === structureRevision &&
      refusal.countersRevision === countersRevision &&
      refusal.start === start;
    return isSame ? refusal.placement.likewise(pod) : undefined;
  }

  /** All that filters depend on, beside the template. */
  #circumstances({ start }: ScheduleOptions): Omit<Refusal, "placement"> {
    const { columns, counters, structureRevision } = this.cache;
    return { clock: columns.clock, structureRevision, countersRevision: counters.revision, start };
  }

  #best(scores: ReusedScores | undefined): number {
    if (scores === undefined) return 0;
    const { full, best, count } = this.#search;
    if (scores.totals !== undefined) return selectHost(scores.totals, count);
    return full === undefined ? best : full.best();
  }

  #planOf(pod: PodInfo): ReusePlan | null {
    const { template } = pod;
    const known = this.#plans.get(template);
    if (known !== undefined) return known;
    const plan = makePlan(this.#framework, pod);
    if (this.#metTemplates.has(template)) {
      if (this.#plans.size >= MOST_PLANS) this.#forgetPlans();
      this.#plans.set(template, plan);
    } else {
      this.#metTemplates.add(template);
    }
    return plan;
  }

  #forgetPlans(): void {
    for (const plan of this.#plans.values()) if (plan !== null) release(plan);
    this.#plans.clear();
  }

  #memoOf(plan: ReusePlan): NodeMemo {
    let { memo } = plan;
    if (memo?.key !== plan.memoKey) {
      memo = this.#memos.get(plan.memoKey) ?? this.#nextMemo(plan);
      plan.memo = memo;
    }
    memo.usedAt = ++this.#attempts;
    memo.follow();
    return memo;
  }

  #nextMemo(plan: ReusePlan): NodeMemo {
    const { memoKey, questions } = plan;
    const isNew = !this.#met.has(memoKey);
    let memo = this.#passing;
    if (isNew) {
      if (this.#met.size >= MOST_PLANS) this.#met.clear();
      this.#met.add(memoKey);
    } else {
      // What was learned at the first meeting is still there if no other kind came between.
      this.#passing = this.#spareMemo();
      if (memo.key !== memoKey) [memo, this.#passing] = [this.#passing, memo];
      this.#memos.set(memoKey, memo);
    }
    if (memo.key !== memoKey) memo.begin(memoKey, questions);
    return memo;
  }

  #spareMemo(): NodeMemo {
    const most = Math.max(FEWEST_MEMOS, Math.floor(MOST_REMEMBERED / this.cache.columns.podCount.length));
    if (this.#memos.size < most) return new NodeMemo(this.cache);
    let oldest: NodeMemo | undefined;
    for (const one of this.#memos.values()) if (oldest === undefined || one.usedAt < oldest.usedAt) oldest = one;
    this.#memos.delete((oldest as NodeMemo).key);
    return oldest as NodeMemo;
  }

  /** Leaves the totals out where the memo's sums decide. */
  #score(plan: ReusePlan, memo: NodeMemo, pod: PodInfo): ReusedScores {
    const { scratch } = this.#framework;
    const { found, count, full, best } = this.#search;
    const open = this.#open;
    open.length = 0;
    let base = 0;
    for (const step of plan.steps) {
      base += this.#evenPart(step, plan, pod);
      if (step.even !== undefined || isFolded(step)) continue;
      const { block } = step;
      step.isSkipped = block !== undefined && !block.prepareScore(found, count);
      if (!step.isSkipped) open.push(step);
    }
    scratch.reset();
    plan.isDecidedByMemo = open.length === 0;
    if (open.length === 0 && (full !== undefined || best !== -1)) return { base, totals: undefined };
    const totals = scratch.take(count);
    const { sums } = memo;
    for (let i = 0; i < count; i++) totals[i] = base + sums[found[i]!]!;
    for (const step of open) this.#addScores(step, plan, memo, pod, totals);
    return { base, totals };
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
      plugin.normalize(state, pod, [this.cache.nodeAt(this.#search.found[0]!) as NodeInfo], this.#one);
      step.evenNormalized = this.#one[0];
    }
    return weight * step.evenNormalized;
  }

  // hot: once a feasible node for every attempt and plugin that cannot be kept.
  #addScores(step: ScoreStep, plan: ReusePlan, memo: NodeMemo, pod: PodInfo, totals: Float64Array): void {
    const { plugin, weight, slot, block } = step;
    // One that may answer otherwise for every pod keeps no notes from the pod before.
    const state = plugin.memoKey === undefined && block === undefined ? new CycleState() : plan.questions.state;
    const { found, count } = this.#search;
    const { scratch } = this.#framework;
    step.isAddedByBlock = block?.addScores?.(found, count, weight, totals) === true;
    if (step.isAddedByBlock) return;
    const raw = scratch.take(count);
    if (block !== undefined) block.score(found, count, raw);
    else if (slot === -1) this.#askEach(plugin, state, pod, raw);
    else {
      const kept = memo.raws[slot]!;
      for (let i = 0; i < count; i++) raw[i] = kept[found[i]!]!;
    }
    let normalized = raw;
    if (plugin.normalize !== undefined) {
      normalized = scratch.take(count);
      normalized.set(raw);
      if (block?.normalize !== undefined) block.normalize(found, count, normalized);
      else plugin.normalize(state, pod, this.#foundNodes(), normalized);
    }
    step.raw = raw;
    step.normalized = normalized;
    for (let i = 0; i < count; i++) totals[i]! += normalized[i]! * weight;
  }

  #askEach(plugin: ScoreStep["plugin"], state: CycleState, pod: PodInfo, raw: Float64Array): void {
    const { found, count } = this.#search;
    for (let i = 0; i < count; i++) raw[i] = plugin.score(state, pod, this.cache.nodeAt(found[i]!) as NodeInfo);
  }

  #foundNodes(): NodeInfo[] {
    const { found, count } = this.#search;
    return Array.from(found.subarray(0, count), (row) => this.cache.nodeAt(row) as NodeInfo);
  }
}

/** Nothing has to be kept up to date for the plan any more. */
function release({ blocks }: ReusePlan): void {
  for (const { block } of blocks) block.release();
}

/** Whether the memo's sums contain the step's scores. */
function isFolded({ slot, plugin }: ScoreStep): boolean {
  return slot !== -1 && plugin.normalize === undefined;
}
