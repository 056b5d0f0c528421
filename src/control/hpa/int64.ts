/**
 * Integers of the HPA's arithmetic: milli-units that Kubernetes keeps in an int64.
 *
 * A plain number as long as it is exact (|v| ≤ 2^53 − 1), a bigint beyond. Every function gives back the number form
 * whenever the result fits, so that ordinary loads never touch a bigint.
 */
export type Milli = number | bigint;

export const MAX_INT64: Milli = 9223372036854775807n;
export const MAX_INT32 = 2147483647;

const TWO_TO_63 = 4294967296 * 2147483648;
const MAX_SAFE_HUNDREDTH = Math.floor(Number.MAX_SAFE_INTEGER / 100);

/** The number form of an integer when that is exact; wraps at 64 bits as Go does. */
export function normaliseInt64(value: bigint): Milli {
  const wrapped = BigInt.asIntN(64, value);
  const short = Number(wrapped);
  return Number.isSafeInteger(short) ? short : wrapped;
}

export function addInt64(a: Milli, b: Milli): Milli {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return normaliseInt64(BigInt(a) + BigInt(b));
}

export function multiplyInt64(a: Milli, factor: number): Milli {
  if (typeof a === "number") {
    const product = a * factor;
    if (Number.isSafeInteger(product)) return product;
  }
  return normaliseInt64(BigInt(a) * BigInt(factor));
}

/** Integer division, toward zero. */
export function divideInt64(a: Milli, divisor: number): Milli {
  if (typeof a === "number") return (a - (a % divisor)) / divisor;
  return normaliseInt64(a / BigInt(divisor));
}

/** int32(100 · part / whole), each step as 64-bit integers. `whole` is not 0. */
export function percentInt32(part: Milli, whole: Milli): number {
  if (typeof part === "number" && typeof whole === "number" && part <= MAX_SAFE_HUNDREDTH && part >= 0) {
    const hundredfold = part * 100;
    return ((hundredfold - (hundredfold % whole)) / whole) | 0;
  }
  return Number(BigInt.asIntN(32, BigInt.asIntN(64, BigInt(part) * 100n) / BigInt(whole)));
}

/** The nearest double, as Go's float64(int64). */
export function toFloat(value: Milli): number {
  return Number(value);
}

/** Go's int64(f): toward zero; what does not fit (also infinite, not a number) becomes −2^63, as on amd64. */
export function floatToInt64(value: number): Milli {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (!(value >= -TWO_TO_63 && value < TWO_TO_63)) return -9223372036854775808n;
  return normaliseInt64(BigInt(Math.trunc(value)));
}

/** Go's int32(f): toward zero; what does not fit (also infinite, not a number) becomes −2^31, as on amd64. */
export function floatToInt32(value: number): number {
  const whole = Math.trunc(value);
  if (!(whole >= -2147483648 && whole <= MAX_INT32)) return -2147483648;
  return whole === 0 ? 0 : whole;
}
