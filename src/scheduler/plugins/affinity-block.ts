import type { ClusterView } from "../cluster-view.ts";
import type { PodAffinityArgs } from "../config/types.ts";
import { DomainSums } from "../domain-sums.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PluginBlock } from "../plugin-block.ts";
import type { Counter } from "../pod-counters.ts";
import type { TemplateInfo } from "../pod-info.ts";
import { type AffinityTerm, termMatches } from "../pod-terms.ts";
import type { Status } from "../status.ts";
import { testOfTerm, testOfTerms } from "./affinity-domains.ts";
import { isIndifferent, normalizeAffinity } from "./inter-pod-affinity-score.ts";

export interface AffinityStatuses {
  readonly noAffinity: Status;
  readonly ownAnti: Status;
  readonly existingAnti: Status;
}

interface WeightedSums {
  readonly weight: number;
  readonly sums: DomainSums;
}

/** InterPodAffinity over all nodes at once. */
export class AffinityBlock implements PluginBlock {
  readonly statuses: readonly Status[];
  firstCode = 0;
  readonly #view: ClusterView;
  readonly #template: TemplateInfo;
  /** What a required affinity term of a running pod adds to the score of its domain. */
  readonly #hardWeight: number;
  /** What running pods say about the pod does not enter its scores. */
  readonly #isIndifferent: boolean;
  /** Pods that match all of the pod's affinity terms, by domain of each key. */
  #affinity: DomainSums[] = [];
  #anti: DomainSums[] = [];
  /** Pods whose own anti-affinity means the pod. */
  #existing: DomainSums[] = [];
  #scored: WeightedSums[] = [];
  #revision = -1;
  #epoch = -1;
  #ownersSeen = 0;
  #namespaceLabels: unknown;
  #asksNamespace = false;
  #isFirstOfItsKind = false;
  readonly #activeExisting: DomainSums[] = [];
  readonly #activeScored: WeightedSums[] = [];

  constructor(view: ClusterView, template: TemplateInfo, args: PodAffinityArgs, statuses: AffinityStatuses) {
    this.#view = view;
    this.#template = template;
    this.statuses = [statuses.noAffinity, statuses.ownAnti, statuses.existingAnti];
    this.#hardWeight = args.hardPodAffinityWeight;
    this.#isIndifferent = isIndifferent(template, args);
  }

