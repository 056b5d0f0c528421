import type { CycleState } from "./cycle-state.ts";
import type { Framework } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

/** One plugin's scores, parallel to the feasible nodes. */
export interface ScoreColumn {
  readonly plugin: string;
  readonly weight: number;
  readonly raw: Float64Array;
  /** 0..100; the weighted score is this times `weight`. */
  readonly normalized: Float64Array;
}

/** All scores of one attempt. The arrays belong to the framework and hold until its next attempt. */
export interface ScoreTable {
  readonly columns: readonly ScoreColumn[];
  readonly totals: Float64Array;
}

/**
 * Scores every feasible node with every plugin that does not skip, brings each plugin's scores to 0..100, weighs and
 * adds them.
 * @source kubernetes 1.37 framework runtime RunScorePlugins
 */
// hot: once a feasible node and plugin for every attempt.
export function scoreNodes(
  framework: Framework,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
): ScoreTable {
  for (const plugin of framework.preScore) {
    if (plugin.preScore?.(state, pod, nodes) != null) state.skippedScores.add(plugin.name);
  }
  const { scratch } = framework;
  scratch.reset();
  const totals = scratch.take(nodes.length);
  totals.fill(0);
  const columns: ScoreColumn[] = [];
  for (const { plugin, weight } of framework.score) {
    if (state.skippedScores.has(plugin.name)) continue;
    const raw = scratch.take(nodes.length);
    const even = plugin.evenScore?.(state, pod);
    if (even !== undefined) raw.fill(even);
    else for (let i = 0; i < nodes.length; i++) raw[i] = plugin.score(state, pod, nodes[i] as NodeInfo);
    let normalized = raw;
    if (plugin.normalize !== undefined) {
      normalized = scratch.take(nodes.length);
      normalized.set(raw);
      plugin.normalize(state, pod, nodes, normalized);
    }
    for (let i = 0; i < nodes.length; i++) totals[i]! += normalized[i]! * weight;
    columns.push({ plugin: plugin.name, weight, raw, normalized });
  }
  return { columns, totals };
}

/** The usual normalisation: the highest score becomes 100, or 0 when `isReversed`.
 *  @source kubernetes 1.37 scheduler plugins helper.DefaultNormalizeScore */
export function normalizeByMax(scores: Float64Array, isReversed: boolean): void {
  let max = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > max) max = scores[i]!;
  if (max === 0) {
    if (isReversed) scores.fill(100);
    return;
  }
  for (let i = 0; i < scores.length; i++) {
    const score = Math.trunc((100 * scores[i]!) / max);
    scores[i] = isReversed ? 100 - score : score;
  }
}
