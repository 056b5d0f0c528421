import type { Plugin } from "../framework.ts";
import { SKIP } from "../status.ts";

/**
 * The plugins for volumes, resource claims and declared node features, as they answer for a pod that has none of
 * them: skipped in filters, zero in scores.
 * DEVIATION(volumes-ignored): persistent volumes, claims and declared features are not modelled, so pods that use
 * them get the same answer.
 */
export function withoutVolumes(name: string, isScored: boolean): Plugin {
  const filters: Plugin = { name, memoKey: () => "", preFilter: () => ({ status: SKIP }), filter: () => null };
  return isScored ? { ...filters, score: () => 0, evenScore: () => 0 } : filters;
}
