import { defaultPodTemplate } from "./defaults-pod.ts";
import { defaultPersistentVolumeClaim } from "./defaults-storage.ts";
import type {
  Deployment,
  ObjectMeta,
  PersistentVolumeClaim,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
} from "./types.ts";

/** @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_ReplicationController */
export function defaultReplicationController(rc: ReplicationController): ReplicationController {
  const labels = rc.spec.template?.metadata?.labels;
  const hasSelector = Object.keys(rc.spec.selector ?? {}).length > 0;
  return {
    ...rc,
    metadata: labelledLikeTemplate(rc.metadata, rc.spec.template),
    spec: {
      ...rc.spec,
      ...withTemplate(rc.spec.template),
      replicas: rc.spec.replicas ?? 1,
      ...(!hasSelector && labels !== undefined && { selector: labels }),
    },
  };
}

/** @source kubernetes 1.37 pkg/apis/apps/v1/defaults.go SetDefaults_ReplicaSet */
export function defaultReplicaSet(rs: ReplicaSet): ReplicaSet {
  return { ...rs, spec: { ...rs.spec, ...withTemplate(rs.spec.template), replicas: rs.spec.replicas ?? 1 } };
}

/** @source kubernetes 1.37 pkg/apis/apps/v1/defaults.go SetDefaults_Deployment */
export function defaultDeployment(deployment: Deployment): Deployment {
  const { spec } = deployment;
  const type = spec.strategy?.type ?? "RollingUpdate";
  const rollingUpdate = {
    ...spec.strategy?.rollingUpdate,
    maxSurge: spec.strategy?.rollingUpdate?.maxSurge ?? "25%",
    maxUnavailable: spec.strategy?.rollingUpdate?.maxUnavailable ?? "25%",
  };
  return {
    ...deployment,
    spec: {
      ...spec,
      template: defaultPodTemplate(spec.template ?? EMPTY_TEMPLATE),
      replicas: spec.replicas ?? 1,
      strategy: { ...spec.strategy, type, ...(type === "RollingUpdate" && { rollingUpdate }) },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
    },
  };
}

const EMPTY_TEMPLATE: PodTemplateSpec = { metadata: {}, spec: { containers: [] } };

/** A kind of which only the defaults are known: spec fields by name. */
export interface LooseWorkload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** @source kubernetes 1.37 pkg/apis/apps/v1/defaults.go SetDefaults_StatefulSet; maxUnavailable 1 since 1.37 */
export function defaultStatefulSet(set: LooseWorkload): LooseWorkload {
  const spec = set.spec ?? {};
  const strategy = record(spec.updateStrategy);
  const type = strategy.type ?? "RollingUpdate";
  const rollingUpdate = { partition: 0, maxUnavailable: 1, ...record(strategy.rollingUpdate) };
  return {
    ...set,
    spec: {
      ...spec,
      ...withTemplate(spec.template),
      ...(Array.isArray(spec.volumeClaimTemplates) && {
        volumeClaimTemplates: spec.volumeClaimTemplates.map(defaultClaimTemplate),
      }),
      replicas: spec.replicas ?? 1,
      podManagementPolicy: spec.podManagementPolicy ?? "OrderedReady",
      updateStrategy: { ...strategy, type, ...(type === "RollingUpdate" && { rollingUpdate }) },
      persistentVolumeClaimRetentionPolicy: {
        whenDeleted: "Retain",
        whenScaled: "Retain",
        ...record(spec.persistentVolumeClaimRetentionPolicy),
      },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    },
  };
}

function defaultClaimTemplate(template: PersistentVolumeClaim): PersistentVolumeClaim {
  return { ...defaultPersistentVolumeClaim(template), apiVersion: "v1", kind: "PersistentVolumeClaim" };
}

/** @source kubernetes 1.37 pkg/apis/apps/v1/defaults.go SetDefaults_DaemonSet */
export function defaultDaemonSet(set: LooseWorkload): LooseWorkload {
  const spec = set.spec ?? {};
  const strategy = record(spec.updateStrategy);
  const type = strategy.type ?? "RollingUpdate";
  const rollingUpdate = { maxUnavailable: 1, maxSurge: 0, ...record(strategy.rollingUpdate) };
  return {
    ...set,
    spec: {
      ...spec,
      ...withTemplate(spec.template),
      updateStrategy: { ...strategy, type, ...(type === "RollingUpdate" && { rollingUpdate }) },
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    },
  };
}

/** @source kubernetes 1.37 pkg/apis/batch/v1/defaults.go SetDefaults_Job */
export function defaultJob(job: LooseWorkload): LooseWorkload {
  const spec = job.spec ?? {};
  const isSingle = spec.completions === undefined && spec.parallelism === undefined;
  const backoffLimit = spec.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647;
  return {
    ...job,
    metadata: labelledLikeTemplate(job.metadata, spec.template as PodTemplateSpec | undefined),
    spec: {
      ...spec,
      ...withTemplate(spec.template, "keep"),
      parallelism: spec.parallelism ?? 1,
      ...(isSingle && { completions: 1 }),
      backoffLimit: spec.backoffLimit ?? backoffLimit,
      completionMode: spec.completionMode ?? "NonIndexed",
      suspend: spec.suspend ?? false,
      podReplacementPolicy:
        spec.podReplacementPolicy ?? (spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed"),
    },
  };
}

/** @source kubernetes 1.37 pkg/apis/batch/v1/defaults.go SetDefaults_CronJob */
export function defaultCronJob(cronJob: LooseWorkload): LooseWorkload {
  const spec = cronJob.spec ?? {};
  const jobTemplate = record(spec.jobTemplate);
  const jobSpec = record(jobTemplate.spec);
  const job = { ...jobTemplate, spec: { ...jobSpec, ...withTemplate(jobSpec.template, "keep") } };
  return {
    ...cronJob,
    spec: {
      ...spec,
      ...(spec.jobTemplate !== undefined && { jobTemplate: job }),
      concurrencyPolicy: spec.concurrencyPolicy ?? "Allow",
      suspend: spec.suspend ?? false,
      successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? 3,
      failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? 1,
    },
  };
}

/** A job's template without a restart policy is refused by validation, so it must not be filled in before. */
function withTemplate(template: unknown, restartPolicy?: "keep"): { template?: PodTemplateSpec } {
  if (typeof template !== "object" || template === null) return {};
  const given = template as PodTemplateSpec;
  const filled = defaultPodTemplate(given);
  if (restartPolicy !== "keep" || given.spec === undefined || given.spec.restartPolicy !== undefined) {
    return { template: filled };
  }
  const { restartPolicy: _filled, ...spec } = filled.spec;
  return { template: { ...filled, spec } };
}

function labelledLikeTemplate(metadata: ObjectMeta, template: PodTemplateSpec | undefined): ObjectMeta {
  const labels = template?.metadata?.labels;
  const hasOwn = Object.keys(metadata.labels ?? {}).length > 0;
  return hasOwn || labels === undefined ? metadata : { ...metadata, labels };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
