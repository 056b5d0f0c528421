import { type KubeNode, matchesNodeSelectorTerm } from "../../kube/index.ts";
import { DEFAULT_ARGS } from "../config/plugin-args.ts";
import type { NodeAffinityArgs } from "../config/types.ts";
import type { Plugin } from "../framework.ts";
import type { NamedNode } from "../node-selection.ts";
import type { PodInfo } from "../pod-info.ts";
import { normalizeByMax } from "../score-nodes.ts";
import { SKIP, unresolvable } from "../status.ts";

/** nodeSelector and node affinity, and what the profile adds for all its pods.
 *  @source kubernetes 1.37 nodeaffinity plugin */
export function nodeAffinity({ required, preferred }: NodeAffinityArgs = DEFAULT_ARGS.nodeAffinity): Plugin {
  const name = "NodeAffinity";
  const mismatch = unresolvable(name, "node(s) didn't match Pod's node affinity/selector");
  const conflict = unresolvable(name, "pod affinity terms conflict");
  const enforced = unresolvable(name, "node(s) didn't match scheduler-enforced node affinity");
  const isAllowed = ({ name: nodeName, labels }: NamedNode) =>
    required === null || required.some((term) => matchesNodeSelectorTerm(term, labels, nodeName));
  const matches = (pod: PodInfo, node: KubeNode) => pod.template.nodeSelection.matches(named(node));
  return {
    name,
    preFilter: (_state, { template: { nodeSelection } }) => {
      if (nodeSelection.isAny) return required === null ? { status: SKIP } : null;
      if (nodeSelection.names === null) return null;
      return nodeSelection.names.size === 0 ? { status: conflict } : { nodes: nodeSelection.names };
    },
    filter: (_state, pod, node) => {
      if (required !== null && !isAllowed(node)) return enforced;
      return pod.template.nodeSelection.matches(node) ? null : mismatch;
    },
    preScore: (_state, pod) =>
      pod.template.nodeSelection.preferred.length === 0 && preferred.length === 0 ? SKIP : null,
    score: (_state, pod, node) => {
      let sum = 0;
      for (const term of pod.template.nodeSelection.preferred) if (term.matches(node)) sum += term.weight;
      for (const { weight, preference } of preferred) {
        if (matchesNodeSelectorTerm(preference, node.labels, node.name)) sum += weight;
      }
      return sum;
    },
    normalize: (_state, _pod, _nodes, scores) => normalizeByMax(scores, false),
    memoKey: ({ spec: { nodeSelector, affinity } }) =>
      nodeSelector === undefined && affinity?.nodeAffinity === undefined
        ? ""
        : JSON.stringify([nodeSelector, affinity?.nodeAffinity]),
    hints: [
      {
        events: ["Node/Add", "Node/UpdateLabel"],
        hint: (pod, { oldNode, newNode }) => {
          if (newNode === undefined || !isAllowed(named(newNode)) || !matches(pod, newNode)) return false;
          return oldNode === undefined || !matches(pod, oldNode) || !isAllowed(named(oldNode));
        },
      },
    ],
  };
}

function named({ metadata }: KubeNode): NamedNode {
  return { name: metadata.name ?? "", labels: metadata.labels ?? {} };
}
