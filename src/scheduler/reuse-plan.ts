import { assert } from "../engine/index.ts";
import { CycleState } from "./cycle-state.ts";
import type { FilterPlugin, Framework, Plugin, ScorePlugin } from "./framework.ts";
import type { MemoQuestions, MemoScorer, NodeMemo } from "./node-memo.ts";
import { FIRST_SPECIAL_CODE } from "./node-memo.ts";
import type { PluginBlock } from "./plugin-block.ts";
import type { PodInfo } from "./pod-info.ts";
import type { ReusedPlacement } from "./reused-placement.ts";
import { CODE, type Status } from "./status.ts";

/** A plugin that decides over all nodes at once, in one plan. */
export interface PlannedBlock {
  readonly name: string;
  readonly block: PluginBlock;
}

/** One plugin's part in the scores, and what it came to in the last attempt. */
export interface ScoreStep {
  readonly plugin: ScorePlugin;
  readonly weight: number;
  /** The scorer's number in the memo; -1 when the memo does not keep the score. */
  readonly slot: number;
  readonly block: PluginBlock | undefined;
  /** Raw and normalised score of every node, when the plugin gave all the same. */
  even: number | undefined;
  evenNormalized: number;
  isSkipped: boolean;
  /** The block keeps the scores (`PluginBlock.scoresAdded`). */
  isAddedByBlock: boolean;
  raw: Float64Array | undefined;
  normalized: Float64Array | undefined;
}

/** How the pods of one template are scheduled with what is known from the pods before them. */
export interface ReusePlan {
  readonly memoKey: string;
  readonly questions: MemoQuestions;
  readonly blocks: readonly PlannedBlock[];
  /** What blocks reject nodes with: the codes 1, 2 and so on. */
  readonly codeStatuses: readonly Status[];
  readonly steps: readonly ScoreStep[];
  /** Plugins that skip every pod of the template. */
  readonly skippedFilters: readonly string[];
  readonly skippedScores: readonly string[];
  memo: NodeMemo | undefined;
  /** In the last attempt nothing but the memo's sums told the nodes apart: as likely in the next one. */
  isDecidedByMemo: boolean;
  /** The last time that a pod of the template found no node. */
  refusal: Refusal | undefined;
}

/** An attempt without a feasible node, and all that it depends on: as long as that is the same, so is the outcome. */
export interface Refusal {
  readonly clock: number;
  readonly structureRevision: number;
  readonly countersRevision: number;
  readonly start: number;
  readonly placement: ReusedPlacement;
}

const POINTS = ["preFilter", "filter", "preScore", "score"] as const;
/** Points that pass something on: a plugin takes part in both or in neither. */
const PAIRS = [
  ["preFilter", "filter"],
  ["preScore", "score"],
] as const;

/**
 * Whether all plugins say what they look at, or do nothing but score. A profile may leave out what plugins could do:
 * filtering, or scoring, but no half of either.
 */
export function isReusable(framework: Framework): boolean {
  const takesPart: Readonly<Record<"preFilter" | "filter" | "preScore" | "score", ReadonlySet<Plugin>>> = {
    preFilter: new Set(framework.preFilter),
    filter: new Set(framework.filter),
    preScore: new Set(framework.preScore),
    score: new Set(framework.score.map(({ plugin }) => plugin)),
  };
  return framework.plugins.every(({ plugin }) => {
    const used = POINTS.filter((point) => plugin[point] !== undefined);
    if (used.length === 0) return true;
    if (plugin.memoKey === undefined) {
      const isKnown = plugin.block !== undefined || onlyScores(plugin);
      return isKnown && used.every((point) => takesPart[point].has(plugin));
    }
    return PAIRS.every((pair) => {
      const parts = pair.filter((point) => plugin[point] !== undefined);
      const taken = parts.filter((point) => takesPart[point].has(plugin));
      return taken.length === 0 || taken.length === parts.length;
    });
  });
}

/** Whether nothing that the plugin notes while it scores can be missed later. */
function onlyScores(plugin: Plugin): boolean {
  const { score, preFilter, filter, preScore, reserve, unreserve, permit, preBind } = plugin;
  return score !== undefined && [preFilter, filter, preScore, reserve, unreserve, permit, preBind].every((p) => !p);
}

/**
 * The plan for the pod's template; null when a plugin rejects its pods as a whole or restricts them to some nodes, or
 * when the first rejection of a node might come from another plugin than in profile order.
 */
export function makePlan(framework: Framework, pod: PodInfo): ReusePlan | null {
  const { template } = pod;
  const state = new CycleState();
  const keys: string[] = [];
  for (const { plugin } of framework.plugins) {
    if (plugin.memoKey === undefined) continue;
    const key = plugin.memoKey(template);
    if (key === null) return null;
    keys.push(key);
    const answer = framework.preFilter.includes(plugin) ? plugin.preFilter?.(state, pod) : null;
    if (answer?.status?.code === CODE.skip) state.skippedFilters.add(plugin.name);
    else if (answer?.status !== undefined || answer?.nodes !== undefined) return null;
    if (framework.preScore.includes(plugin) && plugin.preScore?.(state, pod, []) != null)
      state.skippedScores.add(plugin.name);
  }
  const filters = framework.filter.filter((p) => p.memoKey !== undefined && !state.skippedFilters.has(p.name));
  if (!areBefore(framework, filters)) return null;
  const blocks = new Map<string, PluginBlock>();
  for (const { plugin } of framework.plugins) {
    if (plugin.memoKey === undefined && plugin.block !== undefined) blocks.set(plugin.name, plugin.block(template));
  }
  const codeStatuses: Status[] = [];
  for (const block of blocks.values()) {
    block.firstCode = codeStatuses.length + 1;
    codeStatuses.push(...block.statuses);
  }
  assert(codeStatuses.length < FIRST_SPECIAL_CODE, () => "more statuses of blocks than codes");
  const scorers: MemoScorer[] = [];
  const steps: ScoreStep[] = [];
  for (const { plugin, weight } of framework.score) {
    if (state.skippedScores.has(plugin.name)) continue;
    const block = blocks.get(plugin.name);
    const isKept = block === undefined && plugin.memoKey !== undefined && plugin.evenScore === undefined;
    const slot = isKept ? scorers.push({ plugin, weight: plugin.normalize === undefined ? weight : 0 }) - 1 : -1;
    steps.push(newStep(plugin, weight, slot, block));
  }
  return {
    memoKey: keys.join("|"),
    questions: { filters, scorers, state, pod },
    blocks: [...blocks].map(([name, block]) => ({ name, block })),
    codeStatuses,
    steps,
    skippedFilters: [...state.skippedFilters],
    skippedScores: [...state.skippedScores],
    memo: undefined,
    isDecidedByMemo: true,
    refusal: undefined,
  };
}

/** Whether all these filters come before those of plugins with blocks. */
function areBefore(framework: Framework, filters: readonly FilterPlugin[]): boolean {
  const last = filters.at(-1);
  const firstBlock = framework.filter.findIndex((plugin) => plugin.memoKey === undefined);
  return last === undefined || firstBlock === -1 || framework.filter.indexOf(last) < firstBlock;
}

function newStep(plugin: ScorePlugin, weight: number, slot: number, block: PluginBlock | undefined): ScoreStep {
  return {
    plugin,
    weight,
    slot,
    block,
    even: undefined,
    evenNormalized: 0,
    isSkipped: false,
    isAddedByBlock: false,
    raw: undefined,
    normalized: undefined,
  };
}