  prepareFilter(): boolean {
    this.#refresh();
    const { requiredAffinity, requiredAntiAffinity } = this.#template;
    const active = this.#activeExisting;
    active.length = 0;
    for (const sums of this.#existing) {
      sums.refresh();
      if (sums.usedNodes > 0) active.push(sums);
    }
    if (requiredAffinity.length === 0 && requiredAntiAffinity.length === 0) return active.length > 0;
    let isNone = true;
    for (const sums of this.#affinity) {
      sums.refresh();
      if (sums.usedNodes > 0) isNone = false;
    }
    for (const sums of this.#anti) sums.refresh();
    this.#isFirstOfItsKind = isNone && this.#matchesItself();
    return true;
  }

  // hot: once a node for every attempt of a pod that has or meets such terms.
  filter(from: number, to: number, codes: Uint8Array): void {
    if (this.#affinity.length > 0) {
      for (let i = from; i < to; i++) {
        if (codes[i] === 0 && !this.#satisfiesAffinity(i)) codes[i] = this.firstCode;
      }
    }
    const range = { from, to, codes };
    for (const sums of this.#anti) rejectHolders(sums, this.firstCode + 1, range);
    for (const sums of this.#activeExisting) rejectHolders(sums, this.firstCode + 2, range);
  }

  prepareScore(): boolean {
    const active = this.#activeScored;
    active.length = 0;
    for (const one of this.#scored) {
      one.sums.refresh();
      if (one.sums.usedNodes > 0) active.push(one);
    }
    return active.length > 0;
  }

  // hot: once a feasible node for every attempt.
  score(rows: Int32Array, count: number, raw: Float64Array): void {
    raw.fill(0, 0, count);
    for (const { weight, sums } of this.#activeScored) {
      const { index, sums: byDomain } = sums;
      const { domainOf, isMissing } = index;
      const hasMissing = index.missingCount > 0;
      for (let i = 0; i < count; i++) {
        const row = rows[i]!;
        if (hasMissing && isMissing[row] === 1) continue;
        raw[i]! += weight * byDomain[domainOf[row]!]!;
      }
    }
  }

  normalize(_rows: Int32Array, _count: number, scores: Float64Array): void {
    normalizeAffinity(scores);
  }

  release(): void {
    for (const list of [this.#affinity, this.#anti, this.#existing]) {
      for (const sums of list) sums.release();
      list.length = 0;
    }
    for (const { sums } of this.#scored) sums.release();
    this.#scored.length = 0;
    this.#ownersSeen = 0;
    this.#revision = -1;
  }

  /** Every term's domain must hold a matching pod, unless there is none anywhere and the pod matches its own terms. */
  #satisfiesAffinity(position: number): boolean {
    let isMissing = false;
    for (let i = 0; i < this.#affinity.length; i++) {
      const { index, sums } = this.#affinity[i]!;
      if (index.isMissingAt[position] === 1) return false;
      if (sums[index.domainAt[position]!] === 0) isMissing = true;
    }
    return !isMissing || this.#isFirstOfItsKind;
  }

  #matchesItself(): boolean {
    const labelsOf = (name: string) => this.#view.labelsOfNamespace(name);
    return this.#template.requiredAffinity.every((term) => termMatches(term, this.#template, labelsOf));
  }

  #refresh(): void {
    const { counters, affinityOwners } = this.#view.cache;
    const isStale =
      this.#revision !== counters.revision ||
      this.#epoch !== affinityOwners.epoch ||
      (this.#asksNamespace && this.#namespaceLabels !== this.#view.labelsOfNamespace(this.#template.namespace));
    if (isStale) {
      this.release();
      this.#asksNamespace = false;
      this.#revision = counters.revision;
      this.#addOwnTerms();
      this.#epoch = affinityOwners.epoch;
    }
    const { list } = affinityOwners;
    for (; this.#ownersSeen < list.length; this.#ownersSeen++) {
      const { template, counter } = list[this.#ownersSeen]!;
      this.#addTheirTerms(template, counter);
    }
  }

  #addOwnTerms(): void {
    const view = this.#view;
    const { counters } = view.cache;
    const { requiredAffinity, requiredAntiAffinity, preferredAffinity, preferredAntiAffinity } = this.#template;
    if (requiredAffinity.length > 0) {
      const counter = counters.counter(testOfTerms(view, requiredAffinity));
      const keys = new Set(requiredAffinity.map(({ topologyKey }) => topologyKey));
      for (const key of keys) this.#affinity.push(this.#sumsOf(counter, key));
    }
    const own = (term: AffinityTerm) => this.#sumsOf(counters.counter(testOfTerm(view, term)), term.topologyKey);
    for (const term of requiredAntiAffinity) this.#anti.push(own(term));
    for (const { weight, term } of preferredAffinity) this.#scored.push({ weight, sums: own(term) });
    for (const { weight, term } of preferredAntiAffinity) this.#scored.push({ weight: -weight, sums: own(term) });
  }

  /** What pods of another template say about the pod. */
  #addTheirTerms(owner: TemplateInfo, counter: Counter): void {
    const labelsOf = (name: string) => {
      if (!this.#asksNamespace) this.#namespaceLabels = this.#view.labelsOfNamespace(name);
      this.#asksNamespace = true;
      return this.#view.labelsOfNamespace(name);
    };
    const means = (term: AffinityTerm) => termMatches(term, this.#template, labelsOf);
    const add = (term: AffinityTerm, weight: number) => {
      if (means(term)) this.#scored.push({ weight, sums: this.#sumsOf(counter, term.topologyKey) });
    };
    for (const term of owner.requiredAntiAffinity) {
      if (means(term)) this.#existing.push(this.#sumsOf(counter, term.topologyKey));
    }
    if (this.#isIndifferent) return;
    if (this.#hardWeight > 0) for (const term of owner.requiredAffinity) add(term, this.#hardWeight);
    for (const { weight, term } of owner.preferredAffinity) add(term, weight);
    for (const { weight, term } of owner.preferredAntiAffinity) add(term, -weight);
  }

  #sumsOf(counter: Counter, topologyKey: string): DomainSums {
    const index = this.#view.cache.topology(topologyKey);
    const includes = (node: NodeInfo) => node.labels[topologyKey] !== undefined;
    return new DomainSums(this.#view.cache, counter, index, includes);
  }
}

/** Rejects nodes in domains that hold a pod. */
// hot: once a node for every attempt of a pod that has or meets such terms.
function rejectHolders(
  { index, sums }: DomainSums,
  code: number,
  { from, to, codes }: { readonly from: number; readonly to: number; readonly codes: Uint8Array },
): void {
  const { domainAt, isMissingAt } = index;
  for (let i = from; i < to; i++) {
    if (codes[i] === 0 && sums[domainAt[i]!]! > 0 && isMissingAt[i] !== 1) codes[i] = code;
  }
}
