import { compileMapSelector, type LabelSelector, type StringMap } from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { TemplateInfo } from "../pod-info.ts";
import { defaultConstraint, type SpreadConstraint } from "../pod-terms.ts";

export const HOSTNAME = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";
/** @source kubernetes 1.37 podtopologyspread systemDefaultConstraints */
const DEFAULT_HOST_SKEW = 3;
const DEFAULT_ZONE_SKEW = 5;

interface Known {
  /** What the constraints were made from: the number of the services' last change, and the owner's selector. */
  readonly revision: number;
  readonly ofOwner: LabelSelector | undefined;
  readonly constraints: readonly SpreadConstraint[];
}

/** The constraints of pods that name none: hosts and zones, over the pods of their services and their owner. */
export class SpreadDefaults {
  readonly #view: ClusterView;
  #known = new WeakMap<TemplateInfo, Known>();

  constructor(view: ClusterView) {
    this.#view = view;
  }

  /** Empty when nothing selects the pod. */
  of(template: TemplateInfo): readonly SpreadConstraint[] {
    const { revision } = this.#view;
    const { namespace, owner } = template;
    const ofOwner = owner === undefined ? undefined : this.#view.selectorOfOwner(namespace, owner);
    let known = this.#known.get(template);
    if (known === undefined || known.revision !== revision || known.ofOwner !== ofOwner) {
      known = { revision, ofOwner, constraints: this.#make(template, ofOwner) };
      this.#known.set(template, known);
    }
    return known.constraints;
  }

  #make(template: TemplateInfo, ofOwner: LabelSelector | undefined): readonly SpreadConstraint[] {
    const selector = this.#selector(template, ofOwner);
    if (selector === null) return [];
    return [
      defaultConstraint(HOSTNAME, DEFAULT_HOST_SKEW, selector),
      defaultConstraint(ZONE, DEFAULT_ZONE_SKEW, selector),
    ];
  }

  /**
   * The selectors of all services that select the pod, and that of its owner, in one.
   * @source kubernetes 1.37 scheduler plugins helper.DefaultSelector
   */
  #selector({ namespace, labels, owner }: TemplateInfo, ofOwner: LabelSelector | undefined): LabelSelector | null {
    const merged: Record<string, string> = {};
    for (const { spec } of this.#view.servicesIn(namespace)) {
      if (isSelected(spec.selector, labels)) Object.assign(merged, spec.selector);
    }
    const isPlain = owner?.kind === "ReplicationController";
    if (isPlain) Object.assign(merged, ofOwner?.matchLabels);
    const more = isPlain ? [] : Object.entries(ofOwner?.matchLabels ?? {});
    const expressions = [
      ...more.map(([key, value]) => ({ key, operator: "In" as const, values: [value] })),
      ...(ofOwner?.matchExpressions ?? []),
    ];
    if (Object.keys(merged).length === 0 && expressions.length === 0) return null;
    return { matchLabels: merged, matchExpressions: expressions };
  }
}

function isSelected(selector: StringMap | undefined, labels: StringMap): boolean {
  return selector !== undefined && compileMapSelector(selector).matches(labels);
}
