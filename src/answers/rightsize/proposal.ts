import { type BucketLayout, CPU_BUCKETS, type Histogram, MEMORY_BUCKETS, percentile } from "../../control/index.ts";
import {
  type Container,
  type HorizontalPodAutoscaler,
  type KubeObject,
  type PodSpec,
  type Quantities,
  qosClass,
} from "../../kube/index.ts";
import { cpuMilliOf, formatBytesBinary, formatMilli, wholeValueOf } from "../../units/index.ts";
import type { Plan } from "../../world/plan.ts";
import { podTemplates } from "../templates.ts";
import type { ContainerUsage } from "./usage.ts";

/** How requests come of what was used. */
export interface SizingPolicy {
  /** Shares of all looks that are not to be above the request; 1 is the most that was seen. */
  readonly cpuQuantile: number;
  readonly memoryQuantile: number;
  /** Added to the quantile: 0.15 is 15 %. */
  readonly headroom: number;
  readonly leastCpuMilli: number;
  readonly leastMemoryBytes: number;
  /** Limits stay (but never below the request), or change as the request does. */
  readonly limits: "keep" | "proportional";
  /** Whether what an HPA measures its replicas by is sized too. */
  readonly sizesHpa: boolean;
}

/** What one container of a workload is to ask for. */
export interface Proposal {
  readonly workload: string;
  readonly container: string;
  readonly usage: ContainerUsage;
  /** The quantiles that the policy asks for, without headroom: cores and bytes. */
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly before: Amounts;
  /** What is to be changed: equal amounts are left out. */
  readonly requests: Quantities;
  readonly limits: Quantities;
}

interface Amounts {
  readonly requests: Quantities;
  readonly limits: Quantities;
}

export interface Sizing {
  readonly proposals: readonly Proposal[];
  readonly notes: readonly Note[];
}

/** Why something was left as it is, or is no longer what it was; workloads of which the same is to be said. */
export interface Note {
  readonly workloads: readonly string[];
  readonly text: string;
}

const RESOURCES = ["cpu", "memory"] as const;
type Resource = (typeof RESOURCES)[number];

const MEBIBYTE = 1024 * 1024;

/** Requests for every container of the plan's workloads that was seen at work. */
export function sizingOf(plan: Plan, usage: readonly ContainerUsage[], policy: SizingPolicy): Sizing {
  const notes = new Map<string, string[]>();
  const used = new Map(usage.map((one) => [`${one.workload} ${one.container}`, one]));
  const proposals = podTemplates(plan.objects).flatMap(({ planned: { object }, spec }) => {
    if (object.metadata.ownerReferences?.some(({ controller }) => controller === true) === true) return [];
    const workload = workloadName(object);
    const note = (text: string): void => {
      notes.set(text, [...new Set([...(notes.get(text) ?? []), workload])]);
    };
    const kept = keptResources(plan, object, policy);
    if (spec.resources !== undefined) kept.set("all", "the pod as a whole says what it asks for");
    for (const [resource, why] of kept) note(`${resource} left as it is: ${why}`);
    const sized = spec.containers.flatMap((container) => {
      const one = used.get(`${workload} ${container.name}`);
      if (one === undefined || one.cpu.totalWeight === 0) {
        note(`container ${container.name} was never seen at work`);
        return [];
      }
      const resources = RESOURCES.filter((resource) => !kept.has("all") && !kept.has(resource));
      return [proposalOf(container, one, resources, policy)];
    });
    const [before, after] = [qosClass(spec), qosClass(sizedSpec(spec, sized))];
    if (before !== after) note(`pods are ${after} then, and ${before} now`);
    return sized;
  });
  return { proposals, notes: [...notes].map(([text, workloads]) => ({ workloads, text })) };
}

