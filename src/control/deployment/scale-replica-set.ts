import { sameData } from "../../tables/index.ts";
import { replicaAnnotations } from "./annotations.ts";
import { type ReplicaSetView, type Rollout, specReplicas } from "./rollout.ts";

/**
 * Sets the size of a ReplicaSet and the annotations about it; tells the event when the size changes. Returns whether it
 * did.
 *
 * @source kubernetes 1.37 pkg/controller/deployment/sync.go scaleReplicaSet
 */
export function scaleReplicaSet(rollout: Rollout, view: ReplicaSetView, replicas: number): boolean {
  const from = specReplicas(view);
  const { metadata, spec } = view.rs;
  const annotations = { ...metadata.annotations, ...replicaAnnotations(rollout.deployment) };
  const isResized = from !== replicas;
  if (!isResized && sameData(annotations, metadata.annotations)) return false;
  writeReplicaSet(rollout, view, { ...view.rs, metadata: { ...metadata, annotations }, spec: { ...spec, replicas } });
  if (!isResized) return false;
  const direction = from < replicas ? "up" : "down";
  const name = metadata.name ?? "";
  rollout.event("Normal", "ScalingReplicaSet", `Scaled ${direction} replica set ${name} from ${from} to ${replicas}`);
  rollout.tell("scale", { replicaSet: name, from, to: replicas });
  return true;
}

/** As `scaleReplicaSet`, but where the size is right already the annotations are left alone. */
export function resizeReplicaSet(rollout: Rollout, view: ReplicaSetView, replicas: number): boolean {
  return specReplicas(view) !== replicas && scaleReplicaSet(rollout, view, replicas);
}

export function writeReplicaSet(rollout: Rollout, view: ReplicaSetView, next: ReplicaSetView["rs"]): void {
  rollout.store.writer.update(rollout.replicaSets, view.row, next);
  view.rs = rollout.replicaSets.get(view.row);
}
