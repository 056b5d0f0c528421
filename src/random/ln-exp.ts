/**
 * Natural logarithm, exponential and power from + − × ÷ and bit access alone. The language does not fix the last bits
 * of Math.log, Math.exp and Math.pow and they have changed between versions of the runtime; these give the same bits everywhere.
 * Errors: ln and exp below 1 ulp, pow below 2 ulp while |y · ln x| ≤ 32, growing slowly beyond.
 */
const LN2_HIGH = 0.6931471803691238; // The leading 33 bits, so that k · LN2_HIGH is exact for every exponent k.
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = Math.LOG2E;
const SQRT2 = Math.SQRT2;
const SPLITTER = 134217729; // 2^27 + 1 halves a double's significand.

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer); // Little endian: [low, high].

/** exp(1) to the power of x; 0 and Infinity beyond the range of doubles. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x * INVERSE_LN2 + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  return scale(1 + (high + (r * r * expTail(r) - low)), k);
}

/** Natural logarithm; −Infinity at 0, NaN below. */
export function ln(x: number): number {
  if (!(x > 0) || x === Infinity) return x === 0 ? -Infinity : x === Infinity ? x : NaN;
  const k = split(x);
  const f = float[0]! - 1;
  const s = f / (2 + f);
  const half = 0.5 * f * f;
  // ln(1 + f) = 2 atanh(s) = 2s + s · tail, and 2s = f − half + s · half.
  const tail = atanhTail(s * s);
  if (k === 0) return f - (half - s * (half + tail));
  return k * LN2_HIGH - (half - (s * (half + tail) + k * LN2_LOW) - f);
}

/** x to the power of y for x ≥ 0. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (!(x > 0) || x === Infinity) return powOfLimit(x, y);
  const k = split(x);
  const f = float[0]! - 1;
  // ln x as an unevaluated sum: the leading term 2s is carried with the remainder of its division.
  const d = 2 + f;
  const dLow = f - (d - 2);
  const s = f / d;
  const sLow = (f - s * d - productError(s, d) - s * dLow) / d;
  const tail = s * atanhTail(s * s);
  const a = k * LN2_HIGH;
  const sum = a + 2 * s;
  const b = sum - a;
  const sumLow = a - (sum - b) + (2 * s - b) + (2 * sLow + k * LN2_LOW + tail);
  const lnHigh = sum + sumLow;
  const lnLow = sum - lnHigh + sumLow;
  const product = y * lnHigh;
  if (product > 710 || product < -746) return product > 0 ? Infinity : 0;
  const correction = productError(y, lnHigh) + y * lnLow;
  const base = exp(product);
  return base === 0 || base === Infinity ? base : base + base * correction;
}

function powOfLimit(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y) || x < 0) return NaN;
  return (x === 0) === y > 0 ? 0 : Infinity;
}

/** (2/3) z + (2/5) z² + …: what 2 atanh(s) / s holds beyond 2, for z = s² ≤ 0.0295. */
function atanhTail(z: number): number {
  return (
    z *
    (2 / 3 +
      z *
        (2 / 5 +
          z *
            (2 / 7 +
              z * (2 / 9 + z * (2 / 11 + z * (2 / 13 + z * (2 / 15 + z * (2 / 17 + z * (2 / 19 + (z * 2) / 21)))))))))
  );
}

/** (exp(r) − 1 − r) / r² for |r| ≤ ln(2) / 2. */
function expTail(r: number): number {
  let sum = 1 / 87178291200;
  for (let n = 13; n >= 2; n -= 1) sum = sum * r + INVERSE_FACTORIAL[n]!;
  return sum;
}

const INVERSE_FACTORIAL = Float64Array.from([
  1,
  1,
  1 / 2,
  1 / 6,
  1 / 24,
  1 / 120,
  1 / 720,
  1 / 5040,
  1 / 40320,
  1 / 362880,
  1 / 3628800,
  1 / 39916800,
  1 / 479001600,
  1 / 6227020800,
]);

/** Leaves m of x = m · 2^k, with m in [1/√2, √2), in `float` and returns k. */
function split(x: number): number {
  let k = 0;
  float[0] = x;
  if (words[1]! < 0x00100000) {
    float[0] = x * 18014398509481984; // 2^54 lifts a subnormal into the normal range.
    k = -54;
  }
  k += (words[1]! >>> 20) - 1023;
  words[1] = (words[1]! & 0x000fffff) | 0x3ff00000;
  if (float[0]! >= SQRT2) {
    float[0] = float[0]! * 0.5;
    k += 1;
  }
  return k;
}

/** x · 2^k, in two steps where one factor is not a normal double. */
function scale(x: number, k: number): number {
  if (k > 1023) return x * 2 * powerOfTwo(k - 1);
  if (k < -1022) return x * powerOfTwo(k + 64) * 5.421010862427522e-20;
  return x * powerOfTwo(k);
}

function powerOfTwo(k: number): number {
  words[0] = 0;
  words[1] = (k + 1023) << 20;
  return float[0]!;
}

/** a · b minus its rounded product, exactly. */
function productError(a: number, b: number): number {
  const product = a * b;
  const ca = SPLITTER * a;
  const aHigh = ca - (ca - a);
  const aLow = a - aHigh;
  const cb = SPLITTER * b;
  const bHigh = cb - (cb - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
