import { findKindByResource, KINDS, type StringMap } from "../kube/index.ts";
import type { ObjectReference, PlannedObject } from "../world/plan.ts";
import { isRecord } from "./field.ts";
import { nearestFew } from "./spelling.ts";

/** The kind that a word such as `deploy`, `deployments.apps` or `Deployment` means; null for none. */
export function kindOfWord(word: string): string | null {
  return findKindByResource(word)?.kind ?? null;
}

/** Words for kinds, for hints. */
export function kindWords(): string[] {
  return KINDS.flatMap((info) => [info.kind.toLowerCase(), info.plural, ...info.shortNames]);
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
    const elsewhere = names.find((one) => one.endsWith(`/${name}`));
    const near = elsewhere === undefined ? nearestFew(`${namespace}/${name}`, names, 1) : [elsewhere];
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
  const own = isRecord(metadata.labels) ? (metadata.labels as StringMap) : {};
  const labels = { ...generatedLabels(owner), ...own };
  return { namespace, labels, containers: containerNames(template.spec), owner };
}

/** Labels that the server adds to a pod template, as far as they are known before. */
function generatedLabels({ object }: PlannedObject): StringMap {
  const { name = "" } = object.metadata;
  return object.kind === "Job" ? { "batch.kubernetes.io/job-name": name, "job-name": name } : {};
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
