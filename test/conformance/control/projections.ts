import type { Condition, EndpointAddress, Endpoints, KubeObject, Pod } from "../../../src/kube/index.ts";
import { parseRfc3339 } from "../../../src/units/index.ts";
import { byNature } from "./natural-order.ts";

export interface Naming {
  /** The id of a pod's real name. */
  readonly nameOf: (real: string) => string;
  readonly epochMicros: number;
}
type Fields = Record<string, unknown>;
type Loose = KubeObject & { readonly spec?: Fields; readonly status?: Fields };

/** What of each kind is recorded (FORMAT.md, "State fields"). */
export function project(object: KubeObject, naming: Naming): Fields {
  const fields = PROJECTIONS[object.kind]?.(object as Loose, naming) ?? {};
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function isRecorded(kind: string): boolean {
  return Object.hasOwn(PROJECTIONS, kind);
}

const PROJECTIONS: Readonly<Record<string, (object: Loose, naming: Naming) => Fields>> = {
  Deployment: (d, naming) => ({
    ...counts(d, { n: "replicas", upd: "updatedReplicas", ready: "readyReplicas", avail: "availableReplicas" }),
    ...counts(d, { unavail: "unavailableReplicas", term: "terminatingReplicas", obs: "observedGeneration" }),
    gen: d.metadata.generation ?? 0,
    spec: d.spec?.replicas ?? 0,
    img: templateImage(d),
    paused: d.spec?.paused === true ? true : undefined,
    collisions: d.status?.collisionCount,
    deleting: deleting(d),
    conds: conditions(d, naming, true),
  }),
  ReplicaSet: (d) => ({
    ...replicaCounts(d),
    ...counts(d, { term: "terminatingReplicas" }),
    img: templateImage(d),
    rev: annotation(d, "revision"),
    revHist: annotation(d, "revision-history"),
    desired: annotation(d, "desired-replicas"),
    max: annotation(d, "max-replicas"),
    owner: ownerText(d),
    deleting: deleting(d),
  }),
  ReplicationController: (d, naming) => ({
    ...replicaCounts(d),
    conds: conditions(d, naming, false),
    deleting: deleting(d),
  }),
  DaemonSet: (set) => ({
    ...counts(set, { desired: "desiredNumberScheduled", current: "currentNumberScheduled", ready: "numberReady" }),
    ...counts(set, { upd: "updatedNumberScheduled", avail: "numberAvailable", unavail: "numberUnavailable" }),
    ...counts(set, { mis: "numberMisscheduled", obs: "observedGeneration" }),
    gen: set.metadata.generation ?? 0,
  }),
  Job: (job, naming) => ({
    ...counts(job, { active: "active", ready: "ready", term: "terminating", succeeded: "succeeded", failed: "failed" }),
    gen: job.metadata.generation ?? 0,
    completed: job.status?.completedIndexes,
    failedIndexes: job.status?.failedIndexes,
    start: timeOf(job, "startTime", naming),
    completion: timeOf(job, "completionTime", naming),
    deleting: deleting(job),
    suspend: job.spec?.suspend === true ? true : undefined,
    conds: conditions(job, naming, false),
  }),
  CronJob: (cron, naming) => ({
    active: jobNames(cron, naming),
    lastSchedule: timeOf(cron, "lastScheduleTime", naming) ?? null,
    lastSuccess: timeOf(cron, "lastSuccessfulTime", naming) ?? null,
  }),
  Pod: (p) => podFields(p as unknown as Pod),
  Node: (node, naming) => {
    const taints = (node.spec?.taints ?? []) as { key: string; value?: string; effect: string; timeAdded?: string }[];
    const listed = taints.map(({ key, value = "", effect, timeAdded }) => [key, value, effect, at(timeAdded, naming)]);
    const labels = node.metadata.labels ?? {};
    return {
      ...Object.fromEntries((conditions(node, naming, false) ?? []).map(([type, ...rest]) => [type as string, rest])),
      taints: listed.length === 0 ? undefined : listed,
      unschedulable: node.spec?.unschedulable === true ? true : undefined,
      labels: Object.keys(labels).length === 0 ? undefined : labels,
    };
  },
  StatefulSet: (set) => ({
    ...counts(set, { n: "replicas", ready: "readyReplicas", avail: "availableReplicas", obs: "observedGeneration" }),
    ...counts(set, { current: "currentReplicas", upd: "updatedReplicas" }),
    gen: set.metadata.generation ?? 0,
    spec: set.spec?.replicas ?? 0,
    img: templateImage(set),
    sameRev: set.status?.currentRevision === set.status?.updateRevision ? true : undefined,
    deleting: deleting(set),
  }),
  PersistentVolumeClaim: (claim, { nameOf }) => ({
    phase: claim.status?.phase ?? "",
    owners: claim.metadata.ownerReferences?.map(({ kind, name }) => `${kind}/${nameOf(name)}`),
  }),
  PodDisruptionBudget: (budget, naming) => ({
    ...counts(budget, { allowed: "disruptionsAllowed", healthy: "currentHealthy", desired: "desiredHealthy" }),
    ...counts(budget, { expected: "expectedPods", obs: "observedGeneration" }),
    gen: budget.metadata.generation ?? 0,
    disrupted: disruptedPods(budget, naming),
    conds: conditions(budget, naming, false),
  }),
  EndpointSlice: (slice, naming) => sliceFields(slice as unknown as LooseSlice, naming),
  Endpoints: (object, naming) => {
    const { subsets = [] } = object as Endpoints;
    const names = (addresses: readonly EndpointAddress[] = []): string[] =>
      addresses
        .flatMap(({ targetRef }) => (targetRef === undefined ? [] : [naming.nameOf(targetRef.name)]))
        .sort(byNature);
    const shown = subsets.map(({ addresses, notReadyAddresses, ports }) => ({
      ready: names(addresses),
      notReady: names(notReadyAddresses),
      ports,
    }));
    return { subsets: shown.length === 0 ? undefined : shown };
  },
  HorizontalPodAutoscaler: (hpa, naming) => {
    const { lastScaleTime, observedGeneration, currentMetrics, ...status } = hpa.status ?? {};
    const metrics = (currentMetrics ?? []) as unknown[];
    return {
      cur: status.currentReplicas ?? 0,
      des: status.desiredReplicas ?? 0,
      gen: hpa.metadata.generation ?? 0,
      lastScale: lastScaleTime === undefined ? undefined : at(lastScaleTime as string, naming),
      obs: observedGeneration,
      conds: conditions(hpa, naming, false),
      metrics: metrics.length === 0 ? undefined : metrics,
    };
  },
};

interface LooseSlice extends KubeObject {
  readonly addressType: string;
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
    readonly nodeName?: string;
    readonly zone?: string;
    readonly targetRef?: { readonly name: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[];
}

function sliceFields(slice: LooseSlice, { nameOf }: Naming): Fields {
  const eps = (slice.endpoints ?? []).map(({ conditions: c = {}, nodeName = "", zone = "", targetRef }) => [
    targetRef === undefined ? "" : nameOf(targetRef.name),
    c.ready === true ? 1 : 0,
    c.serving === true ? 1 : 0,
    c.terminating === true ? 1 : 0,
    nodeName,
    zone,
  ]);
  eps.sort((a, b) => byNature(String(a[0]), String(b[0])));
  const ports = slice.ports ?? [];
  return {
    svc: slice.metadata.labels?.["kubernetes.io/service-name"] ?? "",
    type: slice.addressType,
    eps: eps.length === 0 ? undefined : eps,
    ports: ports.length === 0 ? undefined : ports,
  };
}

const POD_ANNOTATIONS = ["job-completion-index", "job-index-failure-count", "job-index-ignored-failure-count"];

function podFields(pod: Pod): Fields {
  const shown = (pod.status?.conditions ?? []).filter(
    ({ type, status }) => type === "DisruptionTarget" || (type === "PodScheduled" && status !== "True"),
  );
  const annotations = pod.metadata.annotations ?? {};
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
  return {
    phase: pod.status?.phase ?? "",
    ready: isReady ? true : undefined,
    node: pod.spec.nodeName,
    owner: ownerText(pod),
    deleting: deleting(pod),
    img: pod.spec.containers[0]?.image ?? "",
    nominated: pod.status?.nominatedNodeName,
    finalizers: pod.metadata.finalizers,
    ...Object.fromEntries(
      POD_ANNOTATIONS.map((key) => [key.slice("job-".length), annotations[`batch.kubernetes.io/${key}`]]),
    ),
    ...Object.fromEntries(
      shown.map(({ type, status, reason = "", message = "" }) => [type, [status, reason, message]]),
    ),
  };
}

function disruptedPods({ status }: Loose, { nameOf }: Naming): string[] | undefined {
  const names = Object.keys((status?.disruptedPods ?? {}) as object).map(nameOf);
  return names.length === 0 ? undefined : names.sort();
}

function timeOf({ status }: Loose, field: string, naming: Naming): number | null | undefined {
  const text = status?.[field] as string | undefined;
  return text === undefined ? undefined : at(text, naming);
}

function jobNames({ status }: Loose, { nameOf }: Naming): string[] | null {
  const active = (status?.active ?? []) as { readonly name: string }[];
  return active.length === 0 ? null : active.map(({ name }) => nameOf(name));
}

function counts(object: Loose, fields: Readonly<Record<string, string>>): Fields {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, object.status?.[field] ?? 0]));
}

