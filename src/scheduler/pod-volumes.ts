import { ephemeralClaimName, type PersistentVolumeClaim, type PodSpec, type Volume } from "../kube/index.ts";
import type { PodInfo } from "./pod-info.ts";

/** A volume of a pod that is a claim. */
export interface ClaimVolume {
  /** The claim's name; of an ephemeral volume, that of the volume. */
  readonly name: string;
  readonly isEphemeral: boolean;
}

/** What is kept of the volumes of a spec: claims, and disks that pods cannot share. */
export interface SpecVolumes {
  readonly claims: readonly ClaimVolume[];
  readonly disks: readonly Volume[];
}

const NO_VOLUMES: SpecVolumes = Object.freeze({ claims: [], disks: [] });
const KNOWN = new WeakMap<PodSpec, SpecVolumes>();
const DISKS = ["gcePersistentDisk", "awsElasticBlockStore", "rbd", "iscsi"];

/** The volumes of a spec that scheduling looks at; worked out once a spec. */
export function volumesOf(spec: PodSpec): SpecVolumes {
  const { volumes } = spec;
  if (volumes === undefined || volumes.length === 0) return NO_VOLUMES;
  let known = KNOWN.get(spec);
  if (known === undefined) {
    const claims = volumes.flatMap(claimOf);
    const disks = volumes.filter((volume) => DISKS.some((disk) => volume[disk] !== undefined));
    known = claims.length + disks.length === 0 ? NO_VOLUMES : { claims, disks };
    KNOWN.set(spec, known);
  }
  return known;
}

export function hasClaims({ spec }: { readonly spec: PodSpec }): boolean {
  return volumesOf(spec).claims.length > 0;
}

export function claimName({ name: pod }: Pick<PodInfo, "name">, { name, isEphemeral }: ClaimVolume): string {
  return isEphemeral ? ephemeralClaimName(pod, name) : name;
}

/** Whether the pod uses the claim. `withEphemeral`: be it for an ephemeral volume. */
export function usesClaim(pod: PodInfo, claim: PersistentVolumeClaim, withEphemeral: boolean): boolean {
  if (claim.metadata.namespace !== pod.namespace) return false;
  return volumesOf(pod.spec).claims.some(
    (one) => (withEphemeral || !one.isEphemeral) && claimName(pod, one) === claim.metadata.name,
  );
}

/** Why a claim is not the one of a pod's ephemeral volume. */
export function foreignClaim(pod: PodInfo, claim: PersistentVolumeClaim): string | undefined {
  const isOwned = (claim.metadata.ownerReferences ?? []).some(
    ({ controller, uid }) => controller === true && uid === pod.uid,
  );
  if (isOwned) return undefined;
  return `PVC ${pod.namespace}/${claim.metadata.name} was not created for pod ${pod.key} (pod is not owner)`;
}

function claimOf(volume: Volume): ClaimVolume[] {
  if (volume.ephemeral !== undefined) return [{ name: volume.name, isEphemeral: true }];
  const source = volume.persistentVolumeClaim as { readonly claimName: string } | undefined;
  return source === undefined ? [] : [{ name: source.claimName, isEphemeral: false }];
}
