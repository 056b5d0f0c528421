import { UnitError } from "./unit-error.ts";

/** How a quantity is written: `100M`, `100Mi` or `1e8`. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** An exact amount in billionths, with the format it prints in. Immutable. */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  /** Set when the text that was parsed counts as normal already and is given back as it was. */
  readonly verbatim?: string;
}

const NANOS = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
const MAX_VALUE = 9_223_372_036_854_775_807n;
const MAX_EXPONENT = 1000;
/** Digits that the original's fast path holds in 64 bits; only that path gives texts back verbatim. */
const FAST_DIGITS = 18;
const FAST_BINARY_MAX = 100_000_000_000_000n;

const FORMAT_WRONG = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";

const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const DECIMAL_SUFFIXES: ReadonlyMap<number, string> = new Map(
  [...DECIMAL_EXPONENTS].map(([suffix, exponent]) => [exponent, suffix]),
);
const BINARY_SUFFIXES = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

export const ZERO_QUANTITY: Quantity = Object.freeze({ nanos: 0n, format: "DecimalSI", verbatim: "0" });

/**
 * Reads a quantity such as `250m`, `1.5Gi` or `1e3`. Finer digits than a billionth round away from zero.
 *
 * @throws UnitError with the API server's text.
 * @source kubernetes 1.37 apimachinery resource.ParseQuantity
 */
export function parseQuantity(text: string | number): Quantity {
  const source = typeof text === "number" ? String(text) : text;
  if (source === "0") return ZERO_QUANTITY;
  const parts = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(source);
  const whole = parts?.[2] ?? "";
  const fraction = parts?.[3] ?? "";
  if (parts === null || whole + fraction === "") throw new UnitError(FORMAT_WRONG);
  const suffix = readSuffix(parts[4] ?? "");
  const digits = BigInt(whole + fraction);
  const magnitude =
    suffix.format === "BinarySI"
      ? roundedUp(digits * suffix.factor * NANOS, powerOfTen(fraction.length))
      : scaledUp(digits, suffix.exponent - fraction.length + 9);
  let format = suffix.format;
  let nanos = magnitude;
  if (format === "BinarySI") {
    if (nanos > MAX_VALUE * NANOS) nanos = MAX_VALUE * NANOS;
    if (nanos > 0n && nanos < NANOS) format = "DecimalSI";
  }
  if (parts[1] === "-") nanos = -nanos;
  const isNormal = isVerbatim(whole.replace(/^0+/, "") || "0", fraction, suffix);
  return isNormal ? { nanos, format, verbatim: source } : { nanos, format };
}

interface Suffix {
  readonly format: QuantityFormat;
  /** The power of ten of a decimal suffix. */
  readonly exponent: number;
  /** The multiplier of a binary suffix. */
  readonly factor: bigint;
}

function readSuffix(text: string): Suffix {
  const decimal = DECIMAL_EXPONENTS.get(text);
  if (decimal !== undefined) return { format: "DecimalSI", exponent: decimal, factor: 1n };
  const step = BINARY_SUFFIXES.indexOf(text as (typeof BINARY_SUFFIXES)[number]);
  if (step > 0) return { format: "BinarySI", exponent: 0, factor: 1n << BigInt(10 * step) };
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(text)?.[1];
  if (exponent === undefined) throw new UnitError(SUFFIX_WRONG);
  const power = Number(exponent);
  if (Math.abs(power) > MAX_EXPONENT) throw new UnitError(SUFFIX_WRONG);
  return { format: "DecimalExponent", exponent: power, factor: 1n };
}

function isVerbatim(whole: string, fraction: string, suffix: Suffix): boolean {
  if (whole.length + fraction.length > FAST_DIGITS) return false;
  if (suffix.format === "BinarySI") {
    return fraction === "" && BigInt(whole) % 8n !== 0n && BigInt(whole) * suffix.factor < FAST_BINARY_MAX;
  }
  const digits = whole + fraction;
  const scale = suffix.exponent - fraction.length;
  return scale >= -9 && scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
}

function powerOfTen(exponent: number): bigint {
  return BigInt(`1${"0".repeat(exponent)}`);
}

function scaledUp(digits: bigint, exponent: number): bigint {
  return exponent >= 0 ? digits * powerOfTen(exponent) : roundedUp(digits, powerOfTen(-exponent));
}

/** Quotient of two amounts, the dividend not negative, rounded up. */
function roundedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** Quotient rounded towards positive infinity, for either sign. */
function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return dividend > 0n ? roundedUp(dividend, divisor) : dividend / divisor;
}

/** Like `parseQuantity`, with the error as a value. */
export function tryParseQuantity(text: string | number): Quantity | { readonly error: string } {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof UnitError) return { error: error.message };
    throw error;
  }
}

