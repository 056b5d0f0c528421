import {
  admitPodSpec,
  isObject,
  type KubeObject,
  type Pod,
  type PodSpec,
  type PriorityClass,
  type StringMap,
} from "../kube/index.ts";
import type { Plan, PlannedObject } from "../world/plan.ts";

/** Pods that somebody asks room for. */
export interface PodTemplate {
  readonly name: string;
  readonly namespace: string;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly spec: PodSpec;
  readonly planned: PlannedObject;
}

/** The pods that objects describe: Pods themselves, and the templates of workloads. Others have none. */
export function podTemplates(objects: readonly PlannedObject[]): PodTemplate[] {
  return objects.flatMap((planned) => {
    const { object } = planned;
    const template = object.kind === "Pod" ? (object as KubeObject as Pod) : templateOf(object);
    if (template === null) return [];
    const { nodeName: _nodeName, ...spec } = template.spec;
    return [
      {
        name: object.metadata.name ?? "",
        namespace: object.metadata.namespace ?? "default",
        labels: template.metadata?.labels ?? {},
        annotations: template.metadata?.annotations ?? {},
        spec,
        planned,
      },
    ];
  });
}

type Template = { readonly metadata?: Pod["metadata"]; readonly spec: PodSpec };

function templateOf(object: KubeObject): Template | null {
  const spec: unknown = "spec" in object ? object.spec : undefined;
  if (!isObject(spec)) return null;
  const job = object.kind === "CronJob" && isObject(spec.jobTemplate) ? spec.jobTemplate.spec : spec;
  const template: unknown = isObject(job) ? job.template : undefined;
  return isObject(template) && isObject(template.spec) ? (template as unknown as Template) : null;
}

/** The spec as the API server would admit it, or why it would not. */
export function admitted(
  template: PodTemplate,
  classes: readonly PriorityClass[],
): PodSpec | { readonly refusal: string } {
  const result = admitPodSpec(template.spec, template.labels, classes);
  return result.ok ? result.spec : { refusal: result.reason };
}

/** A pod of the template as an object of a plan. */
export function podOf(template: PodTemplate, number: number): PlannedObject {
  const { namespace, labels, annotations, spec, planned } = template;
  const metadata = { name: `${template.name}-fit-${number}`, namespace, labels, annotations };
  const object = { apiVersion: "v1", kind: "Pod", metadata, spec } as KubeObject;
  return { object, source: planned.source, simulated: true };
}

/** The plan with further objects; those that it has already are left as they are. */
export function withObjects(plan: Plan, objects: readonly PlannedObject[]): Plan {
  const key = ({ object: { kind, metadata } }: PlannedObject): string =>
    `${kind}/${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
  const known = new Set(plan.objects.map(key));
  const others = objects.filter((planned) => !known.has(key(planned)));
  return others.length === 0 ? plan : { ...plan, objects: [...others, ...plan.objects] };
}
