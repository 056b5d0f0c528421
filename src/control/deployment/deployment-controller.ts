import type { Deployment, ReplicaSet } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, OWNER, type Store } from "../../store/index.ts";
import { OwnWrites } from "../own-writes.ts";
import { controllerOf, OwnedDocuments } from "../owned-documents.ts";
import { matcherOf } from "../scale.ts";
import { WorkQueue } from "../work-queue.ts";
import { ROLLBACK_TO } from "./annotations.ts";
import { claimReplicaSets } from "./claim.ts";
import { syncRevisions } from "./new-replica-set.ts";
import { recreate } from "./recreate.ts";
import { isScalingEvent, resize } from "./resize.ts";
import { rollBack } from "./rollback.ts";
import { rollForward } from "./rolling.ts";
import { hasProgressDeadline, isRollingUpdate, Rollout } from "./rollout.ts";
import { syncDeploymentStatus } from "./status.ts";

export interface DeploymentControllerOptions {
  /** Microseconds from a write until the controller sees it. Default 0. */
  readonly watchDelayMicros?: number;
}

/**
 * Rolls Deployments out: keeps a ReplicaSet a template and moves replicas between them, one action a sync.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/deployment_controller.go
 */
export class DeploymentController {
  readonly #store: Store;
  readonly #table: DocumentTable<Deployment>;
  readonly #replicaSets: DocumentTable<ReplicaSet>;
  readonly #owned: OwnedDocuments<ReplicaSet>;
  readonly #queue: WorkQueue;
  readonly #cursor: Cursor;
  readonly #ownWrites: OwnWrites<Deployment>;

