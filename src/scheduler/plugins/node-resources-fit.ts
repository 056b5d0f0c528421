import type { KubeNode } from "../../kube/index.ts";
import { cpuMilliOf, wholeValueOf } from "../../units/index.ts";
import { requestsByName } from "../cluster-events.ts";
import { DEFAULT_ARGS } from "../config/plugin-args.ts";
import type { FitArgs } from "../config/types.ts";
import type { Plugin } from "../framework.ts";
import type { NodeColumns } from "../node-columns.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo, TemplateInfo } from "../pod-info.ts";
import { type Status, unresolvable, unschedulable } from "../status.ts";
import { leastOfCpuAndMemory, leastOfRows, resourceScore } from "./resource-scores.ts";

const NAME = "NodeResourcesFit";
const REASONS = ["Too many pods", "Insufficient cpu", "Insufficient memory", "Insufficient ephemeral-storage"] as const;
/** Set in the mask when a request is larger than the whole node. */
const HOPELESS = 1 << REASONS.length;

/**
 * Requests against what the node has left; scores nodes by the strategy of the profile.
 * @source kubernetes 1.37 noderesources fit
 */
export function nodeResourcesFit(args: FitArgs = DEFAULT_ARGS.fit): Plugin {
  const statuses = new StatusTable();
  const score = resourceScore(args);
  const isIgnored = ignoring(args);
  return {
    name: NAME,
    preFilter: () => null,
    filter: (_state, pod, node) => {
      const mask = shortfall(pod.template, node.columns, node.row);
      if (pod.template.requests.scalars.size === 0) return mask === 0 ? null : statuses.of(mask, NO_SCALARS);
      return filterScalars(statuses, mask, pod, node, isIgnored);
    },
    filterRows: (pod, { table, rows, count }, found) => {
      const { template } = pod;
      const hasScalars = template.requests.scalars.size > 0;
      for (let i = 0; i < count; i++) {
        if (found[i] !== null) continue;
        const row = rows[i]!;
        const mask = shortfall(template, table.columns, row);
        if (hasScalars) found[i] = filterScalars(statuses, mask, pod, table.nodeAt(row) as NodeInfo, isIgnored);
        else if (mask !== 0) found[i] = statuses.of(mask, NO_SCALARS);
      }
    },
    preScore: () => null,
    score: (_state, pod, node) => score(pod, node),
    ...(score === leastOfCpuAndMemory ? { scoreRows: leastOfRows } : {}),
    memoKey: ({ requests, scored }) => {
      const { cpuMilli, memoryBytes, ephemeralStorageBytes, scalars } = requests;
      const others = scalars.size === 0 ? "" : JSON.stringify([...scalars]);
      return `${cpuMilli} ${memoryBytes} ${ephemeralStorageBytes} ${scored.cpuMilli} ${scored.memoryBytes} ${others}`;
    },
    hints: [
      { events: ["AssignedPod/Delete"], hint: (_pod, { oldPod }) => oldPod !== undefined && hasNode(oldPod) },
      {
        events: ["Node/Add", "Node/UpdateAllocatable"],
        hint: (pod, { oldNode, newNode }) =>
          newNode !== undefined &&
          fitsEmpty(pod, newNode) &&
          (oldNode === undefined || hasGrown(pod, oldNode, newNode)),
      },
      { events: ["AssignedPod/UpdateScaleDown"], hint: (pod, { oldPod, newPod }) => hasFreed(pod, oldPod, newPod) },
      { events: ["TargetPod/UpdateScaleDown"], hint: () => true },
    ],
  };
}

