import type { KubeletContext } from "./context.ts";

/** Offset of the first address that pods get: .0 is the network, .1 the bridge. */
const FIRST = 2;

/**
 * The next free address of the node's pod network: after the last one given, from the beginning after the end. Returns 0
 * when all are taken. Pods on the host's network have the node's own.
 * @source CNI host-local plugin, round robin
 */
export function allocatePodIp(context: KubeletContext, row: number): number {
  const { pods } = context.store;
  const nodeId = pods.nodeId.get(row);
  if (pods.templateOf(row).spec.hostNetwork === true) return context.nodeIp.get(nodeId);
  const base = context.networkBase.get(nodeId);
  const end = context.networkSize.get(nodeId) - 1;
  const span = end - FIRST;
  let given = context.ipsGiven.get(nodeId);
  for (let tries = 0; tries < span; tries++) {
    const ip = base + FIRST + (given % span);
    // In the first round nothing can be taken.
    const isFree = given < span || !isTaken(context, nodeId, ip);
    given++;
    if (!isFree) continue;
    context.ipsGiven.set(nodeId, given);
    return ip;
  }
  return 0;
}

function isTaken(context: KubeletContext, nodeId: number, ip: number): boolean {
  const { byNode } = context.store.pods;
  for (let row = byNode.head(nodeId); row !== -1; row = byNode.next(row)) {
    if (context.sandboxIp.get(row) === ip) return true;
  }
  return false;
}
