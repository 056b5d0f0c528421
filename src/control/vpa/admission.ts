import { derivedTemplate, type PodTemplate, type Store } from "../../store/index.ts";
import { withRecommendations } from "./admitted-pod.ts";
import { targetOf, updateModeOf, vpaRows } from "./objects.ts";
import type { ContainerPolicy, ContainerRecommendation, VerticalPodAutoscaler } from "./recommendation.ts";

/** A template as a recommendation leaves it. */
interface Admitted {
  readonly recommendations: readonly ContainerRecommendation[];
  readonly policies: readonly ContainerPolicy[] | undefined;
  readonly template: PodTemplate;
}

/**
 * The admission webhook of the vertical pod autoscaler: pods of a target are made with the requests that are recommended
 * for them, whatever the update mode but Off. Of several autoscalers for one pod the oldest decides.
 *
 * @source vertical-pod-autoscaler 1.6 pkg/admission-controller/resource/vpa/matcher.go, resource/pod/handler.go
 */
export class VpaAdmission {
  readonly #store: Store;
  /** Derived from the template and the recommendation, made again when asked, hence no state. */
  readonly #admitted = new WeakMap<PodTemplate, Admitted>();

  constructor(store: Store) {
    this.#store = store;
    store.admission.mutatePod = (namespace, template) => this.#admit(namespace, template);
  }

  #admit(namespace: string, template: PodTemplate): PodTemplate {
    const vpa = this.#controlling(namespace, template);
    const recommendations = vpa?.status?.recommendation?.containerRecommendations;
    if (vpa === undefined || recommendations === undefined) return template;
    const policies = vpa.spec.resourcePolicy?.containerPolicies;
    const known = this.#admitted.get(template);
    if (known?.recommendations === recommendations && known.policies === policies) return known.template;
    const { name = "" } = vpa.metadata;
    const { spec, annotations } = template;
    const pod = { spec, annotations };
    const made = withRecommendations(pod, name, recommendations, policies ?? []);
    const admitted = made === pod ? template : derivedTemplate(template, made);
    this.#admitted.set(template, { recommendations, policies, template: admitted });
    return admitted;
  }

  #controlling(namespace: string, { labels }: PodTemplate): VerticalPodAutoscaler | undefined {
    const table = this.#store.documents<VerticalPodAutoscaler>("Other");
    return vpaRows(this.#store)
      .map((row) => table.get(row))
      .find((vpa) => {
        if ((vpa.metadata.namespace ?? "default") !== namespace || updateModeOf(vpa) === "Off") return false;
        return targetOf(this.#store, vpa)?.matcher.matches(labels) === true;
      });
  }
}
