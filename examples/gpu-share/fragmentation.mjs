import { WHOLE } from "./devices.mjs";
import { PODS } from "./typical-pods.mjs";

/** @typedef {import("./devices.mjs").Devices} Devices */
/** @typedef {import("./devices.mjs").Request} Request */
/** @typedef {Request & { share: number }} Typical a kind of pods, and its share of all pods */

/** Of all pods, the most frequent kinds have to cover so much. */
const COVERED = 0.95;

/**
 * The kinds of pods that are typical of a list, the most frequent first (of equals the larger), until they cover enough
 * of it; their shares are those among the typical ones.
 * @param {readonly (readonly [cpuMilli: number, gpus: number, milli: number, models: string, count: number])[]} pods
 * @returns {Typical[]}
 */
export function typicalOf(pods) {
  const all = pods.reduce((sum, [, , , , count]) => sum + count, 0);
  const sorted = [...pods].sort(
    (a, b) => b[4] - a[4] || b[0] - a[0] || b[2] - a[2] || b[1] - a[1] || (a[3] < b[3] ? 1 : -1),
  );
  const kept = [];
  let covered = 0;
  for (const one of sorted) {
    if (covered >= COVERED * all) break;
    kept.push(one);
    covered += one[4];
  }
  return kept.map(([cpuMilli, gpus, milli, models, count]) => {
    return { cpuMilli, gpus, milli, models: models === "" ? [] : models.split("|"), share: count / covered };
  });
}

/**
 * Measures nodes by what pods of these kinds could use.
 * @param {readonly Typical[]} typical
 */
export function fragmentationFor(typical) {
  /** The shares of a GPU that they ask for: what is left of GPUs is looked at by these. */
  const levels = [...new Set(typical.map(({ milli }) => milli))].sort((a, b) => a - b);
  const classes = typical.map((one) => ({ ...one, level: levels.indexOf(one.milli) }));
  /** By level: how many GPUs have so much left, and how much is left of the others together. */
  const enough = new Int32Array(levels.length);
  const below = new Float64Array(levels.length);

  /**
   * How many milli of a node's free GPUs a pod cannot use, on average over the kinds: all of it for one that does not
   * fit there or wants no GPU, else what is left of GPUs with less than it asks for.
   * @param {number} cpuLeft
   * @param {readonly number[]} free
   * @param {string} model
   */
  return function fragmentation(cpuLeft, free, model) {
    let total = 0;
    enough.fill(0);
    below.fill(0);
    for (let i = 0; i < free.length; i++) {
      const left = free[i];
      total += left;
      for (let level = 0; level < levels.length; level++) {
        if (left >= levels[level]) enough[level]++;
        else below[level] += left;
      }
    }
    let sum = 0;
    for (let i = 0; i < classes.length; i++) {
      const { cpuMilli, gpus, level, models, share } = classes[i];
      const isServed = gpus > 0 && cpuLeft >= cpuMilli && enough[level] >= gpus;
      sum += share * (isServed && (models.length === 0 || models.includes(model)) ? below[level] : total);
    }
    return sum;
  };
}

/** By the pods of the trace. */
export const fragmentation = fragmentationFor(typicalOf(PODS));

/**
 * How good it is to place a pod on a node (0 to 100; 50 leaves the fragmentation as it is), and for a share the GPU with
 * which it is so: of equals the first.
 * @param {Devices} devices a node on which the pod fits
 * @param {Request} request
 * @returns {{ score: number, gpu: number }}
 */
export function placedScore({ cpuLeft, free, model }, { cpuMilli, gpus, milli }) {
  const before = fragmentation(cpuLeft, free, model);
  const left = [...free];
  const scoreNow = () => {
    const less = before - fragmentation(cpuLeft - cpuMilli, left, model);
    return Math.floor(100 / (1 + Math.exp(-less / 1000)));
  };
  if (gpus !== 1 || milli === WHOLE) {
    let wanted = gpus;
    for (let i = 0; wanted > 0; i++) {
      if (left[i] !== WHOLE) continue;
      left[i] = 0;
      wanted--;
    }
    return { score: scoreNow(), gpu: -1 };
  }
  let best = { score: -1, gpu: -1 };
  for (let i = 0; i < free.length; i++) {
    // GPUs of which as much is left are alike.
    if (free[i] < milli || free.indexOf(free[i]) < i) continue;
    left[i] -= milli;
    const score = scoreNow();
    left[i] = free[i];
    if (score > best.score) best = { score, gpu: i };
  }
  return best;
}

/** The GPU with which a share adds least to the fragmentation. @type {import("./devices.mjs").Choice} */
export function leastFragmenting(devices, request) {
  return placedScore(devices, request).gpu;
}
