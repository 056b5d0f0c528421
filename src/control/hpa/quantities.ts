import { formatQuantity, parseQuantity, type QuantityFormat } from "../../units/index.ts";
import { type Milli, normaliseInt64 } from "./int64.ts";

const NANOS_PER_MILLI = 1_000_000n;
const CACHE_LIMIT = 4096;
const milliCache = new Map<string, Milli>();

/** Milli-units of a quantity's text, rounded up; beyond 2^53 as a bigint. Remembered by text. Throws UnitError. */
export function milliOfQuantity(text: string): Milli {
  const known = milliCache.get(text);
  if (known !== undefined) return known;
  const { nanos } = parseQuantity(text);
  const value = normaliseInt64(nanos > 0n ? (nanos + NANOS_PER_MILLI - 1n) / NANOS_PER_MILLI : nanos / NANOS_PER_MILLI);
  if (milliCache.size >= CACHE_LIMIT) milliCache.clear();
  milliCache.set(text, value);
  return value;
}

/**
 * The canonical text of milli-units: 250 → `250m`, 2000 → `2`, and with BinarySI 104857600000 → `100Mi`.
 *
 * @source kubernetes 1.37 apimachinery resource.Quantity CanonicalizeBytes
 */
export function formatMilliQuantity(value: Milli, format: QuantityFormat = "DecimalSI"): string {
  if (typeof value === "number") {
    if (value === 0) return "0";
    if (value % 1000 !== 0) return `${value}m`;
    if (format === "DecimalSI" && value % 1_000_000 !== 0) return `${value / 1000}`;
  }
  return formatQuantity({ nanos: BigInt(value) * NANOS_PER_MILLI, format });
}
