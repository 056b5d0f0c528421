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
import { dnsLabelProblems, dnsSubdomainProblems } from "./labels.ts";
import type { Pod, PodSpec, PodTemplateSpec, Toleration, TopologySpreadConstraint, Volume } from "./types.ts";
import { validateAffinity } from "./validation-affinity.ts";
import {
  validateLabelSelector,
  validateLabels,
  validateMetadata,
  validateMetadataMaps,
  validateNotNegative,
} from "./validation-common.ts";
import { validateContainers, validateQuantity } from "./validation-container.ts";

const RESTART_POLICIES: readonly string[] = ["Always", "OnFailure", "Never"];
const DNS_POLICIES: readonly string[] = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
const EFFECTS: readonly string[] = ["NoExecute", "NoSchedule", "PreferNoSchedule"];
const UNSATISFIABLE_ACTIONS: readonly string[] = ["DoNotSchedule", "ScheduleAnyway"];
const ACTIVE_DEADLINE_MAX = 2_147_483_647;

/** Complaints about a defaulted pod. @source kubernetes 1.37 pkg/apis/core/validation ValidatePodCreate */
export function validatePod(pod: Pod): FieldError[] {
  return [...validateMetadata(pod.metadata), ...validatePodSpec(pod.spec, at(ROOT_PATH, "spec"))];
}

/** Complaints about a defaulted pod template. */
export function validatePodTemplate(template: PodTemplateSpec, path: FieldPath): FieldError[] {
  return [
    ...validateMetadataMaps(template.metadata ?? {}, at(path, "metadata")),
    ...validatePodSpec(template.spec ?? { containers: [] }, at(path, "spec")),
  ];
}

/** Complaints about a defaulted pod spec. @source kubernetes 1.37 pkg/apis/core/validation ValidatePodSpec */
export function validatePodSpec(spec: PodSpec, path: FieldPath): FieldError[] {
  const volumeNames = new Set((spec.volumes ?? []).map(({ name }) => name));
  const containers = spec.containers ?? [];
  const errors = validateVolumes(spec.volumes ?? [], at(path, "volumes"));
  if (containers.length === 0) errors.push(required(at(path, "containers")));
  errors.push(...validateContainers(containers, volumeNames, at(path, "containers")));
  errors.push(...validateContainers(spec.initContainers ?? [], volumeNames, at(path, "initContainers")));
  const { restartPolicy, dnsPolicy, activeDeadlineSeconds } = spec;
  if (!restartPolicy) errors.push(required(at(path, "restartPolicy")));
  else if (!RESTART_POLICIES.includes(restartPolicy)) {
    errors.push(unsupported(at(path, "restartPolicy"), restartPolicy, RESTART_POLICIES));
  }
  if (dnsPolicy !== undefined && !DNS_POLICIES.includes(dnsPolicy)) {
    errors.push(unsupported(at(path, "dnsPolicy"), dnsPolicy, DNS_POLICIES));
  }
  errors.push(...validateLabels(spec.nodeSelector, at(path, "nodeSelector")));
  errors.push(...validateNotNegative(spec.terminationGracePeriodSeconds, at(path, "terminationGracePeriodSeconds")));
  if (
    activeDeadlineSeconds !== undefined &&
    (activeDeadlineSeconds < 1 || activeDeadlineSeconds > ACTIVE_DEADLINE_MAX)
  ) {
    const rule = `must be between 1 and ${ACTIVE_DEADLINE_MAX}, inclusive`;
    errors.push(invalid(at(path, "activeDeadlineSeconds"), activeDeadlineSeconds, rule));
  }
  for (const field of ["serviceAccountName", "nodeName", "priorityClassName"] as const) {
    const name = spec[field];
    if (name) errors.push(...dnsSubdomainProblems(name).map((text) => invalid(at(path, field), name, text)));
  }
  errors.push(...validateAffinity(spec.affinity, at(path, "affinity")));
  errors.push(...validateTolerations(spec.tolerations ?? [], at(path, "tolerations")));
  errors.push(...validateSpread(spec.topologySpreadConstraints ?? [], at(path, "topologySpreadConstraints")));
  for (const [name, text] of Object.entries(spec.overhead ?? {})) {
    errors.push(...validateQuantity(text, at(path, "overhead", name)));
  }
  return errors;
}

function validateVolumes(volumes: readonly Volume[], path: FieldPath): FieldError[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, i) => {
    const { name } = volume;
    const here = at(path, i, "name");
    if (!name) return [required(here)];
    const errors = dnsLabelProblems(name).map((text) => invalid(here, name, text));
    if (names.has(name)) errors.push(duplicate(here, name));
    names.add(name);
    const claim = volume.persistentVolumeClaim as { readonly claimName?: string } | undefined;
    if (claim !== undefined && !claim.claimName) {
      errors.push(required(at(path, i, "persistentVolumeClaim", "claimName")));
    }
    return errors;
  });
}

/** @source kubernetes 1.37 pkg/apis/core/validation ValidateTolerations */
function validateTolerations(tolerations: readonly Toleration[], path: FieldPath): FieldError[] {
  return tolerations.flatMap(({ key, operator, value, effect, tolerationSeconds }, i) => {
    const here = at(path, i);
    const errors: FieldError[] = [];
    if (!key && operator !== "Exists") {
      const rule = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(at(here, "operator"), operator ?? "", rule));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      const rule = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalid(at(here, "effect"), effect ?? "", rule));
    }
    if (operator === "Exists" && value) {
      errors.push(invalid(at(here, "operator"), value, "value must be empty when `operator` is 'Exists'"));
    }
    if (operator && operator !== "Exists" && operator !== "Equal") {
      errors.push(unsupported(at(here, "operator"), operator, ["Equal", "Exists"]));
    }
    if (effect && !EFFECTS.includes(effect)) errors.push(unsupported(at(here, "effect"), effect, EFFECTS));
    return errors;
  });
}

/** @source kubernetes 1.37 pkg/apis/core/validation validateTopologySpreadConstraints */
function validateSpread(constraints: readonly TopologySpreadConstraint[], path: FieldPath): FieldError[] {
  const seen = new Set<string>();
  return constraints.flatMap((constraint, i) => {
    const here = at(path, i);
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    const errors: FieldError[] = [];
    if (!(maxSkew > 0)) errors.push(invalid(at(here, "maxSkew"), maxSkew ?? 0, "must be greater than zero"));
    if (!topologyKey) errors.push(required(at(here, "topologyKey"), "can not be empty"));
    if (!UNSATISFIABLE_ACTIONS.includes(whenUnsatisfiable)) {
      errors.push(unsupported(at(here, "whenUnsatisfiable"), whenUnsatisfiable ?? "", UNSATISFIABLE_ACTIONS));
    }
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.push(duplicate(at(here, "{topologyKey, whenUnsatisfiable}"), pair));
    seen.add(pair);
    if (minDomains !== undefined && minDomains <= 0) {
      errors.push(invalid(at(here, "minDomains"), minDomains, "must be greater than zero"));
    } else if (minDomains !== undefined && whenUnsatisfiable === "ScheduleAnyway") {
      const rule = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway";
      errors.push(invalid(at(here, "minDomains"), minDomains, rule));
    }
    return [...errors, ...validateLabelSelector(constraint.labelSelector, at(here, "labelSelector"))];
  });
}
