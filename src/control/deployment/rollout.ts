import {
  type Condition,
  type Deployment,
  type DeploymentStatus,
  getCondition,
  type ReplicaSet,
  removeCondition,
  resolveFenceposts,
} from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { REVISION } from "./annotations.ts";
import type { Revisions } from "./new-replica-set.ts";

export const EVENT_SOURCE = "deployment-controller";
const NEVER = 2147483647;

/** A ReplicaSet as one sync sees it: its row, and the object as it was read or last written by this sync. */
export interface ReplicaSetView {
  readonly row: number;
  rs: ReplicaSet;
}

/**
 * What one sync of a Deployment works on. The Deployment is read once; status written on the way is kept here, so that
 * later steps compare with it. ReplicaSets come by creation.
 */
export class Rollout {
  readonly store: Store;
  readonly table: DocumentTable<Deployment>;
  readonly replicaSets: DocumentTable<ReplicaSet>;
  readonly row: number;
  readonly views: ReplicaSetView[];
  /** The ReplicaSets told apart, once that is settled in this sync; `views` change in place. */
  revisions: Revisions | undefined;
  /** Looking again at the status just written would change nothing. */
  isSettled = false;

  constructor(
    store: Store,
    table: DocumentTable<Deployment>,
    replicaSets: DocumentTable<ReplicaSet>,
    row: number,
    owned: readonly number[],
  ) {
    this.store = store;
    this.table = table;
    this.replicaSets = replicaSets;
    this.row = row;
    this.views = owned.map((rsRow) => ({ row: rsRow, rs: replicaSets.get(rsRow) }));
  }

  get deployment(): Deployment {
    return this.table.get(this.row);
  }
  get status(): DeploymentStatus {
    return this.deployment.status ?? {};
  }
  get replicas(): number {
    return this.deployment.spec.replicas ?? 1;
  }
  get nowText(): string {
    return this.store.timestamp(this.store.nowSecond);
  }
  get progressing(): Condition | undefined {
    return getCondition(this.status.conditions, "Progressing");
  }

  writeStatus(status: DeploymentStatus): void {
    this.store.writer.updateStatus(this.table, this.row, status);
  }

  /** Sets a condition of the stored status. */
  writeCondition(condition: Omit<Condition, "lastTransitionTime" | "lastUpdateTime">): void {
    const conditions = withCondition(this.status.conditions ?? [], condition, this.nowText);
    this.writeStatus({ ...this.status, conditions });
  }

  /** Notes in the Deployment which revision its newest ReplicaSet has; written with the status, so no new generation. */
  writeRevision(revision: string | undefined): void {
    const { annotations } = this.deployment.metadata;
    if (revision === undefined || annotations?.[REVISION] === revision) return;
    this.store.writer.updateStatus(this.table, this.row, this.deployment.status, {
      ...annotations,
      [REVISION]: revision,
    });
  }

  event(type: "Normal" | "Warning", reason: string, message: string): void {
    this.store.event(this.deployment, EVENT_SOURCE, type, reason, message);
  }

  tell(what: string, details: object): void {
    if (!this.store.decisions.isEnabled) return;
    const { namespace = "", name = "" } = this.deployment.metadata;
    this.store.decisions.write({ by: "deployment", what, object: `deployment/${namespace}/${name}`, ...details });
  }
}

export function specReplicas(view: ReplicaSetView): number {
  return view.rs.spec.replicas ?? 1;
}
export function isActive(view: ReplicaSetView): boolean {
  return specReplicas(view) > 0;
}
export function sumSpec(views: readonly ReplicaSetView[]): number {
  return views.reduce((sum, view) => sum + specReplicas(view), 0);
}
export function sumStatus(
  views: readonly ReplicaSetView[],
  field: "replicas" | "readyReplicas" | "availableReplicas" | "terminatingReplicas",
): number {
  return views.reduce((sum, view) => sum + (view.rs.status?.[field] ?? 0), 0);
}

/** Oldest first; creation times have whole seconds, so names decide too. */
export function byCreation(a: ReplicaSetView, b: ReplicaSetView): number {
  const { creationTimestamp: atA = "", name: nameA = "" } = a.rs.metadata;
  const { creationTimestamp: atB = "", name: nameB = "" } = b.rs.metadata;
  if (atA !== atB) return atA < atB ? -1 : 1;
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0;
}

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec.strategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

/** Derived from specs, hence no state. */
const resolved = new WeakMap<Deployment["spec"], { readonly maxSurge: number; readonly maxUnavailable: number }>();

function fenceposts(deployment: Deployment): { readonly maxSurge: number; readonly maxUnavailable: number } {
  let known = resolved.get(deployment.spec);
  if (known === undefined) {
    const { maxSurge = "25%", maxUnavailable = "25%" } = deployment.spec.strategy?.rollingUpdate ?? {};
    known = resolveFenceposts(maxSurge, maxUnavailable, deployment.spec.replicas ?? 1);
    resolved.set(deployment.spec, known);
  }
  return known;
}

/** @source kubernetes 1.37 pkg/controller/deployment/util MaxSurge */
export function maxSurgeOf(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).maxSurge : 0;
}

/** @source kubernetes 1.37 pkg/controller/deployment/util MaxUnavailable */
export function maxUnavailableOf(deployment: Deployment): number {
  const replicas = deployment.spec.replicas ?? 1;
  if (!isRollingUpdate(deployment) || replicas === 0) return 0;
  return Math.min(fenceposts(deployment).maxUnavailable, replicas);
}

export function hasProgressDeadline(deployment: Deployment): boolean {
  return (deployment.spec.progressDeadlineSeconds ?? 600) !== NEVER;
}

export function hasHistoryLimit(deployment: Deployment): boolean {
  return (deployment.spec.revisionHistoryLimit ?? 10) !== NEVER;
}

/**
 * The conditions with one set: left alone where status and reason are the same, else taken out and put at the end; equal
 * status keeps the transition time.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/util SetDeploymentCondition
 */
export function withCondition(
  conditions: readonly Condition[],
  condition: Omit<Condition, "lastTransitionTime" | "lastUpdateTime"> &
    Partial<Pick<Condition, "lastTransitionTime" | "lastUpdateTime">>,
  nowText: string,
): readonly Condition[] {
  const current = getCondition(conditions, condition.type);
  if (current !== undefined && current.status === condition.status && current.reason === condition.reason) {
    return conditions;
  }
  const isSameStatus = current !== undefined && current.status === condition.status;
  const lastTransitionTime = (isSameStatus ? current.lastTransitionTime : condition.lastTransitionTime) ?? nowText;
  const { lastUpdateTime = nowText } = condition;
  return [...removeCondition(conditions, condition.type), { ...condition, lastTransitionTime, lastUpdateTime }];
}
