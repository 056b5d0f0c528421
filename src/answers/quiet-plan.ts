import type { KubeObject, Pod } from "../kube/index.ts";
import type { Plan, PlannedNode, PlannedObject } from "../world/plan.ts";

/** Kinds that change how many pods there are while nobody touches anything. */
const MOVING = new Set(["HorizontalPodAutoscaler", "VerticalPodAutoscaler", "CronJob"]);

/**
 * The plan of the same cluster with nobody using it: no load, no failure, no action, no autoscaler. What is left is where
 * things are placed. Images are there already, since pulling them changes no placement; the run has no end of its own.
 */
export function quietPlan(plan: Plan): Plan {
  const { clusterAutoscaler: _autoscaler, ...rest } = plan;
  return {
    ...rest,
    durationMicros: Number.MAX_SAFE_INTEGER,
    warmupMicros: 0,
    objects: plan.objects.filter(({ object }) => !MOVING.has(object.kind)),
    images: { ...plan.images, preloaded: true, images: [] },
    loads: [],
    metrics: [],
    failures: [],
    actions: [],
    assertions: [],
    record: { ...plan.record, events: false, decisions: false },
  };
}

/** The plan on other nodes. What was bound to nodes that are no more is placed anew: by its controller, or as it is. */
export function onNodes(plan: Plan, nodes: readonly PlannedNode[]): Plan {
  const names = new Set(nodes.map(({ name }) => name));
  const objects = plan.objects.flatMap((planned): PlannedObject[] => {
    if (planned.object.kind !== "Pod") return [planned];
    const pod = planned.object as KubeObject as Pod;
    const { nodeName, ...spec } = pod.spec;
    if (nodeName === undefined || names.has(nodeName)) return [planned];
    if (pod.metadata.ownerReferences?.some(({ controller }) => controller === true) === true) return [];
    const { status: _status, ...unbound } = { ...pod, spec };
    return [{ ...planned, object: unbound as KubeObject }];
  });
  return { ...plan, nodes, objects };
}
