import { compileSelector, type KubeObject, type LabelSelector, type Service, type ServicePort } from "../kube/index.ts";
import type { Plan } from "../world/plan.ts";
import { type Advice, label, objectsOf } from "./advice-question.ts";
import { type PodTemplate, podTemplates } from "./templates.ts";

/** Kinds whose selector is written by people. That of a Job is made by the API server. */
const SELECTING: ReadonlySet<string> = new Set([
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
]);

/** Selectors that match more than they are meant to. */
export function overlapAdvice(plan: Plan): Advice[] {
  const workloads = podTemplates(plan.objects).filter(
    ({ planned: { object } }) =>
      SELECTING.has(object.kind) && object.metadata.ownerReferences?.some(({ controller }) => controller) !== true,
  );
  return [...workloadOverlaps(workloads), ...serviceOverlaps(plan, workloads)];
}

function workloadOverlaps(workloads: readonly PodTemplate[]): Advice[] {
  return workloads.flatMap((one, index) =>
    workloads.slice(0, index).flatMap((other): Advice[] => {
      if (one.namespace !== other.namespace) return [];
      const [mine, theirs] = [selects(one, other), selects(other, one)];
      if (!mine && !theirs) return [];
      const [first, second] = mine ? [one, other] : [other, one];
      const [whose, of] = [label(first.planned.object), label(second.planned.object)];
      const what =
        mine && theirs ? `${whose} and ${of} select each other's pods` : `${whose} selects the pods of ${of} too`;
      const advice = "give each a label of its own in selector and template";
      const message = `${what}: orphans, autoscalers and budgets take them for one — ${advice}`;
      return [{ code: "W0255", source: one.planned.source, message }];
    }),
  );
}

function selects(workload: PodTemplate, { labels }: PodTemplate): boolean {
  const { object } = workload.planned;
  const { spec } = object as KubeObject & { readonly spec: { readonly selector?: unknown } };
  if (spec.selector === undefined) return false;
  // A ReplicationController has a map of labels.
  const selector = (
    object.kind === "ReplicationController" ? { matchLabels: spec.selector } : spec.selector
  ) as LabelSelector;
  return compileSelector(selector).matches(labels);
}

/** Services whose pods are of several workloads, some of which do not have the port. */
function serviceOverlaps(plan: Plan, workloads: readonly PodTemplate[]): Advice[] {
  return objectsOf<Service>(plan, "Service").flatMap(({ object, planned }) => {
    const { selector, ports = [] } = object.spec;
    if (selector === undefined || Object.keys(selector).length === 0) return [];
    const { matches } = compileSelector({ matchLabels: selector });
    const own = workloads.filter(
      ({ namespace, labels }) => namespace === (object.metadata.namespace ?? "default") && matches(labels),
    );
    if (own.length < 2) return [];
    return ports.flatMap((port): Advice[] => {
      const has = own.filter((one) => listens(one, port));
      const lacks = own.filter((one) => !listens(one, port));
      if (has.length === 0 || lacks.length === 0) return [];
      const names = (some: readonly PodTemplate[]): string => some.map((one) => label(one.planned.object)).join(", ");
      const target = port.targetPort ?? port.port;
      const message = `${label(object)} selects the pods of ${names(own)}, and those of ${names(lacks)} have no port ${target} — narrow its selector, or give them the port`;
      return [{ code: "W0256", source: planned.source, message }];
    });
  });
}

/** Whether pods have the port of a Service. Those that declare none at all may listen anywhere. */
function listens({ spec }: PodTemplate, { port, targetPort = port }: ServicePort): boolean {
  const declared = spec.containers.flatMap(({ ports = [] }) => ports);
  if (typeof targetPort === "string") return declared.some(({ name }) => name === targetPort);
  return declared.length === 0 || declared.some(({ containerPort }) => containerPort === targetPort);
}
