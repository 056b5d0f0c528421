import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityValue,
  tryParseQuantity,
} from "../units/index.ts";
import {
  at,
  atKey,
  duplicate,
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  ROOT_PATH,
  required,
} from "./field-errors.ts";
import { labelKeyProblems } from "./labels.ts";
import { MILLI_VALUE_MAX } from "./limit-range.ts";
import type { LimitRange, LimitRangeItem, Quantities, QuotaScopeRequirement, ResourceQuota } from "./types.ts";
import { validateMetadata } from "./validation-common.ts";
import { COUNTED_RESOURCES, isQuotaResource, isStandardResource, validateQuantity } from "./validation-container.ts";

const SPEC = at(ROOT_PATH, "spec");
const EXISTS_ONLY = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];
const SCOPES: readonly string[] = [...EXISTS_ONLY, "PriorityClass"];
const CONFLICTS = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;
/** What the pods of a scope may be limited in. */
const COMPUTE = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const UNSUPPORTED = "unsupported scope";
const NOT_FOR_RESOURCE = "unsupported scope applied to resource";

/** @source kubernetes 1.37 pkg/apis/core/validation ValidateResourceQuota */
export function validateResourceQuota({ metadata, spec }: ResourceQuota): FieldError[] {
  const errors = validateMetadata(metadata);
  const hard = at(SPEC, "hard");
  for (const [name, text] of Object.entries(spec.hard ?? {})) {
    const here = atKey(hard, name);
    const problems = labelKeyProblems(name);
    errors.push(...problems.map((problem) => invalid(here, name, problem)));
    if (problems.length === 0 && !name.includes("/")) {
      if (!isStandardResource(name)) {
        errors.push(invalid(here, name, "must be a standard resource type or fully qualified"));
      }
      if (!isQuotaResource(name)) errors.push(invalid(here, name, "must be a standard resource for quota"));
    }
    errors.push(...validateQuantity(text, here, COUNTED_RESOURCES.includes(name)));
  }
  return [...errors, ...validateScopes(spec), ...validateScopeSelector(spec)];
}

function validateScopes({ scopes = [], hard = {} }: ResourceQuota["spec"]): FieldError[] {
  const path = at(SPEC, "scopes");
  const errors: FieldError[] = [];
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.push(invalid(path, scopes, UNSUPPORTED));
    errors.push(...misfits(scope, hard).map(() => invalid(path, scopes, NOT_FOR_RESOURCE)));
  }
  const isConflict = CONFLICTS.some((pair) => pair.every((scope) => scopes.includes(scope)));
  return isConflict ? [...errors, invalid(path, scopes, "conflicting scopes")] : errors;
}

/** Resources that a scope says nothing about. */
function misfits(scope: string, hard: Quantities): string[] {
  if (!SCOPES.includes(scope)) return [];
  const fits = scope === "BestEffort" ? ["pods"] : ["pods", ...COMPUTE];
  return Object.keys(hard).filter((name) => isStandardResource(name) && !fits.includes(name));
}

function validateScopeSelector({ scopeSelector, hard = {} }: ResourceQuota["spec"]): FieldError[] {
  const path = at(SPEC, "scopeSelector", "matchExpressions");
  const requirements = scopeSelector?.matchExpressions ?? [];
  const errors = requirements.flatMap((requirement) => {
    const { scopeName } = requirement;
    const own = SCOPES.includes(scopeName) ? [] : [invalid(at(path, "scopeName"), scopeName, UNSUPPORTED)];
    own.push(...misfits(scopeName, hard).map(() => invalid(path, scopeSelector, NOT_FOR_RESOURCE)));
    return [...own, ...validateScopeRequirement(requirement, path)];
  });
  const names = requirements.map(({ scopeName }) => scopeName);
  const isConflict = CONFLICTS.some((pair) => pair.every((scope) => names.includes(scope)));
  return isConflict ? [...errors, invalid(path, null, "conflicting scopes")] : errors;
}

function validateScopeRequirement(
  { scopeName, operator, values = [] }: QuotaScopeRequirement,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (EXISTS_ONLY.includes(scopeName) && operator !== "Exists") {
    const rule =
      "must be 'Exist' only operator when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.push(invalid(at(path, "operator"), operator, rule));
  }
  if (operator === "In" || operator === "NotIn") {
    const rule = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(required(at(path, "values"), rule));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    const rule = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(invalid(at(path, "values"), values, rule));
  } else errors.push(invalid(at(path, "operator"), operator, "not a valid selector operator"));
  return errors;
}

const BOUNDS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;
const DEFAULTS = ["default", "defaultRequest"] as const;

