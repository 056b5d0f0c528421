import type { Container, PodSpec, Quantities, StringMap } from "../../kube/index.ts";
import { compareQuantities, formatQuantity, parseQuantity } from "../../units/index.ts";
import { type ContainerPolicy, type ContainerRecommendation, policyOf } from "./recommendation.ts";

const UPDATES_ANNOTATION = "vpaUpdates";
const OBSERVED_ANNOTATION = "vpaObservedContainers";
const NANOS = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;

/** What admission makes of a pod. */
export interface AdmittedPod {
  readonly spec: PodSpec;
  readonly annotations: StringMap;
}

/** Recommendations as they apply to a pod: where the limit stays, the request stays within it. */
export function applicable(
  { containers }: Pick<PodSpec, "containers">,
  recommendations: readonly ContainerRecommendation[],
  policies: readonly ContainerPolicy[],
): ContainerRecommendation[] {
  return recommendations.flatMap((one) => {
    const container = containers.find(({ name }) => name === one.containerName);
    const policy = policyOf(policies, one.containerName);
    if (container === undefined || policy?.mode === "Off") return [];
    if (policy?.controlledValues !== "RequestsOnly") return [one];
    const limits = container.resources?.limits;
    const within = (amounts: StringMap): StringMap =>
      Object.fromEntries(Object.entries(amounts).map(([name, text]) => [name, lesser(text, limits?.[name])]));
    const [target, lowerBound, upperBound] = [one.target, one.lowerBound, one.upperBound].map(within);
    return [{ ...one, target: target ?? {}, lowerBound: lowerBound ?? {}, upperBound: upperBound ?? {} }];
  });
}

/**
 * A pod with requests as recommended and limits in proportion, and the annotations that say so. A container that no
 * recommendation names stays as it is.
 *
 * @source vertical-pod-autoscaler 1.6 pkg/admission-controller/resource/pod/patch/resource_updates.go
 */
export function withRecommendations(
  pod: AdmittedPod,
  vpaName: string,
  recommendations: readonly ContainerRecommendation[],
  policies: readonly ContainerPolicy[],
): AdmittedPod {
  const notes: string[] = [];
  const known = applicable(pod.spec, recommendations, policies);
  const containers = pod.spec.containers.map((container, index) => {
    const target = known.find(({ containerName }) => containerName === container.name)?.target;
    if (target === undefined) return container;
    const scalesLimits = policyOf(policies, container.name)?.controlledValues !== "RequestsOnly";
    const limits = scalesLimits ? proportionalLimits(container, target) : {};
    const texts = [...namesOf(target, "request"), ...namesOf(limits, "limit")];
    if (texts.length > 0) notes.push(`container ${index}: ${texts.join(", ")}`);
    return withResources(container, target, limits);
  });
  if (notes.length === 0) return pod;
  const annotations = {
    ...pod.annotations,
    [UPDATES_ANNOTATION]: `Pod resources updated by ${vpaName}: ${notes.join("; ")}`,
    [OBSERVED_ANNOTATION]: containers.map(({ name }) => name).join(", "),
  };
  return { spec: { ...pod.spec, containers }, annotations };
}

function namesOf(amounts: Quantities, list: string): string[] {
  return Object.keys(amounts)
    .sort()
    .map((name) => `${name} ${list}`);
}

function withResources(container: Container, requests: Quantities, limits: Quantities): Container {
  const own = container.resources ?? {};
  const all = { ...own.limits, ...limits };
  return {
    ...container,
    resources: {
      ...own,
      requests: { ...own.requests, ...requests },
      ...(Object.keys(all).length === 0 ? {} : { limits: all }),
    },
  };
}

/**
 * Limits that are to the new requests as the old limits to the old requests; equal to the request where there was none.
 *
 * @source vertical-pod-autoscaler 1.6 pkg/utils/vpa/limit_and_request_scaling.go
 */
function proportionalLimits({ resources }: Container, target: Quantities): Quantities {
  const limits: Record<string, string> = {};
  for (const [name, text] of Object.entries(target)) {
    const limit = parseQuantity(resources?.limits?.[name] ?? "0");
    const request = parseQuantity(resources?.requests?.[name] ?? "0");
    const wanted = parseQuantity(text);
    if (limit.nanos === 0n || wanted.nanos === 0n) continue;
    if (request.nanos === 0n || request.nanos === limit.nanos) {
      limits[name] = text;
      continue;
    }
    const unit = name === "cpu" ? NANOS_PER_MILLI : NANOS;
    const nanos = ((limit.nanos * wanted.nanos) / request.nanos / unit) * unit;
    limits[name] = formatQuantity({ nanos, format: limit.format });
  }
  return limits;
}

function lesser(text: string, limit: string | undefined): string {
  return limit !== undefined && compareQuantities(parseQuantity(limit), parseQuantity(text)) < 0 ? limit : text;
}
