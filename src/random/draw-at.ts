import { standardNormal } from "./normal.ts";

/**
 * Counter-based uniform draw in [0, 1) with 53 bits: a pure function of (seed, key, k), so that the k-th draw of any key can be had
 * at any time, in any order, without state. `seed` comes from `Streams.seedOf(name)`; `key` is a 32-bit integer (by custom
 * a row or a hash of a name), `k` an integer in 0..2^53.
 *
 * Each of the three words passes a full scramble before the next one enters, so neighbouring keys and counters are unrelated.
 * hot: bench/micro/chains.ts
 */
export function drawAt(seed: number, key: number, k: number): number {
  return drawKeyed(keyOf(seed, key), k);
}

/** The part of `drawAt` that depends on seed and key alone, for callers that draw many k of one key. */
export function keyOf(seed: number, key: number): number {
  return scramble(seed ^ scramble(key ^ 0x3c6ef372));
}

/** `drawAt` with the word that `keyOf` gave. */
export function drawKeyed(keyed: number, k: number): number {
  const high = (k * 2.3283064365386963e-10) | 0;
  const counter = Math.imul(k | 0, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  const a = scramble(keyed + counter);
  const b = scramble(a ^ keyed ^ 0x5bd1e995);
  return ((a >>> 5) * 67108864 + (b >>> 6)) * 1.1102230246251565e-16;
}

/** A counter-based draw with 32 bits only, for draws by the hundred million; `k` an integer in 0..2^31. */
export function drawWord(keyed: number, k: number): number {
  return (scramble(keyed + Math.imul(k, 0x9e3779b1)) >>> 0) * 2.3283064365386963e-10;
}

/** Counter-based draw from the standard normal distribution; see `drawAt`. */
export function normalAt(seed: number, key: number, k: number): number {
  return standardNormal(drawAt(seed, key, k));
}

/** 32-bit hash of a text, the same on every platform. */
export function seedWord(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return scramble(hash);
}

/** A bijection of 32-bit words in which every bit of the input moves every bit of the output about half of the time. */
function scramble(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}
