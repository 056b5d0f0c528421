import {
  hasAnnotation,
  hasOtherMode,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PROVISIONED_BY,
} from "../../kube/index.ts";
import type { VolumeWriter } from "./volume-writer.ts";

export interface VolumeSyncSettings {
  /** The claim is to be looked at again. */
  readonly onClaim: (claimRow: number) => void;
  /** The volume is of no use any more, and its policy is to delete it. */
  readonly onDelete: (volumeRow: number) => void;
}

/**
 * Looks after one volume: whether it is free, whose it is, and what becomes of it once its claim is gone.
 *
 * @source kubernetes 1.37 pkg/controller/volume/persistentvolume pv_controller.go syncVolume
 */
export class VolumeSync {
  readonly #writer: VolumeWriter;
  readonly #settings: VolumeSyncSettings;

  constructor(writer: VolumeWriter, settings: VolumeSyncSettings) {
    this.#writer = writer;
    this.#settings = settings;
  }

  sync(row: number): void {
    const { volumes, claims } = this.#writer;
    if (!volumes.isPresent(row)) return;
    const volume = volumes.get(row);
    const { claimRef } = volume.spec;
    if (claimRef === undefined || !claimRef.uid) {
      this.#writer.setVolumePhase(row, "Available");
      return;
    }
    const claimRow = claims.rowOf(claimRef.namespace ?? "", claimRef.name ?? "");
    const claim = claimRow === -1 ? undefined : claims.get(claimRow);
    if (claim === undefined || claim.metadata.uid !== claimRef.uid) this.#release(row, volume);
    else if ((claim.spec?.volumeName ?? "") === "") this.#offer(volume, claim, claimRow);
    else if (claim.spec?.volumeName === volume.metadata.name) this.#writer.setVolumePhase(row, "Bound");
    else this.#spare(row, volume);
  }

  #release(row: number, volume: PersistentVolume): void {
    const phase = volume.status?.phase;
    if (phase !== "Released" && phase !== "Failed") this.#writer.setVolumePhase(row, "Released");
    this.#reclaim(row, volume);
  }

  /** The claim has not been told yet. */
  #offer(volume: PersistentVolume, claim: PersistentVolumeClaim, claimRow: number): void {
    if (!hasOtherMode(claim, volume)) {
      this.#settings.onClaim(claimRow);
      return;
    }
    const [name, claimName] = [volume.metadata.name ?? "", claim.metadata.name ?? ""];
    const toVolume = `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claimName}" due to incompatible volumeMode.`;
    this.#writer.volumeEvent(volume, "Warning", "VolumeMismatch", toVolume);
    const toClaim = `Cannot bind PersistentVolume "${name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`;
    this.#writer.claimEvent(claim, "Warning", "VolumeMismatch", toClaim);
  }

  /** Its claim took another volume. */
  #spare(row: number, volume: PersistentVolume): void {
    const isProvisioned = hasAnnotation(volume, PROVISIONED_BY);
    if (isProvisioned && volume.spec.persistentVolumeReclaimPolicy === "Delete") this.#release(row, volume);
    else this.#writer.unbind(row);
  }

  #reclaim(row: number, { spec }: PersistentVolume): void {
    if (spec.persistentVolumeReclaimPolicy === "Delete") this.#settings.onDelete(row);
    else if (spec.persistentVolumeReclaimPolicy === "Recycle") this.#recycle(row);
  }

  // DEVIATION(volume-recycling): a volume to be recycled is free again at once; the original runs a pod that empties it.
  #recycle(row: number): void {
    this.#writer.volumeEvent(this.#writer.volumes.get(row), "Normal", "VolumeRecycled", "Volume recycled");
    this.#writer.unbind(row);
  }
}
