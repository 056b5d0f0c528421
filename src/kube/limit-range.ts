import { compareQuantities, formatQuantity, parseQuantity, quantityMilliValue, quantityValue } from "../units/index.ts";
import { podQuantities } from "./pod-requests.ts";
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PodSpec,
  Quantities,
  ResourceRequirements,
  StringMap,
} from "./types.ts";

export const LIMIT_RANGER_ANNOTATION = "kubernetes.io/limit-ranger";

/** Above this a ratio is compared in whole units. @source kubernetes 1.37 resource.MaxMilliValue */
export const MILLI_VALUE_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** What a container takes from a LimitRange where it says nothing itself, and for whom the API server notes it. */
export interface LimitedPod {
  readonly spec: PodSpec;
  readonly annotations: StringMap;
}

/**
 * Limits of type Container with the defaults that follow from one another: default from max, defaultRequest from default,
 * then from min.
 *
 * @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_LimitRangeItem
 */
export function defaultLimitRange(range: LimitRange): LimitRange {
  const limits = (range.spec.limits ?? []).map((item) => {
    if (item.type !== "Container") return item;
    const limit = { ...item.max, ...item.default };
    const defaultRequest = { ...item.min, ...limit, ...item.defaultRequest };
    return { ...item, default: limit, defaultRequest };
  });
  return { ...range, spec: { ...range.spec, limits } };
}

/**
 * A pod's defaulted spec with what a LimitRange adds to its containers, and the annotation that says so.
 *
 * @source kubernetes 1.37 plugin/pkg/admission/limitranger mergePodResourceRequirements
 */
export function withLimitRange({ spec, annotations }: LimitedPod, range: LimitRange): LimitedPod {
  const items = range.spec.limits.filter(({ type }) => type === "Container");
  const defaults: ResourceRequirements = {
    requests: Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest)) as Quantities,
    limits: Object.assign({}, ...items.map((item) => item.default)) as Quantities,
  };
  const notes: string[] = [];
  const containers = spec.containers.map((container) => filled(container, defaults, "container", notes));
  const initContainers = spec.initContainers?.map((container) => filled(container, defaults, "init container", notes));
  if (notes.length === 0) return { spec, annotations };
  return {
    spec: { ...spec, containers, ...(initContainers === undefined ? {} : { initContainers }) },
    annotations: { ...annotations, [LIMIT_RANGER_ANNOTATION]: `LimitRanger plugin set: ${notes.join("; ")}` },
  };
}

function filled(container: Container, defaults: ResourceRequirements, what: string, notes: string[]): Container {
  const own = container.resources ?? {};
  const added = (list: "requests" | "limits"): string[] =>
    Object.keys(defaults[list] ?? {})
      .filter((name) => own[list]?.[name] === undefined)
      .sort();
  const requests = added("requests");
  const limits = added("limits");
  if (requests.length > 0) notes.push(`${requests.join(", ")} request for ${what} ${container.name}`);
  if (limits.length > 0) notes.push(`${limits.join(", ")} limit for ${what} ${container.name}`);
  if (requests.length === 0 && limits.length === 0) return container;
  const resources = {
    ...own,
    requests: { ...defaults.requests, ...own.requests },
    limits: { ...defaults.limits, ...own.limits },
  };
  return { ...container, resources };
}

/**
 * Why a LimitRange refuses a pod, completing `pods "x" is forbidden: …`; undefined when it does not.
 *
 * @source kubernetes 1.37 plugin/pkg/admission/limitranger PodValidateLimitFunc
 */
export function limitRangeRefusal(spec: PodSpec, range: LimitRange): string | undefined {
  const errors: string[] = [];
  for (const item of range.spec.limits) {
    if (item.type === "Container") {
      for (const { resources = {} } of [...spec.containers, ...(spec.initContainers ?? [])]) {
        errors.push(...breachesOf(item, resources));
      }
    } else if (item.type === "Pod") {
      const { requests, limits } = podQuantities(spec);
      errors.push(...breachesOf(item, { requests: textsOf(requests), limits: textsOf(limits) }));
    }
  }
  return joined(errors);
}

