import { isSameTemplate, POD_TEMPLATE_HASH_LABEL, type PodTemplateSpec, type ReplicaSet } from "../../kube/index.ts";
import { ROLLBACK_TO, revisionOf, rolledBackAnnotations } from "./annotations.ts";
import { allOf, syncRevisions } from "./new-replica-set.ts";
import type { ReplicaSetView, Rollout } from "./rollout.ts";

/**
 * Carries out the rollback that the deprecated annotation asks for: 0 means the last revision before this one. (`kubectl
 * rollout undo` does not use it: it writes the old template itself.) Returns the text of an error.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/rollback.go
 */
export function rollBack(rollout: Rollout): string | undefined {
  const revisions = syncRevisions(rollout, true);
  if (revisions.failure !== undefined) return revisions.failure;
  const all = allOf(revisions);
  const asked = Number(rollout.deployment.metadata.annotations?.[ROLLBACK_TO]);
  const revision = asked === 0 ? lastRevision(all) : asked;
  if (asked === 0 && revision === 0) {
    refuse(rollout, "DeploymentRollbackRevisionNotFound", "Unable to find last revision.");
    return undefined;
  }
  const target = all.find(({ rs }) => revisionOf(rs) === revision);
  if (target === undefined) {
    refuse(rollout, "DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.");
    return undefined;
  }
  restore(rollout, target.rs, revision);
  return undefined;
}

function restore(rollout: Rollout, rs: ReplicaSet, revision: number): void {
  const { deployment } = rollout;
  const { name = "" } = deployment.metadata;
  if (rs.spec.template === undefined || isSameTemplate(deployment.spec.template, rs.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    refuse(rollout, "DeploymentRollbackTemplateUnchanged", message);
    return;
  }
  const template = withoutHash(rs.spec.template);
  const { [ROLLBACK_TO]: _done, ...annotations } = rolledBackAnnotations(deployment, rs);
  const metadata = { ...deployment.metadata, annotations };
  const next = { ...deployment, metadata, spec: { ...deployment.spec, template } };
  rollout.store.writer.update(rollout.table, rollout.row, next);
  rollout.event("Normal", "DeploymentRollback", `Rolled back deployment "${name}" to revision ${revision}`);
  rollout.tell("rollback", { revision });
}

/** Tells why not, and takes the wish away. */
function refuse(rollout: Rollout, reason: string, message: string): void {
  rollout.event("Warning", reason, message);
  const { deployment } = rollout;
  const { [ROLLBACK_TO]: _refused, ...annotations } = deployment.metadata.annotations ?? {};
  const next = { ...deployment, metadata: { ...deployment.metadata, annotations } };
  rollout.store.writer.update(rollout.table, rollout.row, next);
}

/** The second highest revision; 0 when there is none. */
function lastRevision(views: readonly ReplicaSetView[]): number {
  const sorted = views.map(({ rs }) => revisionOf(rs)).sort((a, b) => b - a);
  return sorted[1] ?? 0;
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [POD_TEMPLATE_HASH_LABEL]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
