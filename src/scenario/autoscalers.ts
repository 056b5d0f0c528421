import type { Container, HorizontalPodAutoscaler, KubeObject, MetricSpec } from "../kube/index.ts";
import { cpuMilliOf } from "../units/index.ts";
import type { PlannedObject } from "../world/plan.ts";
import { isRecord } from "./field.ts";
import { type ObjectIndex, templateOf } from "./objects.ts";
import type { Problem } from "./problem.ts";

/** Warns of HorizontalPodAutoscalers that cannot work as they are written. */
export function checkAutoscalers(index: ObjectIndex, problems: Problem[]): void {
  for (const planned of index.objects) {
    if (planned.object.kind !== "HorizontalPodAutoscaler") continue;
    const warn = (code: string, message: string): void => {
      problems.push({ code, ...planned.source, length: 1, message });
    };
    checkAutoscaler(planned.object as KubeObject as HorizontalPodAutoscaler, index, warn);
  }
}

type Warn = (code: string, message: string) => void;

function checkAutoscaler(hpa: HorizontalPodAutoscaler, index: ObjectIndex, warn: Warn): void {
  const namespace = hpa.metadata.namespace ?? "default";
  const label = `HPA ${namespace}/${hpa.metadata.name ?? ""}`;
  const { kind, name } = hpa.spec.scaleTargetRef;
  const target = index.find({ kind, namespace, name });
  if (target === null) {
    warn(
      "W0206",
      `${label} targets ${kind} "${name}", which does not exist: it will report FailedGetScale${index.suggest(kind, namespace, name)}`,
    );
    return;
  }
  const containers = containersOf(target);
  for (const metric of hpa.spec.metrics ?? []) {
    checkRequests(metric, containers, label, warn);
    checkReach(metric, containers, label, warn);
  }
}

function containersOf(target: PlannedObject): Container[] {
  const spec: unknown = "spec" in target.object ? target.object.spec : undefined;
  const template = isRecord(spec) ? templateOf(target.object.kind, spec) : undefined;
  const podSpec = isRecord(template) ? template.spec : undefined;
  const containers = isRecord(podSpec) ? podSpec.containers : undefined;
  return Array.isArray(containers) ? (containers as Container[]) : [];
}

function checkRequests(metric: MetricSpec, containers: readonly Container[], label: string, warn: Warn): void {
  const source = metric.resource ?? metric.containerResource;
  if (source === undefined || source.target.type !== "Utilization") return;
  const own = metric.containerResource?.container;
  for (const container of containers) {
    if (own !== undefined && container.name !== own) continue;
    if (container.resources?.requests?.[source.name] !== undefined) continue;
    warn(
      "W0203",
      `${label} targets ${source.name}, container "${container.name}" has no ${source.name} request: the HPA will report FailedGetResourceMetric`,
    );
  }
}

/** Usage is cut at the limit: a target above limit / request can never be exceeded. */
function checkReach(metric: MetricSpec, containers: readonly Container[], label: string, warn: Warn): void {
  const target = metric.resource?.name === "cpu" ? metric.resource.target.averageUtilization : undefined;
  if (target === undefined) return;
  let [requestMilli, limitMilli] = [0, 0];
  for (const { resources } of containers) {
    const [request, limit] = [resources?.requests?.cpu, resources?.limits?.cpu];
    if (request === undefined || limit === undefined) return;
    requestMilli += cpuMilliOf(request);
    limitMilli += cpuMilliOf(limit);
  }
  if (requestMilli === 0 || limitMilli * 100 > target * requestMilli * 1.1) return;
  warn(
    "W0207",
    `${label} targets ${target}% of a request of ${requestMilli}m, but the limit of ${limitMilli}m caps usage at ${Math.floor((limitMilli * 100) / requestMilli)}%: it will never scale up`,
  );
}
