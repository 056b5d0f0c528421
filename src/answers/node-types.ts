import type { Plan, PlannedNode, PlannedPool } from "../world/plan.ts";

const OWN_LABELS = new Set(["kubernetes.io/hostname", "topology.kubernetes.io/zone"]);
const TYPE_LABELS = ["node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type"];
const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

/**
 * The makes of nodes that a cluster has: its pools, or the one make that most of its nodes are of, by what they offer and whom they
 * keep away. Nodes of the control plane are no make to choose, unless there are no others.
 */
export function nodeTypesOf(plan: Plan): readonly PlannedPool[] {
  if (plan.pools.length > 0) return plan.pools.map((pool) => ({ ...pool, count: 0 }));
  const workers = plan.nodes.filter(({ labels }) => labels[CONTROL_PLANE] === undefined);
  const makes = new Map<string, PlannedNode[]>();
  for (const node of workers.length > 0 ? workers : plan.nodes) {
    const { cpu, memory, pods } = node.allocatable;
    const key = JSON.stringify([typeLabel(node), cpu, memory, pods, node.taints]);
    makes.set(key, [...(makes.get(key) ?? []), node]);
  }
  const [most] = [...makes.values()].sort((a, b) => b.length - a.length);
  return most === undefined ? [] : [poolOf(most as [PlannedNode, ...PlannedNode[]])];
}

function typeLabel({ labels }: PlannedNode): string | undefined {
  return TYPE_LABELS.map((label) => labels[label]).find((value) => value !== undefined);
}

/** A pool of nodes like these, in their zones, with the labels that all of them have. */
function poolOf(nodes: readonly [PlannedNode, ...PlannedNode[]]): PlannedPool {
  const [first] = nodes;
  const { name, pool: _pool, zone: _zone, labels, ...rest } = first;
  const zones = new Set(nodes.map((node) => node.zone).filter((zone) => zone !== null));
  const isShared = ([key, value]: readonly [string, string]): boolean =>
    !OWN_LABELS.has(key) && nodes.every((node) => node.labels[key] === value);
  const template = {
    ...rest,
    labels: Object.fromEntries(Object.entries(labels).filter(isShared)),
    unschedulable: false,
  };
  return {
    name: typeLabel(first) ?? `like-${name}`,
    count: 0,
    zones: [...zones].sort(),
    boot: { constant: 0 },
    template,
  };
}
