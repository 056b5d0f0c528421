import {
  compileMapSelector,
  type LabelSelector,
  type StringMap,
  type TopologySpreadConstraint,
} from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { SpreadArgs } from "../config/types.ts";
import type { TemplateInfo } from "../pod-info.ts";
import { defaultConstraint, type SpreadConstraint } from "../pod-terms.ts";

export const HOSTNAME = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";
/** @source kubernetes 1.37 podtopologyspread systemDefaultConstraints */
const SYSTEM_CONSTRAINTS: readonly TopologySpreadConstraint[] = [
  { topologyKey: HOSTNAME, maxSkew: 3, whenUnsatisfiable: "ScheduleAnyway" },
  { topologyKey: ZONE, maxSkew: 5, whenUnsatisfiable: "ScheduleAnyway" },
];

interface Known {
  /** What the constraints were made from: the number of the services' last change, and the owner's selector. */
  readonly revision: number;
  readonly ofOwner: LabelSelector | undefined;
  readonly soft: readonly SpreadConstraint[];
  readonly hard: readonly SpreadConstraint[];
}

/**
 * The constraints of pods that name none, over the pods of their services and their owner: hosts and zones, or those
 * of the profile.
 */
export class SpreadDefaults {
  /** Whether there are DoNotSchedule constraints among them. */
  readonly hasHard: boolean;
  readonly #view: ClusterView;
  readonly #isSystem: boolean;
  readonly #soft: readonly TopologySpreadConstraint[];
  readonly #hard: readonly TopologySpreadConstraint[];
  #known = new WeakMap<TemplateInfo, Known>();

  constructor(view: ClusterView, { defaultingType, defaultConstraints }: SpreadArgs) {
    this.#view = view;
    this.#isSystem = defaultingType === "System";
    const constraints = this.#isSystem ? SYSTEM_CONSTRAINTS : defaultConstraints;
    this.#soft = constraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "ScheduleAnyway");
    this.#hard = constraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule");
    this.hasHard = this.#hard.length > 0;
  }

  /** The soft ones; empty when nothing selects the pod. */
  of(template: TemplateInfo): readonly SpreadConstraint[] {
    return this.#knownOf(template).soft;
  }

  /** The pod's own hard constraints, or the default ones. */
  hardOf(template: TemplateInfo): readonly SpreadConstraint[] {
    return template.hasOwnSpread || !this.hasHard ? template.hardSpread : this.#knownOf(template).hard;
  }

  /** Whether nodes that lack a key of a soft constraint are left out of the score. */
  needsAllKeys(template: TemplateInfo): boolean {
    return template.hasOwnSpread || !this.#isSystem;
  }

  #knownOf(template: TemplateInfo): Known {
    const { revision } = this.#view;
    const { namespace, owner } = template;
    const ofOwner = owner === undefined ? undefined : this.#view.selectorOfOwner(namespace, owner);
    let known = this.#known.get(template);
    if (known === undefined || known.revision !== revision || known.ofOwner !== ofOwner) {
      const selector = this.#selector(template, ofOwner);
      const compile = (list: readonly TopologySpreadConstraint[]) =>
        selector === null ? [] : list.map((constraint) => defaultConstraint(constraint, selector));
      known = { revision, ofOwner, soft: compile(this.#soft), hard: compile(this.#hard) };
      this.#known.set(template, known);
    }
    return known;
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
