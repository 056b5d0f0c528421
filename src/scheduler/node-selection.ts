import {
  matchesNodeSelectorTerm,
  matchesRequiredNodeAffinity,
  type NodeSelectorTerm,
  type PodSpec,
  type StringMap,
} from "../kube/index.ts";

export interface NamedNode {
  readonly name: string;
  readonly labels: StringMap;
}

/** What a pod says about the nodes it wants: nodeSelector and node affinity. */
export interface NodeSelection {
  /** No nodeSelector and no required affinity: every node will do. */
  readonly isAny: boolean;
  readonly matches: (node: NamedNode) => boolean;
  /** The only nodes that can match, when every required term names nodes; else null. May be empty. */
  readonly names: ReadonlySet<string> | null;
  readonly preferred: readonly { readonly weight: number; readonly matches: (node: NamedNode) => boolean }[];
}

/**
 * DEVIATION(invalid-preference): a preferred value that is no label value is compared as it stands; in the original
 * it makes the whole attempt an error.
 */
export function compileNodeSelection(spec: PodSpec): NodeSelection {
  const affinity = spec.affinity?.nodeAffinity;
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    isAny: Object.keys(spec.nodeSelector ?? {}).length === 0 && required === undefined,
    matches: (node) => matchesRequiredNodeAffinity(spec, node.labels, node.name),
    names: required === undefined ? null : namedNodes(required),
    preferred: preferred
      .filter((entry) => entry.weight !== 0)
      .map(({ weight, preference }) => ({
        weight,
        matches: (node) => matchesNodeSelectorTerm(preference, node.labels, node.name),
      })),
  };
}

/**
 * Names required by `metadata.name In`: intersected within a term, united over terms; null when some term names none.
 * @source kubernetes 1.37 nodeaffinity plugin PreFilter
 */
function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | null {
  if (terms.length === 0) return null;
  const union = new Set<string>();
  for (const term of terms) {
    const lists = (term.matchFields ?? []).filter((f) => f.key === "metadata.name" && f.operator === "In");
    const [first, ...others] = lists;
    if (first === undefined) return null;
    for (const name of first.values ?? []) {
      if (others.every((list) => list.values?.includes(name))) union.add(name);
    }
  }
  return union;
}
