import type { Condition, DaemonSet, Deployment, KubeObject, StatefulSet } from "../kube/index.ts";

const ONLY_ROLLING = "rollout status is only available for RollingUpdate strategy type";

/**
 * What `kubectl rollout status` says first of a Deployment, StatefulSet or DaemonSet as it is; null for other kinds.
 *
 * @source kubernetes 1.37 kubectl pkg/polymorphichelpers/rollout_status.go
 */
export function rolloutStatus(object: KubeObject): string | null {
  switch (object.kind) {
    case "Deployment":
      return ofDeployment(object as Deployment);
    case "StatefulSet":
      return ofStatefulSet(object as StatefulSet);
    case "DaemonSet":
      return ofDaemonSet(object as DaemonSet);
    default:
      return null;
  }
}

function isObserved({ metadata }: KubeObject, observedGeneration = 0): boolean {
  return (metadata.generation ?? 0) <= observedGeneration;
}

function ofDeployment(deployment: Deployment): string {
  const { metadata, spec, status } = deployment;
  const head = `Waiting for deployment "${metadata.name}" rollout to finish:`;
  if (!isObserved(deployment, status?.observedGeneration))
    return "Waiting for deployment spec update to be observed...";
  const progressing = status?.conditions?.find(({ type }: Condition) => type === "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    return `error: deployment "${metadata.name}" exceeded its progress deadline`;
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  const wanted = spec.replicas ?? 1;
  if (updatedReplicas < wanted) return `${head} ${updatedReplicas} out of ${wanted} new replicas have been updated...`;
  if (replicas > updatedReplicas)
    return `${head} ${replicas - updatedReplicas} old replicas are pending termination...`;
  if (availableReplicas < updatedReplicas) {
    return `${head} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`;
  }
  return `deployment "${metadata.name}" successfully rolled out`;
}

function ofDaemonSet(set: DaemonSet): string {
  const { metadata, spec, status } = set;
  if ((spec.updateStrategy?.type ?? "RollingUpdate") !== "RollingUpdate") return `error: ${ONLY_ROLLING}`;
  if (!isObserved(set, status?.observedGeneration)) return "Waiting for daemon set spec update to be observed...";
  const head = `Waiting for daemon set "${metadata.name}" rollout to finish:`;
  const { updatedNumberScheduled: updated = 0, desiredNumberScheduled: wanted = 0, numberAvailable = 0 } = status ?? {};
  if (updated < wanted) return `${head} ${updated} out of ${wanted} new pods have been updated...`;
  if (numberAvailable < wanted) return `${head} ${numberAvailable} of ${wanted} updated pods are available...`;
  return `daemon set "${metadata.name}" successfully rolled out`;
}

function ofStatefulSet(set: StatefulSet): string {
  const { spec, status } = set;
  const { type = "RollingUpdate", rollingUpdate } = spec.updateStrategy ?? {};
  if (type !== "RollingUpdate") return `error: ${ONLY_ROLLING}`;
  const observed = status?.observedGeneration ?? 0;
  if (observed === 0 || !isObserved(set, observed)) return "Waiting for statefulset spec update to be observed...";
  const { readyReplicas = 0, updatedReplicas = 0, currentReplicas = 0, updateRevision, currentRevision } = status ?? {};
  const wanted = spec.replicas ?? 1;
  if (readyReplicas < wanted) return `Waiting for ${wanted - readyReplicas} pods to be ready...`;
  if (rollingUpdate !== undefined) {
    const due = wanted - (rollingUpdate.partition ?? 0);
    return rollingUpdate.partition !== undefined && updatedReplicas < due
      ? `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${due} new pods have been updated...`
      : `partitioned roll out complete: ${updatedReplicas} new pods have been updated...`;
  }
  return updateRevision === currentRevision
    ? `statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...`
    : `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`;
}
