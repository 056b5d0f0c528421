import { parseSchedule } from "./cron-schedule.ts";
import {
  at,
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  ROOT_PATH,
  required,
  unsupported,
} from "./field-errors.ts";
import { resolveIntOrPercent } from "./int-or-percent.ts";
import { dnsLabelProblems, dnsSubdomainProblems } from "./labels.ts";
import { compileSelector } from "./selectors.ts";
import type { CronJob, DaemonSet, IntOrString, Job, JobSpec, PodFailurePolicyRule } from "./types.ts";
import {
  isEmptySelector,
  validateAtMostWhole,
  validateIntOrPercent,
  validateLabelSelector,
  validateMetadata,
  validateNotNegative,
} from "./validation-common.ts";
import { validatePodTemplate } from "./validation-pod.ts";
import { validateOwnedTemplate } from "./validation-workload.ts";

const SPEC = at(ROOT_PATH, "spec");
const INDEXED = "requires indexed completion mode";
const INDEXES_MAX = 100_000;
/** Its jobs' names are eleven characters longer. */
const CRON_JOB_NAME_MAX = 52;

/** @source kubernetes 1.37 pkg/apis/apps/validation ValidateDaemonSet */
export function validateDaemonSet({ metadata, spec }: DaemonSet): FieldError[] {
  const { selector } = spec;
  const path = at(SPEC, "selector");
  const errors = [...validateMetadata(metadata), ...validateLabelSelector(selector, path)];
  if (selector === undefined) errors.push(required(path));
  else if (isEmptySelector(selector)) errors.push(invalid(path, selector, "empty selector is invalid for daemonset"));
  return [
    ...errors,
    ...validateOwnedTemplate(spec.template, compileSelector(selector), "DaemonSet"),
    ...validateNotNegative(spec.minReadySeconds, at(SPEC, "minReadySeconds")),
    ...validateUpdateStrategy(spec.updateStrategy),
    ...validateNotNegative(spec.revisionHistoryLimit, at(SPEC, "revisionHistoryLimit")),
  ];
}

