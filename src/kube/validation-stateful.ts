import { at, type FieldError, invalid, ROOT_PATH, required, unsupported } from "./field-errors.ts";
import { resolveIntOrPercent } from "./int-or-percent.ts";
import { dnsLabelProblems } from "./labels.ts";
import { compileSelector } from "./selectors.ts";
import type { PodTemplateSpec, StatefulSet, Volume } from "./types.ts";
import {
  isEmptySelector,
  validateAtMostWhole,
  validateIntOrPercent,
  validateLabelSelector,
  validateMetadata,
  validateNotNegative,
} from "./validation-common.ts";
import { validateClaimSpec } from "./validation-storage.ts";
import { validateOwnedTemplate } from "./validation-workload.ts";

const SPEC = at(ROOT_PATH, "spec");

/** @source kubernetes 1.37 pkg/apis/apps/validation ValidateStatefulSet */
export function validateStatefulSet({ metadata, spec }: StatefulSet): FieldError[] {
  const { serviceName = "", volumeClaimTemplates = [] } = spec;
  const claims = at(SPEC, "volumeClaimTemplates");
  return [
    ...validateMetadata(metadata, dnsLabelProblems),
    ...validatePodManagement(spec),
    ...validateUpdateStrategy(spec.updateStrategy),
    ...validateRetention(spec.persistentVolumeClaimRetentionPolicy),
    ...volumeClaimTemplates.flatMap((claim, index) => validateClaimSpec(claim.spec, at(claims, index, "spec"))),
    ...validateNotNegative(spec.replicas, at(SPEC, "replicas")),
    ...validateNotNegative(spec.minReadySeconds, at(SPEC, "minReadySeconds")),
    ...validateNotNegative(spec.ordinals?.start, at(SPEC, "ordinals.start")),
    ...(serviceName === "" ? [] : dnsLabelProblems(serviceName)).map((text) =>
      invalid(at(SPEC, "serviceName"), serviceName, text),
    ),
    ...validateSelector(spec.selector),
    ...validateOwnedTemplate(withClaimVolumes(spec), compileSelector(spec.selector), "StatefulSet"),
  ];
}

function validatePodManagement({ podManagementPolicy }: StatefulSet["spec"]): FieldError[] {
  const path = at(SPEC, "podManagementPolicy");
  if (podManagementPolicy === undefined) return [required(path)];
  if (podManagementPolicy === "OrderedReady" || podManagementPolicy === "Parallel") return [];
  return [invalid(path, podManagementPolicy, "must be 'OrderedReady' or 'Parallel'")];
}

function validateUpdateStrategy(strategy: StatefulSet["spec"]["updateStrategy"]): FieldError[] {
  const path = at(SPEC, "updateStrategy");
  const here = at(path, "rollingUpdate");
  const { type, rollingUpdate } = strategy ?? {};
  if (type === "OnDelete") {
    const rule = "only allowed for updateStrategy 'RollingUpdate'";
    return rollingUpdate === undefined ? [] : [invalid(here, rollingUpdate, rule)];
  }
  if (type !== "RollingUpdate") return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  const { partition, maxUnavailable } = rollingUpdate ?? {};
  const limit = at(here, "maxUnavailable");
  const malformed = validateIntOrPercent(maxUnavailable, limit);
  const isZero =
    maxUnavailable !== undefined && malformed.length === 0 && resolveIntOrPercent(maxUnavailable, 100, "up") === 0;
  return [
    ...validateNotNegative(partition, at(here, "partition")),
    ...malformed,
    ...(isZero ? [invalid(limit, maxUnavailable, "cannot be 0")] : []),
    ...validateAtMostWhole(maxUnavailable, limit),
  ];
}

function validateRetention(policy: StatefulSet["spec"]["persistentVolumeClaimRetentionPolicy"]): FieldError[] {
  const path = at(SPEC, "persistentVolumeClaimRetentionPolicy");
  return (["whenDeleted", "whenScaled"] as const).flatMap((field) => {
    const value = policy?.[field] ?? "Retain";
    return value === "Retain" || value === "Delete" ? [] : [unsupported(at(path, field), value, ["Retain", "Delete"])];
  });
}

function validateSelector(selector: StatefulSet["spec"]["selector"] | undefined): FieldError[] {
  const path = at(SPEC, "selector");
  if (selector === undefined) return [required(path)];
  const errors = validateLabelSelector(selector, path);
  if (isEmptySelector(selector)) errors.push(invalid(path, selector, "empty selector is invalid for statefulset"));
  return errors;
}

/** The template as its pods will have it: with the volumes of the claims, and names that the controller gives. */
function withClaimVolumes({ template, volumeClaimTemplates = [] }: StatefulSet["spec"]): PodTemplateSpec | undefined {
  if (template?.spec === undefined) return template;
  const claimed = volumeClaimTemplates.map(({ metadata }): Volume => {
    const { name = "" } = metadata;
    return { name, persistentVolumeClaim: { claimName: name } };
  });
  const { hostname: _hostname, subdomain: _subdomain, volumes = [], ...spec } = template.spec;
  const others = volumes.filter(({ name }) => !claimed.some((claim) => claim.name === name));
  const all = [...claimed, ...others];
  return { ...template, spec: { ...spec, ...(all.length === 0 ? {} : { volumes: all }) } };
}
