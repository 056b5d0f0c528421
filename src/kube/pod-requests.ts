import { parseQuantity, type Quantity } from "../units/index.ts";
import type { Container, PodSpec, Quantities } from "./types.ts";

/** What a pod asks of a node. Names in `scalars` are extended resources, huge pages and attachable volumes. */
export interface PodResources {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly ephemeralStorageBytes: number;
  /** Whole units by resource name, in the order of the names; zero requests are listed too. */
  readonly scalars: ReadonlyMap<string, number>;
}

/** The request of a container that names none, for scoring only. */
export const DEFAULT_NON_ZERO_CPU_MILLI = 100;
export const DEFAULT_NON_ZERO_MEMORY_BYTES = 200 * 1024 * 1024;

const NANOS = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;

/** Exact amounts in billionths by resource name. */
type Amounts = Map<string, bigint>;
type ContainerAmounts = (container: Container) => Amounts;

/**
 * A pod's effective request: the larger of its containers together and of any init container at its turn, sidecars
 * included, then pod-level requests in place of that, then overhead. Amounts are summed exactly and rounded up once.
 *
 * @source kubernetes 1.37 component-helpers resource.PodRequests
 */
export function podRequests(spec: PodSpec): PodResources {
  return resourcesOf(requestAmounts(spec));
}

/** Exact requests and limits by resource name, as quantities written the way the pod writes them. */
export function podQuantities(spec: PodSpec): {
  readonly requests: ReadonlyMap<string, Quantity>;
  readonly limits: ReadonlyMap<string, Quantity>;
} {
  return {
    requests: formatted(requestAmounts(spec), spec, "requests"),
    limits: formatted(limitAmounts(spec), spec, "limits"),
  };
}

function formatted(amounts: Amounts, spec: PodSpec, list: "requests" | "limits"): Map<string, Quantity> {
  const sources = [...spec.containers, ...(spec.initContainers ?? []), spec].map(({ resources }) => resources?.[list]);
  const quantities = new Map<string, Quantity>();
  for (const [name, nanos] of amounts) {
    const text = sources.map((source) => source?.[name]).find((one) => one !== undefined) ?? "0";
    const first = parseQuantity(text);
    quantities.set(name, first.nanos === nanos ? first : { nanos, format: first.format });
  }
  return quantities;
}

/** The sum of limits by the same rules; overhead is added only to resources that have a limit. */
export function podLimits(spec: PodSpec): PodResources {
  return resourcesOf(limitAmounts(spec));
}

function limitAmounts(spec: PodSpec): Amounts {
  const amounts = aggregate(spec, (container) => amountsOf(container.resources?.limits));
  replaceByPodLevel(amounts, spec.resources?.limits);
  for (const [name, amount] of amountsOf(spec.overhead)) {
    const limit = amounts.get(name);
    if (limit !== undefined && limit > 0n) amounts.set(name, limit + amount);
  }
  return amounts;
}

/**
 * The request that the scheduler's resource scores reckon with: every container (init containers too) that names no
 * cpu or memory counts as 100m and 200 MiB; an explicit zero stays zero.
 *
 * `isBound` tells a pod that is on a node from the one being scheduled: for the former, pod-level requests count, and
 * then only a resource that the pod names nowhere takes the default; for the latter they are ignored.
 *
 * @source kubernetes 1.37 scheduler framework NodeInfo and noderesources.calculatePodResourceRequest
 */
export function nonZeroRequests(
  spec: PodSpec,
  options: { readonly isBound: boolean },
): { readonly cpuMilli: number; readonly memoryBytes: number } {
  const hasPodLevel = options.isBound && Object.keys(spec.resources?.requests ?? {}).length > 0;
  const named = hasPodLevel ? requestAmounts(spec) : undefined;
  const defaultCpu = named?.has("cpu") !== true;
  const defaultMemory = named?.has("memory") !== true;
  const amounts = aggregate(spec, (container) => {
    const requests = amountsOf(container.resources?.requests);
    if (defaultCpu && !requests.has("cpu")) requests.set("cpu", BigInt(DEFAULT_NON_ZERO_CPU_MILLI) * NANOS_PER_MILLI);
    if (defaultMemory && !requests.has("memory")) requests.set("memory", BigInt(DEFAULT_NON_ZERO_MEMORY_BYTES) * NANOS);
    return requests;
  });
  if (options.isBound) replaceByPodLevel(amounts, spec.resources?.requests);
  addAll(amounts, amountsOf(spec.overhead));
  const { cpuMilli, memoryBytes } = resourcesOf(amounts);
  return { cpuMilli, memoryBytes };
}

/** Exact requests in billionths by name, of every name the pod mentions. */
function requestAmounts(spec: PodSpec): Amounts {
  const amounts = aggregate(spec, (container) => amountsOf(container.resources?.requests));
  replaceByPodLevel(amounts, spec.resources?.requests);
  addAll(amounts, amountsOf(spec.overhead));
  return amounts;
}

/** Containers together, or the dearest moment of the init containers, whichever is more, for each resource. */
function aggregate(spec: PodSpec, of: ContainerAmounts): Amounts {
  const together: Amounts = new Map();
  for (const container of spec.containers) addAll(together, of(container));
  const sidecars: Amounts = new Map();
  const initMax: Amounts = new Map();
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (container.restartPolicy === "Always") {
      addAll(together, own);
      addAll(sidecars, own);
      raiseTo(initMax, sidecars);
    } else {
      const moment: Amounts = new Map(own);
      addAll(moment, sidecars);
      raiseTo(initMax, moment);
    }
  }
  raiseTo(together, initMax);
  return together;
}

/** @source kubernetes 1.37 component-helpers resource.IsSupportedPodLevelResource */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || name.startsWith("hugepages-");
}

function replaceByPodLevel(amounts: Amounts, podLevel: Quantities | undefined): void {
  for (const [name, amount] of amountsOf(podLevel)) {
    if (isPodLevelResource(name)) amounts.set(name, amount);
  }
}

function amountsOf(quantities: Quantities | undefined): Amounts {
  const amounts: Amounts = new Map();
  for (const [name, text] of Object.entries(quantities ?? {})) amounts.set(name, parseQuantity(text).nanos);
  return amounts;
}

function addAll(into: Amounts, from: Amounts): void {
  for (const [name, amount] of from) into.set(name, (into.get(name) ?? 0n) + amount);
}

function raiseTo(into: Amounts, floor: Amounts): void {
  for (const [name, amount] of floor) {
    const present = into.get(name);
    if (present === undefined || present < amount) into.set(name, amount);
  }
}

function resourcesOf(amounts: Amounts): PodResources {
  const scalars = [...amounts].filter(([name]) => isScalarResource(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    cpuMilli: roundedUp(amounts.get("cpu"), NANOS_PER_MILLI),
    memoryBytes: roundedUp(amounts.get("memory"), NANOS),
    ephemeralStorageBytes: roundedUp(amounts.get("ephemeral-storage"), NANOS),
    scalars: new Map(scalars.map(([name, amount]) => [name, roundedUp(amount, NANOS)])),
  };
}

/** Whether a node keeps an account of the resource beside cpu, memory and ephemeral storage. */
export function isScalarResource(name: string): boolean {
  return name.includes("/") || name.startsWith("hugepages-") || name.startsWith("attachable-volumes-");
}

function roundedUp(nanos: bigint | undefined, unit: bigint): number {
  if (nanos === undefined || nanos <= 0n) return Number((nanos ?? 0n) / unit);
  return Number((nanos + unit - 1n) / unit);
}
