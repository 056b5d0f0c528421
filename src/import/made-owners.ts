import { isRecord, type JsonMap } from "./clean-object.ts";

/** What a dump lacks of the controllers of its pods, made from the pods. */
export interface MadeOwners {
  readonly objects: readonly JsonMap[];
  /** How many of each kind were made of pods. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Controllers that can be told from their pods alone. */
const MADE: ReadonlySet<string> = new Set(["ReplicaSet", "StatefulSet", "DaemonSet"]);
const REVISION_LABEL = "controller-revision-hash";
/** Labels that controllers write, each pod its own. */
const OWN_LABELS = [
  "apps.kubernetes.io/pod-index",
  "statefulset.kubernetes.io/pod-name",
  "pod-template-generation",
  REVISION_LABEL,
];

interface Owned {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly pods: JsonMap[];
}

/**
 * A dump of pods without their workloads would be a cluster in which nothing is ever replaced: ReplicaSets, StatefulSets and DaemonSets
 * that pods name as their controllers are made of these pods. DaemonSets get the revision that their pods are of, lest all be rolled.
 */
export function madeOwners(objects: readonly JsonMap[]): MadeOwners {
  const known = new Map(objects.map((object) => [keyOf(object), object]));
  const claims = new Set(objects.filter(({ kind }) => kind === "PersistentVolumeClaim").map(keyOf));
  const counts = new Map<string, number>();
  const made: JsonMap[] = [];
  for (const owned of ownersOf(objects)) {
    const key = `${owned.kind}/${owned.namespace}/${owned.name}`;
    let owner = known.get(key);
    if (owner === undefined) {
      owner = workloadOf(owned, claims);
      counts.set(owned.kind, (counts.get(owned.kind) ?? 0) + 1);
      made.push(owner);
    }
    if (owned.kind !== "DaemonSet") continue;
    const revision = revisionOf(owner, owned, objects);
    if (revision !== null) made.push(revision);
  }
  return { objects: made, counts };
}

function keyOf({ kind, metadata }: JsonMap): string {
  const { namespace = "default", name } = metadata as JsonMap;
  return `${String(kind)}/${String(namespace)}/${String(name)}`;
}

function ownersOf(objects: readonly JsonMap[]): Owned[] {
  const owners = new Map<string, Owned>();
  for (const pod of objects.filter(({ kind }) => kind === "Pod")) {
    const owner = controllerOf(pod);
    if (owner === undefined || !MADE.has(String(owner.kind))) continue;
    const namespace = String((pod.metadata as JsonMap).namespace ?? "default");
    const key = `${owner.kind}/${namespace}/${owner.name}`;
    const found = owners.get(key) ?? { kind: String(owner.kind), namespace, name: String(owner.name), pods: [] };
    found.pods.push(pod);
    owners.set(key, found);
  }
  return [...owners.values()];
}

function controllerOf({ metadata }: JsonMap): JsonMap | undefined {
  const { ownerReferences } = metadata as JsonMap;
  if (!Array.isArray(ownerReferences)) return undefined;
  return (ownerReferences as unknown[]).filter(isRecord).find(({ controller }) => controller === true);
}

function workloadOf({ kind, namespace, name, pods }: Owned, claims: ReadonlySet<string>): JsonMap {
  const [pod] = pods as [JsonMap];
  const { labels: all } = pod.metadata as JsonMap;
  const labels = Object.fromEntries(
    Object.entries(isRecord(all) ? all : {}).filter(([label]) => !OWN_LABELS.includes(label)),
  );
  const template = { metadata: { labels }, spec: templateSpec(pod.spec as JsonMap, namespace, claims) };
  const hash = isRecord(all) ? all[REVISION_LABEL] : undefined;
  const isStatefulSet = kind === "StatefulSet";
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace },
    spec: {
      ...(kind === "DaemonSet" ? {} : { replicas: isStatefulSet ? setSize(pods) : pods.length }),
      ...(isStatefulSet ? { serviceName: name } : {}),
      selector: { matchLabels: labels },
      template,
    },
    ...(isStatefulSet && hash !== undefined ? { status: { currentRevision: hash, updateRevision: hash } } : {}),
  };
}

/** One more than the highest ordinal: a pod between may be missing just now. */
function setSize(pods: readonly JsonMap[]): number {
  const ordinals = pods.map(({ metadata }) => Number(/-(\d+)$/.exec(String((metadata as JsonMap).name))?.[1] ?? 0));
  return ordinals.reduce((most, ordinal) => Math.max(most, ordinal), 0) + 1;
}

/** The spec of a pod without its node, and without claims that are not in the dump. */
function templateSpec(spec: JsonMap, namespace: string, claims: ReadonlySet<string>): JsonMap {
  const { nodeName: _node, hostname: _hostname, affinity, volumes, ...rest } = spec;
  const isThere = (volume: unknown): boolean => {
    const claim = isRecord(volume) && isRecord(volume.persistentVolumeClaim) ? volume.persistentVolumeClaim : null;
    return claim === null || claims.has(`PersistentVolumeClaim/${namespace}/${String(claim.claimName)}`);
  };
  const kept = Array.isArray(volumes) ? (volumes as unknown[]).filter(isThere) : [];
  const names = new Set(kept.filter(isRecord).map(({ name }) => name));
  const { containers, initContainers } = rest;
  return {
    ...rest,
    ...(kept.length === 0 ? {} : { volumes: kept }),
    containers: mounting(containers, names),
    ...(initContainers === undefined ? {} : { initContainers: mounting(initContainers, names) }),
    ...affinityWithoutNode(affinity),
  };
}

function mounting(containers: unknown, names: ReadonlySet<unknown>): unknown {
  if (!Array.isArray(containers)) return containers;
  return containers.map((container: unknown) => {
    if (!isRecord(container) || !Array.isArray(container.volumeMounts)) return container;
    return { ...container, volumeMounts: container.volumeMounts.filter((one: JsonMap) => names.has(one.name)) };
  });
}

/** The controller of a DaemonSet ties each pod to its node by the node's name. */
function affinityWithoutNode(affinity: unknown): JsonMap {
  if (!isRecord(affinity)) return {};
  if (!JSON.stringify(affinity.nodeAffinity ?? null).includes('"matchFields"')) return { affinity };
  const { nodeAffinity: _node, ...others } = affinity;
  return Object.keys(others).length === 0 ? {} : { affinity: others };
}

/** The revision that the pods of a set are of; null when the dump has one, or when they are of several. */
function revisionOf(set: JsonMap, { namespace, name, pods }: Owned, objects: readonly JsonMap[]): JsonMap | null {
  const isOwn = (object: JsonMap): boolean =>
    object.kind === "ControllerRevision" &&
    (object.metadata as JsonMap).namespace === namespace &&
    controllerOf(object)?.name === name;
  const hashes = new Set(
    pods.map(({ metadata }) => ((metadata as JsonMap).labels as JsonMap | undefined)?.[REVISION_LABEL]),
  );
  const [hash] = hashes;
  if (hashes.size !== 1 || typeof hash !== "string" || objects.some(isOwn)) return null;
  const { template } = set.spec as JsonMap;
  const { labels } = isRecord(template) && isRecord(template.metadata) ? template.metadata : { labels: {} };
  const owner = { apiVersion: "apps/v1", kind: "DaemonSet", name, uid: "", controller: true, blockOwnerDeletion: true };
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...(isRecord(labels) ? labels : {}), [REVISION_LABEL]: hash },
      ownerReferences: [owner],
    },
    data: { spec: { template: { ...(template as JsonMap), $patch: "replace" } } },
    revision: 1,
  };
}
