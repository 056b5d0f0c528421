import type { Engine } from "../../engine/index.ts";
import { type PersistentVolume, type PersistentVolumeClaim, PHASE } from "../../kube/index.ts";
import { CHANGE, type Cursor, type Store } from "../../store/index.ts";
import { StateMap, StateValue } from "../../tables/index.ts";
import { seconds } from "../../units/index.ts";
import { WorkQueue } from "../work-queue.ts";
import { ClaimSync } from "./claim-sync.ts";
import { ClaimUsers } from "./claim-users.ts";
import { createEphemeralClaims } from "./ephemeral-claims.ts";
import { Protection } from "./protection.ts";
import { PROVISIONING_DEFAULTS, Provisioner, type ProvisioningDelays } from "./provisioner.ts";
import { VolumeSync } from "./volume-sync.ts";
import { VolumeWriter } from "./volume-writer.ts";

/** @source kubernetes 1.37 kube-controller-manager --pvclaimbinder-sync-period */
const SYNC_PERIOD = seconds(15);
const POD_CHANGES = CHANGE.added | CHANGE.deleted;

/**
 * The controllers of persistent storage, and the drivers behind them: claims are bound to volumes, or get volumes made;
 * volumes whose claims are gone are kept or deleted.
 *
 * Claims without a volume are looked at again every 15 s, on the grid of the start of the run, as long as there are any.
 * @source kubernetes 1.37 pkg/controller/volume
 */
export class VolumeController {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #cursor: Cursor;
  readonly #writer: VolumeWriter;
  readonly #users: ClaimUsers;
  readonly #claims: ClaimSync;
  readonly #volumes: VolumeSync;
  readonly #provisioner: Provisioner;
  readonly #protection: Protection;
  readonly #claimQueue: WorkQueue;
  readonly #volumeQueue: WorkQueue;
  /** Rows of the claims that have no volume, in order of arrival. */
  readonly #unbound: StateMap<number, true>;
  readonly #resyncAt: StateValue<number>;
  readonly #resyncKind: number;

  constructor(store: Store, delays: ProvisioningDelays = PROVISIONING_DEFAULTS) {
    const { engine } = store;
    this.#store = store;
    this.#engine = engine;
    this.#writer = new VolumeWriter(store);
    const { claims, volumes } = this.#writer;
    this.#users = new ClaimUsers(store);
    this.#claims = new ClaimSync(store, this.#writer, this.#users);
    this.#provisioner = new Provisioner(store, this.#writer, delays);
    this.#protection = new Protection(store, this.#writer, this.#users);
    this.#volumes = new VolumeSync(this.#writer, {
      onClaim: (row) => this.#claimQueue.add(row),
      onDelete: (row) => this.#provisioner.release(row),
    });
    this.#volumeQueue = new WorkQueue(store, "volumes.volume", volumes.rows, (row) => this.#syncVolume(row));
    this.#claimQueue = new WorkQueue(store, "volumes.claim", claims.rows, (row) => this.#syncClaim(row));
    this.#unbound = new StateMap(engine.cells, "volumes.unbound");
    this.#resyncAt = new StateValue(engine.cells, "volumes.resyncAt", -1);
    this.#resyncKind = engine.define("volumes.resync", PHASE.control, () => this.#resync());
    this.#cursor = store.watch("volumes", ["PersistentVolume", "PersistentVolumeClaim", "Pod"], () => this.#read(), 0, {
      pods: { flags: POD_CHANGES },
    });
  }

  #read(): void {
    const cursor = this.#cursor;
    const { claims, volumes } = this.#writer;
    while (cursor.next()) {
      const { kindId, row, flags } = cursor;
      if (kindId === claims.kindId) this.#noteClaim(row, flags);
      else if (kindId === volumes.kindId) this.#noteVolume(row, flags);
      else if ((flags & POD_CHANGES) !== 0) this.#notePod(row, flags);
    }
  }

  #noteClaim(row: number, flags: number): void {
    const { claims, volumes } = this.#writer;
    if ((flags & CHANGE.deleted) !== 0) {
      const name = (this.#cursor.old as PersistentVolumeClaim).spec?.volumeName ?? "";
      const volumeRow = name === "" ? -1 : volumes.rowOf("", name);
      if (volumeRow !== -1) this.#volumeQueue.add(volumeRow);
      this.#unbound.delete(row);
      return;
    }
    if (!claims.isPresent(row)) return;
    if (claims.get(row).status?.phase === "Bound") this.#unbound.delete(row);
    else this.#unbound.set(row, true);
    if ((flags & CHANGE.added) !== 0 || !this.#writer.wroteClaim(row)) this.#claimQueue.add(row);
    this.#provisioner.noteClaim(row);
  }

  #noteVolume(row: number, flags: number): void {
    const { claims, volumes } = this.#writer;
    if ((flags & CHANGE.deleted) !== 0) {
      const { claimRef } = (this.#cursor.old as PersistentVolume).spec;
      const claimRow = claims.rowOf(claimRef?.namespace ?? "", claimRef?.name ?? "");
      if (claimRow !== -1) this.#claimQueue.add(claimRow);
      return;
    }
    const isNews = (flags & CHANGE.added) !== 0 || !this.#writer.wroteVolume(row);
    if (volumes.isPresent(row) && isNews) this.#volumeQueue.add(row);
  }

  #notePod(row: number, flags: number): void {
    const isGone = (flags & CHANGE.deleted) !== 0;
    const keys = this.#users.note(row, isGone);
    if (keys.length === 0) return;
    if (!isGone) {
      createEphemeralClaims(this.#store, row);
      return;
    }
    const { claims } = this.#writer;
    for (const key of keys) {
      const [namespace = "", name = ""] = key.split("/");
      const claimRow = claims.rowOf(namespace, name);
      if (claimRow !== -1 && claims.get(claimRow).metadata.deletionTimestamp !== undefined) {
        this.#claimQueue.add(claimRow);
      }
    }
  }

  #syncClaim(row: number): void {
    this.#protection.releaseClaim(row);
    this.#claims.sync(row);
    this.#armResync();
  }

  #syncVolume(row: number): void {
    this.#volumes.sync(row);
    this.#protection.releaseVolume(row);
  }

  #resync(): void {
    this.#resyncAt.value = -1;
    for (const row of [...this.#unbound.keys()]) this.#claims.sync(row);
    this.#armResync();
  }

  #armResync(): void {
    if (this.#unbound.size === 0 || this.#resyncAt.value !== -1) return;
    const next = (Math.floor(this.#engine.now / SYNC_PERIOD) + 1) * SYNC_PERIOD;
    this.#resyncAt.value = next;
    this.#engine.at(next, this.#resyncKind);
  }
}