/**
 * Prints a quantity as the API server gives it back: largest suffix that leaves an integer.
 *
 * @example formatQuantity(parseQuantity("1024Mi")) // "1Gi"
 */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.verbatim !== undefined) return quantity.verbatim;
  const { nanos } = quantity;
  if (nanos === 0n) return "0";
  if (quantity.format === "BinarySI") {
    const magnitude = nanos < 0n ? -nanos : nanos;
    if (magnitude >= 1024n * NANOS && magnitude % NANOS === 0n) return formatBinary(nanos / NANOS);
    return formatDecimal(nanos, "DecimalSI");
  }
  return formatDecimal(nanos, quantity.format);
}

function formatBinary(value: bigint): string {
  let mantissa = value;
  let step = 0;
  while (step < BINARY_SUFFIXES.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    step += 1;
  }
  return `${mantissa}${BINARY_SUFFIXES[step] ?? ""}`;
}

function formatDecimal(nanos: bigint, format: "DecimalSI" | "DecimalExponent"): string {
  const highest = format === "DecimalSI" ? 18 : MAX_EXPONENT;
  let mantissa = nanos;
  let exponent = -9;
  while (exponent + 3 <= highest && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === "DecimalSI") return `${mantissa}${DECIMAL_SUFFIXES.get(exponent) ?? ""}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

/** Reads and prints in one: the form in which the API server keeps a quantity. Throws UnitError. */
export function canonicalQuantity(text: string | number): string {
  return formatQuantity(parseQuantity(text));
}

/** Sum; keeps the left operand's format unless it is zero. */
export function addQuantities(left: Quantity, right: Quantity): Quantity {
  return { nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** Difference; keeps the left operand's format unless it is zero. */
export function subtractQuantities(left: Quantity, right: Quantity): Quantity {
  return { nanos: left.nanos - right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** Negative, zero or positive as `left` is less than, equal to or more than `right`. */
export function compareQuantities(left: Quantity, right: Quantity): -1 | 0 | 1 {
  if (left.nanos === right.nanos) return 0;
  return left.nanos < right.nanos ? -1 : 1;
}

/** Whole units, rounded up. Exact up to 2^53. */
export function quantityValue(quantity: Quantity): number {
  return Number(ceilDivide(quantity.nanos, NANOS));
}

/** Thousandths, rounded up. Exact up to 2^53. */
export function quantityMilliValue(quantity: Quantity): number {
  return Number(ceilDivide(quantity.nanos, NANOS_PER_MILLI));
}

/** The quantity rounded up to thousandths, as resource lists of pod specs are kept. */
export function roundUpToMilli(quantity: Quantity): Quantity {
  if (quantity.nanos % NANOS_PER_MILLI === 0n) return quantity;
  const millis = ceilDivide(quantity.nanos, NANOS_PER_MILLI);
  return { nanos: millis * NANOS_PER_MILLI, format: quantity.format };
}

const CACHE_LIMIT = 1 << 16;
const milliCache = new Map<string, number>();
const valueCache = new Map<string, number>();

/** Thousandths of the quantity in `text` (milli-CPU of a cpu quantity), rounded up. Remembered by text. Throws UnitError. */
export function cpuMilliOf(text: string): number {
  return remembered(milliCache, text, quantityMilliValue);
}

/** Whole units of the quantity in `text` (bytes of a memory quantity), rounded up. Remembered by text. Throws UnitError. */
export function wholeValueOf(text: string): number {
  return remembered(valueCache, text, quantityValue);
}

function remembered(cache: Map<string, number>, text: string, read: (quantity: Quantity) => number): number {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const value = read(parseQuantity(text));
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(text, value);
  return value;
}

/** A quantity of `millis` thousandths, integer, e.g. milli-CPU. */
export function quantityFromMilli(millis: number): Quantity {
  return { nanos: BigInt(millis) * NANOS_PER_MILLI, format: "DecimalSI" };
}

/** A quantity of `nanos` billionths, integer, e.g. nano-CPU of the metrics API. */
export function quantityFromNanos(nanos: number): Quantity {
  return { nanos: BigInt(nanos), format: "DecimalSI" };
}

/** A quantity of `value` whole units, integer. */
export function quantityFromValue(value: number, format: QuantityFormat = "DecimalSI"): Quantity {
  return { nanos: BigInt(value) * NANOS, format };
}

/** Canonical text of thousandths: 1500 → `1500m`, 2000 → `2`. */
export function formatMilli(millis: number): string {
  return formatQuantity(quantityFromMilli(millis));
}

/** Canonical text of billionths: 12345678 → `12345678n`. */
export function formatNanos(nanos: number): string {
  return formatQuantity(quantityFromNanos(nanos));
}

/** Canonical text of bytes with binary suffixes: 67108864 → `64Mi`. */
export function formatBytesBinary(bytes: number): string {
  return formatQuantity(quantityFromValue(bytes, "BinarySI"));
}
