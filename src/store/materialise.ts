import type { Condition, KubeEvent, ObjectMeta, Pod, PodStatus } from "../kube/index.ts";
import { qosClass } from "../kube/index.ts";
import { CONDITION, POD_CONDITIONS, POD_PHASE_NAMES, type PodTable } from "./pods.ts";

const STATUS_TEXT = ["", "False", "True", "Unknown"] as const;

/** What a row cannot know by itself: how instants and uids are written in this world. */
export interface Rendering {
  readonly timestamp: (micros: number) => string;
  readonly uid: (serial: number) => string;
}

/** An IPv4 number as text. */
export function ipText(ip: number): string {
  return [Math.floor(ip / 16777216) % 256, Math.floor(ip / 65536) % 256, Math.floor(ip / 256) % 256, ip % 256].join(
    ".",
  );
}

/** Builds the API object of a pod row: what `kubectl get pod -o yaml` would show. Cost: a few microseconds. */
export function materialisePod(pods: PodTable, row: number, rendering: Rendering): Pod {
  const template = pods.templateOf(row);
  const nodeName = pods.nodeNameOf(row);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadataOf(pods, row, rendering),
    spec: nodeName === "" ? template.spec : { ...template.spec, nodeName },
    status: statusOf(pods, row, rendering),
  };
}

/** The `involvedObject` of a pod row. */
export function podReference(pods: PodTable, row: number, rendering: Rendering): KubeEvent["involvedObject"] {
  return {
    kind: "Pod",
    namespace: pods.namespaceOf(row),
    name: pods.name.get(row),
    uid: rendering.uid(pods.serial.get(row)),
  };
}

function metadataOf(pods: PodTable, row: number, rendering: Rendering): ObjectMeta {
  const extra = pods.extra.get(row);
  const owner = pods.owner.get(row);
  const finalizers = pods.finalizersOf(row);
  const annotations = pods.annotationsOf(row);
  const labels = pods.labelsOf(row);
  return {
    name: pods.name.get(row),
    ...(extra.generateName === undefined ? {} : { generateName: extra.generateName }),
    namespace: pods.namespaceOf(row),
    uid: rendering.uid(pods.serial.get(row)),
    resourceVersion: String(pods.resourceVersion.get(row)),
    generation: pods.generation.get(row),
    creationTimestamp: rendering.timestamp(pods.createdAt.get(row)),
    ...(pods.isDeleting(row)
      ? {
          deletionTimestamp: rendering.timestamp(pods.deletionAt.get(row)),
          deletionGracePeriodSeconds: pods.graceSeconds.get(row),
        }
      : {}),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(owner === null ? {} : { ownerReferences: [owner] }),
    ...(finalizers.length === 0 ? {} : { finalizers }),
  };
}

function statusOf(pods: PodTable, row: number, rendering: Rendering): PodStatus {
  const extra = pods.extra.get(row);
  const containers = pods.containers.get(row);
  const initContainers = pods.initContainers.get(row);
  const ip = pods.ip.get(row);
  const startTime = pods.startTime.get(row);
  const nominated = pods.nominatedNodeId.get(row);
  return {
    ...extra.status,
    phase: POD_PHASE_NAMES[pods.phase.get(row)] ?? "Unknown",
    ...(extra.reason === undefined ? {} : { reason: extra.reason }),
    ...(extra.message === undefined ? {} : { message: extra.message }),
    conditions: conditionsOf(pods, row, rendering),
    ...(nominated === -1 ? {} : { nominatedNodeName: pods.nodeNames.textOf(nominated) }),
    ...(startTime === -1 ? {} : { startTime: rendering.timestamp(startTime) }),
    ...(ip === 0 ? {} : { podIP: ipText(ip), podIPs: [{ ip: ipText(ip) }] }),
    qosClass: qosClass(pods.templateOf(row).spec),
    ...(initContainers === null ? {} : { initContainerStatuses: initContainers }),
    ...(containers === null ? {} : { containerStatuses: containers }),
  };
}

function conditionsOf(pods: PodTable, row: number, rendering: Rendering): Condition[] {
  const extra = pods.extra.get(row);
  const conditions: Condition[] = [];
  for (const [index, type] of POD_CONDITIONS.entries()) {
    const status = pods.conditionStatus[index]?.get(row) ?? CONDITION.absent;
    if (status === CONDITION.absent) continue;
    conditions.push({
      type,
      status: STATUS_TEXT[status] as "True",
      ...extra.conditionTexts?.[type],
      lastProbeTime: null,
      lastTransitionTime: rendering.timestamp(pods.conditionAt[index]?.get(row) ?? 0),
    });
  }
  return [...conditions, ...(extra.conditions ?? [])];
}
