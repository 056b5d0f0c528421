import type { Plugin } from "../framework.ts";
import type { HostPort, PodInfo } from "../pod-info.ts";
import { SKIP, unschedulable } from "../status.ts";

const ANY_IP = "0.0.0.0";

/** Two pods on a node cannot listen on the same host port.
 *  @source kubernetes 1.37 nodeports plugin */
export function nodePorts(): Plugin {
  const name = "NodePorts";
  const conflict = unschedulable(name, "node(s) didn't have free ports for the requested pod ports");
  return {
    name,
    preFilter: (_state, pod) => (pod.template.hostPorts.length === 0 ? { status: SKIP } : null),
    filter: (_state, pod, node) =>
      pod.template.hostPorts.some((port) => isUsed(port, node.usedPorts)) ? conflict : null,
    memoKey: ({ hostPorts }) => (hostPorts.length === 0 ? "" : JSON.stringify(hostPorts)),
    hints: [
      {
        events: ["AssignedPod/Delete"],
        hint: (pod, { oldPod }) =>
          oldPod !== undefined &&
          hasNode(oldPod) &&
          pod.template.hostPorts.some((port) => isUsed(port, portsOf(oldPod))),
      },
      { events: ["Node/Add"], hint: () => true },
    ],
  };
}

/** The unspecified address clashes with every address of the same protocol and port. */
function isUsed(port: HostPort, used: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const ips = used.get(port.key);
  return ips !== undefined && (port.ip === ANY_IP || ips.has(port.ip) || ips.has(ANY_IP));
}

function portsOf(pod: PodInfo): Map<string, Set<string>> {
  const ports = new Map<string, Set<string>>();
  for (const port of pod.template.hostPorts) ports.set(port.key, (ports.get(port.key) ?? new Set()).add(port.ip));
  return ports;
}

function hasNode(pod: PodInfo): boolean {
  return pod.nodeName !== "" || pod.nominatedNodeName !== "";
}
