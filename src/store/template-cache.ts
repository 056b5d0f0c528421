import {
  admitTolerations,
  defaultPodSpec,
  type PodSpec,
  type PodTemplateSpec,
  type PriorityClass,
} from "../kube/index.ts";
import { deepFreeze } from "../tables/index.ts";
import { type PodTemplate, podTemplate } from "./pod-template.ts";
import type { Store } from "./store.ts";

/** @source kubernetes 1.37 scheduling/types.go: the two classes every cluster has */
const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

/** Shared templates by pod template object: derived from the store, rebuilt when asked, hence no state. */
export class TemplateCache {
  readonly #store: Store;
  readonly #cache = new WeakMap<PodTemplateSpec, PodTemplate>();

  constructor(store: Store) {
    this.#store = store;
  }

  of(template: PodTemplateSpec): PodTemplate {
    let made = this.#cache.get(template);
    if (made === undefined) {
      made = podTemplate(template, deepFreeze(this.#admit(defaultPodSpec(template.spec))));
      this.#cache.set(template, made);
    }
    return made;
  }

  #admit(spec: PodSpec): PodSpec {
    const { nodeName: _, ...rest } = spec;
    return { ...rest, tolerations: admitTolerations(spec.tolerations ?? []), ...this.#priority(spec) };
  }

  /** The Priority admission plugin: a named class, else the global default, else 0. */
  #priority(spec: PodSpec): Pick<PodSpec, "priority" | "preemptionPolicy"> {
    const classes = this.#store.documents<PriorityClass>("PriorityClass");
    const name = spec.priorityClassName;
    const found = name === undefined ? classes.list().find((c) => c.globalDefault === true) : classes.find("", name);
    const priority = found?.value ?? SYSTEM_PRIORITIES[name ?? ""] ?? spec.priority ?? 0;
    return { priority, preemptionPolicy: spec.preemptionPolicy ?? found?.preemptionPolicy ?? "PreemptLowerPriority" };
  }
}
