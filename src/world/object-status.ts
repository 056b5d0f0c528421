import {
  type Condition,
  type CronJob,
  type DaemonSet,
  type Deployment,
  type HorizontalPodAutoscaler,
  isPodReady,
  type Job,
  type KubeObject,
  type Pod,
  type PodDisruptionBudget,
  podRestartCount,
  type ReplicaSet,
  type ResourceQuota,
  type StatefulSet,
} from "../kube/index.ts";
import { documentKind, type Store } from "../store/index.ts";
import { rolloutStatus } from "./rollout-status.ts";

type Fact = readonly [what: string, value: string];

/** An object at an instant of a run, in the words of kubectl. Microseconds. */
export interface ObjectStatus {
  readonly object: string;
  readonly atMicros: number;
  /** What `kubectl rollout status` says first; null where nothing rolls out. */
  readonly rollout: string | null;
  readonly facts: readonly Fact[];
  readonly conditions: readonly Condition[];
  /** What it controls, besides pods. */
  readonly owned: readonly { readonly object: string; readonly facts: string }[];
  readonly pods: readonly {
    readonly name: string;
    readonly phase: string;
    readonly isReady: boolean;
    readonly restarts: number;
    readonly node: string;
  }[];
}

const REVISION = "deployment.kubernetes.io/revision";
const OWNED_KINDS = ["ReplicaSet", "ControllerRevision", "Job"] as const;

/** What `kubectl describe` and `kubectl rollout status` would show of a live object now; it is not a pod. */
export function objectStatus(store: Store, object: KubeObject): ObjectStatus {
  const { kind, metadata } = object;
  const { namespace, name, uid = "" } = metadata;
  const { conditions = [] } =
    (object as { readonly status?: { readonly conditions?: readonly Condition[] } }).status ?? {};
  return {
    object: [kind.toLowerCase(), namespace, name].filter((part) => part !== undefined && part !== "").join("/"),
    atMicros: store.engine.now,
    rollout: rolloutStatus(object),
    facts: FACTS.get(kind)?.(object as never) ?? [],
    conditions,
    owned: OWNED_KINDS.flatMap((owned) =>
      store
        .documents(owned)
        .list(namespace)
        .filter((one) => isControlledBy(one, uid))
        .map((one) => ({ object: `${owned.toLowerCase()}/${one.metadata.name}`, facts: ownedFacts(one) })),
    ),
    pods: podsOf(store, uid),
  };
}

/** All objects of a kind, pods apart. */
export function objectsOf(store: Store, kind: string): readonly KubeObject[] {
  return store
    .documents(documentKind(kind))
    .list()
    .filter((object) => object.kind === kind);
}

function isControlledBy({ metadata }: KubeObject, uid: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true) === true;
}

function podsOf(store: Store, uid: string): ObjectStatus["pods"] {
  const list = store.pods.ownerUids.find(uid);
  if (list === -1) return [];
  const pods = [...store.pods.byOwner.rows(list)].map((row) => store.pod(row));
  return pods.map((pod: Pod) => ({
    name: pod.metadata.name ?? "",
    phase: pod.metadata.deletionTimestamp === undefined ? (pod.status?.phase ?? "Pending") : "Terminating",
    isReady: isPodReady(pod),
    restarts: podRestartCount(pod),
    node: pod.spec.nodeName ?? "",
  }));
}

function ownedFacts(object: KubeObject): string {
  if (object.kind === "ReplicaSet") {
    const { spec, status, metadata } = object as ReplicaSet;
    const created = `${status?.replicas ?? 0}/${spec.replicas ?? 1} replicas created`;
    return `${created}, revision ${metadata.annotations?.[REVISION] ?? "none"}`;
  }
  if (object.kind === "Job") return jobPods(object as Job);
  return `revision ${(object as { readonly revision?: number }).revision ?? 0}`;
}

function jobPods({ status }: Job): string {
  const { active = 0, ready = 0, succeeded = 0, failed = 0 } = status ?? {};
  return `${active} Active (${ready} Ready) / ${succeeded} Succeeded / ${failed} Failed`;
}

/** @source kubernetes 1.37 kubectl pkg/describe */
const FACTS: ReadonlyMap<string, (object: never) => readonly Fact[]> = new Map<
  string,
  (object: never) => readonly Fact[]
>([
  ["Deployment", deployment],
  ["ReplicaSet", replicas],
  ["ReplicationController", replicas],
  ["StatefulSet", statefulSet],
  ["DaemonSet", daemonSet],
  ["Job", job],
  ["CronJob", cronJob],
  ["HorizontalPodAutoscaler", autoscaler],
  ["PodDisruptionBudget", budget],
  ["ResourceQuota", quota],
]);

