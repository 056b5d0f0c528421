import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  boundTo,
  hasAnnotation,
  type KubeEvent,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { Column } from "../../tables/index.ts";

const SOURCE = "persistentvolume-controller";

type ClaimPhase = NonNullable<NonNullable<PersistentVolumeClaim["status"]>["phase"]>;
type VolumePhase = NonNullable<NonNullable<PersistentVolume["status"]>["phase"]>;

/**
 * What the controller writes to volumes and claims. It remembers its last write of each object, so that hearing of it is
 * no reason to look again.
 * @source kubernetes 1.37 pkg/controller/volume/persistentvolume pv_controller.go
 */
export class VolumeWriter {
  readonly claims: DocumentTable<PersistentVolumeClaim>;
  readonly volumes: DocumentTable<PersistentVolume>;
  readonly #store: Store;
  readonly #claimSeen: Column<Float64Array>;
  readonly #volumeSeen: Column<Float64Array>;

  constructor(store: Store) {
    this.#store = store;
    this.claims = store.documents<PersistentVolumeClaim>("PersistentVolumeClaim");
    this.volumes = store.documents<PersistentVolume>("PersistentVolume");
    const { cells } = store.engine;
    this.#claimSeen = new Column<Float64Array>(cells, "volumes.claimSeen", Float64Array);
    this.#volumeSeen = new Column<Float64Array>(cells, "volumes.volumeSeen", Float64Array);
  }

  /** Whether the claim is as the controller itself left it. */
  wroteClaim(row: number): boolean {
    return this.#claimSeen.get(row) === Number(this.claims.get(row).metadata.resourceVersion);
  }

  wroteVolume(row: number): boolean {
    return this.#volumeSeen.get(row) === Number(this.volumes.get(row).metadata.resourceVersion);
  }

  claimEvent(claim: PersistentVolumeClaim, type: KubeEvent["type"], reason: string, message: string): void {
    this.#store.event(claim, SOURCE, type, reason, message);
  }

  volumeEvent(volume: PersistentVolume, type: KubeEvent["type"], reason: string, message: string): void {
    this.#store.event(volume, SOURCE, type, reason, message);
  }

  updateClaim(row: number, claim: PersistentVolumeClaim): void {
    this.#store.writer.update(this.claims, row, claim);
    this.#sawClaim(row);
  }

  updateVolume(row: number, volume: PersistentVolume): void {
    this.#store.writer.update(this.volumes, row, volume);
    this.#sawVolume(row);
  }

  /** Sets phase and what it has of its volume. Without a volume it has nothing. */
  setClaimStatus(row: number, phase: ClaimPhase, volume?: PersistentVolume): void {
    const { status } = this.claims.get(row);
    const { accessModes: _modes, capacity, ...rest } = status ?? {};
    const { accessModes } = volume?.spec ?? {};
    const isNew = status?.phase !== phase;
    const size = volume === undefined ? undefined : isNew ? volume.spec.capacity : capacity;
    this.#store.writer.updateStatus(this.claims, row, {
      ...rest,
      phase,
      ...(accessModes === undefined ? {} : { accessModes }),
      ...(size === undefined ? {} : { capacity: size }),
    });
    this.#sawClaim(row);
  }

  /** Sets the phase and says why, the first time. */
  loseClaim(row: number, reason: string, message: string): void {
    if (this.claims.get(row).status?.phase === "Lost") return;
    this.setClaimStatus(row, "Lost");
    this.claimEvent(this.claims.get(row), "Warning", reason, message);
  }

  setVolumePhase(row: number, phase: VolumePhase): void {
    const { status } = this.volumes.get(row);
    if (status?.phase === phase) return;
    const { message: _message, ...rest } = status ?? {};
    this.#store.writer.updateStatus(this.volumes, row, { ...rest, phase });
    this.#sawVolume(row);
  }

  /** Binds both to each other, or finishes a binding that was begun. */
  bind(volumeRow: number, claimRow: number): void {
    this.updateVolume(volumeRow, boundTo(this.volumes.get(volumeRow), this.claims.get(claimRow)));
    this.setVolumePhase(volumeRow, "Bound");
    const volume = this.volumes.get(volumeRow);
    const claim = this.claims.get(claimRow);
    const isNew = claim.spec?.volumeName !== volume.metadata.name;
    const annotations = {
      ...claim.metadata.annotations,
      ...(isNew && !hasAnnotation(claim, BOUND_BY_CONTROLLER) ? { [BOUND_BY_CONTROLLER]: "yes" } : {}),
      [BIND_COMPLETED]: claim.metadata.annotations?.[BIND_COMPLETED] ?? "yes",
    };
    const spec = { ...claim.spec, volumeName: volume.metadata.name ?? "" };
    this.updateClaim(claimRow, { ...claim, metadata: { ...claim.metadata, annotations }, spec });
    this.setClaimStatus(claimRow, "Bound", volume);
  }

  /** Gives a volume free again: wholly when the controller had bound it, else it stays kept by name. */
  unbind(row: number): void {
    const volume = this.volumes.get(row);
    const { claimRef, ...spec } = volume.spec;
    if (hasAnnotation(volume, BOUND_BY_CONTROLLER)) {
      const { [BOUND_BY_CONTROLLER]: _, ...annotations } = volume.metadata.annotations ?? {};
      this.updateVolume(row, { ...volume, metadata: { ...volume.metadata, annotations }, spec });
    } else {
      const { uid: _, ...kept } = claimRef ?? {};
      this.updateVolume(row, { ...volume, spec: { ...spec, claimRef: kept } });
    }
    this.setVolumePhase(row, "Available");
  }

  #sawClaim(row: number): void {
    this.#claimSeen.set(row, Number(this.claims.get(row).metadata.resourceVersion));
  }

  #sawVolume(row: number): void {
    this.#volumeSeen.set(row, Number(this.volumes.get(row).metadata.resourceVersion));
  }
}
