import type { StringMap } from "../kube/types.ts";
import type { ObjectReference, PlannedObject } from "../world/plan.ts";
import { isRecord } from "./field.ts";
import { nearestFew } from "./spelling.ts";

/** Words for a kind as kubectl takes them, in lower case, and the kind. */
const KIND_WORDS: ReadonlyMap<string, string> = new Map(
  (
    [
      ["Pod", "pod", "pods", "po"],
      ["Node", "node", "nodes", "no"],
      ["Deployment", "deployment", "deployments", "deploy"],
      ["ReplicaSet", "replicaset", "replicasets", "rs"],
      ["ReplicationController", "replicationcontroller", "replicationcontrollers", "rc"],
      ["StatefulSet", "statefulset", "statefulsets", "sts"],
      ["DaemonSet", "daemonset", "daemonsets", "ds"],
      ["Job", "job", "jobs"],
      ["CronJob", "cronjob", "cronjobs", "cj"],
      ["Service", "service", "services", "svc"],
      ["HorizontalPodAutoscaler", "horizontalpodautoscaler", "horizontalpodautoscalers", "hpa"],
      ["ConfigMap", "configmap", "configmaps", "cm"],
      ["Secret", "secret", "secrets"],
      ["Namespace", "namespace", "namespaces", "ns"],
      ["PodDisruptionBudget", "poddisruptionbudget", "poddisruptionbudgets", "pdb"],
      ["PriorityClass", "priorityclass", "priorityclasses", "pc"],
    ] as const
  ).flatMap(([kind, ...words]) => words.map((word) => [word, kind] as const)),
);

/** The kind that a word such as `deploy`, `deployment.apps` or `Deployment` means; null for none. */
export function kindOfWord(word: string): string | null {
  return KIND_WORDS.get((word.split(".")[0] ?? "").toLowerCase()) ?? null;
}

export function kindWords(): string[] {
  return [...KIND_WORDS.keys()];
}

/** `Deployment/shop/web`; `Node/n1` without a namespace. */
export function referenceLabel(reference: ObjectReference): string {
  return [reference.kind, reference.namespace, reference.name].filter((part) => part !== "").join("/");
}

/** Labels that pods of a workload (or a bare pod) will carry. */
export interface PodSource {
  readonly namespace: string;
  readonly labels: StringMap;
  readonly containers: readonly string[];
  readonly owner: PlannedObject;
}

/** The objects of a plan, by name and by what their pods look like. */
export class ObjectIndex {
  readonly objects: readonly PlannedObject[];
  readonly podSources: readonly PodSource[];
  private readonly byReference = new Map<string, PlannedObject>();

  constructor(objects: readonly PlannedObject[]) {
    this.objects = objects;
    for (const planned of objects) this.byReference.set(referenceLabel(referenceOf(planned)), planned);
    this.podSources = objects.map(podSourceOf).filter((source) => source !== null);
  }

  find(reference: ObjectReference): PlannedObject | null {
    return this.byReference.get(referenceLabel(reference)) ?? null;
  }

  /** `namespace/name` of every object of a kind, in the order of the files. */
  namesOf(kind: string): string[] {
    return this.objects
      .filter((planned) => planned.object.kind === kind)
      .map(({ object }) => `${object.metadata.namespace ?? "default"}/${object.metadata.name ?? ""}`);
  }

  /** ` — did you mean "shop/web"?`, or which ones there are. */
  suggest(kind: string, namespace: string, name: string): string {
    const names = this.namesOf(kind);
    const near = nearestFew(`${namespace}/${name}`, names, 1);
    if (near[0] !== undefined) return ` — did you mean "${near[0]}"?`;
    return names.length === 0 ? ` — there is no ${kind} at all` : ` — there are ${names.slice(0, 3).join(", ")}`;
  }
}

export function referenceOf(planned: PlannedObject): ObjectReference {
  const { kind, metadata } = planned.object;
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
}

function podSourceOf(owner: PlannedObject): PodSource | null {
  const { object } = owner;
  const namespace = object.metadata.namespace ?? "default";
  const spec: unknown = "spec" in object ? object.spec : undefined;
  if (!isRecord(spec)) return null;
  if (object.kind === "Pod") {
    return { namespace, labels: object.metadata.labels ?? {}, containers: containerNames(spec), owner };
  }
  const template = templateOf(object.kind, spec);
  if (!isRecord(template)) return null;
  const metadata: Record<string, unknown> = isRecord(template.metadata) ? template.metadata : {};
  const labels = isRecord(metadata.labels) ? (metadata.labels as StringMap) : {};
  return { namespace, labels, containers: containerNames(template.spec), owner };
}

/** Where a kind keeps its pod template. */
export function templateOf(kind: string, spec: Record<string, unknown>): unknown {
  if (kind !== "CronJob") return spec.template;
  const job = spec.jobTemplate;
  return isRecord(job) && isRecord(job.spec) ? job.spec.template : undefined;
}

function containerNames(podSpec: unknown): string[] {
  const containers: unknown = isRecord(podSpec) ? podSpec.containers : undefined;
  if (!Array.isArray(containers)) return [];
  return containers.map((container: unknown) => (isRecord(container) ? String(container.name) : ""));
}
