import type { Container, PodTemplateSpec } from "../../kube/index.ts";
import { derivedTemplate, type PodTemplate, type Store } from "../../store/index.ts";

/** Keeps a pod until its Job has counted it. */
export const TRACKING_FINALIZER = "batch.kubernetes.io/job-tracking";
export const INDEX_KEY = "batch.kubernetes.io/job-completion-index";
export const FAILURES_KEY = "batch.kubernetes.io/job-index-failure-count";
export const IGNORED_FAILURES_KEY = "batch.kubernetes.io/job-index-ignored-failure-count";

const INDEX_VARIABLE = "JOB_COMPLETION_INDEX";

/** What a pod of an indexed Job carries besides the template. */
export interface IndexedPod {
  readonly hostname: string;
  readonly index: number;
  /** Annotations that count the failures of the index; none without a limit per index. */
  readonly failures: Readonly<Record<string, string>>;
}

/** The shared templates of the pods of Jobs: one a Job, from which those of the indexes are derived. */
export class JobTemplates {
  readonly #store: Store;
  readonly #specs = new WeakMap<PodTemplateSpec, PodTemplateSpec>();

  constructor(store: Store) {
    this.#store = store;
  }

  of(template: PodTemplateSpec, isIndexed: boolean): PodTemplate {
    let spec = this.#specs.get(template);
    if (spec === undefined) {
      spec = tracked(isIndexed ? withIndexVariable(template) : template);
      this.#specs.set(template, spec);
    }
    return this.#store.templateOf(spec);
  }

  ofIndex(template: PodTemplateSpec, { hostname, index, failures }: IndexedPod): PodTemplate {
    const base = this.of(template, true);
    return derivedTemplate(base, {
      labels: { ...base.labels, [INDEX_KEY]: String(index) },
      annotations: { ...base.annotations, [INDEX_KEY]: String(index), ...failures },
      spec: { hostname },
    });
  }
}

function tracked(template: PodTemplateSpec): PodTemplateSpec {
  const finalizers = template.metadata?.finalizers ?? [];
  if (finalizers.includes(TRACKING_FINALIZER)) return template;
  return { ...template, metadata: { ...template.metadata, finalizers: [...finalizers, TRACKING_FINALIZER] } };
}

function withIndexVariable(template: PodTemplateSpec): PodTemplateSpec {
  const add = (container: Container): Container => {
    const { env = [] } = container;
    if (env.some(({ name }) => name === INDEX_VARIABLE)) return container;
    const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${INDEX_KEY}']` } };
    return { ...container, env: [...env, { name: INDEX_VARIABLE, valueFrom }] };
  };
  const { spec } = template;
  const { initContainers } = spec;
  return {
    ...template,
    spec: {
      ...spec,
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(add) }),
      containers: spec.containers.map(add),
    },
  };
}
