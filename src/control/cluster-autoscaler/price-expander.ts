import { podRequests } from "../../kube/index.ts";
import { exp } from "../../random/index.ts";
import { cpuMilliOf, wholeValueOf } from "../../units/index.ts";
import type { ExpanderContext, Option } from "./expanders.ts";
import type { NodeGroup } from "./types.ts";

const GIB = 1024 ** 3;
/** What a core costs in hours of a GiB of memory. @source cluster-autoscaler 1.37 cloudprovider/gce/gce_price_info.go */
const GIB_PER_CORE = 0.033174 / 0.004446;
/** A made-up pod that steadies the ratio when little is asked for. @source cluster-autoscaler 1.37 expander/price/price.go */
const STABILIZATION = { cpuMilli: 500, memoryBytes: 500 * 1024 * 1024 };
const GPU_UNFITNESS = 1000;
/** Cores of the node that suits a cluster of so many nodes at most. @source cluster-autoscaler 1.37 expander/price/preferred.go */
const PREFERRED_CPU: readonly (readonly [nodesMax: number, cpuMilli: number])[] = [
  [2, 1000],
  [6, 2000],
  [20, 4000],
  [60, 8000],
  [200, 16_000],
  [Number.POSITIVE_INFINITY, 32_000],
];

/**
 * What the new nodes cost over what the pods are worth, times how far the nodes' size is from what suits the cluster.
 * Less is better.
 * @source cluster-autoscaler 1.37 expander/price/price.go
 *
 * DEVIATION(pod-price): what a pod is worth depends on the cloud; here cpu and memory cost as in Compute Engine to each other,
 * and so much that the priced groups together are worth what they cost.
 */
export function priceScores(options: readonly Option[], { nodeCount, groups }: ExpanderContext): number[] {
  const unitPrice = priceOfGiB(groups);
  const stabilization = worthOf(STABILIZATION) * unitPrice;
  const preferred = PREFERRED_CPU.find(([nodesMax]) => nodeCount <= nodesMax)?.[1] ?? 1000;
  return options.map(({ group, nodeCount: added, pods }) => {
    let podPrice = 0;
    for (const { spec } of pods) podPrice += worthOf(podRequests(spec)) * unitPrice;
    const ratio = (group.pricePerHour * added + stabilization) / (podPrice + stabilization);
    return damped(unfitnessOf(group, preferred), group, added) * ratio;
  });
}

function unfitnessOf({ template }: NodeGroup, preferredCpuMilli: number): number {
  const cpuMilli = cpuMilliOf(template.node.status?.capacity?.cpu ?? "0");
  return Math.max(preferredCpuMilli / cpuMilli, cpuMilli / preferredCpuMilli);
}

/** The more nodes at once, the less their size matters; nodes with a GPU are kept for pods that want one. */
function damped(unfitness: number, { template }: NodeGroup, nodeCount: number): number {
  const capacity = template.node.status?.capacity ?? {};
  if (Object.keys(capacity).some((name) => name.endsWith("/gpu"))) return GPU_UNFITNESS;
  return (unfitness - 1) * (1 - tanh((nodeCount - 1) / 15)) + 1;
}

function tanh(x: number): number {
  const e = exp(-2 * x);
  return (1 - e) / (1 + e);
}

/** In hours of a GiB of memory. */
function worthOf({ cpuMilli, memoryBytes }: { readonly cpuMilli: number; readonly memoryBytes: number }): number {
  return (cpuMilli / 1000) * GIB_PER_CORE + memoryBytes / GIB;
}

function priceOfGiB(groups: readonly NodeGroup[]): number {
  let price = 0;
  let worth = 0;
  for (const { pricePerHour, template } of groups) {
    if (pricePerHour === 0) continue;
    const { cpu = "0", memory = "0" } = template.node.status?.capacity ?? {};
    price += pricePerHour;
    worth += worthOf({ cpuMilli: cpuMilliOf(cpu), memoryBytes: wholeValueOf(memory) });
  }
  return worth === 0 ? 1 : price / worth;
}
