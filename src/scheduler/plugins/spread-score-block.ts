import { ln } from "../../random/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import { DomainSums } from "../domain-sums.ts";
import type { NodeInfo } from "../node-info.ts";
import type { TemplateInfo } from "../pod-info.ts";
import type { SpreadConstraint } from "../pod-terms.ts";
import { normalizedOf, type SoftConstraint, SpreadClasses } from "./spread-classes.ts";
import { HOSTNAME, type SpreadDefaults } from "./spread-defaults.ts";
import { counterOf, hasAllKeys, isIncludedFor } from "./spread-domains.ts";

/** The scores of PodTopologySpread: soft constraints, the pod's own or the system's. */
export class SpreadScoreBlock {
  /** The same scores for nodes in classes. */
  readonly classes = new SpreadClasses();
  readonly #view: ClusterView;
  readonly #defaults: SpreadDefaults;
  readonly #template: TemplateInfo;
  readonly #needsAllKeys: boolean;
  #constraints: readonly SpreadConstraint[] = [];
  #soft: readonly SoftConstraint[] = [];
  #revision = -1;
  /** Some node lacks a key that it needs: such nodes score 0. */
  #hasIgnored = false;
  /** By domain: the number of the last attempt that met it. */
  #met = new Int32Array(16);
  #attempt = 0;

  constructor(view: ClusterView, defaults: SpreadDefaults, template: TemplateInfo) {
    this.#view = view;
    this.#defaults = defaults;
    this.#template = template;
    this.#needsAllKeys = defaults.needsAllKeys(template);
  }

  prepare(rows: Int32Array, count: number): boolean {
    const template = this.#template;
    const constraints = template.hasOwnSpread ? template.softSpread : this.#defaults.of(template);
    if (constraints.length === 0) return false;
    this.#refresh(constraints);
    this.#hasIgnored = false;
    for (const { index, sums } of this.#soft) {
      index.refresh();
      sums?.refresh();
      if (this.#needsAllKeys && index.missingCount > 0) this.#hasIgnored = true;
    }
    for (const soft of this.#soft) {
      const size = this.#domainsAmong(soft, rows, count);
      if (size === soft.size) continue;
      soft.size = size;
      soft.weight = ln(size + 2);
    }
    this.classes.begin(this.#soft);
    return true;
  }

  // hot: once a feasible node for every attempt.
  score(rows: Int32Array, count: number, raw: Float64Array): void {
    raw.fill(0, 0, count);
    for (const { constraint, counter, index, sums, weight } of this.#soft) {
      const base = constraint.maxSkew - 1;
      const { domainOf, isMissing } = index;
      const hasMissing = index.missingCount > 0;
      if (sums === undefined) {
        const { byRow } = counter;
        for (let i = 0; i < count; i++) {
          const row = rows[i]!;
          if (hasMissing && isMissing[row] === 1) continue;
          const pods = row < byRow.length ? byRow[row]! : 0;
          raw[i]! += pods * weight + base;
        }
      } else {
        const byDomain = sums.sums;
        for (let i = 0; i < count; i++) {
          const row = rows[i]!;
          if (hasMissing && isMissing[row] === 1) continue;
          raw[i]! += byDomain[domainOf[row]!]! * weight + base;
        }
      }
    }
    for (let i = 0; i < count; i++) raw[i] = Math.round(raw[i]!);
    if (!this.#hasIgnored) return;
    for (let i = 0; i < count; i++) if (this.#isIgnored(rows[i]!)) raw[i] = 0;
  }

  // hot: once a feasible node for every attempt.
  normalize(rows: Int32Array, count: number, scores: Float64Array): void {
    const hasIgnored = this.#hasIgnored;
    let min = Number.POSITIVE_INFINITY;
    let max = 0;
    for (let i = 0; i < count; i++) {
      if (hasIgnored && this.#isIgnored(rows[i]!)) continue;
      const score = scores[i]!;
      if (score < min) min = score;
      if (score > max) max = score;
    }
    for (let i = 0; i < count; i++) {
      if (hasIgnored && this.#isIgnored(rows[i]!)) scores[i] = 0;
      else scores[i] = normalizedOf(scores[i]!, min, max);
    }
  }

  release(): void {
    for (const { sums } of this.#soft) sums?.release();
    this.#soft = [];
    this.#constraints = [];
    this.#revision = -1;
  }

  #refresh(constraints: readonly SpreadConstraint[]): void {
    const { cache } = this.#view;
    if (this.#constraints === constraints && this.#revision === cache.counters.revision) return;
    this.release();
    this.#constraints = constraints;
    this.#revision = cache.counters.revision;
    const template = this.#template;
    const needed = this.#needsAllKeys ? constraints : [];
    this.#soft = constraints.map((constraint) => {
      const counter = counterOf(this.#view, template, constraint);
      const index = cache.topology(constraint.topologyKey);
      const includes = (node: NodeInfo) => hasAllKeys(node, needed) && isIncludedFor(template, node, constraint);
      const isHost = constraint.topologyKey === HOSTNAME;
      const sums = isHost ? undefined : new DomainSums(cache, counter, index, includes);
      return { constraint, counter, index, sums, weight: 0, size: -1 };
    });
  }

  /** The domains of the feasible nodes; host names count as the nodes themselves. */
  #domainsAmong({ index, sums }: SoftConstraint, rows: Int32Array, count: number): number {
    const hasIgnored = this.#hasIgnored;
    let size = 0;
    if (sums === undefined) {
      if (!hasIgnored) return count;
      for (let i = 0; i < count; i++) if (!this.#isIgnored(rows[i]!)) size++;
      return size;
    }
    const { domainOf, domainCount } = index;
    if (this.#met.length < domainCount) {
      this.#met = new Int32Array(domainCount * 2);
      this.#attempt = 0;
    }
    const met = this.#met;
    const attempt = ++this.#attempt;
    for (let i = 0; i < count && size < domainCount; i++) {
      const row = rows[i]!;
      const domain = domainOf[row]!;
      if (met[domain] === attempt || (hasIgnored && this.#isIgnored(row))) continue;
      met[domain] = attempt;
      size++;
    }
    return size;
  }

  #isIgnored(row: number): boolean {
    for (const { index } of this.#soft) if (index.isMissing[row] === 1) return true;
    return false;
  }
}
