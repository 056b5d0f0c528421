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
import { parsePercent, resolveIntOrPercent } from "./int-or-percent.ts";
import { compileMapSelector, compileSelector, type Matcher } from "./selectors.ts";
import type {
  Deployment,
  DeploymentSpec,
  IntOrString,
  LabelSelector,
  PodDisruptionBudget,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
} from "./types.ts";
import {
  isEmptySelector,
  validateAtMostWhole,
  validateIntOrPercent,
  validateLabelSelector,
  validateMetadata,
  validateNotNegative,
} from "./validation-common.ts";
import { validatePodTemplate } from "./validation-pod.ts";

const SPEC = at(ROOT_PATH, "spec");

/** @source kubernetes 1.37 pkg/apis/core/validation ValidateReplicationController */
export function validateReplicationController({ metadata, spec }: ReplicationController): FieldError[] {
  const errors = validateMetadata(metadata);
  errors.push(...validateNotNegative(spec.minReadySeconds, at(SPEC, "minReadySeconds")));
  if (Object.keys(spec.selector ?? {}).length === 0) errors.push(required(at(SPEC, "selector")));
  errors.push(...validateNotNegative(spec.replicas, at(SPEC, "replicas")));
  const matcher = compileMapSelector(spec.selector);
  return [...errors, ...validateOwnedTemplate(spec.template, matcher, "ReplicationController")];
}

/** @source kubernetes 1.37 pkg/apis/apps/validation ValidateReplicaSet */
export function validateReplicaSet({ metadata, spec }: ReplicaSet): FieldError[] {
  return [
    ...validateMetadata(metadata),
    ...validateNotNegative(spec.replicas, at(SPEC, "replicas")),
    ...validateNotNegative(spec.minReadySeconds, at(SPEC, "minReadySeconds")),
    ...validateWorkloadSelector(spec.selector),
    ...validateOwnedTemplate(spec.template, compileSelector(spec.selector), "ReplicaSet"),
  ];
}

/** @source kubernetes 1.37 pkg/apis/apps/validation ValidateDeployment */
export function validateDeployment({ metadata, spec }: Deployment): FieldError[] {
  const errors = [
    ...validateMetadata(metadata),
    ...validateNotNegative(spec.replicas, at(SPEC, "replicas")),
    ...validateWorkloadSelector(spec.selector),
    ...validateOwnedTemplate(spec.template, compileSelector(spec.selector), "ReplicaSet"),
    ...validateStrategy(spec.strategy, at(SPEC, "strategy")),
    ...validateNotNegative(spec.minReadySeconds, at(SPEC, "minReadySeconds")),
    ...validateNotNegative(spec.revisionHistoryLimit, at(SPEC, "revisionHistoryLimit")),
  ];
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    const path = at(SPEC, "progressDeadlineSeconds");
    errors.push(...validateNotNegative(deadline, path));
    if (deadline <= (spec.minReadySeconds ?? 0)) {
      errors.push(invalid(path, deadline, "must be greater than minReadySeconds"));
    }
  }
  return errors;
}

/** The text names deployments for replica sets too. */
function validateWorkloadSelector(selector: LabelSelector | undefined): FieldError[] {
  const path = at(SPEC, "selector");
  if (selector === undefined) return [required(path)];
  const errors = validateLabelSelector(selector, path);
  if (isEmptySelector(selector)) errors.push(invalid(path, selector, "empty selector is invalid for deployment"));
  return errors;
}

/** Complaints about the template of a workload whose pods always restart. */
export function validateOwnedTemplate(
  template: PodTemplateSpec | undefined,
  matcher: Matcher,
  owner: "ReplicationController" | "ReplicaSet" | "StatefulSet" | "DaemonSet",
): FieldError[] {
  const path = at(SPEC, "template");
  if (template === undefined) return [required(path)];
  const errors: FieldError[] = [];
  const labels = template.metadata?.labels ?? {};
  const selects = !matcher.selectsNothing && !matcher.selectsEverything;
  if (selects && !matcher.matches(labels)) {
    const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    errors.push(invalid(at(path, "metadata", "labels"), sorted, "`selector` does not match template `labels`"));
  }
  errors.push(...validatePodTemplate(template, path));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== undefined && restartPolicy !== "Always") {
    errors.push(unsupported(at(path, "spec", "restartPolicy"), restartPolicy, ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    const rule = `activeDeadlineSeconds in ${owner} is not Supported`;
    errors.push(forbidden(at(path, "spec", "activeDeadlineSeconds"), rule));
  }
  return errors;
}

function validateStrategy(strategy: DeploymentSpec["strategy"], path: FieldPath): FieldError[] {
  const rollingUpdate = strategy?.rollingUpdate;
  const here = at(path, "rollingUpdate");
  if (strategy?.type === "Recreate") {
    const rule = "may not be specified when strategy `type` is 'Recreate'";
    return rollingUpdate === undefined ? [] : [forbidden(here, rule)];
  }
  if (strategy?.type !== "RollingUpdate") {
    return [unsupported(at(path, "type"), strategy?.type ?? "", ["Recreate", "RollingUpdate"])];
  }
  const { maxSurge, maxUnavailable } = rollingUpdate ?? {};
  const unavailablePath = at(here, "maxUnavailable");
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailablePath),
    ...validateIntOrPercent(maxSurge, at(here, "maxSurge")),
  ];
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(invalid(unavailablePath, maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  }
  return [...errors, ...validateAtMostWhole(maxUnavailable, unavailablePath)];
}

function isZero(value: IntOrString | undefined): boolean {
  if (value === undefined || (typeof value === "string" && parsePercent(value) === undefined)) return false;
  return resolveIntOrPercent(value, 100, "up") === 0;
}

/** @source kubernetes 1.37 pkg/apis/policy/validation ValidatePodDisruptionBudget */
export function validatePodDisruptionBudget({ metadata, spec }: PodDisruptionBudget): FieldError[] {
  const errors = validateMetadata(metadata);
  const { minAvailable, maxUnavailable } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    errors.push(invalid(SPEC, spec, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const field of ["minAvailable", "maxUnavailable"] as const) {
    errors.push(
      ...validateIntOrPercent(spec[field], at(SPEC, field)),
      ...validateAtMostWhole(spec[field], at(SPEC, field)),
    );
  }
  errors.push(...validateLabelSelector(spec.selector, at(SPEC, "selector")));
  const { unhealthyPodEvictionPolicy: policy } = spec;
  if (policy !== undefined && !EVICTION_POLICIES.includes(policy)) {
    errors.push(unsupported(at(SPEC, "unhealthyPodEvictionPolicy"), policy, EVICTION_POLICIES));
  }
  return errors;
}

const EVICTION_POLICIES: readonly string[] = ["AlwaysAllow", "IfHealthyBudget"];
