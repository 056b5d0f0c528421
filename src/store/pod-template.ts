import type { PodSpec, PodTemplateSpec, StringMap } from "../kube/index.ts";
import { deepFreeze } from "../tables/index.ts";

/**
 * What the pods of one owner share: labels, annotations and the defaulted, frozen spec (without `nodeName`).
 * Two pods made from one template have the same `PodTemplate` object, so whatever a component compiles from it can be
 * kept in a `WeakMap` by template: such a cache is derived, and no state.
 */
export interface PodTemplate {
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly finalizers: readonly string[];
  readonly spec: PodSpec;
  /** The labels as text, keys sorted: equal texts, equal labels. */
  readonly labelsKey: string;
  /** Why admission refuses pods of this template; completes `pods "x" is forbidden: …`. */
  readonly forbidden?: string;
}

export const NO_LABELS: StringMap = Object.freeze({});
const NONE: readonly string[] = Object.freeze([]);

export function labelsKeyOf(labels: StringMap): string {
  const keys = Object.keys(labels).sort();
  return keys.map((key) => `${key}=${labels[key]}`).join(",");
}

/** Makes the template of a pod spec that admission and defaulting have already seen. */
export function podTemplate(template: PodTemplateSpec, defaulted: PodSpec): PodTemplate {
  const labels = deepFreeze({ ...(template.metadata?.labels ?? NO_LABELS) });
  return deepFreeze({
    labels,
    annotations: template.metadata?.annotations ?? NO_LABELS,
    finalizers: template.metadata?.finalizers ?? NONE,
    spec: defaulted,
    labelsKey: labelsKeyOf(labels),
  });
}

/** In what a template differs from the one it is derived from. */
export interface TemplateChange {
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly spec?: Partial<PodSpec>;
}

/**
 * A template that differs from another in a few fields and shares the rest with it: what a pod for one node or one
 * index needs. Cheap: nothing is defaulted, admitted or copied again.
 */
export function derivedTemplate(base: PodTemplate, { labels, annotations, spec }: TemplateChange): PodTemplate {
  return deepFreeze({
    ...base,
    ...(labels === undefined ? {} : { labels, labelsKey: labelsKeyOf(labels) }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(spec === undefined ? {} : { spec: { ...base.spec, ...spec } }),
  });
}
