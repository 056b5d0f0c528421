import { isSameTemplate, POD_TEMPLATE_HASH_LABEL, type ReplicaSet, templateHash } from "../../kube/index.ts";
import { controllerReference } from "../../store/index.ts";
import { sameData } from "../../tables/index.ts";
import { controllerOf } from "../owned-documents.ts";
import { maxRevision, newReplicaSetAnnotations, REVISION, replicaAnnotations } from "./annotations.ts";
import {
  byCreation,
  hasProgressDeadline,
  isRollingUpdate,
  maxSurgeOf,
  type ReplicaSetView,
  type Rollout,
  sumSpec,
} from "./rollout.ts";
import { writeReplicaSet } from "./scale-replica-set.ts";

/** The new ReplicaSet and the others; `failure` ends the sync, which is tried again. */
export interface Revisions {
  readonly latest: ReplicaSetView | undefined;
  readonly old: ReplicaSetView[];
  readonly failure?: string;
}

/** The new ReplicaSet first where there is one; every sum over "all" is over these. */
export function allOf({ latest, old }: Revisions): ReplicaSetView[] {
  return latest === undefined ? old : [...old, latest];
}

/**
 * Finds the ReplicaSet that has the Deployment's template, keeps its revision and annotations, and makes it if asked to.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/sync.go getAllReplicaSetsAndSyncRevision
 */
export function syncRevisions(rollout: Rollout, mayCreate: boolean): Revisions {
  // The original does all this several times in a sync. Where it changed nothing, it finds the same again.
  if (rollout.revisions !== undefined) return rollout.revisions;
  const { template } = rollout.deployment.spec;
  const sorted = [...rollout.views].sort(byCreation);
  const latest = sorted.find(({ rs }) => rs.spec.template !== undefined && isSameTemplate(rs.spec.template, template));
  const old = rollout.views.filter((view) => view !== latest);
  const revision = maxRevision(old) + 1;
  if (latest !== undefined) {
    const revisions: Revisions = { latest, old };
    if (keepUp(rollout, latest, revision)) rollout.revisions = revisions;
    return revisions;
  }
  return mayCreate ? create(rollout, old, revision) : { latest, old };
}

/** Returns whether the ReplicaSet already was as it should be. */
function keepUp(rollout: Rollout, latest: ReplicaSetView, revision: number): boolean {
  const { deployment } = rollout;
  const { rs } = latest;
  const annotations = newReplicaSetAnnotations(deployment, rs, revision);
  const { minReadySeconds = 0 } = deployment.spec;
  const isReadyLater = (rs.spec.minReadySeconds ?? 0) !== minReadySeconds;
  if (isReadyLater || !sameData(annotations, rs.metadata.annotations ?? {})) {
    const metadata = { ...rs.metadata, annotations };
    const spec = isReadyLater ? { ...rs.spec, minReadySeconds } : rs.spec;
    writeReplicaSet(rollout, latest, { ...rs, metadata, spec });
    return false;
  }
  rollout.writeRevision(annotations[REVISION]);
  if (hasProgressDeadline(deployment) && rollout.progressing === undefined) {
    const message = `Found new replica set "${rs.metadata.name}"`;
    rollout.writeCondition({ type: "Progressing", status: "True", reason: "FoundNewReplicaSet", message });
  }
  return true;
}

function create(rollout: Rollout, old: ReplicaSetView[], revision: number): Revisions {
  const { deployment } = rollout;
  const replicas = newSize(rollout, old, 0);
  const made = describe(rollout, revision, replicas);
  const result = rollout.store.writer.create(made);
  if (!result.ok) {
    if (result.status.reason === "AlreadyExists") return meetExisting(rollout, made, old, result.status.message);
    return { latest: undefined, old, failure: tellFailure(rollout, made, result.status.message) };
  }
  const view: ReplicaSetView = { row: result.row, rs: rollout.replicaSets.get(result.row) };
  rollout.views.push(view);
  const name = made.metadata.name ?? "";
  if (replicas > 0) {
    rollout.event("Normal", "ScalingReplicaSet", `Scaled up replica set ${name} from 0 to ${replicas}`);
  }
  rollout.tell("create", { replicaSet: name, revision, replicas });
  rollout.writeRevision(made.metadata.annotations?.[REVISION]);
  if (hasProgressDeadline(deployment)) {
    const message = `Created new replica set "${name}"`;
    rollout.writeCondition({ type: "Progressing", status: "True", reason: "NewReplicaSetCreated", message });
  }
  return { latest: view, old };
}

function describe(rollout: Rollout, revision: number, replicas: number): ReplicaSet {
  const { deployment } = rollout;
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, rollout.status.collisionCount);
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH_LABEL]: hash };
  const { name = "", namespace } = deployment.metadata;
  const bare: ReplicaSet = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      ...(minReadySeconds === undefined || minReadySeconds === 0 ? {} : { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [POD_TEMPLATE_HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
    status: { replicas: 0 },
  };
  const annotations = { ...newReplicaSetAnnotations(deployment, bare, revision), ...replicaAnnotations(deployment) };
  return { ...bare, metadata: { ...bare.metadata, annotations } };
}

/** The name is taken: by the very ReplicaSet, or by another, which makes the next try use another hash. */
function meetExisting(rollout: Rollout, made: ReplicaSet, old: ReplicaSetView[], message: string): Revisions {
  const { namespace = "", name = "" } = made.metadata;
  const row = rollout.replicaSets.rowOf(namespace, name);
  const rs = rollout.replicaSets.get(row);
  const isOurs = controllerOf(rs)?.uid === rollout.deployment.metadata.uid;
  if (isOurs && rs.spec.template !== undefined && isSameTemplate(rs.spec.template, rollout.deployment.spec.template)) {
    return { latest: { row, rs }, old };
  }
  const collisionCount = (rollout.status.collisionCount ?? 0) + 1;
  rollout.writeStatus({ ...rollout.status, collisionCount });
  return { latest: undefined, old, failure: message };
}

function tellFailure(rollout: Rollout, made: ReplicaSet, error: string): string {
  const message = `Failed to create new replica set "${made.metadata.name}": ${error}`;
  const reason = "ReplicaSetCreateError";
  if (hasProgressDeadline(rollout.deployment)) {
    rollout.writeCondition({ type: "Progressing", status: "False", reason, message });
  }
  rollout.event("Warning", reason, message);
  return error;
}

/**
 * How many replicas the new ReplicaSet should have now, given how many it and the others have.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/util NewRSNewReplicas
 */
export function newSize(rollout: Rollout, old: readonly ReplicaSetView[], current: number): number {
  if (!isRollingUpdate(rollout.deployment)) return rollout.replicas;
  const total = sumSpec(old) + current;
  const allowed = rollout.replicas + maxSurgeOf(rollout.deployment);
  if (total >= allowed) return current;
  return current + Math.min(allowed - total, rollout.replicas - current);
}
