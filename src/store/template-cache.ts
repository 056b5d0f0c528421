import { admitPodSpec, defaultPodSpec, type PodTemplateSpec, type PriorityClass } from "../kube/index.ts";
import { frozenCopy } from "../tables/index.ts";
import { type PodTemplate, podTemplate } from "./pod-template.ts";
import type { Store } from "./store.ts";

/** Shared templates by pod template object: derived from the store, made again when asked, hence no state. */
export class TemplateCache {
  readonly #store: Store;
  readonly #cache = new WeakMap<PodTemplateSpec, PodTemplate>();

  constructor(store: Store) {
    this.#store = store;
  }

  of(template: PodTemplateSpec): PodTemplate {
    const known = this.#cache.get(template);
    if (known !== undefined) return known;
    const { nodeName: _, ...spec } = template.spec;
    const classes = this.#store.documents<PriorityClass>("PriorityClass").list();
    const defaulted = defaultPodSpec(spec);
    const admitted = admitPodSpec(defaulted, template.metadata?.labels, classes);
    // What is refused now may be admitted later, once its priority class exists.
    if (!admitted.ok) return { ...podTemplate(template, frozenCopy(defaulted)), forbidden: admitted.reason };
    const made = podTemplate(template, frozenCopy(admitted.spec));
    this.#cache.set(template, made);
    return made;
  }
}
