import { standardNormal } from "./normal.ts";

/** A power of two. */
const QUANTILES = 4096;
const INDEX_SHIFT = 32 - 12;

/**
 * Counter-based noise for values drawn by the hundred million: one of 4,096 equally likely quantiles of the normal
 * distribution, scaled so that their mean is 0 and their variance 1; the farthest is 3.7. `keyed` is what `keyOf` gave, `k` an
 * integer in 0..2^31. A pure function, a fraction of the cost of `normalAt`.
 * hot: bench/world/hour.ts
 */
export function roughNormal(keyed: number, k: number): number {
  let x = keyed + Math.imul(k, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return quantiles[(x ^ (x >>> 15)) >>> INDEX_SHIFT]!;
}

/** A factor of multiplicative noise: max(0, 1 + relativeSd · `roughNormal`). */
export function noiseFactor(relativeSd: number, keyed: number, k: number): number {
  const factor = 1 + relativeSd * roughNormal(keyed, k);
  return factor > 0 ? factor : 0;
}

const quantiles = madeQuantiles();

function madeQuantiles(): Float64Array {
  const table = new Float64Array(QUANTILES);
  let squares = 0;
  for (let i = 0; i < QUANTILES; i++) {
    const value = standardNormal((i + 0.5) / QUANTILES);
    table[i] = value;
    squares += value * value;
  }
  const scale = 1 / Math.sqrt(squares / QUANTILES);
  for (let i = 0; i < QUANTILES; i++) table[i]! *= scale;
  return table;
}
