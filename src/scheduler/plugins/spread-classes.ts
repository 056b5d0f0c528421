import type { DomainSums } from "../domain-sums.ts";
import type { Counter } from "../pod-counters.ts";
import type { SpreadConstraint } from "../pod-terms.ts";
import type { TopologyIndex } from "../topology-index.ts";

export interface SoftConstraint {
  readonly constraint: SpreadConstraint;
  readonly counter: Counter;
  readonly index: TopologyIndex;
  /** Absent for host names, where the node's own pods count. */
  readonly sums: DomainSums | undefined;
  /** ln of the number of domains and two; kept with the number that it was made from. */
  weight: number;
  size: number;
}

/** Bits of a class that a count of pods on one node takes. */
const POD_BITS = 8;
const MOST_PODS = (1 << POD_BITS) - 1;
/** Classes are numbers of so many bits at most. */
const MOST_BITS = 14;

/**
 * The scores of soft spread constraints by class of nodes: those with as many pods of the kind in the same domains score alike, and
 * there are few such classes. Only where no node lacks a key.
 */
export class SpreadClasses {
  #soft: readonly SoftConstraint[] = [];
  /** By place: the class of the node. */
  #classOf = new Uint16Array(0);
  #count = 0;
  /** By class: the number of the last call that met it, and its scores. */
  #met = new Int32Array(0);
  #raw = new Float64Array(0);
  #normalized = new Float64Array(0);
  #weighted = new Float64Array(0);
  /** Classes met by the last call. */
  readonly #classes: number[] = [];
  #call = 0;

  /** The constraints of this attempt, with their weights. */
  begin(soft: readonly SoftConstraint[]): void {
    this.#soft = soft;
  }

  /** As `PluginBlock.addScores`. */
  add(rows: Int32Array, count: number, weight: number, totals: Float64Array): boolean {
    const bits = this.#bitsNeeded();
    if (bits > MOST_BITS) return false;
    this.#makeRoom(1 << bits, count);
    if (!this.#classify(rows, count)) return false;
    this.#count = count;
    this.#scoreClasses(weight);
    const classOf = this.#classOf;
    const weighted = this.#weighted;
    for (let i = 0; i < count; i++) totals[i]! += weighted[classOf[i]!]!;
    return true;
  }

  /** As `PluginBlock.scoresAdded`. */
  write(raw: Float64Array, normalized: Float64Array): void {
    for (let i = 0; i < this.#count; i++) {
      raw[i] = this.#raw[this.#classOf[i]!]!;
      normalized[i] = this.#normalized[this.#classOf[i]!]!;
    }
  }

  /** More than there are when some node lacks a key. */
  #bitsNeeded(): number {
    let bits = 0;
    for (const { index, sums } of this.#soft) {
      if (index.missingCount > 0) return MOST_BITS + 1;
      bits += sums === undefined ? POD_BITS : domainBits(index.domainCount);
    }
    return bits;
  }

  #makeRoom(classes: number, count: number): void {
    if (this.#classOf.length < count) this.#classOf = new Uint16Array(count);
    if (this.#met.length >= classes) return;
    this.#met = new Int32Array(classes);
    this.#raw = new Float64Array(classes);
    this.#normalized = new Float64Array(classes);
    this.#weighted = new Float64Array(classes);
    this.#call = 0;
  }

  // hot: once a feasible node for every attempt.
  /** False when a node holds more pods than fit into a class. */
  #classify(rows: Int32Array, count: number): boolean {
    const classOf = this.#classOf;
    classOf.fill(0, 0, count);
    let shift = 0;
    for (const { counter, index, sums } of this.#soft) {
      if (sums === undefined) {
        const { byRow } = counter;
        for (let i = 0; i < count; i++) {
          const row = rows[i]!;
          const pods = row < byRow.length ? byRow[row]! : 0;
          if (pods > MOST_PODS) return false;
          classOf[i]! |= pods << shift;
        }
        shift += POD_BITS;
      } else {
        const { domainOf } = index;
        for (let i = 0; i < count; i++) classOf[i]! |= domainOf[rows[i]!]! << shift;
        shift += domainBits(index.domainCount);
      }
    }
    this.#collect(count);
    return true;
  }

  #collect(count: number): void {
    const classOf = this.#classOf;
    const met = this.#met;
    const call = ++this.#call;
    const classes = this.#classes;
    classes.length = 0;
    for (let i = 0; i < count; i++) {
      const one = classOf[i]!;
      if (met[one] === call) continue;
      met[one] = call;
      classes.push(one);
    }
  }

  #scoreClasses(weight: number): void {
    let min = Number.POSITIVE_INFINITY;
    let max = 0;
    for (const one of this.#classes) {
      const score = Math.round(this.#rawOf(one));
      this.#raw[one] = score;
      if (score < min) min = score;
      if (score > max) max = score;
    }
    for (const one of this.#classes) {
      const score = normalizedOf(this.#raw[one]!, min, max);
      this.#normalized[one] = score;
      this.#weighted[one] = score * weight;
    }
  }

  #rawOf(one: number): number {
    let raw = 0;
    let rest = one;
    for (const { constraint, index, sums, weight } of this.#soft) {
      const bits = sums === undefined ? POD_BITS : domainBits(index.domainCount);
      const part = rest & ((1 << bits) - 1);
      const pods = sums === undefined ? part : sums.sums[part]!;
      raw += pods * weight + (constraint.maxSkew - 1);
      rest >>= bits;
    }
    return raw;
  }
}

/** Bits that number so many domains. */
function domainBits(count: number): number {
  return 32 - Math.clz32(count);
}

/** @source kubernetes 1.37 podtopologyspread scoring.go NormalizeScore */
export function normalizedOf(score: number, min: number, max: number): number {
  return max === 0 ? 100 : Math.trunc((100 * (max + min - score)) / max);
}
