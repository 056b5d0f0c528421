import type {
  Deployment,
  HorizontalPodAutoscaler,
  KubeNode,
  KubeObject,
  ReplicaSet,
  ReplicationController,
} from "../../src/kube/index.ts";
import { getCondition, podRequests } from "../../src/kube/index.ts";
import { DOCUMENT_KINDS } from "../../src/store/index.ts";
import { cpuMilliOf, minutes, seconds, wholeValueOf } from "../../src/units/index.ts";
import type { World } from "../../src/world/index.ts";

/** What must hold of any world between two instants, as sentences about what does not. */
export function breachesOf(world: World): string[] {
  world.engine.audit();
  return [
    ...rowsOf(world),
    ...cacheOf(world),
    ...nodesOf(world),
    ...replicaSetsOf(world),
    ...autoscalersOf(world),
    ...usageOf(world),
    ...contentionOf(world),
    ...ownersOf(world),
  ];
}

/** After an outage a new leader is elected, at most two periods after the old one's lease has run out. */
const ELECTION = seconds(20);

/** Whether the controllers act now, and have since `forMicros`. */
export function isControlled({ plan, engine }: World, forMicros = 0): boolean {
  return plan.failures.every((failure) => {
    if (failure.kind !== "controlPlaneDown" || !("at" in failure.schedule)) return true;
    const { lasts } = failure;
    const length = lasts !== null && "constant" in lasts ? lasts.constant : 0;
    return engine.now < failure.schedule.at || engine.now > failure.schedule.at + length + ELECTION + forMicros;
  });
}

/** Freed rows are on no list; every pod is on the lists of its node and owner. */
function rowsOf({ store }: World): string[] {
  const { pods } = store;
  const breaches: string[] = [];
  if (pods.rows.count !== pods.count) breaches.push(`${pods.rows.count} pod rows for ${pods.count} pods`);
  for (let node = 0; node < pods.nodeNames.count; node++) {
    for (const row of pods.byNode.rows(node)) {
      if (!pods.isPresent(row) || pods.nodeId.get(row) !== node) breaches.push(`row ${row} is not on node ${node}`);
    }
  }
  for (let owner = 0; owner < pods.ownerUids.count; owner++) {
    for (const row of pods.byOwner.rows(owner)) {
      if (!pods.isPresent(row)) breaches.push(`row ${row} is gone, its owner ${owner} still has it`);
    }
  }
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    const node = pods.nodeId.get(row);
    if (!pods.rows.isLive(row)) breaches.push(`pod in freed row ${row}`);
    if (node !== -1 && pods.byNode.listOf(row) !== node) breaches.push(`row ${row} is not on the list of its node`);
    if (pods.rowOf(pods.namespaceOf(row), pods.name.get(row)) !== row) breaches.push(`row ${row} is not found by name`);
  }
  return breaches;
}

/** The scheduler's picture is the store's. */
function cacheOf({ store, scheduler }: World): string[] {
  const { pods } = store;
  const { cache } = scheduler.core;
  const breaches: string[] = [];
  const nodes = store.documents<KubeNode>("Node");
  const uidOf = (row: number): string => store.rendering.uid(pods.serial.get(row));
  for (let row = nodes.first(); row !== -1; row = nodes.after(row)) {
    const name = nodes.get(row).metadata.name ?? "";
    const cached = [...(cache.node(name)?.pods.keys() ?? [])].filter((uid) => cache.pod(uid)?.isAssumed !== true);
    const id = pods.nodeNames.find(name);
    const stored = id === -1 ? [] : pods.byNode.rows(id).filter((pod) => !pods.isTerminal(pod));
    const [left, right] = [cached.sort().join(" "), stored.map(uidOf).sort().join(" ")];
    if (left !== right) breaches.push(`scheduler has [${left}] on ${name}, the store [${right}]`);
  }
  for (const one of cache.snapshot()) {
    if (nodes.rowOf("", one.name) === -1) breaches.push(`the scheduler knows node ${one.name}, the store does not`);
  }
  return breaches;
}

