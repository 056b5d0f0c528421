import type { FieldError } from "./field-errors.ts";
import { findKind } from "./kinds.ts";
import { dnsSubdomainProblems } from "./labels.ts";
import type { KubeObject } from "./types.ts";
import { validateHorizontalPodAutoscaler } from "./validation-autoscaling.ts";
import { validateCronJob, validateDaemonSet, validateJob } from "./validation-batch.ts";
import { validateNamespace, validateNode, validatePriorityClass } from "./validation-cluster.ts";
import { validateMetadata } from "./validation-common.ts";
import { validatePod } from "./validation-pod.ts";
import { validateLimitRange, validateResourceQuota } from "./validation-quota.ts";
import { validateService } from "./validation-service.ts";
import { validateStatefulSet } from "./validation-stateful.ts";
import {
  validateCsiNode,
  validatePersistentVolume,
  validatePersistentVolumeClaim,
  validateStorageClass,
} from "./validation-storage.ts";
import {
  validateDeployment,
  validatePodDisruptionBudget,
  validateReplicaSet,
  validateReplicationController,
} from "./validation-workload.ts";

/**
 * What the API server would refuse about a new object of a served version, after defaulting; empty when it would
 * take it. Of kinds that are kept but not simulated only the metadata is checked. Field types must be right already.
 *
 * @source kubernetes 1.37 pkg/apis validation of each group
 */
export function validateObject(object: KubeObject): FieldError[] {
  const validate = findKind(object.apiVersion, object.kind) === undefined ? undefined : VALIDATORS.get(object.kind);
  if (validate === undefined)
    return validateMetadata(object.metadata, NAME_RULES.get(object.kind) ?? dnsSubdomainProblems);
  return validate(object as never);
}

const VALIDATORS: ReadonlyMap<string, (object: never) => FieldError[]> = new Map<
  string,
  (object: never) => FieldError[]
>([
  ["Pod", validatePod],
  ["ReplicationController", validateReplicationController],
  ["ReplicaSet", validateReplicaSet],
  ["Deployment", validateDeployment],
  ["DaemonSet", validateDaemonSet],
  ["Job", validateJob],
  ["CronJob", validateCronJob],
  ["HorizontalPodAutoscaler", validateHorizontalPodAutoscaler],
  ["Service", validateService],
  ["Namespace", validateNamespace],
  ["Node", validateNode],
  ["PriorityClass", validatePriorityClass],
  ["PodDisruptionBudget", validatePodDisruptionBudget],
  ["StatefulSet", validateStatefulSet],
  ["PersistentVolume", validatePersistentVolume],
  ["PersistentVolumeClaim", validatePersistentVolumeClaim],
  ["ResourceQuota", validateResourceQuota],
  ["LimitRange", validateLimitRange],
  ["StorageClass", validateStorageClass],
  ["CSINode", validateCsiNode],
]);

/** Names of these kinds may hold colons and capitals. */
const anyPathSegment = (name: string): readonly string[] =>
  name.includes("/") || name.includes("%") ? ["may not contain '/'"] : [];

const NAME_RULES: ReadonlyMap<string, (name: string) => readonly string[]> = new Map([
  ["Role", anyPathSegment],
  ["RoleBinding", anyPathSegment],
  ["ClusterRole", anyPathSegment],
  ["ClusterRoleBinding", anyPathSegment],
]);
