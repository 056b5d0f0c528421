import { compareQuantities, tryParseQuantity, ZERO_QUANTITY } from "../units/index.ts";
import {
  at,
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  ROOT_PATH,
  required,
  unsupported,
} from "./field-errors.ts";
import type { HorizontalPodAutoscaler, HpaScalingRules, MetricSpec, MetricTarget } from "./types.ts";
import { NOT_NEGATIVE, validateMetadata } from "./validation-common.ts";

const SPEC = at(ROOT_PATH, "spec");
const WINDOW_SECONDS_MAX = 3600;
const PERIOD_SECONDS_MAX = 1800;
const SOURCES = {
  Resource: "resource",
  ContainerResource: "containerResource",
  Pods: "pods",
  Object: "object",
  External: "external",
} as const;

/** @source kubernetes 1.37 pkg/apis/autoscaling/validation ValidateHorizontalPodAutoscaler */
export function validateHorizontalPodAutoscaler({ metadata, spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors = validateMetadata(metadata);
  const { minReplicas, maxReplicas, scaleTargetRef } = spec;
  if (minReplicas !== undefined && minReplicas < 0) {
    errors.push(invalid(at(SPEC, "minReplicas"), minReplicas, NOT_NEGATIVE));
  }
  if (!(maxReplicas >= 1)) errors.push(required(at(SPEC, "maxReplicas"), "must be set and greater than 0"));
  if (minReplicas !== undefined && maxReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalid(at(SPEC, "maxReplicas"), maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  for (const field of ["kind", "name"] as const) {
    if (!scaleTargetRef?.[field]) errors.push(required(at(SPEC, "scaleTargetRef", field)));
  }
  const metrics = spec.metrics ?? [];
  errors.push(...metrics.flatMap((metric, i) => validateMetric(metric, at(SPEC, "metrics", i))));
  if (minReplicas === 0 && !metrics.some(({ type }) => type === "Object" || type === "External")) {
    const rule = "must specify at least one Object or External metric to support scaling to zero replicas";
    errors.push(forbidden(at(SPEC, "metrics"), rule));
  }
  errors.push(...validateRules(spec.behavior?.scaleUp, at(SPEC, "behavior", "scaleUp")));
  errors.push(...validateRules(spec.behavior?.scaleDown, at(SPEC, "behavior", "scaleDown")));
  return errors;
}

function validateMetric(metric: MetricSpec, path: FieldPath): FieldError[] {
  if (!metric.type) return [required(at(path, "type"), "must specify a metric source type")];
  const source = Object.hasOwn(SOURCES, metric.type) ? SOURCES[metric.type] : undefined;
  if (source === undefined) return [unsupported(at(path, "type"), metric.type, Object.keys(SOURCES).sort())];
  const here = at(path, source);
  const value = metric[source];
  if (value === undefined) return [required(here, "must populate information for the given metric source")];
  const target = at(here, "target");
  const errors: FieldError[] = [];
  if ("name" in value || metric.type === "Resource" || metric.type === "ContainerResource") {
    if (!("name" in value) || !value.name) errors.push(required(at(here, "name"), "must specify a resource name"));
    if (metric.type === "ContainerResource" && !metric.containerResource?.container) {
      errors.push(required(at(here, "container"), "must specify a container"));
    }
  } else if (!("metric" in value) || !value.metric?.name) {
    errors.push(required(at(here, "metric", "name"), "must specify a metric name"));
  }
  return [...errors, ...validateTarget(value.target, target), ...validateTargetFits(metric.type, value.target, target)];
}

function validateTarget(target: MetricTarget | undefined, path: FieldPath): FieldError[] {
  if (target === undefined) return [];
  const { type, averageUtilization } = target;
  const errors: FieldError[] = [];
  if (!type) errors.push(required(at(path, "type"), "must specify a metric target type"));
  else if (type !== "Utilization" && type !== "Value" && type !== "AverageValue") {
    errors.push(invalid(at(path, "type"), type, "must be either Utilization, Value, or AverageValue"));
  }
  for (const field of ["value", "averageValue"] as const) {
    const text = target[field];
    if (text !== undefined && !isPositive(text)) errors.push(invalid(at(path, field), text, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalid(at(path, "averageUtilization"), averageUtilization, "must be greater than 0"));
  }
  return errors;
}

function validateTargetFits(type: MetricSpec["type"], target: MetricTarget | undefined, path: FieldPath): FieldError[] {
  const hasAverage = target?.averageValue !== undefined;
  const hasValue = target?.value !== undefined;
  const hasUtilization = target?.averageUtilization !== undefined;
  if (type === "Pods") {
    return hasAverage ? [] : [required(at(path, "averageValue"), "must specify a positive target averageValue")];
  }
  if (type === "Object") {
    const rule = "must set either a target value or averageValue";
    return hasAverage || hasValue ? [] : [required(at(path, "averageValue"), rule)];
  }
  if (type === "External") {
    if (hasAverage && hasValue) {
      return [forbidden(at(path, "value"), "may not set both a target value for metric and a per-pod target")];
    }
    const rule = "must set either a target value for metric or a per-pod target";
    return hasAverage || hasValue ? [] : [required(at(path, "averageValue"), rule)];
  }
  if (!hasUtilization && !hasAverage) {
    return [required(at(path, "averageUtilization"), "must set either a target raw value or a target utilization")];
  }
  const both = "may not set both a target raw value and a target utilization";
  return hasUtilization && hasAverage ? [forbidden(at(path, "averageValue"), both)] : [];
}

function isPositive(text: string): boolean {
  const quantity = tryParseQuantity(text);
  return !("error" in quantity) && compareQuantities(quantity, ZERO_QUANTITY) > 0;
}

function validateRules(rules: HpaScalingRules | undefined, path: FieldPath): FieldError[] {
  if (rules === undefined) return [];
  const errors: FieldError[] = [];
  const window = rules.stabilizationWindowSeconds;
  const windowPath = at(path, "stabilizationWindowSeconds");
  if (window !== undefined && window < 0)
    errors.push(invalid(windowPath, window, "must be greater than or equal to zero"));
  if (window !== undefined && window > WINDOW_SECONDS_MAX) {
    errors.push(invalid(windowPath, window, `must be less than or equal to ${WINDOW_SECONDS_MAX}`));
  }
  if (rules.selectPolicy !== undefined && !["Disabled", "Max", "Min"].includes(rules.selectPolicy)) {
    errors.push(unsupported(at(path, "selectPolicy"), rules.selectPolicy, ["Disabled", "Max", "Min"]));
  }
  const policies = rules.policies ?? [];
  if (policies.length === 0) errors.push(required(at(path, "policies"), "must specify at least one Policy"));
  policies.forEach(({ type, value, periodSeconds }, i) => {
    const here = at(path, "policies", i);
    if (type !== "Pods" && type !== "Percent")
      errors.push(unsupported(at(here, "type"), type ?? "", ["Percent", "Pods"]));
    if (!(value > 0)) errors.push(invalid(at(here, "value"), value ?? 0, "must be greater than zero"));
    const periodPath = at(here, "periodSeconds");
    if (!(periodSeconds > 0)) errors.push(invalid(periodPath, periodSeconds ?? 0, "must be greater than zero"));
    else if (periodSeconds > PERIOD_SECONDS_MAX) {
      errors.push(invalid(periodPath, periodSeconds, `must be less than or equal to ${PERIOD_SECONDS_MAX}`));
    }
  });
  return errors;
}
