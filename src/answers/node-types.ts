import type { Plan, PlannedPool } from "../world/plan.ts";

const OWN_LABELS = new Set(["kubernetes.io/hostname", "topology.kubernetes.io/zone"]);

/** The makes of nodes that a cluster has: its pools, or one like its first node, in the zones that there are. */
export function nodeTypesOf(plan: Plan): readonly PlannedPool[] {
  if (plan.pools.length > 0) return plan.pools.map((pool) => ({ ...pool, count: 0 }));
  const [first] = plan.nodes;
  if (first === undefined) return [];
  const { name, pool: _pool, zone: _zone, labels, ...rest } = first;
  const zones = new Set(plan.nodes.map((node) => node.zone).filter((zone) => zone !== null));
  const shared = Object.fromEntries(Object.entries(labels).filter(([key]) => !OWN_LABELS.has(key)));
  const template = { ...rest, labels: shared, unschedulable: false };
  return [{ name: `like-${name}`, count: 0, zones: [...zones].sort(), boot: { constant: 0 }, template }];
}
