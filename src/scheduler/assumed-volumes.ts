import {
  boundTo,
  isFullyBound,
  isUsableOn,
  type PersistentVolume,
  type PersistentVolumeClaim,
  SELECTED_NODE,
  type StringMap,
  volumeClass,
} from "../kube/index.ts";
import { deepFreeze } from "../tables/index.ts";
import { NO_STORAGE, type StorageView } from "./storage-view.ts";

/** What is to be done to a pod's claims when it goes to a node. */
export interface VolumePlan {
  /** Volumes that are there already, each for a claim. */
  readonly bindings: readonly { readonly volume: PersistentVolume; readonly claim: PersistentVolumeClaim }[];
  /** Claims whose volumes are to be made. */
  readonly provisions: readonly PersistentVolumeClaim[];
}

/** A plan that is being carried out for one pod, as the objects are to be written. */
interface Reservation {
  readonly nodeName: string;
  readonly volumes: readonly PersistentVolume[];
  /** Claims of those volumes, as "namespace/name". */
  readonly boundClaims: readonly string[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly isWritten: boolean;
}

/** Why a binding failed, "waiting" while it is under way, `undefined` when all claims are bound. */
export type BindingState = { readonly error: string } | "waiting" | undefined;

/**
 * Storage as the scheduler sees it: what the API server has, with the volumes and claims that it has promised to pods on
 * their way. A promise holds until it is written or taken back, or until somebody else changes the object.
 * @source kubernetes 1.37 volumebinding assume_cache.go, binder.go
 */
export class AssumedVolumes {
  readonly storage: StorageView;
  readonly #volumes = new Map<string, PersistentVolume>();
  readonly #claims = new Map<string, PersistentVolumeClaim>();
  readonly #reservations = new Map<string, Reservation>();

  constructor(storage: StorageView = NO_STORAGE) {
    this.storage = storage;
  }

