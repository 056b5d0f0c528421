import { countQuota, type ServiceAddresses } from "../control/index.ts";
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  type ContainerStatus,
  type ControllerRevision,
  type KubeObject,
  type OwnerReference,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  SELECTED_NODE,
  type Service,
  STORAGE_PROVISIONER,
  type StatefulSet,
  withDefaults,
} from "../kube/index.ts";
import { type ApiResult, controllerReference, type Store } from "../store/index.ts";
import type { Plan, PlannedObject } from "./plan.ts";

/** Namespaces that every cluster has. */
const SYSTEM_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
/** What others refer to comes first: owners before what they own, classes before pods. */
const CREATION_ORDER = [
  "Namespace",
  "LimitRange",
  "ResourceQuota",
  "PriorityClass",
  "StorageClass",
  "PersistentVolume",
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "Service",
];
const OWNED_LAST = ["ReplicaSet", "ControllerRevision", "Job", "EndpointSlice", "Pod"];

const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";

/** What creating an object takes: where it is kept, and who gives services their addresses. */
export interface Cluster {
  readonly store: Store;
  readonly addresses: ServiceAddresses;
}

/** Creates the objects that exist at instant 0. Nodes are registered by their kubelets and are not among them. */
export function createObjects(cluster: Cluster, plan: Plan): void {
  const { store } = cluster;
  for (const name of SYSTEM_NAMESPACES) {
    if (plan.objects.some(({ object }) => object.kind === "Namespace" && object.metadata.name === name)) continue;
    store.writer.create(withDefaults({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  }
  for (const { object } of inOrder(plan.objects)) {
    const result = createObject(cluster, withoutForeignBinding(store, object));
    // DEVIATION(quota-at-start): a quota of instant 0 has been counted when the first object comes; in the original, creations are refused
    // until its controller has written its status.
    if (result.ok && object.kind === "ResourceQuota") countQuota(store, result.row);
    if (result.ok && object.kind === "StatefulSet") keepRevision(store, plan, result.row);
    if (!result.ok && store.decisions.isEnabled) {
      const { kind, metadata } = object;
      const name = `${kind.toLowerCase()}/${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
      const notable = `${name} refused: ${result.status.message}`;
      store.decisions.write({ by: "apiserver", what: "refused", object: name, error: result.status.message, notable });
    }
  }
}

/** Creates one object: a pod as a row, anything else as a document. */
export function createObject(cluster: Cluster, object: KubeObject): ApiResult {
  const { store, addresses } = cluster;
  const own = { ...object, metadata: withKnownOwners(store, cleaned(object)) };
  if (object.kind === "Pod") return createPod(store, own as Pod);
  if (object.kind !== "Service" || object.apiVersion !== "v1") return store.writer.create(own);
  const admitted = addresses.admit(own as Service);
  if (!admitted.ok) return admitted;
  const result = store.writer.create(admitted.service);
  if (!result.ok) addresses.release(admitted.service);
  return result;
}

/**
 * A dump without revisions says by name which one the pods of a set are of. Where all are of one, that is the set's template;
 * without its revision they would all be replaced.
 */
function keepRevision(store: Store, plan: Plan, row: number): void {
  const set = store.documents<StatefulSet>("StatefulSet").get(row);
  const { namespace = "" } = set.metadata;
  const { currentRevision: name, updateRevision } = set.status ?? {};
  if (name === undefined || name !== updateRevision) return;
  const isDumped = ({ object: { kind, metadata } }: PlannedObject): boolean =>
    kind === "ControllerRevision" && metadata.name === name && (metadata.namespace ?? "") === namespace;
  if (plan.objects.some(isDumped)) return;
  const { template } = set.spec;
  const revision: ControllerRevision = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name,
      namespace,
      ...(template.metadata?.labels === undefined ? {} : { labels: template.metadata.labels }),
      ownerReferences: [controllerReference(set)],
    },
    data: { spec: { template: { ...template, $patch: "replace" } } },
    revision: 1,
  };
  store.writer.create(revision);
}

function inOrder(objects: readonly PlannedObject[]): PlannedObject[] {
  const rank = ({ object }: PlannedObject): number => {
    const { kind } = object;
    const first = CREATION_ORDER.indexOf(kind);
    // Addresses that a dump names are taken before others are drawn.
    if (kind === "Service" && (object as Service).spec.clusterIP !== undefined) return first - 0.5;
    if (first !== -1) return first;
    const last = OWNED_LAST.indexOf(kind);
    return CREATION_ORDER.length + 1 + last;
  };
  return objects
    .filter(({ object }) => object.kind !== "Node" && !isDerived(object))
    .map((planned, index) => ({ planned, index }))
    .sort((a, b) => rank(a.planned) - rank(b.planned) || a.index - b.index)
    .map(({ planned }) => planned);
}

/** What the controllers of this cluster make themselves: a dump's copy of it would stand beside theirs. */
function isDerived({ kind, metadata }: KubeObject): boolean {
  return kind === "EndpointSlice" && metadata.labels?.[MANAGED_BY] === "endpointslice-controller.k8s.io";
}

/**
 * Claims and volumes of a dump were bound under uids of another cluster: here a volume is kept for its claim by name, and
 * bound anew. A claim whose volume is not in the dump starts without one.
 */
function withoutForeignBinding(store: Store, object: KubeObject): KubeObject {
  if (object.kind === "PersistentVolume") {
    const { claimRef, ...spec } = (object as PersistentVolume).spec;
    if (claimRef?.uid === undefined) return object;
    const { uid: _uid, ...kept } = claimRef;
    return { ...object, spec: { ...spec, claimRef: kept } } as PersistentVolume;
  }
  if (object.kind !== "PersistentVolumeClaim") return object;
  const claim = object as PersistentVolumeClaim;
  const { [BIND_COMPLETED]: isBound, ...annotations } = claim.metadata.annotations ?? {};
  if (isBound === undefined) return object;
  const { volumeName = "", ...spec } = claim.spec ?? {};
  const status = { phase: "Pending" } as const;
  if (store.documents("PersistentVolume").rowOf("", volumeName) !== -1) {
    return { ...claim, metadata: { ...claim.metadata, annotations }, status } as PersistentVolumeClaim;
  }
  const marks = [BOUND_BY_CONTROLLER, SELECTED_NODE, STORAGE_PROVISIONER];
  const others = Object.fromEntries(Object.entries(annotations).filter(([name]) => !marks.includes(name)));
  return { ...claim, metadata: { ...claim.metadata, annotations: others }, spec, status } as PersistentVolumeClaim;
}

/** Without what the server itself gives: a dump's identity is not this cluster's. */
function cleaned(object: KubeObject): KubeObject["metadata"] {
  const { uid, resourceVersion, creationTimestamp, generation, ...rest } = object.metadata;
  return rest;
}

/** Owner references of a dump name uids of another cluster: they are found again by kind and name, or dropped. */
function withKnownOwners(store: Store, metadata: KubeObject["metadata"]): KubeObject["metadata"] {
  const { ownerReferences, ...rest } = metadata;
  if (ownerReferences === undefined) return metadata;
  const known: OwnerReference[] = [];
  for (const reference of ownerReferences) {
    const owner = store.documents(reference.kind as "Other").find(metadata.namespace ?? "", reference.name);
    if (owner?.kind === reference.kind) known.push({ ...reference, uid: owner.metadata.uid ?? "" });
  }
  return known.length === 0 ? rest : { ...rest, ownerReferences: known };
}

function createPod(store: Store, pod: Pod): ApiResult {
  const { name, generateName, namespace = "default", labels, annotations, ownerReferences } = pod.metadata;
  const template = store.templateOf({
    metadata: { ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) },
    spec: pod.spec,
  });
  const owner = ownerReferences?.find((reference) => reference.controller === true);
  return store.podWriter.create({
    namespace,
    template,
    ...(name === undefined ? {} : { name }),
    ...(generateName === undefined ? {} : { generateName }),
    ...(owner === undefined ? {} : { owner: Object.freeze(owner) }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
  });
}

/** Whether any container of these statuses runs. */
export function isAnyRunning(statuses: readonly ContainerStatus[] | null): boolean {
  return statuses?.some((status) => status.state?.running !== undefined) === true;
}