/** `Deployment/shop/web`. */
export function workloadName({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace ?? "default"}/${metadata.name ?? ""}`;
}

function proposalOf(
  { resources }: Container,
  usage: ContainerUsage,
  sized: readonly Resource[],
  policy: SizingPolicy,
): Proposal {
  const before: Amounts = { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} };
  const cpuCores = quantile(usage.cpu, CPU_BUCKETS, policy.cpuQuantile, usage.cpuCoresMax);
  const memoryBytes = quantile(usage.memory, MEMORY_BUCKETS, policy.memoryQuantile, usage.memoryBytesMax);
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const resource of sized) {
    const bare = resource === "cpu" ? cpuCores * 1000 : memoryBytes;
    const least = resource === "cpu" ? policy.leastCpuMilli : policy.leastMemoryBytes;
    const amount = rounded(resource, Math.max(bare * (1 + policy.headroom), least));
    const [request, limit] = [before.requests[resource], before.limits[resource]];
    if (request === undefined || amountOf(resource, request) !== amount) requests[resource] = textOf(resource, amount);
    if (limit === undefined) continue;
    const next = limitOf(
      amountOf(resource, limit),
      request === undefined ? 0 : amountOf(resource, request),
      amount,
      policy,
    );
    const whole = rounded(resource, next);
    if (amountOf(resource, limit) !== next) limits[resource] = textOf(resource, whole);
  }
  return {
    workload: usage.workload,
    container: usage.container,
    usage,
    cpuCores,
    memoryBytes,
    before,
    requests,
    limits,
  };
}

/** The end of the bucket that the quantile falls into, but no more than was seen. */
function quantile(histogram: Histogram, layout: BucketLayout, share: number, max: number): number {
  return Math.min(percentile(histogram, layout, share), max);
}

/** @source vertical-pod-autoscaler 1.6 limit_and_request_scaling.go: proportional limits keep their ratio to the request */
function limitOf(limit: number, before: number, request: number, { limits }: SizingPolicy): number {
  if (limits === "keep" || before === 0) return Math.max(limit, request);
  return (limit * request) / before;
}

function rounded(resource: Resource, amount: number): number {
  return resource === "cpu" ? Math.ceil(amount - 1e-9) : Math.ceil(amount / MEBIBYTE - 1e-9) * MEBIBYTE;
}

export function amountOf(resource: string, text: string): number {
  return resource === "cpu" ? cpuMilliOf(text) : wholeValueOf(text);
}

function textOf(resource: Resource, amount: number): string {
  return resource === "cpu" ? formatMilli(amount) : formatBytesBinary(amount);
}

/** Resources that somebody else's decisions rest on, and why. */
function keptResources(plan: Plan, object: KubeObject, { sizesHpa }: SizingPolicy): Map<string, string> {
  const kept = new Map<string, string>();
  for (const { object: other } of plan.objects) {
    if (other.metadata.namespace !== object.metadata.namespace) continue;
    if (other.kind === "VerticalPodAutoscaler" && targets(other, "targetRef", object) && setsRequests(other))
      kept.set("all", "a VerticalPodAutoscaler sets what the pods ask for");
    if (other.kind !== "HorizontalPodAutoscaler" || sizesHpa || !targets(other, "scaleTargetRef", object)) continue;
    for (const { resource, containerResource } of (other as HorizontalPodAutoscaler).spec.metrics ?? []) {
      const { name = "", target } = resource ?? containerResource ?? {};
      if (target?.averageUtilization === undefined) continue;
      kept.set(name, "a HorizontalPodAutoscaler aims at a percentage of it (--size-hpa sizes it nevertheless)");
    }
  }
  return kept;
}

function targets(other: KubeObject, field: string, { kind, metadata }: KubeObject): boolean {
  const { spec = {} } = other as { readonly spec?: Readonly<Record<string, unknown>> };
  const reference = spec[field] as { readonly kind?: string; readonly name?: string } | undefined;
  return reference?.kind === kind && reference.name === metadata.name;
}

function setsRequests(vpa: KubeObject): boolean {
  const { spec } = vpa as { readonly spec?: { readonly updatePolicy?: { readonly updateMode?: string } } };
  return spec?.updatePolicy?.updateMode !== "Off";
}

function sizedSpec(spec: PodSpec, proposals: readonly Proposal[]): PodSpec {
  return { ...spec, containers: spec.containers.map((container) => sizedContainer(container, proposals)) };
}

function sizedContainer(container: Container, proposals: readonly Proposal[]): Container {
  const found = proposals.find((one) => one.container === container.name);
  if (found === undefined) return container;
  const { requests, limits } = container.resources ?? {};
  const resources = { requests: { ...requests, ...found.requests }, limits: { ...limits, ...found.limits } };
  return { ...container, resources: { ...container.resources, ...resources } };
}

/** Whether a proposal changes anything. */
export function changesSomething({ requests, limits }: Proposal): boolean {
  return Object.keys(requests).length + Object.keys(limits).length > 0;
}
