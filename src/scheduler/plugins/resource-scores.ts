import type { FitArgs, ShapePoint } from "../config/types.ts";
import type { NodeRows } from "../framework.ts";
import type { NodeColumns } from "../node-columns.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo, ScoredRequests } from "../pod-info.ts";

/** 0..100 for one pod on one node. */
export type ResourceScore = (pod: PodInfo, node: NodeInfo) => number;

/** The score of a profile's scoring strategy: how much of what the profile names would be left, or used.
 *  @source kubernetes 1.37 noderesources least_allocated.go, most_allocated.go, requested_to_capacity_ratio.go */
export function resourceScore(args: FitArgs): ResourceScore {
  if (args.strategy === "LeastAllocated" && isPlain(args)) return leastOfCpuAndMemory;
  if (args.strategy === "RequestedToCapacityRatio") return byShape(args);
  const part = args.strategy === "LeastAllocated" ? leastAllocated : mostAllocated;
  return (pod, node) => {
    let sum = 0;
    let weights = 0;
    for (const { name, weight } of args.resources) {
      const allocatable = allocatableOf(node, name);
      if (allocatable === 0 || isUnwanted(pod, name)) continue;
      sum += weight * part(usedWith(pod, node, name), allocatable);
      weights += weight;
    }
    return weights === 0 ? 0 : Math.trunc(sum / weights);
  };
}

function isPlain({ resources }: FitArgs): boolean {
  const [first, second] = resources;
  if (resources.length !== 2 || first?.weight !== second?.weight) return false;
  return resources.some(({ name }) => name === "cpu") && resources.some(({ name }) => name === "memory");
}

export function leastOfCpuAndMemory({ template }: PodInfo, { columns, row }: NodeInfo): number {
  return leastAt(template.scored, columns, row);
}

/** The same for many nodes. */
export function leastOfRows({ template }: PodInfo, { table, rows, count }: NodeRows, raw: Float64Array): void {
  for (let i = 0; i < count; i++) raw[i] = leastAt(template.scored, table.columns, rows[i]!);
}

// hot: once a node for every attempt.
function leastAt(scored: ScoredRequests, columns: NodeColumns, row: number): number {
  const cpu = columns.allocatableCpuMilli[row]!;
  const memory = columns.allocatableMemoryBytes[row]!;
  let sum = 0;
  let weights = 0;
  if (cpu !== 0) {
    sum += leastAllocated(columns.nonZeroCpuMilli[row]! + scored.cpuMilli, cpu);
    weights++;
  }
  if (memory !== 0) {
    sum += leastAllocated(columns.nonZeroMemoryBytes[row]! + scored.memoryBytes, memory);
    weights++;
  }
  return weights === 0 ? 0 : Math.trunc(sum / weights);
}

function leastAllocated(used: number, allocatable: number): number {
  return used > allocatable ? 0 : Math.trunc(((allocatable - used) * 100) / allocatable);
}

function mostAllocated(used: number, allocatable: number): number {
  return Math.trunc((Math.min(used, allocatable) * 100) / allocatable);
}

/** Only resources that score above 0 count; the mean is rounded half away from zero. */
function byShape({ resources, shape }: FitArgs): ResourceScore {
  return (pod, node) => {
    let sum = 0;
    let weights = 0;
    for (const { name, weight } of resources) {
      const allocatable = allocatableOf(node, name);
      if (allocatable === 0 || isUnwanted(pod, name)) continue;
      const used = usedWith(pod, node, name);
      const utilization = used > allocatable ? 100 : Math.trunc((used * 100) / allocatable);
      const score = shapeAt(shape, utilization);
      if (score <= 0) continue;
      sum += score * weight;
      weights += weight;
    }
    return weights === 0 ? 0 : Math.round(sum / weights);
  };
}

/** Between two points on a straight line, cut towards zero; flat before the first and after the last. */
export function shapeAt(shape: readonly ShapePoint[], utilization: number): number {
  for (const [index, point] of shape.entries()) {
    if (utilization > point.utilization) continue;
    const before = shape[index - 1];
    if (before === undefined) return point.score;
    const rise = (point.score - before.score) * (utilization - before.utilization);
    return before.score + Math.trunc(rise / (point.utilization - before.utilization));
  }
  return shape.at(-1)?.score ?? 0;
}

export function allocatableOf({ columns, row, allocatableScalars }: NodeInfo, name: string): number {
  if (name === "cpu") return columns.allocatableCpuMilli[row]!;
  if (name === "memory") return columns.allocatableMemoryBytes[row]!;
  if (name === "ephemeral-storage") return columns.allocatableEphemeralBytes[row]!;
  return allocatableScalars.get(name) ?? 0;
}

/** Scalar resources count only for pods that request them. */
function isUnwanted({ template: { requests } }: PodInfo, name: string): boolean {
  if (name === "cpu" || name === "memory" || name === "ephemeral-storage") return false;
  return (requests.scalars.get(name) ?? 0) === 0;
}

/** With stand-ins for cpu and memory that nobody requested. */
function usedWith({ template: { requests, scored } }: PodInfo, node: NodeInfo, name: string): number {
  const { columns, row } = node;
  if (name === "cpu") return columns.nonZeroCpuMilli[row]! + scored.cpuMilli;
  if (name === "memory") return columns.nonZeroMemoryBytes[row]! + scored.memoryBytes;
  if (name === "ephemeral-storage") return columns.requestedEphemeralBytes[row]! + requests.ephemeralStorageBytes;
  return (node.requestedScalars.get(name) ?? 0) + (requests.scalars.get(name) ?? 0);
}
