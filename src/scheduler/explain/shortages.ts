import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";

/** A resource that the node has too little of. */
export interface Shortage {
  readonly resource: string;
  readonly free: number;
  readonly wanted: number;
  /** `120m cpu short (needs 500m, free 380m)`. */
  readonly text: string;
}

/** What the node lacks for the pod; "pods" when it holds as many as it may. */
export function shortages(pod: PodInfo, node: NodeInfo): Shortage[] {
  const found: Shortage[] = [];
  for (const [resource, wanted, free] of balances(pod, node)) {
    if (wanted <= free) continue;
    const [needs, has] = [amountText(resource, wanted), amountText(resource, Math.max(0, free))];
    const short = amountText(resource, wanted - Math.max(0, free));
    const text =
      resource === "pods" ? "no room for another pod" : `${short} ${resource} short (needs ${needs}, free ${has})`;
    found.push({ resource, free, wanted, text });
  }
  return found;
}

/** The missing shares of the node's resources, added up; 0 when nothing is missing. */
export function resourceGap(pod: PodInfo, node: NodeInfo): number {
  let gap = 0;
  for (const [, wanted, free, allocatable] of balances(pod, node)) {
    if (wanted > free) gap += (wanted - free) / Math.max(1, allocatable);
  }
  return gap;
}

type Balance = readonly [resource: string, wanted: number, free: number, allocatable: number];

function balances({ template: { requests } }: PodInfo, node: NodeInfo): Balance[] {
  const { columns: c, row } = node;
  const of = (resource: string, wanted: number, allocatable: number, requested: number): Balance => [
    resource,
    wanted,
    allocatable - requested,
    allocatable,
  ];
  const all = [
    of("pods", 1, c.allocatablePods[row]!, c.podCount[row]!),
    of("cpu", requests.cpuMilli, c.allocatableCpuMilli[row]!, c.requestedCpuMilli[row]!),
    of("memory", requests.memoryBytes, c.allocatableMemoryBytes[row]!, c.requestedMemoryBytes[row]!),
    of(
      "ephemeral-storage",
      requests.ephemeralStorageBytes,
      c.allocatableEphemeralBytes[row]!,
      c.requestedEphemeralBytes[row]!,
    ),
  ];
  for (const [name, amount] of requests.scalars) {
    all.push(of(name, amount, node.allocatableScalars.get(name) ?? 0, node.requestedScalars.get(name) ?? 0));
  }
  // What is not requested is not looked at, however overcommitted it is.
  return all.filter(([, wanted]) => wanted > 0);
}

const BYTES: readonly (readonly [string, number])[] = [
  ["Gi", 1024 * 1024 * 1024],
  ["Mi", 1024 * 1024],
  ["Ki", 1024],
];

/** As Kubernetes writes it; bytes are exact. */
export function amountText(resource: string, amount: number): string {
  if (resource === "cpu") return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`;
  if (resource !== "memory" && resource !== "ephemeral-storage") return String(amount);
  for (const [unit, size] of BYTES) if (amount > 0 && amount % size === 0) return `${amount / size}${unit}`;
  return String(amount);
}
