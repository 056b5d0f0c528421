import type { KubeNode } from "../../kube/index.ts";
import type { Plugin } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";
import { normalizeByMax } from "../score-nodes.ts";
import { SKIP, unresolvable } from "../status.ts";

/** nodeSelector and node affinity.
 *  @source kubernetes 1.37 nodeaffinity plugin */
export function nodeAffinity(): Plugin {
  const name = "NodeAffinity";
  const mismatch = unresolvable(name, "node(s) didn't match Pod's node affinity/selector");
  const conflict = unresolvable(name, "pod affinity terms conflict");
  const matches = (pod: PodInfo, node: KubeNode | undefined) =>
    node !== undefined &&
    pod.template.nodeSelection.matches({ name: node.metadata.name ?? "", labels: node.metadata.labels ?? {} });
  return {
    name,
    preFilter: (_state, { template: { nodeSelection } }) => {
      if (nodeSelection.isAny) return { status: SKIP };
      if (nodeSelection.names === null) return null;
      return nodeSelection.names.size === 0 ? { status: conflict } : { nodes: nodeSelection.names };
    },
    filter: (_state, pod, node) => (pod.template.nodeSelection.matches(node) ? null : mismatch),
    preScore: (_state, pod) => (pod.template.nodeSelection.preferred.length === 0 ? SKIP : null),
    score: (_state, pod, node) => {
      let sum = 0;
      for (const term of pod.template.nodeSelection.preferred) if (term.matches(node)) sum += term.weight;
      return sum;
    },
    normalize: (_state, _pod, _nodes, scores) => normalizeByMax(scores, false),
    memoKey: ({ spec }) => JSON.stringify([spec.nodeSelector, spec.affinity?.nodeAffinity]),
    hints: [
      {
        events: ["Node/Add", "Node/UpdateLabel"],
        hint: (pod, { oldNode, newNode }) => matches(pod, newNode) && (oldNode === undefined || !matches(pod, oldNode)),
      },
    ],
  };
}