/** @source kubernetes 1.37 pkg/apis/core/validation ValidateLimitRange */
export function validateLimitRange({ metadata, spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  const items = (spec.limits ?? []).flatMap((item, i) => {
    const here = at(SPEC, "limits", i);
    const errors = validateLimitType(item.type ?? "", at(here, "type"));
    if (types.has(item.type)) errors.push(duplicate(at(here, "type"), item.type));
    types.add(item.type);
    return [...errors, ...validateLimits(item, here)];
  });
  return [...validateMetadata(metadata), ...items];
}

function validateLimitType(type: string, path: FieldPath): FieldError[] {
  const problems = labelKeyProblems(type);
  if (problems.length > 0 || type.includes("/")) return problems.map((text) => invalid(path, type, text));
  const isKnown = type === "Pod" || type === "Container" || type === "PersistentVolumeClaim";
  return isKnown ? [] : [invalid(path, type, "must be a standard limit type or fully qualified")];
}

function validateLimits(item: LimitRangeItem, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of BOUNDS) {
    for (const [name, text] of Object.entries(item[field] ?? {})) {
      const here = atKey(at(path, field), name);
      errors.push(...labelKeyProblems(name).map((problem) => invalid(here, name, problem)));
      if (!name.includes("/") && !isStandardResource(name)) {
        errors.push(invalid(here, name, "must be a standard resource type or fully qualified"));
      }
      const quantity = tryParseQuantity(text);
      if ("error" in quantity) errors.push(invalid(here, text, quantity.error));
    }
  }
  if (errors.length > 0) return errors;
  if (item.type === "Pod") {
    const given = DEFAULTS.filter((field) => Object.keys(item[field] ?? {}).length > 0);
    errors.push(...given.map((field) => forbidden(at(path, field), "may not be specified when `type` is 'Pod'")));
  }
  if (item.type === "PersistentVolumeClaim" && item.min?.storage === undefined && item.max?.storage === undefined) {
    const rule = "either minimum or maximum storage value is required, but neither was provided";
    errors.push(required(at(path, "limits"), rule));
  }
  const names = new Set(BOUNDS.flatMap((field) => Object.keys(item[field] ?? {})));
  return [...errors, ...[...names].flatMap((name) => validateOrder(name, item, path))];
}

/** Pairs of bounds that must not be the other way round: the lesser, the greater, what is said of them, and whose value is shown. */
const ORDER = [
  ["min", "max", ["min value", "max value"], "min", "min"],
  ["min", "defaultRequest", ["min value", "default request value"], "defaultRequest", "defaultRequest"],
  ["defaultRequest", "max", ["default request value", "max value"], "defaultRequest", "defaultRequest"],
  ["defaultRequest", "default", ["default request value", "default limit value"], "defaultRequest", "defaultRequest"],
  ["min", "default", ["min value", "default value"], "default", "min"],
  ["default", "max", ["default value", "max value"], "default", "max"],
] as const;

function validateOrder(name: string, item: LimitRangeItem, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [lesser, greater, words, place, shownOf] of ORDER) {
    const [low, high] = [quantityOf(item[lesser], name), quantityOf(item[greater], name)];
    if (low === undefined || high === undefined || compareQuantities(low, high) <= 0) continue;
    const rule = `${words[0]} ${formatQuantity(low)} is greater than ${words[1]} ${formatQuantity(high)}`;
    errors.push(invalid(atKey(at(path, place), name), formatQuantity(shownOf === lesser ? low : high), rule));
  }
  return [...errors, ...validateRatio(name, item, atKey(at(path, "maxLimitRequestRatio"), name))];
}

function validateRatio(name: string, item: LimitRangeItem, path: FieldPath): FieldError[] {
  const ratio = quantityOf(item.maxLimitRequestRatio, name);
  if (ratio === undefined) return [];
  const errors: FieldError[] = [];
  const shown = formatQuantity(ratio);
  if (compareQuantities(ratio, parseQuantity("1")) < 0)
    errors.push(invalid(path, shown, `ratio ${shown} is less than 1`));
  const [min, max] = [quantityOf(item.min, name), quantityOf(item.max, name)];
  if (min === undefined || max === undefined) return errors;
  const isSmall = [ratio, min, max].every((one) => quantityValue(one) < MILLI_VALUE_MAX);
  const amountOf = isSmall ? quantityMilliValue : quantityValue;
  const [low, high] = [amountOf(min), amountOf(max)];
  const bound = high / low;
  const asked = isSmall ? quantityMilliValue(ratio) / 1000 : quantityValue(ratio);
  if (asked > bound) {
    errors.push(invalid(path, shown, `ratio ${shown} is greater than max/min = ${bound.toFixed(6)}`));
  }
  return errors;
}

function quantityOf(list: Quantities | undefined, name: string): ReturnType<typeof parseQuantity> | undefined {
  const text = list?.[name];
  return text === undefined ? undefined : parseQuantity(text);
}
