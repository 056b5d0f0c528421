import {
  compileSelector,
  type LabelSelector,
  type PodAffinityTerm,
  type StringMap,
  type Toleration,
  type TopologySpreadConstraint,
} from "../kube/index.ts";
import { compileNodeSelection, type NodeSelection } from "./node-selection.ts";
import type { PodSource, TemplateInfo } from "./pod-info.ts";

export type LabelTest = (labels: StringMap) => boolean;

/** A pod (anti-)affinity term: which pods it means, and over which label of their nodes. */
export interface AffinityTerm {
  /** Equal keys mean equal pods (the topology key aside). */
  readonly key: string;
  readonly topologyKey: string;
  /** Namespaces by name; those that `namespaceSelector` matches count as well. */
  readonly namespaces: ReadonlySet<string>;
  readonly namespaceSelector: LabelTest | null;
  readonly selector: LabelTest;
}

export interface WeightedTerm {
  readonly weight: number;
  readonly term: AffinityTerm;
}

export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  /** Equal keys mean equal selectors. */
  readonly selectorKey: string;
  readonly selector: LabelTest;
  /** A selector without any requirement: it matches the pod itself, yet counts no pods. */
  readonly isSelectorEmpty: boolean;
  readonly honorsNodeAffinity: boolean;
  readonly honorsNodeTaints: boolean;
}

export interface PodTerms {
  readonly nodeSelection: NodeSelection;
  readonly tolerations: readonly Toleration[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly WeightedTerm[];
  readonly preferredAntiAffinity: readonly WeightedTerm[];
  readonly hasOwnSpread: boolean;
  readonly hardSpread: readonly SpreadConstraint[];
  readonly softSpread: readonly SpreadConstraint[];
}

/** Compiles what a pod says about nodes and about other pods. */
export function compilePodTerms(source: PodSource): PodTerms {
  const { spec, namespace } = source;
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const constraints = spec.topologySpreadConstraints ?? [];
  const spread = (mode: TopologySpreadConstraint["whenUnsatisfiable"]) =>
    constraints.filter((c) => c.whenUnsatisfiable === mode).map((c) => compileConstraint(c, source.labels));
  const required = (affinity: typeof podAffinity) =>
    (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => compileTerm(term, namespace));
  const preferred = (affinity: typeof podAffinity) =>
    (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((entry) => ({
      weight: entry.weight,
      term: compileTerm(entry.podAffinityTerm, namespace),
    }));
  return {
    nodeSelection: compileNodeSelection(spec),
    tolerations: spec.tolerations ?? [],
    requiredAffinity: required(podAffinity),
    requiredAntiAffinity: required(podAntiAffinity),
    preferredAffinity: preferred(podAffinity),
    preferredAntiAffinity: preferred(podAntiAffinity),
    hasOwnSpread: constraints.length > 0,
    hardSpread: spread("DoNotSchedule"),
    softSpread: spread("ScheduleAnyway"),
  };
}

/** Whether a term means a pod. `labelsOfNamespace` is asked only when the term selects namespaces by label. */
export function termMatches(
  term: AffinityTerm,
  pod: Pick<TemplateInfo, "namespace" | "labels">,
  labelsOfNamespace: (namespace: string) => StringMap,
): boolean {
  if (!term.namespaces.has(pod.namespace)) {
    if (term.namespaceSelector === null || !term.namespaceSelector(labelsOfNamespace(pod.namespace))) return false;
  }
  return term.selector(pod.labels);
}

/** Whether the template has any pod (anti-)affinity at all. */
export function hasPodAffinity(terms: PodTerms): boolean {
  return (
    terms.requiredAffinity.length > 0 ||
    terms.requiredAntiAffinity.length > 0 ||
    terms.preferredAffinity.length > 0 ||
    terms.preferredAntiAffinity.length > 0
  );
}

function compileTerm(term: PodAffinityTerm, ownNamespace: string): AffinityTerm {
  const names = term.namespaces ?? [];
  const isOwn = names.length === 0 && term.namespaceSelector === undefined;
  const namespaces = isOwn ? [ownNamespace] : [...names].sort();
  return Object.freeze({
    key: JSON.stringify([namespaces, term.namespaceSelector ?? null, term.labelSelector ?? null]),
    topologyKey: term.topologyKey,
    namespaces: new Set(namespaces),
    namespaceSelector: term.namespaceSelector === undefined ? null : compileSelector(term.namespaceSelector).matches,
    selector: compileSelector(term.labelSelector).matches,
  });
}

function compileConstraint(constraint: TopologySpreadConstraint, labels: StringMap): SpreadConstraint {
  const merged = withMatchLabelKeys(constraint, labels);
  const matcher = compileSelector(merged);
  return Object.freeze({
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selectorKey: JSON.stringify(merged ?? null),
    selector: matcher.matches,
    isSelectorEmpty: matcher.selectsEverything,
    honorsNodeAffinity: (constraint.nodeAffinityPolicy ?? "Honor") === "Honor",
    honorsNodeTaints: constraint.nodeTaintsPolicy === "Honor",
  });
}

function withMatchLabelKeys(constraint: TopologySpreadConstraint, labels: StringMap): LabelSelector | undefined {
  const { labelSelector, matchLabelKeys } = constraint;
  if (labelSelector === undefined || matchLabelKeys === undefined) return labelSelector;
  const more = matchLabelKeys.flatMap((key) => {
    const value = labels[key];
    return value === undefined ? [] : [{ key, operator: "In" as const, values: [value] }];
  });
  return { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...more] };
}

/** A constraint that the scheduler makes up for pods that name none. */
export function defaultConstraint(constraint: TopologySpreadConstraint, selector: LabelSelector): SpreadConstraint {
  return compileConstraint({ ...constraint, labelSelector: selector }, {});
}
