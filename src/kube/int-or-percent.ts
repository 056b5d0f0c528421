import { UnitError } from "../units/index.ts";
import type { IntOrString } from "./types.ts";

/** The number in a text such as `25%`; `undefined` when it is no percentage. */
export function parsePercent(text: string): number | undefined {
  return /^[0-9]+%$/.test(text) ? Number(text.slice(0, -1)) : undefined;
}

/**
 * An integer as it is, a percentage as its share of `total`, rounded up or down.
 *
 * @throws UnitError when a text is no percentage, which validation rules out.
 * @source kubernetes 1.37 apimachinery intstr.GetScaledValueFromIntOrPercent
 */
export function resolveIntOrPercent(value: IntOrString, total: number, round: "up" | "down"): number {
  if (typeof value === "number") return value;
  const percent = parsePercent(value);
  if (percent === undefined) throw new UnitError(`"${value}" is neither an integer nor a percentage`);
  const share = (percent * total) / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}

/**
 * `maxSurge` rounded up and `maxUnavailable` rounded down, of `replicas`; when both come to zero, one may be
 * unavailable.
 *
 * @source kubernetes 1.37 deployment util ResolveFenceposts
 */
export function resolveFenceposts(
  maxSurge: IntOrString,
  maxUnavailable: IntOrString,
  replicas: number,
): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const surge = resolveIntOrPercent(maxSurge, replicas, "up");
  const unavailable = resolveIntOrPercent(maxUnavailable, replicas, "down");
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
