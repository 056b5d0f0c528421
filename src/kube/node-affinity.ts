import { matchesRequirement, type SelectorOperator } from "./selectors.ts";
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, StringMap } from "./types.ts";

const OPERATORS: ReadonlyMap<string, SelectorOperator> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
  ["Gt", "gt"],
  ["Lt", "lt"],
]);

/**
 * Whether a node satisfies the pod's `nodeSelector` and required node affinity.
 *
 * @source kubernetes 1.37 component-helpers scheduling/corev1/nodeaffinity GetRequiredNodeAffinity
 */
export function matchesRequiredNodeAffinity(spec: PodSpec, labels: StringMap, nodeName: string): boolean {
  const { nodeSelector } = spec;
  if (nodeSelector !== undefined) {
    for (const key of Object.keys(nodeSelector)) {
      if (labels[key] !== nodeSelector[key]) return false;
    }
  }
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, labels, nodeName);
}

/** Whether any term matches; a selector without terms matches nothing. */
export function matchesNodeSelector(selector: NodeSelector, labels: StringMap, nodeName: string): boolean {
  for (const term of selector.nodeSelectorTerms) {
    if (matchesNodeSelectorTerm(term, labels, nodeName)) return true;
  }
  return false;
}

/** Whether all expressions and fields of a term hold; an empty term matches nothing. */
export function matchesNodeSelectorTerm(term: NodeSelectorTerm, labels: StringMap, nodeName: string): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  for (const expression of expressions) {
    if (!matchesExpression(expression, labels)) return false;
  }
  for (const field of fields) {
    if (!matchesField(field, nodeName)) return false;
  }
  return true;
}

function matchesExpression({ key, operator, values }: NodeSelectorRequirement, labels: StringMap): boolean {
  const mapped = OPERATORS.get(operator);
  return mapped !== undefined && matchesRequirement({ key, operator: mapped, values: values ?? [] }, labels);
}

/** Only `metadata.name` with one value, `In` or `NotIn`, can be written. */
function matchesField({ key, operator, values }: NodeSelectorRequirement, nodeName: string): boolean {
  if (key !== "metadata.name" || values?.length !== 1) return false;
  if (operator === "In") return values[0] === nodeName;
  return operator === "NotIn" && values[0] !== nodeName;
}
