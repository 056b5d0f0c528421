import type { ClusterView } from "../cluster-view.ts";
import { DomainSums } from "../domain-sums.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PluginBlock } from "../plugin-block.ts";
import type { TemplateInfo } from "../pod-info.ts";
import type { SpreadConstraint } from "../pod-terms.ts";
import type { Status } from "../status.ts";
import type { SpreadDefaults } from "./spread-defaults.ts";
import { counterOf, hasAllKeys, isIncludedFor } from "./spread-domains.ts";
import { SpreadScoreBlock } from "./spread-score-block.ts";

export interface SpreadStatuses {
  readonly missingLabel: Status;
  readonly skewed: Status;
}

interface HardConstraint {
  readonly constraint: SpreadConstraint;
  readonly sums: DomainSums;
  /** 1 when the pod counts itself. */
  readonly self: number;
  /** The most pods that a domain may hold to take another one; set for every attempt. */
  most: number;
}

/** PodTopologySpread over all nodes at once. */
export class SpreadBlock implements PluginBlock {
  readonly statuses: readonly Status[];
  firstCode = 0;
  readonly #view: ClusterView;
  readonly #template: TemplateInfo;
  readonly #score: SpreadScoreBlock;
  #hard: readonly HardConstraint[] = [];
  #revision = -1;

  constructor(view: ClusterView, defaults: SpreadDefaults, template: TemplateInfo, statuses: SpreadStatuses) {
    this.#view = view;
    this.#template = template;
    this.statuses = [statuses.missingLabel, statuses.skewed];
    this.#score = new SpreadScoreBlock(view, defaults, template);
  }

  prepareFilter(): boolean {
    if (this.#template.hardSpread.length === 0) return false;
    this.#refresh();
    for (const hard of this.#hard) {
      const { constraint, sums, self } = hard;
      sums.refresh();
      const minimum = sums.domainCount < constraint.minDomains ? 0 : sums.minimum;
      hard.most = constraint.maxSkew - self + minimum;
    }
    return true;
  }

  // hot: once a node for every attempt of a pod with such constraints.
  filter(from: number, to: number, codes: Uint8Array): void {
    const missingLabel = this.firstCode;
    const skewed = missingLabel + 1;
    for (const { sums, most } of this.#hard) {
      const { index, sums: byDomain } = sums;
      const { domainAt, isMissingAt } = index;
      const hasMissing = index.missingCount > 0;
      for (let i = from; i < to; i++) {
        if (codes[i] !== 0) continue;
        if (hasMissing && isMissingAt[i] === 1) codes[i] = missingLabel;
        else if (byDomain[domainAt[i]!]! > most) codes[i] = skewed;
      }
    }
  }

  prepareScore(rows: Int32Array, count: number): boolean {
    return this.#score.prepare(rows, count);
  }

  score(rows: Int32Array, count: number, raw: Float64Array): void {
    this.#score.score(rows, count, raw);
  }

  normalize(rows: Int32Array, count: number, scores: Float64Array): void {
    this.#score.normalize(rows, count, scores);
  }

  addScores(rows: Int32Array, count: number, weight: number, totals: Float64Array): boolean {
    return this.#score.classes.add(rows, count, weight, totals);
  }

  scoresAdded(raw: Float64Array, normalized: Float64Array): void {
    this.#score.classes.write(raw, normalized);
  }

  release(): void {
    for (const { sums } of this.#hard) sums.release();
    this.#hard = [];
    this.#score.release();
  }

  #refresh(): void {
    const { cache } = this.#view;
    const { counters } = cache;
    if (this.#revision === counters.revision) return;
    for (const { sums } of this.#hard) sums.release();
    const template = this.#template;
    const constraints = template.hardSpread;
    this.#revision = counters.revision;
    this.#hard = constraints.map((constraint) => {
      const index = cache.topology(constraint.topologyKey);
      const includes = (node: NodeInfo) => hasAllKeys(node, constraints) && isIncludedFor(template, node, constraint);
      const sums = new DomainSums(cache, counterOf(this.#view, template, constraint), index, includes);
      return { constraint, sums, self: constraint.selector(template.labels) ? 1 : 0, most: 0 };
    });
  }
}
