import {
  at,
  atKey,
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  ROOT_PATH,
  required,
  unsupported,
} from "./field-errors.ts";
import { dnsLabelProblems, labelKeyProblems, labelValueProblems } from "./labels.ts";
import type { KubeNode, Namespace, PriorityClass } from "./types.ts";
import { validateMetadata } from "./validation-common.ts";
import { validateQuantity } from "./validation-container.ts";

const EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const USER_PRIORITY_MAX = 1_000_000_000;

/** @source kubernetes 1.37 pkg/apis/core/validation ValidateNamespace */
export function validateNamespace({ metadata }: Namespace): FieldError[] {
  return validateMetadata(metadata, dnsLabelProblems);
}

/** @source kubernetes 1.37 pkg/apis/core/validation ValidateNode */
export function validateNode({ metadata, spec, status }: KubeNode): FieldError[] {
  const errors = validateMetadata(metadata);
  const seen = new Set<string>();
  (spec?.taints ?? []).forEach(({ key, value, effect }, i) => {
    const path = at(ROOT_PATH, "spec", "taints", i);
    errors.push(...labelKeyProblems(key ?? "").map((text) => invalid(at(path, "key"), key ?? "", text)));
    errors.push(...labelValueProblems(value ?? "").map((text) => invalid(at(path, "value"), value, text)));
    if (!effect) errors.push(required(at(path, "effect")));
    else if (!EFFECTS.includes(effect)) errors.push(unsupported(at(path, "effect"), effect, EFFECTS));
    const pair = `${key}:${effect}`;
    if (seen.has(pair)) errors.push(duplicate(path, { key, ...(value !== undefined && { value }), effect }));
    seen.add(pair);
  });
  for (const list of ["capacity", "allocatable"] as const) {
    const path = at(ROOT_PATH, "status", list);
    for (const [name, text] of Object.entries(status?.[list] ?? {})) {
      errors.push(...validateQuantity(text, atKey(path, name), name.includes("/") || name === "pods"));
    }
  }
  return errors;
}

/** @source kubernetes 1.37 pkg/apis/scheduling/validation ValidatePriorityClass */
export function validatePriorityClass({ metadata, value, preemptionPolicy }: PriorityClass): FieldError[] {
  const errors = validateMetadata(metadata);
  if (metadata.name?.startsWith("system-") === true) {
    const rule = "priority class names with 'system-' prefix are reserved for system use only";
    errors.push(forbidden(at(ROOT_PATH, "metadata", "name"), rule));
  } else if (value > USER_PRIORITY_MAX) {
    const rule = `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`;
    errors.push(forbidden(at(ROOT_PATH, "value"), rule));
  }
  if (preemptionPolicy !== undefined && preemptionPolicy !== "Never" && preemptionPolicy !== "PreemptLowerPriority") {
    errors.push(unsupported(at(ROOT_PATH, "preemptionPolicy"), preemptionPolicy, ["Never", "PreemptLowerPriority"]));
  }
  return errors;
}
