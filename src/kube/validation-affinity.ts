import { at, type FieldError, type FieldPath, forbidden, invalid, required } from "./field-errors.ts";
import { labelKeyProblems } from "./labels.ts";
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from "./types.ts";
import { validateLabelSelector } from "./validation-common.ts";

const REQUIRED_TERMS = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED_TERMS = "preferredDuringSchedulingIgnoredDuringExecution";

/** @source kubernetes 1.37 pkg/apis/core/validation validateAffinity */
export function validateAffinity(affinity: Affinity | undefined, path: FieldPath): FieldError[] {
  if (affinity === undefined) return [];
  const errors: FieldError[] = [];
  const node = affinity.nodeAffinity;
  const nodePath = at(path, "nodeAffinity");
  const selector = node?.[REQUIRED_TERMS];
  if (selector !== undefined) {
    errors.push(...validateNodeSelector(selector, at(nodePath, REQUIRED_TERMS, "nodeSelectorTerms")));
  }
  (node?.[PREFERRED_TERMS] ?? []).forEach(({ weight, preference }, i) => {
    const here = at(nodePath, PREFERRED_TERMS, i);
    errors.push(...validateWeight(weight, here), ...validateNodeTerm(preference ?? {}, at(here, "preference")));
  });
  errors.push(...validatePodAffinity(affinity.podAffinity, at(path, "podAffinity")));
  errors.push(...validatePodAffinity(affinity.podAntiAffinity, at(path, "podAntiAffinity")));
  return errors;
}

/** `path` is that of the terms. @source kubernetes 1.37 pkg/apis/core/validation ValidateNodeSelector */
export function validateNodeSelector({ nodeSelectorTerms: terms = [] }: NodeSelector, path: FieldPath): FieldError[] {
  const errors = terms.length === 0 ? [required(path, "must have at least one node selector term")] : [];
  return [...errors, ...terms.flatMap((term, i) => validateNodeTerm(term, at(path, i)))];
}

function validateWeight(weight: number, path: FieldPath): FieldError[] {
  return weight >= 1 && weight <= 100 ? [] : [invalid(at(path, "weight"), weight ?? 0, "must be in the range 1-100")];
}

function validateNodeTerm(term: NodeSelectorTerm, path: FieldPath): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((one, i) => validateNodeRequirement(one, at(path, "matchExpressions", i))),
    ...(term.matchFields ?? []).flatMap((one, i) => validateNodeField(one, at(path, "matchFields", i))),
  ];
}

function validateNodeRequirement({ key, operator, values }: NodeSelectorRequirement, path: FieldPath): FieldError[] {
  const count = (values ?? []).length;
  const errors: FieldError[] = [];
  if (operator === "In" || operator === "NotIn") {
    if (count === 0) errors.push(required(at(path, "values"), "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    const rule = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    if (count > 0) errors.push(forbidden(at(path, "values"), rule));
  } else if (operator === "Gt" || operator === "Lt") {
    const rule = "must be specified single value when `operator` is 'Lt' or 'Gt'";
    if (count !== 1) errors.push(required(at(path, "values"), rule));
  } else {
    errors.push(invalid(at(path, "operator"), operator ?? "", "not a valid selector operator"));
  }
  return [...errors, ...labelKeyProblems(key ?? "").map((text) => invalid(at(path, "key"), key ?? "", text))];
}

function validateNodeField({ key, operator, values }: NodeSelectorRequirement, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn") {
    errors.push(invalid(at(path, "operator"), operator ?? "", "not a valid selector operator"));
  } else if (values?.length !== 1) {
    errors.push(
      required(at(path, "values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
    );
  }
  if (key !== "metadata.name") errors.push(invalid(at(path, "key"), key ?? "", "not a valid field selector key"));
  return errors;
}

function validatePodAffinity(affinity: PodAffinity | undefined, path: FieldPath): FieldError[] {
  return [
    ...(affinity?.[REQUIRED_TERMS] ?? []).flatMap((term, i) => validatePodTerm(term, at(path, REQUIRED_TERMS, i))),
    ...(affinity?.[PREFERRED_TERMS] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
      const here = at(path, PREFERRED_TERMS, i);
      return [...validateWeight(weight, here), ...validatePodTerm(podAffinityTerm, at(here, "podAffinityTerm"))];
    }),
  ];
}

function validatePodTerm(term: PodAffinityTerm | undefined, path: FieldPath): FieldError[] {
  return [
    ...validateLabelSelector(term?.labelSelector, at(path, "labelSelector")),
    ...validateLabelSelector(term?.namespaceSelector, at(path, "namespaceSelector")),
    ...(term?.topologyKey ? [] : [required(at(path, "topologyKey"), "can not be empty")]),
  ];
}
