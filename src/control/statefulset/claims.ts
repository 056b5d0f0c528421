import type { ObjectMeta, OwnerReference, PersistentVolumeClaim, StatefulSet } from "../../kube/index.ts";
import { controllerReference, type DocumentTable, type Store } from "../../store/index.ts";
import { claimName, isInRange, ordinalOf } from "./identity.ts";

/** A pod as claims know it: by name, and by the uid that it has once it exists. */
export interface ClaimingPod {
  readonly name: string;
  readonly uid: string;
}

/** What is to be said about claims. */
export interface ClaimEvents {
  claimCreated(set: StatefulSet, pod: string, claim: string, failure: string | undefined): void;
  conflict(set: StatefulSet, message: string): void;
}

/**
 * The volume claims of the pods of StatefulSets: made from the set's templates, and owned as its retention policy wants, so
 * that the garbage collector takes them when the set, or the pod that was scaled away, is gone.
 *
 * @source kubernetes 1.37 pkg/controller/statefulset stateful_pod_control.go, stateful_set_utils.go
 */
export class Claims {
  readonly #store: Store;
  readonly #table: DocumentTable<PersistentVolumeClaim>;
  readonly #events: ClaimEvents;

  constructor(store: Store, events: ClaimEvents) {
    this.#store = store;
    this.#table = store.documents<PersistentVolumeClaim>("PersistentVolumeClaim");
    this.#events = events;
  }

  /** Makes the claims that a pod lacks. Returns the text of an error. */
  createMissing(set: StatefulSet, pod: ClaimingPod): string | undefined {
    const failures: string[] = [];
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const claim = claimOf(set, template, ordinalOf(pod.name));
      const name = claim.metadata.name ?? "";
      const row = this.#rowOf(set, name);
      if (row === -1) {
        const made = this.#store.writer.create(claim);
        const failure = made.ok ? undefined : made.status.message;
        this.#events.claimCreated(set, pod.name, name, failure);
        if (failure !== undefined) failures.push(`failed to create PVC ${name}: ${failure}`);
      } else if (this.#table.get(row).metadata.deletionTimestamp !== undefined) {
        failures.push(`pvc ${name} is being deleted`);
      }
    }
    return failures.length > 1 ? `[${failures.join(", ")}]` : failures[0];
  }

  /** Whether a claim still belongs to an earlier pod of this name: no new one may be made before it is gone. */
  isStale(set: StatefulSet, pod: ClaimingPod): boolean {
    if (policyOf(set).whenScaled === "Retain") return false;
    return this.#rowsOf(set, pod).some((row) => isStaleOwner(this.#table.get(row).metadata, podIdentity(pod)));
  }

  /** Whether all claims of a pod have the owners that the policy wants. */
  areOwnedAsWanted(set: StatefulSet, pod: ClaimingPod): boolean {
    return this.#rowsOf(set, pod).every((row) => isOwnedAsWanted(this.#table.get(row).metadata, set, pod));
  }

  /** Gives the claims of a pod the owners that the policy wants. */
  setOwners(set: StatefulSet, pod: ClaimingPod): void {
    for (const row of this.#rowsOf(set, pod)) {
      const claim = this.#table.get(row);
      if (hasForeignController(claim.metadata, set, pod)) {
        const message = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
        this.#events.conflict(set, message);
      }
      if (isOwnedAsWanted(claim.metadata, set, pod)) continue;
      const { ownerReferences: _, ...rest } = claim.metadata;
      const owners = wantedOwners(claim.metadata, set, pod);
      const metadata = owners.length === 0 ? rest : { ...rest, ownerReferences: owners };
      this.#store.writer.update(this.#table, row, { ...claim, metadata });
    }
  }

  #rowsOf(set: StatefulSet, pod: ClaimingPod): number[] {
    const ordinal = ordinalOf(pod.name);
    const templates = set.spec.volumeClaimTemplates ?? [];
    const rows = templates.map((template) => this.#rowOf(set, claimName(set, template, ordinal)));
    return rows.filter((row) => row !== -1);
  }

  #rowOf(set: StatefulSet, name: string): number {
    return this.#table.rowOf(set.metadata.namespace ?? "", name);
  }
}