function replicaCounts(object: Loose): Fields {
  const fields = { n: "replicas", labeled: "fullyLabeledReplicas", ready: "readyReplicas", avail: "availableReplicas" };
  const generation = object.metadata.generation ?? 0;
  return {
    ...counts(object, { ...fields, obs: "observedGeneration" }),
    spec: object.spec?.replicas ?? 0,
    gen: generation,
  };
}

function conditions({ status }: Loose, naming: Naming, hasUpdateTime: boolean): unknown[][] | undefined {
  const list = (status?.conditions ?? []) as readonly Condition[];
  if (list.length === 0) return undefined;
  return list.map(({ type, status: value, reason = "", message = "", lastTransitionTime, lastUpdateTime }) => [
    type,
    value,
    reason,
    message,
    at(lastTransitionTime, naming),
    ...(hasUpdateTime ? [at(lastUpdateTime, naming)] : []),
  ]);
}

/** Seconds since the scenario's start. */
function at(text: string | undefined, { epochMicros }: Naming): number | null {
  return text === undefined ? null : Math.round((parseRfc3339(text) - epochMicros) / 1000) / 1000;
}

function templateImage({ spec }: Loose): string {
  const template = spec?.template as { spec?: { containers?: { image?: string }[] } } | undefined;
  return template?.spec?.containers?.[0]?.image ?? "";
}

function annotation({ metadata }: KubeObject, key: string): string | undefined {
  return metadata.annotations?.[`deployment.kubernetes.io/${key}`];
}

export function ownerText({ metadata }: Pick<KubeObject, "metadata">): string | undefined {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return owner === undefined ? undefined : `${owner.kind}/${owner.name}`;
}

function deleting({ metadata }: Pick<KubeObject, "metadata">): true | undefined {
  return metadata.deletionTimestamp === undefined ? undefined : true;
}
