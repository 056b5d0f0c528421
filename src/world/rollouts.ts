import { matcherOf } from "../control/index.ts";
import {
  type ControllerRevision,
  type KubeObject,
  type LabelSelector,
  type PodTemplateSpec,
  type ReplicaSet,
  resourceText,
  type StringMap,
} from "../kube/index.ts";
import type { Store } from "../store/index.ts";
import { sameData } from "../tables/index.ts";

/** What `kubectl rollout undo|pause|resume|restart` makes of a Deployment, StatefulSet or DaemonSet, or what kubectl says instead. */

export interface Workload extends KubeObject {
  readonly spec: {
    readonly template?: PodTemplateSpec;
    readonly selector?: LabelSelector;
    readonly paused?: boolean;
    readonly replicas?: number;
  };
}

/** Nothing was to be done; what kubectl says of it. */
export interface Skipped {
  readonly said: string;
}

const REVISION = "deployment.kubernetes.io/revision";
const HASH_LABEL = "pod-template-hash";
const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";
/** Annotations that stay as the Deployment has them. @source kubernetes 1.37 kubectl pkg/polymorphichelpers/rollback.go annotationsToSkip */
const KEPT_IN_ROLLBACK: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  "deployment.kubernetes.io/revision-history",
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "deprecated.deployment.rollback.to",
]);

/**
 * The workload with the pod template of an earlier revision; `toRevision` 0 is the one before.
 *
 * @source kubernetes 1.37 kubectl pkg/polymorphichelpers/rollback.go
 */
export function rolledBack(store: Store, workload: Workload, toRevision: number): Workload | Skipped | string {
  return workload.kind === "Deployment"
    ? deploymentRolledBack(store, workload, toRevision)
    : setRolledBack(store, workload, toRevision);
}

function deploymentRolledBack(store: Store, workload: Workload, toRevision: number): Workload | Skipped | string {
  const { name = "", namespace } = workload.metadata;
  const sets = store
    .documents<ReplicaSet>("ReplicaSet")
    .list(namespace)
    .filter((set) => isOwned(set, workload))
    .map((set) => ({ set, revision: Number(set.metadata.annotations?.[REVISION] ?? 0) }))
    .sort((a, b) => b.revision - a.revision);
  const found = toRevision === 0 ? sets[1] : sets.find(({ revision }) => revision === toRevision);
  if (found === undefined) {
    return toRevision === 0 ? `no rollout history found for deployment "${name}"` : notInHistory(toRevision);
  }
  if (workload.spec.paused === true) {
    return `you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/${name}' and try again`;
  }
  const template = withoutHash(found.set.spec.template as PodTemplateSpec);
  if (sameData(template, withoutHash(workload.spec.template as PodTemplateSpec))) return alreadyAt(toRevision);
  const isKept = ([key]: readonly [string, string]): boolean => KEPT_IN_ROLLBACK.has(key);
  const annotations: StringMap = Object.fromEntries([
    ...Object.entries(workload.metadata.annotations ?? {}).filter(isKept),
    ...Object.entries(found.set.metadata.annotations ?? {}).filter((entry) => !isKept(entry)),
  ]);
  return {
    ...workload,
    metadata: { ...workload.metadata, annotations },
    spec: { ...workload.spec, template },
  };
}

/** StatefulSets and DaemonSets keep their templates in ControllerRevisions. */
function setRolledBack(store: Store, workload: Workload, toRevision: number): Workload | Skipped | string {
  const matcher = matcherOf(workload.kind, workload.spec.selector);
  const history = store
    .documents<ControllerRevision>("ControllerRevision")
    .list(workload.metadata.namespace)
    .filter((one) => isOwned(one, workload) && matcher.matches(one.metadata.labels))
    .sort((a, b) => a.revision - b.revision);
  if (toRevision === 0 && history.length <= 1) return "no last revision to roll back to";
  const found = toRevision === 0 ? history.at(-2) : history.find(({ revision }) => revision === toRevision);
  const kept = found?.data?.spec?.template;
  if (kept === undefined) return notInHistory(toRevision);
  const { $patch: _, ...template } = kept;
  if (sameData(template, workload.spec.template)) return alreadyAt(toRevision);
  return { ...workload, spec: { ...workload.spec, template } };
}

function isOwned({ metadata }: KubeObject, owner: KubeObject): boolean {
  return (
    metadata.ownerReferences?.some(({ uid, controller }) => uid === owner.metadata.uid && controller === true) === true
  );
}

function notInHistory(revision: number): string {
  return `unable to find specified revision ${revision} in history`;
}

function alreadyAt(revision: number): Skipped {
  return { said: `skipped rollback (current template already matches revision ${revision})` };
}

function withoutHash({ metadata, spec }: PodTemplateSpec): PodTemplateSpec {
  const { [HASH_LABEL]: _, ...labels } = metadata?.labels ?? {};
  return { metadata: { ...metadata, labels }, spec };
}

/** @source kubernetes 1.37 kubectl pkg/polymorphichelpers objectpauser.go, objectresumer.go */
export function paused(workload: Workload, isPaused: boolean): Workload | string {
  if ((workload.spec.paused === true) === isPaused) {
    return `${textOf(workload)} ${isPaused ? "is already paused" : "is not paused"}`;
  }
  return { ...workload, spec: { ...workload.spec, paused: isPaused } };
}

/** `now` is the time of the second, as the annotation has it. @source kubernetes 1.37 kubectl pkg/polymorphichelpers/objectrestarter.go, cmd/rollout */
export function restarted(workload: Workload, now: string): Workload | string {
  const { template } = workload.spec;
  if (template === undefined) return workload;
  if (workload.spec.paused === true) {
    return `${textOf(workload)} can't restart paused deployment (run rollout resume first)`;
  }
  if (template.metadata?.annotations?.[RESTARTED_AT] === now) {
    return `failed to create patch for ${workload.metadata.name}: if restart has already been triggered within the past second, please wait before attempting to trigger another`;
  }
  const annotations = { ...template.metadata?.annotations, [RESTARTED_AT]: now };
  return {
    ...workload,
    spec: { ...workload.spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
  };
}

function textOf({ kind, metadata }: KubeObject): string {
  return `${resourceText(kind)} "${metadata.name}"`;
}