/** Pods that the scheduler has placed fit: their requests are within what the node has to give. */
function nodesOf({ store }: World): string[] {
  const { pods } = store;
  const breaches: string[] = [];
  const nodes = store.documents<KubeNode>("Node");
  for (let row = nodes.first(); row !== -1; row = nodes.after(row)) {
    const node = nodes.get(row);
    const id = pods.nodeNames.find(node.metadata.name ?? "");
    const placed = id === -1 ? [] : pods.byNode.rows(id).filter((pod) => !pods.isTerminal(pod));
    const requests = placed.map((pod) => podRequests(pods.templateOf(pod).spec));
    const { cpu = "0", memory = "0", pods: places = "0" } = node.status?.allocatable ?? {};
    const used = {
      cpu: requests.reduce((sum, { cpuMilli }) => sum + cpuMilli, 0),
      memory: requests.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    };
    const where = node.metadata.name;
    if (used.cpu > cpuMilliOf(cpu)) breaches.push(`${where}: ${used.cpu}m requested of ${cpu}`);
    if (used.memory > wholeValueOf(memory)) breaches.push(`${where}: ${used.memory} bytes requested of ${memory}`);
    if (placed.length > wholeValueOf(places)) breaches.push(`${where}: ${placed.length} pods of ${places}`);
  }
  return breaches;
}

/** What a ReplicaSet says of its pods is what they are, and they are as many as it wants, unless it says that it may not. */
function replicaSetsOf(world: World): string[] {
  if (!isControlled(world)) return [];
  const { store } = world;
  const { pods } = store;
  const breaches: string[] = [];
  for (const kind of ["ReplicaSet", "ReplicationController"] as const) {
    for (const set of store.documents<ReplicaSet | ReplicationController>(kind).list()) {
      const list = pods.ownerUids.find(set.metadata.uid ?? "");
      const own = list === -1 ? [] : pods.byOwner.rows(list).filter((row) => pods.isActive(row));
      const ready = own.filter((row) => pods.isReady(row)).length;
      const { replicas = 0, readyReplicas = 0 } = set.status ?? {};
      if (replicas !== own.length || readyReplicas !== ready) {
        breaches.push(`${set.metadata.name} says ${readyReplicas}/${replicas} ready, ${ready}/${own.length} are`);
      }
      const isRefused = getCondition(set.status?.conditions, "ReplicaFailure") !== undefined;
      if (own.length !== (set.spec.replicas ?? 1) && !isRefused && !isEnding(world, set)) {
        breaches.push(`${set.metadata.name} has ${own.length} pods, wants ${set.spec.replicas}`);
      }
    }
  }
  return breaches;
}

/** Time in which an HPA sees a change of its target by somebody else. */
const HPA_NOTICE = minutes(1);

/** The target of an HPA has as many replicas as the HPA may give it. */
function autoscalersOf(world: World): string[] {
  const { store, plan, engine } = world;
  const breaches: string[] = [];
  const latest = Math.max(-HPA_NOTICE, ...plan.actions.map(({ atMicros }) => atMicros));
  if (engine.now < latest + HPA_NOTICE || engine.now < HPA_NOTICE || !isControlled(world, HPA_NOTICE)) return [];
  for (const { metadata, spec } of store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").list()) {
    const { namespace = "", name = "" } = metadata;
    const replicas = store.documents<Deployment>("Deployment").find(namespace, spec.scaleTargetRef.name)?.spec.replicas;
    // Without a target there is nothing to scale, and 0 replicas turn an HPA off.
    if (replicas === undefined || replicas === 0) continue;
    if (replicas < (spec.minReplicas ?? 1) || replicas > spec.maxReplicas) {
      breaches.push(`hpa ${name}: ${replicas} replicas, allowed ${spec.minReplicas} to ${spec.maxReplicas}`);
    }
  }
  return breaches;
}

/** Nothing uses more than its limits, and only what runs uses anything. */
function usageOf({ store, meter }: World): string[] {
  const { pods } = store;
  const breaches: string[] = [];
  for (let row = 0; row < pods.rows.limit; row++) {
    const [cpu, memory] = [meter.cpuMilli(row), meter.memoryBytes(row)];
    if (meter.isOn.get(row) === 0) {
      if (cpu !== 0 || memory !== 0) breaches.push(`row ${row} is off and uses ${cpu}m, ${memory} bytes`);
      continue;
    }
    if (!pods.isPresent(row)) {
      breaches.push(`row ${row} is gone and uses ${cpu}m`);
      continue;
    }
    const { limits } = pods.templateOf(row).spec.containers[0]?.resources ?? {};
    if (limits?.cpu !== undefined && cpu > cpuMilliOf(limits.cpu))
      breaches.push(`row ${row}: ${cpu}m of ${limits.cpu}`);
    if (limits?.memory !== undefined && memory > wholeValueOf(limits.memory)) {
      breaches.push(`row ${row}: ${memory} bytes of ${limits.memory}`);
    }
  }
  return breaches;
}

