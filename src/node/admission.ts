import {
  firstUntolerated,
  type KubeNode,
  matchesRequiredNodeAffinity,
  type PodResources,
  type PodSpec,
  podRequests,
  type StringMap,
} from "../kube/index.ts";
import { cpuMilliOf, wholeValueOf } from "../units/index.ts";
import { type KubeletContext, STAGE } from "./context.ts";

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

interface Needs {
  readonly resources: PodResources;
  /** `protocol/ip/port` of every host port. */
  readonly hostPorts: readonly { readonly ip: string; readonly key: string }[];
}

const ANY_IP = "0.0.0.0";
/** Derived from specs, hence no state. */
const needs = new WeakMap<PodSpec, Needs>();

function needsOf(spec: PodSpec): Needs {
  let found = needs.get(spec);
  if (found === undefined) {
    const hostPorts = spec.containers.flatMap(({ ports = [] }) =>
      ports
        .filter(({ hostPort = 0 }) => hostPort > 0)
        .map(({ hostPort, hostIP, protocol = "TCP" }) => ({ ip: hostIP || ANY_IP, key: `${protocol}/${hostPort}` })),
    );
    found = { resources: podRequests(spec), hostPorts };
    needs.set(spec, found);
  }
  return found;
}

/**
 * The kubelet's own check of a pod that was bound to its node, over the pods it has admitted and that have not ended.
 * Returns why the pod is refused; the first reason when there are several.
 * @source kubernetes 1.37 pkg/kubelet/lifecycle/predicate.go
 */
// DEVIATION(critical-pod-preemption): a critical pod that lacks resources is refused too; the kubelet preempts no others.
export function admissionRefusal(context: KubeletContext, row: number, node: KubeNode): Rejection | undefined {
  const { pods } = context.store;
  const { spec } = pods.templateOf(row);
  const name = node.metadata.name ?? "";
  const lacking = lackingResource(context, row, node);
  if (lacking !== undefined) return lacking;
  if (!matchesRequiredNodeAffinity(spec, node.metadata.labels ?? {}, name)) {
    const message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
    return { reason: "NodeAffinity", message };
  }
  if (hasPortConflict(context, row)) {
    const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
    return { reason: "NodePorts", message };
  }
  const isStatic = context.staticNumber.get(row) > 0;
  if (!isStatic && firstUntolerated(node.spec?.taints, spec.tolerations, ["NoExecute"]) !== undefined) {
    const message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
    return { reason: "TaintToleration", message };
  }
  return undefined;
}

/** Notes what a pod holds of its node from its admission on. */
export function holdResources(context: KubeletContext, row: number): void {
  const { resources } = needsOf(context.store.pods.templateOf(row).spec);
  context.heldCpuMilli.set(row, resources.cpuMilli);
  context.heldMemoryBytes.set(row, resources.memoryBytes);
  context.heldEphemeralBytes.set(row, resources.ephemeralStorageBytes);
}

/** Whether the pod holds resources of its node in the kubelet's eyes. */
function isHolding(context: KubeletContext, row: number): boolean {
  const stage = context.stage.get(row);
  return stage >= STAGE.live && stage <= STAGE.stopped && !context.store.pods.isTerminal(row);
}

function lackingResource(context: KubeletContext, row: number, node: KubeNode): Rejection | undefined {
  const { pods } = context.store;
  const allocatable = node.status?.allocatable ?? {};
  const { cpuMilli, memoryBytes, ephemeralStorageBytes, scalars } = needsOf(pods.templateOf(row).spec).resources;
  let count = 0;
  let usedCpuMilli = 0;
  let usedMemoryBytes = 0;
  let usedEphemeralBytes = 0;
  // hot: all pods of the node, once a pod's life (bench/world).
  for (let other = pods.byNode.head(pods.nodeId.get(row)); other !== -1; other = pods.byNode.next(other)) {
    if (other === row || !isHolding(context, other)) continue;
    count++;
    usedCpuMilli += context.heldCpuMilli.get(other);
    usedMemoryBytes += context.heldMemoryBytes.get(other);
    usedEphemeralBytes += context.heldEphemeralBytes.get(other);
  }
  const { pods: podCapacity, cpu, memory, "ephemeral-storage": storage } = allocatable;
  return (
    lacking("pods", 1, count, amount(podCapacity)) ??
    lacking("cpu", cpuMilli, usedCpuMilli, cpu === undefined ? 0 : cpuMilliOf(cpu)) ??
    lacking("memory", memoryBytes, usedMemoryBytes, amount(memory)) ??
    lacking("ephemeral-storage", ephemeralStorageBytes, usedEphemeralBytes, amount(storage)) ??
    (scalars.size === 0 ? undefined : lackingScalar(context, row, scalars, allocatable))
  );
}

function lacking(name: string, requested: number, used: number, capacity: number): Rejection | undefined {
  if (requested === 0 || requested + used <= capacity) return undefined;
  const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${name}`, message };
}

function lackingScalar(
  context: KubeletContext,
  row: number,
  wanted: PodResources["scalars"],
  allocatable: StringMap,
): Rejection | undefined {
  const { pods } = context.store;
  const used = new Map<string, number>();
  for (let other = pods.byNode.head(pods.nodeId.get(row)); other !== -1; other = pods.byNode.next(other)) {
    if (other === row || !isHolding(context, other)) continue;
    const { scalars } = needsOf(pods.templateOf(other).spec).resources;
    for (const [name, held] of scalars) used.set(name, (used.get(name) ?? 0) + held);
  }
  for (const [name, requested] of wanted) {
    // Extended resources that the node does not know are not the kubelet's business.
    if (allocatable[name] === undefined) continue;
    const refusal = lacking(name, requested, used.get(name) ?? 0, amount(allocatable[name]));
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function amount(quantity: string | undefined): number {
  return quantity === undefined ? 0 : wholeValueOf(quantity);
}

function hasPortConflict(context: KubeletContext, row: number): boolean {
  const { pods } = context.store;
  const { hostPorts } = needsOf(pods.templateOf(row).spec);
  if (hostPorts.length === 0) return false;
  for (let other = pods.byNode.head(pods.nodeId.get(row)); other !== -1; other = pods.byNode.next(other)) {
    if (other === row || !isHolding(context, other)) continue;
    for (const taken of needsOf(pods.templateOf(other).spec).hostPorts) {
      for (const { ip, key } of hostPorts) {
        if (key === taken.key && (ip === taken.ip || ip === ANY_IP || taken.ip === ANY_IP)) return true;
      }
    }
  }
  return false;
}