  volume(name: string): PersistentVolume | undefined {
    return newest(this.storage.volume(name), this.#volumes.get(name));
  }

  claim(namespace: string, name: string): PersistentVolumeClaim | undefined {
    return newest(this.storage.claim(namespace, name), this.#claims.get(`${namespace}/${name}`));
  }

  volumesOfClass(className: string): PersistentVolume[] {
    return this.storage
      .volumes()
      .map((volume) => newest(volume, this.#volumes.get(volume.metadata.name ?? "")) as PersistentVolume)
      .filter((volume) => volumeClass(volume) === className);
  }

  /** Promises the plan's volumes and claims to a pod that goes to a node. */
  reserve(uid: string, nodeName: string, { bindings, provisions }: VolumePlan): void {
    const volumes = bindings.map(({ volume, claim }) => deepFreeze(boundTo(volume, claim)));
    const claims = provisions.map((claim) => deepFreeze(withNode(claim, nodeName)));
    for (const volume of volumes) this.#volumes.set(volume.metadata.name ?? "", volume);
    for (const claim of claims) this.#claims.set(keyOf(claim), claim);
    const boundClaims = bindings.map(({ claim }) => keyOf(claim));
    this.#reservations.set(uid, deepFreeze({ nodeName, volumes, boundClaims, claims, isWritten: false }));
  }

  /** Whether anything is under way for the pod. */
  isReserved(uid: string): boolean {
    return this.#reservations.has(uid);
  }

  /** Takes the pod's promises back, or forgets them once they are kept. What was written stays written. */
  release(uid: string): void {
    const reservation = this.#reservations.get(uid);
    if (reservation === undefined) return;
    this.#reservations.delete(uid);
    this.#forget(reservation);
  }

  /** Writes the pod's promises, the first time; then looks whether its claims are bound. */
  bind(uid: string, nodeLabels: StringMap): BindingState {
    const reservation = this.#reservations.get(uid);
    if (reservation === undefined) return undefined;
    if (reservation.isWritten) return this.#progress(reservation, nodeLabels);
    for (const object of [...reservation.volumes, ...reservation.claims]) {
      const error = this.storage.update(object);
      if (error !== undefined) return { error };
    }
    this.#forget(reservation);
    this.#reservations.set(uid, Object.freeze({ ...reservation, isWritten: true }));
    return "waiting";
  }

  save(): AssumedState {
    return {
      volumes: [...this.#volumes.values()],
      claims: [...this.#claims.values()],
      reservations: [...this.#reservations],
    };
  }

  load(state: AssumedState): void {
    this.#volumes.clear();
    for (const volume of state.volumes) this.#volumes.set(volume.metadata.name ?? "", volume);
    this.#claims.clear();
    for (const claim of state.claims) this.#claims.set(keyOf(claim), claim);
    this.#reservations.clear();
    for (const [uid, reservation] of state.reservations) this.#reservations.set(uid, reservation);
  }

  #forget({ volumes, claims }: Reservation): void {
    for (const { metadata } of volumes) this.#volumes.delete(metadata.name ?? "");
    for (const claim of claims) this.#claims.delete(keyOf(claim));
  }

  #progress({ nodeName, volumes, boundClaims, claims }: Reservation, labels: StringMap): BindingState {
    for (const [index, promised] of volumes.entries()) {
      const name = promised.metadata.name ?? "";
      const volume = this.storage.volume(name);
      if (volume === undefined)
        return { error: `failed to check binding: could not find v1.PersistentVolume "${name}"` };
      if (!isUsableOn(volume, labels, nodeName)) return { error: offNode(name, nodeName) };
      if (!volume.spec.claimRef?.uid) return { error: `ClaimRef got reset for pv "${name}"` };
      const claim = this.#claimAt(boundClaims[index] ?? "");
      if (claim === undefined) return { error: missingClaim("failed to check binding", boundClaims[index] ?? "") };
      if (!isFullyBound(claim)) return "waiting";
    }
    for (const promised of claims) {
      const claim = this.#claimAt(keyOf(promised));
      if (claim === undefined) return { error: missingClaim("failed to check provisioning pvc", keyOf(promised)) };
      const name = claim.metadata.name ?? "";
      if (claim.metadata.annotations === undefined) return { error: `selectedNode annotation reset for PVC "${name}"` };
      if (claim.metadata.annotations[SELECTED_NODE] !== nodeName)
        return { error: `provisioning failed for PVC "${name}"` };
      const volume = this.storage.volume(claim.spec?.volumeName ?? "");
      if (volume !== undefined && !isUsableOn(volume, labels, nodeName)) {
        return { error: offNode(volume.metadata.name ?? "", nodeName) };
      }
      if (volume === undefined || !isFullyBound(claim)) return "waiting";
    }
    return undefined;
  }

  #claimAt(key: string): PersistentVolumeClaim | undefined {
    const [namespace = "", name = ""] = key.split("/");
    return this.storage.claim(namespace, name);
  }
}

/** Plain data. */
export interface AssumedState {
  readonly volumes: readonly PersistentVolume[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly reservations: readonly (readonly [uid: string, reservation: Reservation])[];
}

function offNode(volume: string, node: string): string {
  return `pv "${volume}" node affinity doesn't match node "${node}": no matching NodeSelectorTerms`;
}

function missingClaim(what: string, key: string): string {
  return `${what}: could not find v1.PersistentVolumeClaim "${key}"`;
}

function keyOf({ metadata }: PersistentVolumeClaim): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function withNode(claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim {
  const annotations = { ...claim.metadata.annotations, [SELECTED_NODE]: nodeName };
  return { ...claim, metadata: { ...claim.metadata, annotations } };
}

/** The promised object, as long as the stored one has not changed since. */
function newest<T extends PersistentVolume | PersistentVolumeClaim>(
  stored: T | undefined,
  assumed: T | undefined,
): T | undefined {
  if (stored === undefined || assumed === undefined) return stored;
  return stored.metadata.resourceVersion === assumed.metadata.resourceVersion ? assumed : stored;
}
