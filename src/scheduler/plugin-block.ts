import type { Status } from "./status.ts";

/**
 * A plugin that looks at more than the node at hand, for the pods of one template and all nodes at once. It decides
 * exactly as the plugin's methods for one node do, but keeps its counts from pod to pod and follows the changes.
 * Nodes are given by their rows where nothing else is said.
 */
export interface PluginBlock {
  /** What `filter` can say. */
  readonly statuses: readonly Status[];
  /** What `filter` writes for the first of the statuses; the others follow. Set before the first attempt. */
  firstCode: number;
  /** Once an attempt, first of all: brings the counts up to date. False: the filter is skipped. */
  prepareFilter(): boolean;
  /** Writes into `codes[i]` what rejects the node at place i of the search order, for `from` <= i < `to` and where
   *  `codes[i]` is still 0. */
  filter(from: number, to: number, codes: Uint8Array): void;
  /** Once an attempt with two or more feasible nodes: `rows[0..count)`. False: the scores are skipped. */
  prepareScore(rows: Int32Array, count: number): boolean;
  /** Raw scores of the same rows. */
  score(rows: Int32Array, count: number, raw: Float64Array): void;
  /** Turns the raw scores of the same rows into 0..100, in place. */
  normalize?(rows: Int32Array, count: number, scores: Float64Array): void;
  /**
   * Adds `weight` times the normalised scores of the same rows to `totals`, in place of `score` and `normalize`, and keeps what
   * `scoresAdded` needs. False, and nothing added, where there is no shorter way than those two.
   */
  addScores?(rows: Int32Array, count: number, weight: number, totals: Float64Array): boolean;
  /** The scores that `addScores` added last, written into both arrays. */
  scoresAdded?(raw: Float64Array, normalized: Float64Array): void;
  /** The template is forgotten: the counts need not be followed any more. */
  release(): void;
}
