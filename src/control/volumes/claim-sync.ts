import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  capacityBytes,
  claimClass,
  defaultClassOf,
  findMatchingVolume,
  hasAccessModes,
  hasAnnotation,
  hasClass,
  hasOtherAttributes,
  hasOtherMode,
  isBindingDelayed,
  isReservedFor,
  type PersistentVolume,
  type PersistentVolumeClaim,
  requestedBytes,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  type StorageClass,
  volumeClass,
} from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { type ClaimUsers, claimKey } from "./claim-users.ts";
import type { VolumeWriter } from "./volume-writer.ts";

const LOST_REFERENCE = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
const LOST_VOLUME = "Bound claim has lost its PersistentVolume. Data on the volume is lost!";
const MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly";
const NOTHING_TO_BIND = "no persistent volumes available for this claim and no storage class is set";
/** Provisioners of this prefix were part of Kubernetes; those of today's are named by their drivers. */
const IN_TREE = "kubernetes.io/";

/**
 * Looks after one claim: finds it a volume, asks for one to be provisioned, or says what it waits for.
 *
 * @source kubernetes 1.37 pkg/controller/volume/persistentvolume pv_controller.go syncClaim
 */
export class ClaimSync {
  readonly #writer: VolumeWriter;
  readonly #users: ClaimUsers;
  readonly #classes: DocumentTable<StorageClass>;

  constructor(store: Store, writer: VolumeWriter, users: ClaimUsers) {
    this.#writer = writer;
    this.#users = users;
    this.#classes = store.documents<StorageClass>("StorageClass");
  }

  sync(row: number): void {
    const { claims } = this.#writer;
    if (!claims.isPresent(row)) return;
    const claim = claims.get(row);
    if (hasAnnotation(claim, BIND_COMPLETED)) this.#syncBound(row, claim);
    else if ((claim.spec?.volumeName ?? "") === "") this.#findVolume(row, claim);
    else this.#takeNamedVolume(row, claim, claim.spec?.volumeName ?? "");
  }