function deployment({ metadata, spec, status = {} }: Deployment): readonly Fact[] {
  const { updatedReplicas = 0, replicas: total = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  const counts = `${spec.replicas ?? 1} desired | ${updatedReplicas} updated | ${total} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`;
  const { type = "RollingUpdate", rollingUpdate } = spec.strategy ?? {};
  const { maxUnavailable = "25%", maxSurge = "25%" } = rollingUpdate ?? {};
  return [
    ["Replicas", counts],
    ["StrategyType", type],
    ...(type === "RollingUpdate"
      ? [["RollingUpdateStrategy", `${maxUnavailable} max unavailable, ${maxSurge} max surge`] as const]
      : []),
    ["Revision", metadata.annotations?.[REVISION] ?? "none"],
    ...(spec.paused === true ? [["Paused", "true"] as const] : []),
  ];
}

function replicas({ spec, status }: ReplicaSet): readonly Fact[] {
  return [
    ["Replicas", `${status?.replicas ?? 0} current / ${spec.replicas ?? 1} desired`],
    ["Ready", String(status?.readyReplicas ?? 0)],
  ];
}

function statefulSet({ spec, status }: StatefulSet): readonly Fact[] {
  return [
    ["Replicas", `${spec.replicas ?? 1} desired | ${status?.replicas ?? 0} total`],
    ["Ready", String(status?.readyReplicas ?? 0)],
    ["Update Strategy", spec.updateStrategy?.type ?? "RollingUpdate"],
    ["Partition", String(spec.updateStrategy?.rollingUpdate?.partition ?? 0)],
    ["Current revision", status?.currentRevision ?? "none"],
    ["Update revision", status?.updateRevision ?? "none"],
  ];
}

function daemonSet({ status }: DaemonSet): readonly Fact[] {
  const count = (key: keyof NonNullable<DaemonSet["status"]>): string => String(status?.[key] ?? 0);
  return [
    ["Desired Number of Nodes Scheduled", count("desiredNumberScheduled")],
    ["Current Number of Nodes Scheduled", count("currentNumberScheduled")],
    ["Number of Nodes Scheduled with Up-to-date Pods", count("updatedNumberScheduled")],
    ["Number of Nodes Scheduled with Available Pods", count("numberAvailable")],
    ["Number of Nodes Misscheduled", count("numberMisscheduled")],
  ];
}

function job(object: Job): readonly Fact[] {
  const { spec, status } = object;
  return [
    ["Parallelism", String(spec.parallelism ?? 1)],
    ["Completions", spec.completions === undefined ? "<unset>" : String(spec.completions)],
    ["Start Time", status?.startTime ?? "<unset>"],
    ...(status?.completionTime === undefined ? [] : [["Completed At", status.completionTime] as const]),
    ["Pods Statuses", jobPods(object)],
    ...(status?.completedIndexes === undefined ? [] : [["Completed Indexes", status.completedIndexes] as const]),
  ];
}

function cronJob({ spec, status }: CronJob): readonly Fact[] {
  return [
    ["Schedule", spec.schedule],
    ["Suspend", spec.suspend === true ? "True" : "False"],
    ["Last Schedule Time", status?.lastScheduleTime ?? "<unset>"],
    ["Active Jobs", (status?.active ?? []).map(({ name }) => name).join(", ") || "<none>"],
  ];
}

function autoscaler({ spec, status }: HorizontalPodAutoscaler): readonly Fact[] {
  const { kind, name } = spec.scaleTargetRef;
  return [
    ["Reference", `${kind}/${name}`],
    ["Min replicas", String(spec.minReplicas ?? 1)],
    ["Max replicas", String(spec.maxReplicas)],
    [`${kind} pods`, `${status?.currentReplicas ?? 0} current / ${status?.desiredReplicas ?? 0} desired`],
  ];
}

function budget({ spec, status }: PodDisruptionBudget): readonly Fact[] {
  return [
    spec.minAvailable === undefined
      ? ["Max unavailable", String(spec.maxUnavailable ?? "N/A")]
      : ["Min available", String(spec.minAvailable)],
    ["Allowed disruptions", String(status?.disruptionsAllowed ?? 0)],
    ["Current", String(status?.currentHealthy ?? 0)],
    ["Desired", String(status?.desiredHealthy ?? 0)],
    ["Total", String(status?.expectedPods ?? 0)],
  ];
}

function quota({ spec, status }: ResourceQuota): readonly Fact[] {
  return Object.entries(spec.hard ?? {}).map(([name, hard]) => [
    name,
    `${status?.used?.[name] ?? "0"} used of ${hard}`,
  ]);
}
