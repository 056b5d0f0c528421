import type { KubeNode, KubeObject, Quantities, Taint } from "../kube/index.ts";
import { canonicalQuantity, formatQuantity, parseQuantity, quantityFromValue, quantityValue } from "../units/index.ts";
import type { Distribution, PlannedNode, PlannedObject, PlannedPool } from "../world/plan.ts";
import { type Field, isRecord } from "./field.ts";
import { readAutoscale, readBoot } from "./node-groups.ts";

/** The pool that stands in when there are no nodes at all. */
export const DEFAULT_POOL = { name: "default", count: 3 } as const;

const EVICTION_RESERVE_BYTES = 100 * 1024 * 1024;

/** `spec.cluster.nodePools`, in order. `boot` is what a pool without a boot time of its own takes. */
export function readPools(fields: readonly Field[], boot: Distribution): PlannedPool[] {
  const seen = new Set<string>();
  return fields.map((field) => {
    const name = field.get("name").text();
    if (seen.has(name)) field.get("name").report("E0406", `there are two node pools "${name}"`);
    seen.add(name);
    return readPool(field, name, boot);
  });
}

function readPool(field: Field, name: string, boot: Distribution): PlannedPool {
  const capacity = readCapacity(field.get("capacity"));
  const csiDrivers = field.get("csiDrivers").items().map(readDriver);
  const template = {
    ...(csiDrivers.length === 0 ? {} : { csiDrivers }),
    region: field.get("region").textOrNull(),
    labels: field.get("labels").textMap(),
    annotations: {},
    taints: readTaints(field.get("taints")),
    unschedulable: false,
    capacity,
    allocatable: readAllocatable(field, capacity),
    pricePerHour: field.get("price").number(),
    imageBandwidthBytesPerSecond: field.get("imageBandwidth").whole(),
    parallelImagePulls: field.get("parallelImagePulls").number(1),
    images: [],
    source: field.place,
  };
  if (template.imageBandwidthBytesPerSecond === 0)
    field.get("imageBandwidth").report("E0405", "imageBandwidth must be greater than 0");
  const autoscale = readAutoscale(field);
  return {
    name,
    count: field.get("count").number(),
    zones: field.get("zones").texts(),
    boot: readBoot(field, boot),
    ...(autoscale === null ? {} : { autoscale }),
    template,
  };
}

function readDriver(field: Field): { readonly name: string; readonly count: number | null } {
  const allocatable = field.get("allocatable");
  return { name: field.get("name").text(), count: allocatable.isPresent ? allocatable.number() : null };
}

function readTaints(field: Field): Taint[] {
  return field.items().map((item) => {
    const value = item.get("value").textOrNull();
    const effect = item.get("effect").text() as Taint["effect"];
    return { key: item.get("key").text(), ...(value === null ? {} : { value }), effect };
  });
}

const BASE_CAPACITY = { cpu: "4", memory: "16Gi", "ephemeral-storage": "100Gi", pods: "110" } as const;

/** What is given over the base capacity, in canonical form. */
function readCapacity(field: Field): Quantities {
  const quantities: Record<string, string> = { ...BASE_CAPACITY };
  for (const key of field.keys()) quantities[key] = canonicalQuantity(String(field.get(key).value));
  for (const key of ["cpu", "memory", "pods"]) {
    if (quantityValue(parseQuantity(quantities[key] ?? "0")) <= 0) {
      field.get(key).report("E0405", `a node needs ${key} greater than 0`);
    }
  }
  return quantities;
}

/**
 * Capacity less the hard eviction thresholds, then what the scenario gives.
 * @source kubernetes 1.37 kubelet: memory.available < 100Mi, nodefs.available < 10%
 */
function readAllocatable(pool: Field, capacity: Quantities): Quantities {
  const allocatable: Record<string, string> = { ...defaultAllocatable(capacity) };
  const given = pool.get("allocatable");
  for (const key of given.keys()) {
    allocatable[key] = canonicalQuantity(String(given.get(key).value));
    const has = quantityValue(parseQuantity(capacity[key] ?? "0"));
    if (pool.get("capacity").get(key).isPresent && given.get(key).whole() > has) {
      given.get(key).report("E0405", `allocatable ${key} is above the capacity of ${capacity[key] ?? "0"}`);
    }
  }
  return allocatable;
}

export function defaultAllocatable(capacity: Quantities): Quantities {
  const allocatable: Record<string, string> = { ...capacity };
  const memory = quantityValue(parseQuantity(capacity.memory ?? "0"));
  allocatable.memory = formatQuantity(quantityFromValue(Math.max(0, memory - EVICTION_RESERVE_BYTES), "BinarySI"));
  const storage = quantityValue(parseQuantity(capacity["ephemeral-storage"] ?? "0"));
  if (storage > 0) allocatable["ephemeral-storage"] = String(storage - Math.floor(storage / 10));
  return allocatable;
}

/** A Node among the manifests as a node of the plan. */
export function nodeFromManifest(planned: PlannedObject): PlannedNode {
  const node = planned.object as KubeObject as KubeNode;
  const name = node.metadata.name ?? "";
  const labels = { "kubernetes.io/hostname": name, ...node.metadata.labels };
  const capacity = { ...BASE_CAPACITY, ...node.status?.capacity };
  return {
    name,
    pool: labels["kube-orrery/pool" as keyof typeof labels] ?? "",
    zone: node.metadata.labels?.["topology.kubernetes.io/zone"] ?? null,
    region: node.metadata.labels?.["topology.kubernetes.io/region"] ?? null,
    labels,
    annotations: node.metadata.annotations ?? {},
    taints: (node.spec?.taints ?? []).filter((taint) => !isLifecycleTaint(taint)),
    unschedulable: node.spec?.unschedulable === true,
    capacity,
    allocatable: node.status?.allocatable ?? defaultAllocatable(capacity),
    pricePerHour: 0,
    imageBandwidthBytesPerSecond: 50 * 1024 * 1024,
    parallelImagePulls: 1,
    images: (node.status?.images ?? []).flatMap((image) =>
      (image.names ?? []).map((imageName) => ({ name: imageName, sizeBytes: image.sizeBytes ?? 0 })),
    ),
    source: planned.source,
  };
}

/** Taints that the node lifecycle controller sets itself: the simulation makes them anew. */
function isLifecycleTaint(taint: Taint): boolean {
  const prefix = "node.kubernetes.io/";
  const own = [
    "not-ready",
    "unreachable",
    "unschedulable",
    "memory-pressure",
    "disk-pressure",
    "pid-pressure",
    "network-unavailable",
  ];
  return taint.key.startsWith(prefix) && own.includes(taint.key.slice(prefix.length));
}

/** Labels of all nodes as `key=value`, for hints. */
export function nodeLabelPairs(nodes: readonly PlannedNode[]): string[] {
  const pairs = new Set<string>();
  for (const node of nodes) for (const [key, value] of Object.entries(node.labels)) pairs.add(`${key}=${value}`);
  return [...pairs];
}

export function isNodeManifest(value: unknown): boolean {
  return isRecord(value) && value.kind === "Node" && value.apiVersion === "v1";
}