// hot: once a node for every attempt.
function shortfall({ requests }: TemplateInfo, columns: NodeColumns, row: number): number {
  let mask = columns.podCount[row]! + 1 > columns.allocatablePods[row]! ? 1 : 0;
  const { cpuMilli, memoryBytes, ephemeralStorageBytes } = requests;
  if (cpuMilli > 0) {
    const allocatable = columns.allocatableCpuMilli[row]!;
    if (cpuMilli > allocatable - columns.requestedCpuMilli[row]!) mask |= cpuMilli > allocatable ? 2 | HOPELESS : 2;
  }
  if (memoryBytes > 0) {
    const allocatable = columns.allocatableMemoryBytes[row]!;
    if (memoryBytes > allocatable - columns.requestedMemoryBytes[row]!) {
      mask |= memoryBytes > allocatable ? 4 | HOPELESS : 4;
    }
  }
  if (ephemeralStorageBytes > 0) {
    const allocatable = columns.allocatableEphemeralBytes[row]!;
    if (ephemeralStorageBytes > allocatable - columns.requestedEphemeralBytes[row]!) {
      mask |= ephemeralStorageBytes > allocatable ? 8 | HOPELESS : 8;
    }
  }
  return mask;
}

const NO_SCALARS: readonly string[] = [];

function filterScalars(
  statuses: StatusTable,
  numbers: number,
  pod: PodInfo,
  node: NodeInfo,
  isIgnored: (name: string) => boolean,
): Status | null {
  let mask = numbers;
  let lacking: string[] | undefined;
  for (const [name, amount] of pod.template.requests.scalars) {
    if (amount === 0 || isIgnored(name)) continue;
    const allocatable = node.allocatableScalars.get(name) ?? 0;
    if (amount <= allocatable - (node.requestedScalars.get(name) ?? 0)) continue;
    if (amount > allocatable) mask |= HOPELESS;
    lacking ??= [];
    lacking.push(`Insufficient ${name}`);
  }
  return mask === 0 && lacking === undefined ? null : statuses.of(mask, lacking ?? NO_SCALARS);
}

/** Only extended resources can be ignored: by name, or by what stands before the slash. */
function ignoring({ ignoredResources, ignoredResourceGroups }: FitArgs): (name: string) => boolean {
  if (ignoredResources.length + ignoredResourceGroups.length === 0) return () => false;
  const names = new Set(ignoredResources);
  const groups = new Set(ignoredResourceGroups);
  return (name) =>
    name.includes("/") && !name.includes("kubernetes.io/") && (names.has(name) || groups.has(name.split("/")[0] ?? ""));
}

/** One status object for each combination of reasons, so that nodes can be counted by status. */
class StatusTable {
  readonly #known = new Map<string | number, Status>();

  of(mask: number, scalars: readonly string[]): Status {
    const key = scalars.length === 0 ? mask : `${mask}|${scalars.join("|")}`;
    let status = this.#known.get(key);
    if (status === undefined) {
      const reasons = [...REASONS.filter((_reason, bit) => (mask & (1 << bit)) !== 0), ...scalars];
      status = (mask & HOPELESS) === 0 ? unschedulable(NAME, ...reasons) : unresolvable(NAME, ...reasons);
      this.#known.set(key, status);
    }
    return status;
  }
}

function hasNode(pod: PodInfo): boolean {
  return pod.nodeName !== "" || pod.nominatedNodeName !== "";
}

function allocatableOf(node: KubeNode, name: string): number {
  const text = node.status?.allocatable?.[name];
  if (text === undefined) return 0;
  return name === "cpu" ? cpuMilliOf(text) : wholeValueOf(text);
}

function fitsEmpty(pod: PodInfo, node: KubeNode): boolean {
  if (allocatableOf(node, "pods") < 1) return false;
  return [...requestsByName(pod)].every(([name, amount]) => amount <= allocatableOf(node, name));
}

/** Whether the node offers more pods, or more of something that the pod requests. */
function hasGrown(pod: PodInfo, oldNode: KubeNode, newNode: KubeNode): boolean {
  const grew = (name: string) => allocatableOf(newNode, name) > allocatableOf(oldNode, name);
  return grew("pods") || [...requestsByName(pod).keys()].some(grew);
}

/** Whether the changed pod requests less of something that the waiting pod requests. */
function hasFreed(pod: PodInfo, oldPod: PodInfo | undefined, newPod: PodInfo | undefined): boolean {
  if (oldPod === undefined || newPod === undefined) return false;
  const before = requestsByName(oldPod);
  const after = requestsByName(newPod);
  return [...requestsByName(pod).keys()].some((name) => (after.get(name) ?? 0) < (before.get(name) ?? 0));
}
