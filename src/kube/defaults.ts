import {
  defaultHorizontalPodAutoscaler,
  defaultNamespace,
  defaultNode,
  defaultPriorityClass,
  defaultService,
} from "./defaults-others.ts";
import { defaultPodSpec } from "./defaults-pod.ts";
import {
  defaultCsiNode,
  defaultPersistentVolume,
  defaultPersistentVolumeClaim,
  defaultStorageClass,
} from "./defaults-storage.ts";
import {
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from "./defaults-workload.ts";
import { findKind } from "./kinds.ts";
import { defaultLimitRange } from "./limit-range.ts";
import type { KubeObject, Pod } from "./types.ts";

/**
 * An object of a served version with its kind's defaults filled in; other kinds come back as they are. The argument
 * is not changed; unchanged parts are shared with it. Works on objects that validation would refuse, as long as they
 * have the types that the schema asks for.
 *
 * @source kubernetes 1.37 pkg/apis defaults.go of each group
 */
export function withDefaults<T extends KubeObject>(object: T): T {
  // A custom kind may bear the name of a built-in one.
  const fill = findKind(object.apiVersion, object.kind) === undefined ? undefined : DEFAULTERS.get(object.kind);
  return fill === undefined ? object : (fill(object) as T);
}

/** @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_Pod */
export function defaultPod(pod: Pod): Pod {
  return { ...pod, spec: defaultPodSpec(pod.spec ?? { containers: [] }) };
}

type Defaulter = (object: KubeObject) => KubeObject;

/** A defaulter is only called for its own kind, and fills in a missing spec where the type says there is one. */
function forKind<T extends KubeObject>(fill: (object: T) => KubeObject): Defaulter {
  return (object) => fill(("spec" in object ? object : { ...object, spec: {} }) as unknown as T);
}

const DEFAULTERS: ReadonlyMap<string, Defaulter> = new Map<string, Defaulter>([
  ["Pod", forKind(defaultPod)],
  ["ReplicationController", forKind(defaultReplicationController)],
  ["ReplicaSet", forKind(defaultReplicaSet)],
  ["Deployment", forKind(defaultDeployment)],
  ["StatefulSet", forKind(defaultStatefulSet)],
  ["DaemonSet", forKind(defaultDaemonSet)],
  ["Job", forKind(defaultJob)],
  ["CronJob", forKind(defaultCronJob)],
  ["HorizontalPodAutoscaler", forKind(defaultHorizontalPodAutoscaler)],
  ["Service", forKind(defaultService)],
  ["LimitRange", forKind(defaultLimitRange)],
  ["ResourceQuota", forKind((object) => object)],
  ["PodDisruptionBudget", forKind((object) => object)],
  ["PersistentVolume", forKind(defaultPersistentVolume)],
  ["PersistentVolumeClaim", forKind(defaultPersistentVolumeClaim)],
  ["StorageClass", (object) => defaultStorageClass(object as never)],
  ["CSINode", forKind(defaultCsiNode)],
  ["Namespace", (object) => defaultNamespace(object)],
  ["Node", (object) => defaultNode(object)],
  ["PriorityClass", (object) => defaultPriorityClass(object as never)],
]);