function validateUpdateStrategy(strategy: DaemonSet["spec"]["updateStrategy"]): FieldError[] {
  const path = at(SPEC, "updateStrategy");
  const { type = "", rollingUpdate } = strategy ?? {};
  if (type === "OnDelete") return [];
  if (type !== "RollingUpdate") return [unsupported(at(path, "type"), type, ["RollingUpdate", "OnDelete"])];
  const here = at(path, "rollingUpdate");
  if (rollingUpdate === undefined) return [required(here)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const [unavailablePath, surgePath] = [at(here, "maxUnavailable"), at(here, "maxSurge")];
  const malformed = [
    ...validateIntOrPercent(maxUnavailable, unavailablePath),
    ...validateIntOrPercent(maxSurge, surgePath),
  ];
  if (malformed.length > 0) return malformed;
  const errors = [...validateAtMostWhole(maxUnavailable, unavailablePath), ...validateAtMostWhole(maxSurge, surgePath)];
  const [hasUnavailable, hasSurge] = [isAny(maxUnavailable), isAny(maxSurge)];
  if (hasUnavailable && hasSurge) {
    errors.push(invalid(surgePath, maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (!hasUnavailable && !hasSurge) {
    errors.push(required(unavailablePath, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

function isAny(value: IntOrString | undefined): boolean {
  return value !== undefined && resolveIntOrPercent(value, 100, "up") !== 0;
}

/** @source kubernetes 1.37 pkg/apis/batch/validation ValidateJobCreate */
export function validateJob({ metadata, spec }: Job): FieldError[] {
  const errors = validateMetadata(metadata);
  if (spec.manualSelector === true) {
    const path = at(SPEC, "selector");
    if (spec.selector === undefined) errors.push(required(path));
    const matcher = compileSelector(spec.selector);
    const labels = spec.template?.metadata?.labels ?? {};
    if (!matcher.selectsNothing && !matcher.matches(labels)) {
      const rule = "`selector` does not match template `labels`";
      errors.push(invalid(at(SPEC, "template", "metadata", "labels"), labels, rule));
    }
  }
  errors.push(...validateLabelSelector(spec.selector, at(SPEC, "selector")), ...validateJobSpec(spec, SPEC));
  const { name = "" } = metadata;
  if (spec.completionMode === "Indexed" && (spec.completions ?? 0) > 0) {
    const hostname = `${name}-${(spec.completions ?? 0) - 1}`;
    if (dnsLabelProblems(hostname).length > 0) {
      const rule = `will not able to create pod with invalid DNS label: ${hostname}`;
      errors.push(invalid(at(ROOT_PATH, "metadata", "name"), name, rule));
    }
  }
  return errors;
}

const COUNTS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

function validateJobSpec(spec: JobSpec, path: FieldPath): FieldError[] {
  const errors = COUNTS.flatMap((field) => validateNotNegative(spec[field], at(path, field)));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(at(path, "backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
  }
  errors.push(...validateCompletionMode(spec, path));
  const rules = at(path, "podFailurePolicy", "rules");
  for (const [i, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    errors.push(...validateFailureRule(spec, rule, at(rules, i)));
  }
  if (spec.successPolicy !== undefined && spec.completionMode !== "Indexed") {
    errors.push(invalid(at(path, "successPolicy"), spec.successPolicy, INDEXED));
  }
  const replacement = spec.podReplacementPolicy;
  const replacements = spec.podFailurePolicy === undefined ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
  if (replacement !== undefined && !replacements.includes(replacement)) {
    errors.push(unsupported(at(path, "podReplacementPolicy"), replacement, replacements));
  }
  if (spec.template === undefined) return [...errors, required(at(path, "template"))];
  // An absent restart policy is complained about once, below.
  const podSpec = { ...spec.template.spec, restartPolicy: spec.template.spec?.restartPolicy ?? "Always" };
  errors.push(...validatePodTemplate({ ...spec.template, spec: podSpec }, at(path, "template")));
  return [...errors, ...validateRestarts(spec, path)];
}

function validateCompletionMode(spec: JobSpec, path: FieldPath): FieldError[] {
  const { completionMode = "NonIndexed", completions, parallelism = 1, maxFailedIndexes } = spec;
  const errors: FieldError[] = [];
  if (completionMode === "Indexed") {
    if (completions === undefined) errors.push(required(at(path, "completions"), "when completion mode is Indexed"));
    if (parallelism > INDEXES_MAX) {
      const rule = `must be less than or equal to ${INDEXES_MAX} when completion mode is Indexed`;
      errors.push(invalid(at(path, "parallelism"), parallelism, rule));
    }
    if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
      const rule = "must be less than or equal to completions";
      errors.push(invalid(at(path, "maxFailedIndexes"), maxFailedIndexes, rule));
    }
    return errors;
  }
  if (completionMode !== "NonIndexed") {
    errors.push(unsupported(at(path, "completionMode"), completionMode, ["NonIndexed", "Indexed"]));
  }
  for (const field of ["backoffLimitPerIndex", "maxFailedIndexes"] as const) {
    if (spec[field] !== undefined) errors.push(invalid(at(path, field), spec[field], INDEXED));
  }
  return errors;
}

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"];

function validateFailureRule(spec: JobSpec, rule: PodFailurePolicyRule, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { action, onExitCodes, onPodConditions = [] } = rule;
  if (!ACTIONS.includes(action)) errors.push(unsupported(at(path, "action"), action ?? "", ACTIONS));
  else if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(at(path, "action"), action, "requires the backoffLimitPerIndex to be set"));
  }
  if (onExitCodes !== undefined) {
    const here = at(path, "onExitCodes");
    const { values = [], containerName, operator } = onExitCodes;
    const containers = [...(spec.template?.spec.containers ?? []), ...(spec.template?.spec.initContainers ?? [])];
    if (containerName !== undefined && !containers.some(({ name }) => name === containerName)) {
      const text = "must be one of the container or initContainer names in the pod template";
      errors.push(invalid(at(here, "containerName"), containerName, text));
    }
    if (values.length === 0) errors.push(invalid(at(here, "values"), values, "at least one value is required"));
    for (const [i, value] of values.entries()) {
      const place = at(here, "values", i);
      if (operator === "In" && value === 0) errors.push(invalid(place, value, "must not be 0 for the In operator"));
      if (values.indexOf(value) < i) errors.push(duplicate(place, value));
    }
  }
  const given = (onExitCodes === undefined ? 0 : 1) + (onPodConditions.length === 0 ? 0 : 1);
  if (given === 2) errors.push(invalid(path, rule, "specifying both OnExitCodes and OnPodConditions is not supported"));
  if (given === 0) errors.push(invalid(path, rule, "specifying one of OnExitCodes and OnPodConditions is required"));
  return errors;
}

function validateRestarts(spec: JobSpec, path: FieldPath): FieldError[] {
  const here = at(path, "template", "spec", "restartPolicy");
  const { restartPolicy = "Always" } = spec.template.spec ?? {};
  if (restartPolicy === "Always") return [required(here, 'valid values: "OnFailure", "Never"')];
  if (restartPolicy !== "OnFailure" && restartPolicy !== "Never") {
    return [unsupported(here, restartPolicy, ["OnFailure", "Never"])];
  }
  if (spec.podFailurePolicy === undefined || restartPolicy === "Never") return [];
  return [invalid(here, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified')];
}

/** @source kubernetes 1.37 pkg/apis/batch/validation ValidateCronJobCreate */
export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  const nameRule = (name: string): readonly string[] =>
    name.length > CRON_JOB_NAME_MAX ? ["must be no more than 52 characters"] : dnsSubdomainProblems(name);
  const errors = [...validateMetadata(metadata, nameRule), ...validateScheduleText(spec.schedule)];
  errors.push(...validateNotNegative(spec.startingDeadlineSeconds, at(SPEC, "startingDeadlineSeconds")));
  const { concurrencyPolicy = "" } = spec;
  const policies = ["Allow", "Forbid", "Replace"];
  if (!policies.includes(concurrencyPolicy)) {
    errors.push(unsupported(at(SPEC, "concurrencyPolicy"), concurrencyPolicy, policies));
  }
  const template = at(SPEC, "jobTemplate", "spec");
  if (spec.jobTemplate?.spec === undefined) errors.push(required(template));
  else errors.push(...validateJobSpec(spec.jobTemplate.spec, template));
  for (const field of ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] as const) {
    errors.push(...validateNotNegative(spec[field], at(SPEC, field)));
  }
  return errors;
}

function validateScheduleText(schedule: string | undefined): FieldError[] {
  const path = at(SPEC, "schedule");
  if (schedule === undefined || schedule === "") return [required(path)];
  if (schedule.includes("TZ")) {
    return [invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")];
  }
  const parsed = parseSchedule(schedule);
  return "error" in parsed ? [invalid(path, schedule, parsed.error)] : [];
}
