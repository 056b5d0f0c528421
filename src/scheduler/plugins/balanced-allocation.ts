import type { Plugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { SKIP } from "../status.ts";

/**
 * Prefers nodes where the pod makes the use of cpu and memory more even. A node that it changes nothing on gets 75.
 * @source kubernetes 1.37 noderesources balanced_allocation
 */
export function balancedAllocation(): Plugin {
  return {
    name: "NodeResourcesBalancedAllocation",
    memoKey: ({ requests }) => `${requests.cpuMilli}/${requests.memoryBytes}`,
    preScore: (_state, { template: { requests } }) =>
      requests.cpuMilli === 0 && requests.memoryBytes === 0 ? SKIP : null,
    score: (_state, { template: { requests } }, node) => {
      const before = evenness(node, 0, 0);
      const after = evenness(node, requests.cpuMilli, requests.memoryBytes);
      return 50 + Math.trunc((50 + after - before) / 2);
    },
  };
}

/** 100 when cpu and memory are used in the same proportion, less the further apart. */
function evenness(node: NodeInfo, cpuMilli: number, memoryBytes: number): number {
  const { columns, row } = node;
  const cpu = columns.allocatableCpuMilli[row]!;
  const memory = columns.allocatableMemoryBytes[row]!;
  if (cpu === 0 || memory === 0) return 100;
  const cpuFraction = Math.min((columns.requestedCpuMilli[row]! + cpuMilli) / cpu, 1);
  const memoryFraction = Math.min((columns.requestedMemoryBytes[row]! + memoryBytes) / memory, 1);
  return Math.trunc((1 - Math.abs((cpuFraction - memoryFraction) / 2)) * 100);
}
