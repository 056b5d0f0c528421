import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityFromValue,
  subtractQuantities,
  ZERO_QUANTITY,
} from "../units/index.ts";
import { findKind } from "./kinds.ts";
import { podQuantities } from "./pod-requests.ts";
import { qosClass } from "./qos.ts";
import type {
  Container,
  KubeObject,
  PersistentVolumeClaim,
  PodSpec,
  Quantities,
  QuotaScopeRequirement,
  ResourceQuota,
  Service,
} from "./types.ts";

/** What one object uses of the resources that quotas name. */
export type QuotaUsage = ReadonlyMap<string, Quantity>;

/** A pod counts for compute resources and `pods` until it has ended; `count/pods` counts it as long as it exists. */
export interface QuotaSubject {
  readonly usage: QuotaUsage;
  /** Present for pods: what scopes and the duty to name resources are about. */
  readonly podSpec?: PodSpec;
}

const ONE = quantityFromValue(1);
const COMPUTE = ["cpu", "memory", "ephemeral-storage"];
/** Resources that every container has to name once a quota limits them. */
const REQUIRED = new Set(["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"]);
/** Kinds of the core group that quotas also know by their plain names. */
const PLAIN_NAMES = new Set([
  "configmaps",
  "secrets",
  "replicationcontrollers",
  "resourcequotas",
  "services",
  "persistentvolumeclaims",
]);

/** What a pod uses. @source kubernetes 1.37 pkg/quota/v1/evaluator/core PodUsageFunc */
export function podSubject(spec: PodSpec, isOver = false): QuotaSubject {
  const usage = new Map<string, Quantity>([["count/pods", ONE]]);
  if (isOver) return { usage, podSpec: spec };
  usage.set("pods", ONE);
  const { requests, limits } = podQuantities(spec);
  for (const [name, quantity] of computeNames(requests, limits)) usage.set(name, quantity);
  return { usage, podSpec: spec };
}

function computeNames(
  requests: ReadonlyMap<string, Quantity>,
  limits: ReadonlyMap<string, Quantity>,
): [string, Quantity][] {
  const names: [string, Quantity][] = [];
  for (const [name, quantity] of requests) {
    const isHugePage = name.startsWith("hugepages-");
    if (COMPUTE.includes(name) || isHugePage) names.push([name, quantity], [`requests.${name}`, quantity]);
    else if (name.includes("/")) names.push([`requests.${name}`, quantity]);
  }
  for (const [name, quantity] of limits) if (COMPUTE.includes(name)) names.push([`limits.${name}`, quantity]);
  return names;
}

/** What an object of any other kind uses. @source kubernetes 1.37 pkg/quota/v1/evaluator/core */
export function objectSubject(object: KubeObject): QuotaSubject {
  const info = findKind(object.apiVersion, object.kind);
  if (info === undefined) return { usage: new Map() };
  const usage = new Map<string, Quantity>();
  usage.set(`count/${info.plural}${info.group === "" ? "" : `.${info.group}`}`, ONE);
  if (info.group === "" && PLAIN_NAMES.has(info.plural)) usage.set(info.plural, ONE);
  if (object.kind === "Service") addService(usage, object as Service);
  if (object.kind === "PersistentVolumeClaim") addClaim(usage, object as PersistentVolumeClaim);
  return { usage };
}

function addService(usage: Map<string, Quantity>, { spec }: Service): void {
  const ports = spec.ports ?? [];
  const isBalanced = spec.type === "LoadBalancer";
  const allocates = (spec as { readonly allocateLoadBalancerNodePorts?: boolean }).allocateLoadBalancerNodePorts;
  const named = ports.filter(({ nodePort }) => nodePort !== undefined && nodePort !== 0).length;
  const all = spec.type === "NodePort" || (isBalanced && allocates !== false);
  usage.set("services.nodeports", quantityFromValue(all ? ports.length : isBalanced ? named : 0));
  usage.set("services.loadbalancers", quantityFromValue(isBalanced ? 1 : 0));
}

function addClaim(usage: Map<string, Quantity>, { spec }: PersistentVolumeClaim): void {
  const ofClass = (name: string): string => `${spec?.storageClassName}.storageclass.storage.k8s.io/${name}`;
  const hasClass = spec?.storageClassName !== undefined && spec.storageClassName !== "";
  if (hasClass) usage.set(ofClass("persistentvolumeclaims"), ONE);
  const storage = spec?.resources?.requests?.storage;
  if (storage === undefined) return;
  usage.set("requests.storage", parseQuantity(storage));
  if (hasClass) usage.set(ofClass("requests.storage"), parseQuantity(storage));
}

/** Whether a quota counts the object: all of its scopes hold. Scopes are about pods only. */
export function isInScope(quota: ResourceQuota, spec: PodSpec | undefined): boolean {
  const { scopes = [], scopeSelector } = quota.spec;
  const requirements: readonly QuotaScopeRequirement[] = [
    ...scopes.map((scopeName) => ({ scopeName, operator: "Exists" as const })),
    ...(scopeSelector?.matchExpressions ?? []),
  ];
  return requirements.every((requirement) => spec !== undefined && holds(requirement, spec));
}

