import { TAINT_NOT_READY, TAINT_UNREACHABLE } from "./taints.ts";
import type {
  LabelSelector,
  LabelSelectorRequirement,
  PodAffinity,
  PodAffinityTerm,
  PodSpec,
  PriorityClass,
  StringMap,
  Toleration,
} from "./types.ts";

const DEFAULT_TOLERATION_SECONDS = 300;

/** Priority classes that every cluster has. @source kubernetes 1.37 pkg/apis/scheduling/v1/helpers.go */
export const SYSTEM_PRIORITY_CLASSES: ReadonlyMap<string, number> = new Map([
  ["system-cluster-critical", 2_000_000_000],
  ["system-node-critical", 2_000_001_000],
]);

export type Admitted = { readonly ok: true; readonly spec: PodSpec } | { readonly ok: false; readonly reason: string };

/**
 * What the default admission plugins make of a new pod's defaulted spec: service account, tolerations, priority and
 * selectors extended by `matchLabelKeys`. `reason` completes `pods "x" is forbidden: …`.
 *
 * DEVIATION(service-account-volume): the projected `kube-api-access` volume is not added; nothing here mounts it.
 * @source kubernetes 1.37 plugin/pkg/admission serviceaccount, defaulttolerationseconds, priority; pod strategy
 */
export function admitPodSpec(
  spec: PodSpec,
  labels: StringMap | undefined,
  priorityClasses: readonly PriorityClass[] = [],
): Admitted {
  const priority = resolvePriority(spec, priorityClasses);
  if (typeof priority === "string") return { ok: false, reason: priority };
  const tolerations = withDefaultTolerations(spec.tolerations);
  const admitted = { ...spec, serviceAccountName: spec.serviceAccountName ?? "default", tolerations, ...priority };
  return { ok: true, spec: withMatchLabelKeys(admitted, labels ?? {}) };
}

/** Adds not-ready and unreachable for 300 s where no toleration covers them. Not-ready comes first. */
export function withDefaultTolerations(given: readonly Toleration[] | undefined): readonly Toleration[] {
  const tolerations = [...(given ?? [])];
  for (const key of [TAINT_NOT_READY, TAINT_UNREACHABLE]) {
    const isCovered = (given ?? []).some(
      (toleration) =>
        (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === "NoExecute"),
    );
    if (isCovered) continue;
    tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: DEFAULT_TOLERATION_SECONDS });
  }
  return tolerations;
}

type Priority = Required<Pick<PodSpec, "priority" | "preemptionPolicy">> & Pick<PodSpec, "priorityClassName">;

/** The pod's priority fields, or why it is refused. */
function resolvePriority(spec: PodSpec, classes: readonly PriorityClass[]): Priority | string {
  const named = spec.priorityClassName ? classOf(spec.priorityClassName, classes) : globalDefault(classes);
  if (named === undefined && spec.priorityClassName) {
    return `no PriorityClass with name ${spec.priorityClassName} was found`;
  }
  const priority = named?.value ?? 0;
  if (spec.priority !== undefined && spec.priority !== priority) {
    return `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`;
  }
  const policy = named?.preemptionPolicy ?? "PreemptLowerPriority";
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    return `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`;
  }
  const name = named?.metadata.name;
  return { priority, preemptionPolicy: policy, ...(name !== undefined && { priorityClassName: name }) };
}

function classOf(name: string, classes: readonly PriorityClass[]): PriorityClass | undefined {
  const found = classes.find(({ metadata }) => metadata.name === name);
  const value = SYSTEM_PRIORITY_CLASSES.get(name);
  if (found !== undefined || value === undefined) return found;
  return { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name }, value };
}

/** Of several global defaults the one of lowest value holds. */
function globalDefault(classes: readonly PriorityClass[]): PriorityClass | undefined {
  return classes
    .filter(({ globalDefault: isDefault }) => isDefault === true)
    .reduce<PriorityClass | undefined>(
      (low, one) => (low === undefined || one.value < low.value ? one : low),
      undefined,
    );
}

/** Appends `key In [value]`, or `NotIn`, for the pod's own labels, as the API server does when a pod is created. */
function withMatchLabelKeys(spec: PodSpec, labels: StringMap): PodSpec {
  const constraints = spec.topologySpreadConstraints?.map((constraint) => ({
    ...constraint,
    ...extended(constraint.labelSelector, expressions(constraint.matchLabelKeys, "In", labels)),
  }));
  const { affinity } = spec;
  const podAffinity = affinity?.podAffinity && extendedAffinity(affinity.podAffinity, labels);
  const podAntiAffinity = affinity?.podAntiAffinity && extendedAffinity(affinity.podAntiAffinity, labels);
  return {
    ...spec,
    ...(constraints !== undefined && { topologySpreadConstraints: constraints }),
    ...(affinity !== undefined && {
      affinity: { ...affinity, ...(podAffinity && { podAffinity }), ...(podAntiAffinity && { podAntiAffinity }) },
    }),
  };
}

function extendedAffinity(affinity: PodAffinity, labels: StringMap): PodAffinity {
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution?.map((term) => extendedTerm(term, labels));
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution?.map((weighted) => ({
    ...weighted,
    podAffinityTerm: extendedTerm(weighted.podAffinityTerm, labels),
  }));
  return {
    ...affinity,
    ...(required && { requiredDuringSchedulingIgnoredDuringExecution: required }),
    ...(preferred && { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
  };
}

function extendedTerm(term: PodAffinityTerm, labels: StringMap): PodAffinityTerm {
  const added = [
    ...expressions(term.matchLabelKeys, "In", labels),
    ...expressions(term.mismatchLabelKeys, "NotIn", labels),
  ];
  return { ...term, ...extended(term.labelSelector, added) };
}

function expressions(
  keys: readonly string[] | undefined,
  operator: "In" | "NotIn",
  labels: StringMap,
): LabelSelectorRequirement[] {
  return (keys ?? []).flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}

function extended(
  selector: LabelSelector | undefined,
  added: readonly LabelSelectorRequirement[],
): { labelSelector?: LabelSelector } {
  if (selector === undefined || added.length === 0) return {};
  return { labelSelector: { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] } };
}