/** The same about a claim's storage request. @source kubernetes 1.37 limitranger PersistentVolumeClaimValidateLimitFunc */
export function claimRangeRefusal(requests: Quantities | undefined, range: LimitRange): string | undefined {
  const errors: string[] = [];
  for (const { type, min, max } of range.spec.limits) {
    if (type !== "PersistentVolumeClaim") continue;
    for (const [name, bound] of sorted(min)) errors.push(...minimum(type, name, bound, { requests: requests ?? {} }));
    for (const [name, bound] of sorted(max)) {
      const request = requests?.[name];
      const rule = `maximum ${name} usage per ${type} is ${shown(bound)}`;
      if (request === undefined) errors.push(`${rule}.  No request is specified`);
      else if (isMore(request, bound)) errors.push(`${rule}, but request is ${shown(request)}`);
    }
  }
  return joined(errors);
}

function breachesOf({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, own: ResourceRequirements): string[] {
  return [
    ...sorted(min).flatMap(([name, bound]) => minimum(type, name, bound, own)),
    ...sorted(max).flatMap(([name, bound]) => maximum(type, name, bound, own)),
    ...sorted(maxLimitRequestRatio).flatMap(([name, bound]) => ratio(type, name, bound, own)),
  ];
}

function minimum(type: string, name: string, bound: string, { requests, limits }: ResourceRequirements): string[] {
  const [request, limit] = [requests?.[name], limits?.[name]];
  const rule = `minimum ${name} usage per ${type} is ${shown(bound)}`;
  if (request === undefined) return [`${rule}.  No request is specified`];
  if (isMore(bound, request)) return [`${rule}, but request is ${shown(request)}`];
  return limit !== undefined && isMore(bound, limit) ? [`${rule}, but limit is ${shown(limit)}`] : [];
}

function maximum(type: string, name: string, bound: string, { requests, limits }: ResourceRequirements): string[] {
  const [request, limit] = [requests?.[name], limits?.[name]];
  const rule = `maximum ${name} usage per ${type} is ${shown(bound)}`;
  if (limit === undefined) return [`${rule}.  No limit is specified`];
  if (isMore(limit, bound)) return [`${rule}, but limit is ${shown(limit)}`];
  return request !== undefined && isMore(request, bound) ? [`${rule}, but request is ${shown(request)}`] : [];
}

function ratio(type: string, name: string, bound: string, { requests, limits }: ResourceRequirements): string[] {
  const rule = `${name} max limit to request ratio per ${type} is ${shown(bound)}`;
  const [request, limit] = [requests?.[name], limits?.[name]].map((text) => parseQuantity(text ?? "0"));
  if (request === undefined || request.nanos === 0n) return [`${rule}, but no request is specified or request is 0`];
  if (limit === undefined || limit.nanos === 0n) return [`${rule}, but no limit is specified or limit is 0`];
  const allowed = parseQuantity(bound);
  const isSmall = [request, limit, allowed].every((one) => quantityValue(one) <= MILLI_VALUE_MAX);
  const amountOf = isSmall ? quantityMilliValue : quantityValue;
  const provided = amountOf(limit) / amountOf(request);
  const isTooMuch = isSmall ? provided * 1000 > quantityMilliValue(allowed) : provided > quantityValue(allowed);
  return isTooMuch ? [`${rule}, but provided ratio is ${provided.toFixed(6)}`] : [];
}

function isMore(left: string, right: string): boolean {
  return compareQuantities(parseQuantity(left), parseQuantity(right)) > 0;
}

function shown(text: string): string {
  return formatQuantity(parseQuantity(text));
}

function textsOf(quantities: ReadonlyMap<string, Parameters<typeof formatQuantity>[0]>): Quantities {
  return Object.fromEntries([...quantities].map(([name, quantity]) => [name, formatQuantity(quantity)]));
}

function sorted(quantities: Quantities | undefined): [string, string][] {
  return Object.entries(quantities ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Several errors as one text; equal ones count once. @source kubernetes apimachinery util/errors NewAggregate */
function joined(errors: readonly string[]): string | undefined {
  const distinct = [...new Set(errors)];
  return distinct.length > 1 ? `[${distinct.join(", ")}]` : distinct[0];
}