/** Where pods share the CPU of their nodes, they do not use more than there is. */
function contentionOf({ store, meter, plan }: World): string[] {
  if (plan.fidelity.cpuContention !== true) return [];
  const { pods } = store;
  return store
    .documents<KubeNode>("Node")
    .list()
    .flatMap(({ metadata: { name = "" }, status }) => {
      const id = pods.nodeNames.find(name);
      const rows = id === -1 ? [] : pods.byNode.rows(id).filter((row) => meter.isOn.get(row) === 1);
      const used = rows.reduce((sum, row) => sum + meter.cpuMilli(row), 0);
      const capacity = cpuMilliOf(status?.capacity?.cpu ?? "0");
      return used <= capacity + ROUNDING ? [] : [`${name}: ${used}m used of ${capacity}m`];
    });
}

/** Of sums, milli-CPU. */
const ROUNDING = 1e-6;

/** Whoever is owned has an owner: without one it is at least on its way out. */
function ownersOf(world: World): string[] {
  if (!isControlled(world)) return [];
  const { store } = world;
  const { pods } = store;
  const objects = DOCUMENT_KINDS.flatMap((kind) => store.documents(kind).list());
  const uids = new Set(objects.map(({ metadata }) => metadata.uid));
  for (let row = pods.first(); row !== -1; row = pods.after(row)) uids.add(store.rendering.uid(pods.serial.get(row)));
  const breaches: string[] = [];
  for (const { kind, metadata } of objects) {
    if (metadata.deletionTimestamp !== undefined) continue;
    for (const owner of metadata.ownerReferences ?? []) {
      if (!uids.has(owner.uid)) breaches.push(`${kind} ${metadata.name} is owned by ${owner.kind} ${owner.name}, gone`);
    }
  }
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    const owner = pods.owner.get(row);
    if (owner === null || pods.isDeleting(row) || uids.has(owner.uid)) continue;
    breaches.push(`pod ${pods.name.get(row)} is owned by ${owner.kind} ${owner.name}, gone`);
  }
  return breaches;
}

/** Whether an object goes, by itself or with its namespace. */
function isEnding({ store }: World, { metadata }: KubeObject): boolean {
  const namespace = store.documents("Namespace").find("", metadata.namespace ?? "");
  return metadata.deletionTimestamp !== undefined || namespace?.metadata.deletionTimestamp !== undefined;
}

/** A change of size this long ago is done: the pods' images are there, and their probes find them ready at once. */
const ROLLOUT = minutes(1);

/** Deployments that are short of ready replicas though nothing says why. */
export function unexplained(world: World): string[] {
  return world.store
    .documents<Deployment>("Deployment")
    .list()
    .flatMap((deployment) => {
      const { metadata, spec, status } = deployment;
      const wanted = spec.replicas ?? 1;
      const { readyReplicas = 0, updatedReplicas = 0, replicas = 0 } = status ?? {};
      if (readyReplicas === wanted && updatedReplicas === wanted && replicas === wanted) return [];
      if (reasonOf(world, deployment) !== undefined) return [];
      return [`${metadata.name}: ${readyReplicas} ready, ${updatedReplicas} new of ${replicas}, ${wanted} wanted`];
    });
}

/** Why a Deployment is not what it is to be. */
function reasonOf(world: World, { metadata, spec, status }: Deployment): string | undefined {
  const { store } = world;
  const { pods } = store;
  const { name = "", namespace = "" } = metadata;
  if (spec.paused === true) return "it is paused";
  if (getCondition(status?.conditions, "ReplicaFailure") !== undefined) return "its pods are refused";
  const isUnplaced = pods
    .matching(namespace, (labels) => labels.app === name)
    .some((row) => getCondition(store.pod(row).status?.conditions, "PodScheduled")?.reason === "Unschedulable");
  if (isUnplaced) return "its pods find no node";
  const lastScaled = store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").find(namespace, name)
    ?.status?.lastScaleTime;
  const sinceMicros =
    lastScaled === undefined ? Infinity : store.epochMicros + world.nowMicros - Date.parse(lastScaled) * 1000;
  return sinceMicros < ROLLOUT ? "its load moves still, and its autoscaler with it" : undefined;
}
