import {
  firstUntolerated,
  type KubeNode,
  matchesRequiredNodeAffinity,
  type PodResources,
  type PodSpec,
  podRequests,
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
  const wanted = needsOf(pods.templateOf(row).spec).resources;
  const used = { pods: 0, cpu: 0, memory: 0, ephemeral: 0 };
  const usedScalars = new Map<string, number>();
  // hot: all pods of the node, once a pod's life (bench/world).
  for (let other = pods.byNode.head(pods.nodeId.get(row)); other !== -1; other = pods.byNode.next(other)) {
    if (other === row || !isHolding(context, other)) continue;
    used.pods += 1;
    used.cpu += context.heldCpuMilli.get(other);
    used.memory += context.heldMemoryBytes.get(other);
    used.ephemeral += context.heldEphemeralBytes.get(other);
    if (wanted.scalars.size === 0) continue;
    const { scalars } = needsOf(pods.templateOf(other).spec).resources;
    for (const [name, amount] of scalars) usedScalars.set(name, (usedScalars.get(name) ?? 0) + amount);
  }
  const checks: [name: string, requested: number, used: number, capacity: number][] = [
    ["pods", 1, used.pods, amount(allocatable.pods)],
    ["cpu", wanted.cpuMilli, used.cpu, allocatable.cpu === undefined ? 0 : cpuMilliOf(allocatable.cpu)],
    ["memory", wanted.memoryBytes, used.memory, amount(allocatable.memory)],
    ["ephemeral-storage", wanted.ephemeralStorageBytes, used.ephemeral, amount(allocatable["ephemeral-storage"])],
  ];
  for (const [name, requested] of wanted.scalars) {
    // Extended resources that the node does not know are not the kubelet's business.
    if (allocatable[name] === undefined) continue;
    checks.push([name, requested, usedScalars.get(name) ?? 0, amount(allocatable[name])]);
  }
  for (const [name, requested, inUse, capacity] of checks) {
    if (requested === 0 || requested + inUse <= capacity) continue;
    const message = `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${inUse}, capacity: ${capacity}`;
    return { reason: `OutOf${name}`, message };
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