  constructor(store: Store, options: DeploymentControllerOptions = {}) {
    this.#store = store;
    this.#table = store.documents<Deployment>("Deployment");
    this.#replicaSets = store.documents<ReplicaSet>("ReplicaSet");
    this.#owned = new OwnedDocuments(store.engine.cells, "deployment.replicaSets", this.#replicaSets);
    this.#queue = new WorkQueue(store, "deployment", this.#table.rows, (row) => this.#sync(row));
    const { watchDelayMicros = 0 } = options;
    this.#ownWrites = new OwnWrites(store.engine.cells, "deployment", this.#table);
    const kinds = ["Deployment", "ReplicaSet", "Pod"] as const;
    this.#cursor = store.watch("deployment", kinds, () => this.#readChanges(), watchDelayMicros, {
      pods: { flags: CHANGE.deleted, owners: OWNER.ReplicaSet },
    });
  }

  #readChanges(): void {
    const cursor = this.#cursor;
    const podKindId = this.#store.kindIdOf("Pod");
    while (cursor.next()) {
      if (cursor.kindId === podKindId) this.#notePodRemoval(cursor.row);
      else if (cursor.kindId === this.#table.kindId) {
        if (this.#table.isPresent(cursor.row) && !this.#ownWrites.isEcho(cursor.row, cursor.flags))
          this.#queue.add(cursor.row);
      } else this.#noteReplicaSet(cursor.row, cursor.flags, cursor.old as ReplicaSet | undefined);
    }
  }

  #noteReplicaSet(row: number, flags: number, old: ReplicaSet | undefined): void {
    this.#owned.noteChange(row, flags);
    const rs = this.#replicaSets.get(row);
    const owner = controllerOf(rs);
    const before = old === undefined ? undefined : controllerOf(old);
    if (before !== undefined && before.uid !== owner?.uid) this.#queueOwner(old as ReplicaSet);
    if (owner !== undefined) this.#queueOwner(rs);
    else if ((flags & (CHANGE.added | CHANGE.metadata)) !== 0 && this.#replicaSets.isPresent(row))
      this.#offerOrphan(rs);
  }

  #queueOwner(rs: ReplicaSet): void {
    const owner = controllerOf(rs);
    if (owner === undefined || owner.kind !== "Deployment") return;
    const row = this.#table.rowOf(rs.metadata.namespace ?? "", owner.name);
    if (row !== -1 && this.#table.get(row).metadata.uid === owner.uid) this.#queue.add(row);
  }

  #offerOrphan(rs: ReplicaSet): void {
    for (let row = this.#table.first(); row !== -1; row = this.#table.after(row)) {
      const { metadata, spec } = this.#table.get(row);
      if (metadata.namespace !== rs.metadata.namespace) continue;
      if (matcherOf("Deployment", spec.selector).matches(rs.metadata.labels)) this.#queue.add(row);
    }
  }

  /** A Deployment of strategy Recreate waits for its old pods to be gone. */
  #notePodRemoval(pod: number): void {
    const { pods } = this.#store;
    const owner = pods.owner.get(pod);
    if (owner === null || owner.kind !== "ReplicaSet") return;
    const row = this.#replicaSets.rowOf(pods.namespaceOf(pod), owner.name);
    if (row === -1) return;
    const rs = this.#replicaSets.get(row);
    const deployment = this.#table.find(rs.metadata.namespace ?? "", controllerOf(rs)?.name ?? "");
    if (deployment !== undefined && !isRollingUpdate(deployment)) this.#queueOwner(rs);
  }

  #sync(row: number): void {
    if (!this.#table.isPresent(row)) return;
    const failure = this.#syncPresent(row);
    if (failure === undefined) this.#queue.forget(row);
    else this.#queue.retry(row);
  }

  #syncPresent(row: number): string | undefined {
    const deployment = this.#table.get(row);
    const selectsEverything = matcherOf("Deployment", deployment.spec.selector).selectsEverything;
    const claimed = selectsEverything ? [] : claimReplicaSets(this.#store, this.#replicaSets, this.#owned, deployment);
    const rollout = new Rollout(this.#store, this.#table, this.#replicaSets, row, claimed);
    if (selectsEverything) {
      refuse(rollout);
      return undefined;
    }
    if (deployment.metadata.deletionTimestamp !== undefined) {
      syncDeploymentStatus(rollout, syncRevisions(rollout, false));
      return undefined;
    }
    notePause(rollout);
    if (deployment.spec.paused === true) {
      resize(rollout);
      return undefined;
    }
    if (deployment.metadata.annotations?.[ROLLBACK_TO] !== undefined) return rollBack(rollout);
    if (isScalingEvent(rollout)) {
      resize(rollout);
      return undefined;
    }
    const requeue = (delayMicros: number): void => {
      if (delayMicros > 0) this.#queue.addAfter(row, delayMicros);
      else this.#queue.retry(row);
    };
    const failure = isRollingUpdate(deployment) ? rollForward(rollout, requeue) : recreate(rollout, requeue);
    if (rollout.isSettled) this.#ownWrites.note(row);
    return failure;
  }
}

function refuse(rollout: Rollout): void {
  rollout.event("Warning", "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
  const { generation = 0 } = rollout.deployment.metadata;
  if ((rollout.status.observedGeneration ?? 0) < generation) {
    rollout.writeStatus({ ...rollout.status, observedGeneration: generation });
  }
}

/** Keeps the pause out of the progress deadline. @source kubernetes 1.37 deployment/progress checkPausedConditions */
function notePause(rollout: Rollout): void {
  const { deployment, progressing } = rollout;
  if (!hasProgressDeadline(deployment) || progressing?.reason === "ProgressDeadlineExceeded") return;
  const isPaused = deployment.spec.paused === true;
  const isNoted = progressing?.reason === "DeploymentPaused";
  if (isPaused === isNoted) return;
  const [reason, message] = isPaused
    ? ["DeploymentPaused", "Deployment is paused"]
    : ["DeploymentResumed", "Deployment is resumed"];
  rollout.writeCondition({ type: "Progressing", status: "Unknown", reason, message });
}
