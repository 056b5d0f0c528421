import type { Deployment, ReplicaSet, StringMap } from "../../kube/index.ts";
import { maxSurgeOf, type ReplicaSetView } from "./rollout.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";
export const ROLLBACK_TO = "deprecated.deployment.rollback.to";
const REVISION_HISTORY_LENGTH_MAX = 2000;

/** What is not copied between a Deployment and its ReplicaSets. */
const OWN: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  ROLLBACK_TO,
]);

/** The whole number in an annotation; `undefined` when there is none. */
export function numberIn(annotations: StringMap | undefined, key: string): number | undefined {
  const text = annotations?.[key];
  return text !== undefined && /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}

export function revisionOf(rs: ReplicaSet): number {
  return numberIn(rs.metadata.annotations, REVISION) ?? 0;
}

export function maxRevision(views: readonly ReplicaSetView[]): number {
  return views.reduce((most, { rs }) => Math.max(most, revisionOf(rs)), 0);
}

/** The annotations that say how many replicas the Deployment wants, and how many it may have while rolling. */
export function replicaAnnotations(deployment: Deployment): StringMap {
  const replicas = deployment.spec.replicas ?? 1;
  return {
    [DESIRED_REPLICAS]: String(replicas),
    [MAX_REPLICAS]: String(replicas + maxSurgeOf(deployment)),
  };
}

/**
 * Annotations of the new ReplicaSet: the Deployment's own, a revision that is only ever raised, and the history of the
 * revisions it had when it is used again.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/util SetNewReplicaSetAnnotations
 */
export function newReplicaSetAnnotations(deployment: Deployment, rs: ReplicaSet, newRevision: number): StringMap {
  const annotations: Record<string, string> = { ...rs.metadata.annotations };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!OWN.has(key)) annotations[key] = value;
  }
  const oldText = annotations[REVISION];
  const oldRevision = numberIn(annotations, REVISION) ?? 0;
  const isGarbage = oldText !== undefined && oldText !== "" && numberIn(annotations, REVISION) === undefined;
  if (isGarbage || oldRevision >= newRevision) return annotations;
  annotations[REVISION] = String(newRevision);
  if (oldText !== undefined) annotations[REVISION_HISTORY] = historyWith(annotations[REVISION_HISTORY] ?? "", oldText);
  return annotations;
}

function historyWith(history: string, revision: string): string {
  if (history === "") return revision;
  const kept = history.split(",");
  let length = history.length + revision.length + 1;
  while (length > REVISION_HISTORY_LENGTH_MAX && kept.length > 0) length -= (kept.shift() ?? "").length + 1;
  return length > REVISION_HISTORY_LENGTH_MAX ? history : [...kept, revision].join(",");
}

/** The Deployment's annotations after a rollback: its bookkeeping stays, the rest is the ReplicaSet's. */
export function rolledBackAnnotations(deployment: Deployment, rs: ReplicaSet): StringMap {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => OWN.has(key));
  const restored = Object.entries(rs.metadata.annotations ?? {}).filter(([key]) => !OWN.has(key));
  return Object.fromEntries([...own, ...restored]);
}