function holds({ scopeName, operator, values = [] }: QuotaScopeRequirement, spec: PodSpec): boolean {
  const isDeadline = spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
  switch (scopeName) {
    case "Terminating":
      return isDeadline;
    case "NotTerminating":
      return !isDeadline;
    case "BestEffort":
      return qosClass(spec) === "BestEffort";
    case "NotBestEffort":
      return qosClass(spec) !== "BestEffort";
    case "PriorityClass": {
      const name = spec.priorityClassName ?? "";
      if (operator === "Exists") return name !== "";
      if (operator === "DoesNotExist") return name === "";
      return operator === "In" ? name !== "" && values.includes(name) : !values.includes(name);
    }
    default:
      return scopeName === "CrossNamespacePodAffinity" && hasForeignTerm(spec);
  }
}

function hasForeignTerm({ affinity }: PodSpec): boolean {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some((one) => {
    const required = one?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = one?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return [...required, ...preferred.map((weighted) => weighted.podAffinityTerm)].some(
      (term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined,
    );
  });
}

/** `used` as it will be, or why the object is refused, completing `pods "x" is forbidden: …`; undefined: not concerned. */
export type QuotaVerdict = { readonly used: Quantities } | { readonly refusal: string } | undefined;

/**
 * Holds one object against one quota, by what the quota's status says. `before` is the object that it replaces.
 *
 * @source kubernetes 1.37 apiserver/plugin/admission/resourcequota CheckRequest
 */
export function quotaVerdict(quota: ResourceQuota, subject: QuotaSubject, before?: QuotaSubject): QuotaVerdict {
  const { hard = {}, used = {} } = quota.status ?? {};
  const { name } = quota.metadata;
  const limited = Object.keys(hard)
    .filter((resource) => isCounted(resource, subject))
    .sort();
  if (limited.length === 0 || !isInScope(quota, subject.podSpec)) return undefined;
  if (subject.podSpec !== undefined) {
    const missing = missingResources(subject.podSpec, limited);
    if (missing !== "") return { refusal: `failed quota: ${name}: must specify ${missing}` };
  }
  if (limited.some((resource) => used[resource] === undefined)) {
    return { refusal: `status unknown for quota: ${name}, resources: ${limited.join(",")}` };
  }
  const next: Record<string, string> = { ...used };
  const exceeded: { resource: string; requested: Quantity }[] = [];
  for (const resource of limited) {
    const was = before?.usage.get(resource) ?? ZERO_QUANTITY;
    const requested = subtractQuantities(subject.usage.get(resource) ?? ZERO_QUANTITY, was);
    if (requested.nanos === 0n) continue;
    const sum = addQuantities(parseQuantity(used[resource] ?? "0"), requested);
    if (compareQuantities(sum, parseQuantity(hard[resource] ?? "0")) > 0) exceeded.push({ resource, requested });
    next[resource] = formatQuantity(sum);
  }
  if (exceeded.length === 0) return { used: next };
  const pairs = (of: (one: (typeof exceeded)[number]) => string): string =>
    exceeded.map((one) => `${one.resource}=${of(one)}`).join(",");
  const requested = pairs((one) => formatQuantity(one.requested));
  const [taken, most] = [used, hard].map((list) => pairs(({ resource }) => list[resource] ?? "0"));
  return { refusal: `exceeded quota: ${name}, requested: ${requested}, used: ${taken}, limited: ${most}` };
}

/** Whether a resource that a quota names is one that objects of this sort are counted by. */
function isCounted(resource: string, { usage, podSpec }: QuotaSubject): boolean {
  return usage.has(resource) || (podSpec !== undefined && REQUIRED.has(resource));
}

/** As in `limits.cpu for: a,b; limits.memory for: b`; empty when the containers name all that is limited. */
function missingResources(spec: PodSpec, limited: readonly string[]): string {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const podLevel = namesOf(spec);
  return limited
    .filter((resource) => REQUIRED.has(resource) && !podLevel.has(resource))
    .flatMap((resource) => {
      const lacking = containers.filter((container) => !namesOf(container).has(resource)).map(({ name }) => name);
      return lacking.length === 0 ? [] : [`${resource} for: ${[...new Set(lacking)].sort().join(",")}`];
    })
    .join("; ");
}

function namesOf({ resources }: Pick<Container, "resources"> | Pick<PodSpec, "resources">): Set<string> {
  const { requests, limits } = resources ?? {};
  const given = (list: Quantities | undefined): Map<string, Quantity> =>
    new Map(Object.entries(list ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
  return new Set(computeNames(given(requests), given(limits)).map(([name]) => name));
}

/** The usage of a quota's resources by all these objects; what nobody uses is 0. */
export function totalUsage(quota: ResourceQuota, subjects: Iterable<QuotaSubject>): Quantities {
  const sums = new Map<string, Quantity>();
  for (const { usage, podSpec } of subjects) {
    if (!isInScope(quota, podSpec)) continue;
    for (const [resource, amount] of usage) {
      sums.set(resource, addQuantities(sums.get(resource) ?? ZERO_QUANTITY, amount));
    }
  }
  const names = Object.keys(quota.spec.hard ?? {}).sort();
  return Object.fromEntries(names.map((name) => [name, formatQuantity(sums.get(name) ?? ZERO_QUANTITY)]));
}
