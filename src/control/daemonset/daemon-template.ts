import type { NodeSelector, PodTemplateSpec } from "../../kube/index.ts";
import { derivedTemplate, type PodTemplate, type Store } from "../../store/index.ts";
import { daemonTolerations } from "./eligibility.ts";

/** The label that tells pods of one revision of a DaemonSet from those of another. */
export const REVISION_LABEL = "controller-revision-hash";

const HOST_NAME_FIELD = "metadata.name";

/**
 * The shared templates of a DaemonSet's pods. They differ by node in the node affinity only, so each is derived from
 * one that is defaulted and admitted once a revision, and kept while that one is: the same node gives the same template.
 */
export class DaemonTemplates {
  readonly #store: Store;
  readonly #specs = new WeakMap<PodTemplateSpec, { readonly hash: string; readonly spec: PodTemplateSpec }>();
  readonly #byNode = new WeakMap<PodTemplate, Map<string, PodTemplate>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** The template of the pod for a node. `hash` is that of the revision to which the pod template belongs. */
  of(template: PodTemplateSpec, hash: string, nodeName: string): PodTemplate {
    const base = this.#store.templateOf(this.#specOf(template, hash));
    let byNode = this.#byNode.get(base);
    if (byNode === undefined) {
      byNode = new Map();
      this.#byNode.set(base, byNode);
    }
    let made = byNode.get(nodeName);
    if (made === undefined) {
      made = derivedTemplate(base, { spec: { affinity: onlyOn(base, nodeName) } });
      byNode.set(nodeName, made);
    }
    return made;
  }

  #specOf(template: PodTemplateSpec, hash: string): PodTemplateSpec {
    const known = this.#specs.get(template);
    if (known?.hash === hash) return known.spec;
    const labels = { ...template.metadata?.labels, [REVISION_LABEL]: hash };
    const spec: PodTemplateSpec = {
      ...template,
      metadata: { ...template.metadata, labels },
      spec: { ...template.spec, tolerations: daemonTolerations(template.spec) },
    };
    this.#specs.set(template, { hash, spec });
    return spec;
  }
}

/** The node that required node affinity pins a template to, or "". @source kubernetes 1.37 GetTargetNodeName */
export function pinnedNode(template: PodTemplate): string {
  const { affinity } = template.spec;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === HOST_NAME_FIELD && operator === "In") return values.length === 1 ? (values[0] ?? "") : "";
    }
  }
  return "";
}

/** The template's affinity with its required terms on nodes replaced by the one that names the node. */
function onlyOn(base: PodTemplate, nodeName: string) {
  const { affinity } = base.spec;
  const required: NodeSelector = {
    nodeSelectorTerms: [{ matchFields: [{ key: HOST_NAME_FIELD, operator: "In", values: [nodeName] }] }],
  };
  return {
    ...affinity,
    nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required },
  };
}