function claimOf(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): PersistentVolumeClaim {
  const { labels, annotations } = template.metadata;
  const { namespace = "" } = set.metadata;
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: claimName(set, template, ordinal),
      namespace,
      labels: { ...labels, ...set.spec.selector.matchLabels },
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
    status: { phase: "Pending" },
  };
}

function policyOf({ spec }: StatefulSet) {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = spec.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

/** An owner by what references name it. */
type Identity = Pick<OwnerReference, "apiVersion" | "kind" | "name" | "uid">;

function podIdentity({ name, uid }: ClaimingPod): Identity {
  return { apiVersion: "v1", kind: "Pod", name, uid };
}

function setIdentity({ metadata }: StatefulSet): Identity {
  return { apiVersion: "apps/v1", kind: "StatefulSet", name: metadata.name ?? "", uid: metadata.uid ?? "" };
}

function names(owner: OwnerReference, { apiVersion, kind, name }: Identity): boolean {
  return owner.apiVersion === apiVersion && owner.kind === kind && owner.name === name;
}

function ownersOf({ ownerReferences = [] }: ObjectMeta): readonly OwnerReference[] {
  return ownerReferences;
}

/** Whether the first reference to an object of this name is to one that is gone. */
function isStaleOwner(metadata: ObjectMeta, identity: Identity): boolean {
  const named = ownersOf(metadata).find((owner) => names(owner, identity));
  return named !== undefined && named.uid !== identity.uid;
}

function hasOwner(metadata: ObjectMeta, { uid }: Identity): boolean {
  return ownersOf(metadata).some((owner) => owner.uid === uid);
}

/** Whether somebody else controls the claim; that matters only where claims are ever deleted. */
function hasForeignController(metadata: ObjectMeta, set: StatefulSet, pod: ClaimingPod): boolean {
  const { whenDeleted, whenScaled } = policyOf(set);
  if (whenDeleted === "Retain" && whenScaled === "Retain") return false;
  return ownersOf(metadata).some((owner) => {
    const ours = [setIdentity(set), podIdentity(pod)].find((identity) => names(owner, identity));
    return ours === undefined ? owner.controller === true : owner.uid !== ours.uid;
  });
}

function isOwnedAsWanted(metadata: ObjectMeta, set: StatefulSet, pod: ClaimingPod): boolean {
  const [setId, podId] = [setIdentity(set), podIdentity(pod)];
  // Owners of a former life of the set or pod: not to be touched.
  if (isStaleOwner(metadata, setId) || isStaleOwner(metadata, podId)) return true;
  const [hasSet, hasPod] = [hasOwner(metadata, setId), hasOwner(metadata, podId)];
  if (hasForeignController(metadata, set, pod)) return !hasSet && !hasPod;
  const isOurs = ({ uid }: OwnerReference): boolean => uid === setId.uid || uid === podId.uid;
  if (ownersOf(metadata).some((owner) => isOurs(owner) && owner.controller !== true)) return false;
  const wanted = wantedOwner(set, pod);
  return hasSet === (wanted === "set") && hasPod === (wanted === "pod");
}

function wantedOwner(set: StatefulSet, pod: ClaimingPod): "set" | "pod" | "none" {
  const { whenDeleted, whenScaled } = policyOf(set);
  if (whenScaled === "Delete" && !isInRange(set, ordinalOf(pod.name))) return "pod";
  return whenDeleted === "Delete" ? "set" : "none";
}

function wantedOwners(metadata: ObjectMeta, set: StatefulSet, pod: ClaimingPod): OwnerReference[] {
  const [setId, podId] = [setIdentity(set), podIdentity(pod)];
  const others = ownersOf(metadata).filter((owner) => !names(owner, setId) && !names(owner, podId));
  if (hasForeignController(metadata, set, pod)) return others;
  const wanted = wantedOwner(set, pod);
  if (wanted === "none") return others;
  const owner = wanted === "set" ? set : { apiVersion: "v1", kind: "Pod", metadata: { name: pod.name, uid: pod.uid } };
  return [...others, controllerReference(owner)];
}
