import type { HorizontalPodAutoscaler } from "../../kube/index.ts";
import { canonicalQuantity } from "../../units/index.ts";
import type { Tolerances } from "./types.ts";

/**
 * The tolerances of an HPA: its own where spec.behavior sets one, else the controller's (a ratio, 0.1 is 10 %).
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/horizontal.go, tolerancesForHpa
 */
export function tolerancesOf(
  behavior: HorizontalPodAutoscaler["spec"]["behavior"],
  controllerTolerance: number,
): Tolerances {
  return {
    up: ratioOf(behavior?.scaleUp?.tolerance) ?? controllerTolerance,
    down: ratioOf(behavior?.scaleDown?.tolerance) ?? controllerTolerance,
  };
}

const FACTORS: ReadonlyMap<string, number> = new Map([
  ["n", 1e-9],
  ["u", 1e-6],
  ["m", 1e-3],
  ["", 1],
  ["k", 1e3],
  ["M", 1e6],
]);

/** A quantity as a double by the original's own rounding: its canonical mantissa times the power of ten. */
function ratioOf(quantity: string | undefined): number | undefined {
  if (quantity === undefined) return undefined;
  const [, mantissa, suffix] = /^(\d+)([a-zA-Z]*)$/.exec(canonicalQuantity(quantity)) ?? [];
  return mantissa === undefined ? undefined : Number(mantissa) * (FACTORS.get(suffix ?? "") ?? 1);
}
