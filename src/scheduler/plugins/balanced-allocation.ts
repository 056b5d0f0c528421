import { DEFAULT_ARGS } from "../config/plugin-args.ts";
import type { NodeRows, Plugin } from "../framework.ts";
import type { NodeColumns } from "../node-columns.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo, TemplateInfo } from "../pod-info.ts";
import { SKIP } from "../status.ts";
import { allocatableOf } from "./resource-scores.ts";

/**
 * Prefers nodes where the pod makes the use of the resources more even. A node that it changes nothing on gets 75.
 * @param resources those that count, cpu and memory by default
 * @source kubernetes 1.37 noderesources balanced_allocation
 */
export function balancedAllocation(resources: readonly string[] = DEFAULT_ARGS.balanced): Plugin {
  const isPlain = resources.length === 2 && resources.includes("cpu") && resources.includes("memory");
  const evenness = isPlain
    ? ({ columns, row }: NodeInfo, template: TemplateInfo, isWith: boolean) =>
        evennessOfTwo(template, columns, row, isWith ? 1 : 0)
    : (node: NodeInfo, template: TemplateInfo, isWith: boolean) => evennessOf(resources, node, template, isWith);
  return {
    name: "NodeResourcesBalancedAllocation",
    memoKey: (template) => resources.map((name) => requestOf(template, name)).join("/"),
    preScore: (_state, { template }) => (resources.every((name) => requestOf(template, name) === 0) ? SKIP : null),
    score: (_state, { template }, node) =>
      50 + Math.trunc((50 + evenness(node, template, true) - evenness(node, template, false)) / 2),
    ...(isPlain ? { scoreRows } : {}),
  };
}

/** `score` for cpu and memory, for many nodes. */
function scoreRows({ template }: PodInfo, { table, rows, count }: NodeRows, raw: Float64Array): void {
  const { columns } = table;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const before = evennessOfTwo(template, columns, row, 0);
    raw[i] = 50 + Math.trunc((50 + evennessOfTwo(template, columns, row, 1) - before) / 2);
  }
}

/** 100 when cpu and memory are used in the same proportion, less the further apart. */
// hot: twice a node for every attempt.
function evennessOfTwo({ requests }: TemplateInfo, columns: NodeColumns, row: number, pods: 0 | 1): number {
  const cpu = columns.allocatableCpuMilli[row]!;
  const memory = columns.allocatableMemoryBytes[row]!;
  if (cpu === 0 || memory === 0) return 100;
  const cpuFraction = Math.min((columns.requestedCpuMilli[row]! + pods * requests.cpuMilli) / cpu, 1);
  const memoryFraction = Math.min((columns.requestedMemoryBytes[row]! + pods * requests.memoryBytes) / memory, 1);
  return Math.trunc((1 - Math.abs((cpuFraction - memoryFraction) / 2)) * 100);
}

function evennessOf(resources: readonly string[], node: NodeInfo, template: TemplateInfo, isWith: boolean): number {
  const fractions: number[] = [];
  for (const name of resources) {
    const allocatable = allocatableOf(node, name);
    const request = requestOf(template, name);
    if (allocatable === 0 || (request === 0 && !isBasic(name))) continue;
    fractions.push(Math.min((requestedOn(node, name) + (isWith ? request : 0)) / allocatable, 1));
  }
  return Math.trunc((1 - deviationOf(fractions)) * 100);
}

/** The population's standard deviation; 0 for fewer than two. */
function deviationOf(fractions: readonly number[]): number {
  const [first, second] = fractions;
  if (first === undefined || second === undefined) return 0;
  if (fractions.length === 2) return Math.abs((first - second) / 2);
  const mean = fractions.reduce((sum, one) => sum + one, 0) / fractions.length;
  const squares = fractions.reduce((sum, one) => sum + (one - mean) * (one - mean), 0);
  return Math.sqrt(squares / fractions.length);
}

function isBasic(name: string): boolean {
  return name === "cpu" || name === "memory" || name === "ephemeral-storage";
}

function requestOf({ requests }: TemplateInfo, name: string): number {
  if (name === "cpu") return requests.cpuMilli;
  if (name === "memory") return requests.memoryBytes;
  if (name === "ephemeral-storage") return requests.ephemeralStorageBytes;
  return requests.scalars.get(name) ?? 0;
}

function requestedOn({ columns, row, requestedScalars }: NodeInfo, name: string): number {
  if (name === "cpu") return columns.requestedCpuMilli[row]!;
  if (name === "memory") return columns.requestedMemoryBytes[row]!;
  if (name === "ephemeral-storage") return columns.requestedEphemeralBytes[row]!;
  return requestedScalars.get(name) ?? 0;
}
