import { type Condition, type KubeObject, type PodSpec, type StringMap, setCondition } from "../../kube/index.ts";
import {
  formatMilli,
  formatQuantity,
  parseQuantity,
  quantityFromValue,
  quantityMilliValue,
  quantityValue,
} from "../../units/index.ts";
import { type Amounts, estimateRequests, type UsageHistory } from "./estimate.ts";

/** A VerticalPodAutoscaler of autoscaling.k8s.io/v1. */
export interface VerticalPodAutoscaler extends KubeObject {
  readonly spec: {
    readonly targetRef?: { readonly apiVersion?: string; readonly kind: string; readonly name: string };
    readonly updatePolicy?: {
      readonly updateMode?: string;
      readonly minReplicas?: number;
      readonly evictionRequirements?: readonly EvictionRequirement[];
    };
    readonly resourcePolicy?: { readonly containerPolicies?: readonly ContainerPolicy[] };
  };
  readonly status?: VpaStatus;
}

export interface ContainerPolicy {
  /** "*" is that of containers without one of their own. */
  readonly containerName?: string;
  readonly mode?: "Auto" | "Off";
  readonly minAllowed?: StringMap;
  readonly maxAllowed?: StringMap;
  readonly controlledResources?: readonly string[];
  readonly controlledValues?: "RequestsAndLimits" | "RequestsOnly";
}

/** When pods may be evicted: a recommendation for one of the resources is above, or below, what is requested. */
export interface EvictionRequirement {
  readonly resources: readonly string[];
  readonly changeRequirement: "TargetHigherThanRequests" | "TargetLowerThanRequests";
}

export interface VpaStatus {
  readonly recommendation?: { readonly containerRecommendations?: readonly ContainerRecommendation[] };
  readonly conditions?: readonly Condition[];
}

export interface ContainerRecommendation {
  readonly containerName: string;
  readonly target: StringMap;
  readonly lowerBound: StringMap;
  readonly upperBound: StringMap;
  readonly uncappedTarget: StringMap;
}

const RESOURCES = ["cpu", "memory"] as const;
type Resource = (typeof RESOURCES)[number];

/** Recommendations for the containers of a pod that were seen, by name, within what the policies allow. */
export function recommend(
  { containers }: Pick<PodSpec, "containers">,
  histories: ReadonlyMap<string, UsageHistory>,
  policies: readonly ContainerPolicy[],
): ContainerRecommendation[] {
  const seen = containers.filter(({ name }) => (histories.get(name)?.sampleCount ?? 0) > 0);
  const found = seen.flatMap(({ name }) => {
    const policy = policyOf(policies, name);
    if (policy?.mode === "Off") return [];
    const estimate = estimateRequests(histories.get(name) as UsageHistory, seen.length);
    const resources = RESOURCES.filter((resource) => policy?.controlledResources?.includes(resource) ?? true);
    const texts = (amounts: Amounts, limits?: ContainerPolicy): StringMap =>
      Object.fromEntries(resources.map((resource) => [resource, textOf(resource, within(amounts, resource, limits))]));
    return [
      {
        containerName: name,
        target: texts(estimate.target, policy),
        lowerBound: texts(estimate.lowerBound, policy),
        upperBound: texts(estimate.upperBound, policy),
        uncappedTarget: texts(estimate.target),
      },
    ];
  });
  return found.sort((a, b) => (a.containerName < b.containerName ? -1 : 1));
}

/** The policy for a container: its own, else that of "*". */
export function policyOf(policies: readonly ContainerPolicy[], name: string): ContainerPolicy | undefined {
  return policies.find(({ containerName }) => containerName === name) ?? policies.find(isForAll);
}

function isForAll({ containerName }: ContainerPolicy): boolean {
  return containerName === "*";
}

function within(amounts: Amounts, resource: Resource, limits: ContainerPolicy | undefined): number {
  const amount = resource === "cpu" ? amounts.cpuMilli : amounts.memoryBytes;
  const of = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    return resource === "cpu" ? quantityMilliValue(parseQuantity(text)) : quantityValue(parseQuantity(text));
  };
  const [min, max] = [of(limits?.minAllowed?.[resource]), of(limits?.maxAllowed?.[resource])];
  const raised = min === undefined ? amount : Math.max(amount, min);
  return max === undefined ? raised : Math.min(raised, max);
}

function textOf(resource: Resource, amount: number): string {
  return resource === "cpu" ? formatMilli(amount) : formatQuantity(quantityFromValue(amount, "DecimalSI"));
}

/** The status that goes with recommendations. @source vertical-pod-autoscaler 1.6 pkg/recommender/model/vpa.go UpdateConditions */
export function statusWith(
  before: VpaStatus | undefined,
  containerRecommendations: readonly ContainerRecommendation[],
  hasPods: boolean,
  nowText: string,
): VpaStatus {
  const recommendation = containerRecommendations.length > 0 ? { containerRecommendations } : before?.recommendation;
  const known = (before?.conditions ?? []).filter(({ type }) => (hasPods ? type !== "NoPodsMatched" : true));
  const why = hasPods ? {} : { reason: "NoPodsMatched", message: "No pods match this VPA object" };
  const isProvided = recommendation !== undefined;
  let conditions: readonly Condition[] = setCondition(
    known,
    { type: "RecommendationProvided", status: isProvided ? "True" : "False", ...(isProvided ? {} : why) },
    nowText,
  );
  if (!hasPods) conditions = setCondition(conditions, { type: "NoPodsMatched", status: "True", ...why }, nowText);
  return { conditions, ...(recommendation === undefined ? {} : { recommendation }) };
}
