import type { ContainerStatus, KubeObject, OwnerReference, Pod } from "../kube/index.ts";
import type { ApiResult, Store } from "../store/index.ts";
import type { Plan, PlannedObject } from "./plan.ts";

/** Namespaces that every cluster has. */
const SYSTEM_NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];
/** What others refer to comes first: owners before what they own, classes before pods. */
const CREATION_ORDER = ["Namespace", "PriorityClass", "ConfigMap", "Secret", "ServiceAccount", "Service"];
const OWNED_LAST = ["ReplicaSet", "Job", "EndpointSlice", "Pod"];

/** Creates the objects that exist at instant 0. Nodes are registered by their kubelets and are not among them. */
export function createObjects(store: Store, plan: Plan): void {
  for (const name of SYSTEM_NAMESPACES) {
    if (plan.objects.some(({ object }) => object.kind === "Namespace" && object.metadata.name === name)) continue;
    const labels = { "kubernetes.io/metadata.name": name };
    store.writer.create({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  }
  for (const { object } of inOrder(plan.objects)) createObject(store, object);
}

/** Creates one object: a pod as a row, anything else as a document. */
export function createObject(store: Store, object: KubeObject): ApiResult {
  const own = { ...object, metadata: withKnownOwners(store, cleaned(object)) };
  return object.kind === "Pod" ? createPod(store, own as Pod) : store.writer.create(own);
}

function inOrder(objects: readonly PlannedObject[]): PlannedObject[] {
  const rank = ({ object: { kind } }: PlannedObject): number => {
    const first = CREATION_ORDER.indexOf(kind);
    if (first !== -1) return first;
    const last = OWNED_LAST.indexOf(kind);
    return CREATION_ORDER.length + 1 + last;
  };
  return objects
    .filter(({ object }) => object.kind !== "Node")
    .map((planned, index) => ({ planned, index }))
    .sort((a, b) => rank(a.planned) - rank(b.planned) || a.index - b.index)
    .map(({ planned }) => planned);
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
