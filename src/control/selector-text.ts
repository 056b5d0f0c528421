import type { LabelSelector } from "../kube/index.ts";

/**
 * A label selector as messages print it: Go's `%+v` of the API type, `nil` when absent.
 *
 * @source kubernetes 1.37 apimachinery meta/v1 LabelSelector.String
 */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return "nil";
  const labels = selector.matchLabels ?? {};
  const keys = Object.keys(labels).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const labelTexts = keys.map((key) => `${key}: ${labels[key]},`).join("");
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(" ")}],},`,
  );
  const expressionTexts = `[]LabelSelectorRequirement{${expressions.join("")}}`;
  return `&LabelSelector{MatchLabels:map[string]string{${labelTexts}},MatchExpressions:${expressionTexts},}`;
}