  #syncBound(row: number, claim: PersistentVolumeClaim): void {
    const name = claim.spec?.volumeName ?? "";
    if (name === "") {
      this.#writer.loseClaim(row, "ClaimLost", LOST_REFERENCE);
      return;
    }
    const volumeRow = this.#writer.volumes.rowOf("", name);
    if (volumeRow === -1) {
      this.#writer.loseClaim(row, "ClaimLost", LOST_VOLUME);
      return;
    }
    const { claimRef } = this.#writer.volumes.get(volumeRow).spec;
    if (claimRef === undefined || claimRef.uid === claim.metadata.uid) this.#writer.bind(volumeRow, row);
    else this.#writer.loseClaim(row, "ClaimMisbound", MISBOUND);
  }

  #findVolume(row: number, claim: PersistentVolumeClaim): void {
    const isDelayed = isBindingDelayed(this.#classes.find("", claimClass(claim)));
    const found = this.#bestMatch(claim, isDelayed);
    if (found !== undefined) {
      this.#writer.bind(this.#writer.volumes.rowOf("", found.metadata.name ?? ""), row);
      return;
    }
    if (!hasClass(claim)) {
      const standard = defaultClassOf(this.#classes.list());
      if (standard !== undefined) {
        const spec = { ...claim.spec, storageClassName: standard.metadata.name ?? "" };
        this.#writer.updateClaim(row, { ...claim, spec });
        this.sync(row);
        return;
      }
    }
    if (isDelayed && !hasAnnotation(claim, SELECTED_NODE)) this.#sayWhatItWaitsFor(claim);
    else if (claimClass(claim) !== "") {
      this.#provision(row, claim);
      return;
    } else this.#writer.claimEvent(claim, "Normal", "FailedBinding", NOTHING_TO_BIND);
    this.#writer.setClaimStatus(row, "Pending");
  }

  /** Volumes that offer no more access modes than needed come first; among those, the smallest. */
  #bestMatch(claim: PersistentVolumeClaim, onlyReserved: boolean): PersistentVolume | undefined {
    const byModes = new Map<string, PersistentVolume[]>();
    for (const volume of this.#writer.volumes.list()) {
      if (!hasAccessModes(claim, volume)) continue;
      const modes = [...(volume.spec.accessModes ?? [])].sort().join(",");
      const alike = byModes.get(modes);
      if (alike === undefined) byModes.set(modes, [volume]);
      else alike.push(volume);
    }
    const count = (modes: string): number => modes.split(",").length;
    const groups = [...byModes].sort(([a], [b]) => count(a) - count(b) || (a < b ? -1 : 1));
    for (const [, volumes] of groups) {
      const found = findMatchingVolume(claim, volumes, { onlyReserved });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #sayWhatItWaitsFor(claim: PersistentVolumeClaim): void {
    const pods = this.#users.waiting(claimKey(claim.metadata.namespace ?? "", claim.metadata.name ?? ""));
    if (pods.length === 0) {
      const message = "waiting for first consumer to be created before binding";
      this.#writer.claimEvent(claim, "Normal", "WaitForFirstConsumer", message);
      return;
    }
    const message = `waiting for ${pods.length > 1 ? "pods" : "pod"} ${pods.join(",")} to be scheduled`;
    this.#writer.claimEvent(claim, "Normal", "WaitForPodScheduled", message);
  }

  /** Marks the claim for the provisioner of its class, which does the rest. */
  #provision(row: number, claim: PersistentVolumeClaim): void {
    const className = claimClass(claim);
    const provisioner = this.#classes.find("", className)?.provisioner;
    if (provisioner === undefined) {
      const message = `storageclass.storage.k8s.io "${className}" not found`;
      this.#writer.claimEvent(claim, "Warning", "ProvisioningFailed", message);
      return;
    }
    if (provisioner.startsWith(IN_TREE) && !MIGRATED.has(provisioner)) {
      const message = `no volume plugin matched name: ${provisioner}`;
      this.#writer.claimEvent(claim, "Warning", "ProvisioningFailed", message);
      return;
    }
    const driver = MIGRATED.get(provisioner) ?? provisioner;
    const marks = { [BETA_STORAGE_PROVISIONER]: driver, [STORAGE_PROVISIONER]: driver };
    const annotations = { ...claim.metadata.annotations, ...marks };
    this.#writer.updateClaim(row, { ...claim, metadata: { ...claim.metadata, annotations } });
    const message = `Waiting for a volume to be created either by the external provisioner '${driver}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    this.#writer.claimEvent(claim, "Normal", "ExternalProvisioning", message);
  }

  /** The claim asks for one volume by name, and waits for it. */
  #takeNamedVolume(row: number, claim: PersistentVolumeClaim, name: string): void {
    const volumeRow = this.#writer.volumes.rowOf("", name);
    if (volumeRow === -1) {
      this.#writer.setClaimStatus(row, "Pending");
      return;
    }
    const volume = this.#writer.volumes.get(volumeRow);
    if (volume.spec.claimRef === undefined) {
      const mismatch = mismatchOf(volume, claim);
      if (mismatch === undefined) this.#writer.bind(volumeRow, row);
      else {
        const message = `Cannot bind to requested volume "${name}": ${mismatch}`;
        this.#writer.claimEvent(claim, "Warning", "VolumeMismatch", message);
        this.#writer.setClaimStatus(row, "Pending");
      }
    } else if (isReservedFor(volume, claim)) this.#writer.bind(volumeRow, row);
    else {
      const message = `volume "${name}" already bound to a different claim.`;
      this.#writer.claimEvent(claim, "Warning", "FailedBinding", message);
      if (!hasAnnotation(claim, BOUND_BY_CONTROLLER)) this.#writer.setClaimStatus(row, "Pending");
    }
  }
}

/** Drivers that took the place of provisioners in Kubernetes.
 *  @source kubernetes 1.37 csi-translation-lib plugins */
const MIGRATED: ReadonlyMap<string, string> = new Map([
  ["kubernetes.io/aws-ebs", "ebs.csi.aws.com"],
  ["kubernetes.io/azure-disk", "disk.csi.azure.com"],
  ["kubernetes.io/azure-file", "file.csi.azure.com"],
  ["kubernetes.io/cinder", "cinder.csi.openstack.org"],
  ["kubernetes.io/gce-pd", "pd.csi.storage.gke.io"],
  ["kubernetes.io/portworx-volume", "pxd.portworx.com"],
  ["kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"],
]);

/** Why a volume cannot be bound to a claim that names it. */
function mismatchOf(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const { name = "", deletionTimestamp } = volume.metadata;
  if (deletionTimestamp !== undefined) return `the volume is marked for deletion "${name}"`;
  if (capacityBytes(volume) < requestedBytes(claim)) return "requested PV is too small";
  if (volumeClass(volume) !== claimClass(claim)) return "storageClassName does not match";
  if (hasOtherAttributes(claim, volume)) return "volumeAttributesClassName does not match";
  if (hasOtherMode(claim, volume)) return "incompatible volumeMode";
  return hasAccessModes(claim, volume) ? undefined : "incompatible accessMode";
}
