import {
  claimClass,
  hasAnnotation,
  isBindingDelayed,
  type KubeNode,
  type NodeSelector,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PHASE,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  type StorageClass,
} from "../../kube/index.ts";
import { type Distribution, type Stream, sample } from "../../random/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { StateMap } from "../../tables/index.ts";
import { seconds } from "../../units/index.ts";
import { deleteObject } from "../delete-object.ts";
import { affinityByTurns, affinityFor, reachOf } from "./topology.ts";
import type { VolumeWriter } from "./volume-writer.ts";

export interface ProvisioningDelays {
  /** From the request for a volume to the volume. */
  readonly provision: Distribution;
  /** From the release of a volume to its end. */
  readonly remove: Distribution;
}

/** What drivers of cloud disks commonly take. */
export const PROVISIONING_DEFAULTS: ProvisioningDelays = {
  provision: { uniform: { min: seconds(1), max: seconds(5) } },
  remove: { uniform: { min: seconds(1), max: seconds(5) } },
};

/** Keeps a volume until its driver has deleted what is behind it. */
const DRIVER_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer";

/**
 * The storage drivers of the cluster: every class with a provisioner has one that works. It makes the volume of a claim
 * where the claim's pod goes (or, bound at once, anywhere that is allowed), and deletes it when it is released.
 *
 * DEVIATION(storage-drivers): provisioning and deleting take their time and never fail; capacity of the storage
 * (CSIStorageCapacity), attaching to nodes, snapshots and growing are not modelled.
 * @source sig-storage-lib-external-provisioner controller.go
 */
export class Provisioner {
  readonly #store: Store;
  readonly #writer: VolumeWriter;
  readonly #delays: ProvisioningDelays;
  readonly #classes: DocumentTable<StorageClass>;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #stream: Stream;
  /** Claims and volumes under way, by uid. */
  readonly #busy: StateMap<string, true>;
  readonly #provisionKind: number;
  readonly #removeKind: number;

  constructor(store: Store, writer: VolumeWriter, delays: ProvisioningDelays) {
    this.#store = store;
    this.#writer = writer;
    this.#delays = delays;
    this.#classes = store.documents<StorageClass>("StorageClass");
    this.#nodes = store.documents<KubeNode>("Node");
    const { engine } = store;
    this.#stream = engine.streams.stream("volumes/provisioner");
    this.#busy = new StateMap(engine.cells, "volumes.busy");
    const { claims, volumes } = writer;
    this.#provisionKind = engine.define("volumes.provision", PHASE.control, (row) => this.#provision(row), {
      rows: claims.rows,
    });
    this.#removeKind = engine.define("volumes.remove", PHASE.control, (row) => this.#remove(row), {
      rows: volumes.rows,
    });
  }

  /** A claim that may want a volume of a driver. */
  noteClaim(row: number): void {
    const { claims } = this.#writer;
    if (!claims.isPresent(row)) return;
    const claim = claims.get(row);
    const { uid = "", namespace, name } = claim.metadata;
    if (this.#busy.has(uid) || !this.#isWanted(claim)) return;
    this.#busy.set(uid, true);
    const message = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
    this.#store.event(claim, driverOf(claim), "Normal", "Provisioning", message);
    this.#store.engine.after(sample(this.#delays.provision, this.#stream), this.#provisionKind, row);
  }

  /** A volume that is of no use any more, to be deleted by its policy. */
  release(row: number): void {
    const volume = this.#writer.volumes.get(row);
    const { uid = "" } = volume.metadata;
    if (!hasAnnotation(volume, PROVISIONED_BY)) {
      this.#refuse(row, volume);
      return;
    }
    if (this.#busy.has(uid)) return;
    this.#busy.set(uid, true);
    this.#store.engine.after(sample(this.#delays.remove, this.#stream), this.#removeKind, row);
  }

  /** Volumes made by hand: drivers leave theirs alone, and the others have nobody who could delete them. */
  #refuse(row: number, volume: PersistentVolume): void {
    if (volume.spec.csi !== undefined || volume.status?.phase === "Failed") return;
    const message = `error getting deleter volume plugin for volume "${volume.metadata.name}": no deletable volume plugin matched`;
    this.#writer.setVolumePhase(row, "Failed");
    this.#writer.volumeEvent(volume, "Warning", "VolumeFailedDelete", message);
  }

  #isWanted(claim: PersistentVolumeClaim): boolean {
    if (driverOf(claim) === "" || (claim.spec?.volumeName ?? "") !== "") return false;
    if (claim.metadata.deletionTimestamp !== undefined) return false;
    const storageClass = this.#classes.find("", claimClass(claim));
    if (storageClass === undefined) return false;
    return !isBindingDelayed(storageClass) || hasAnnotation(claim, SELECTED_NODE);
  }

  #provision(row: number): void {
    const { claims } = this.#writer;
    const claim = claims.get(row);
    this.#busy.delete(claim.metadata.uid ?? "");
    const storageClass = this.#classes.find("", claimClass(claim));
    if (!claims.isPresent(row) || !this.#isWanted(claim) || storageClass === undefined) return;
    const nodeName = claim.metadata.annotations?.[SELECTED_NODE];
    const node = nodeName === undefined ? undefined : this.#nodes.find("", nodeName);
    if (nodeName !== undefined && node === undefined) {
      this.#giveBack(row, claim, nodeName);
      return;
    }
    const reach = reachOf(driverOf(claim));
    const affinity =
      node === undefined
        ? affinityByTurns(reach, storageClass, this.#nodes.list(), claim.metadata.name ?? "")
        : affinityFor(reach, node);
    const volume = volumeFor(claim, storageClass, affinity);
    this.#store.writer.create(volume);
    const message = `Successfully provisioned volume ${volume.metadata.name}`;
    this.#store.event(claim, driverOf(claim), "Normal", "ProvisioningSucceeded", message);
  }

  /** The node is gone: the scheduler has to choose another. */
  #giveBack(row: number, claim: PersistentVolumeClaim, nodeName: string): void {
    const message = `failed to get target node: node "${nodeName}" not found`;
    this.#store.event(claim, driverOf(claim), "Warning", "ProvisioningFailed", message);
    const { [SELECTED_NODE]: _, ...annotations } = claim.metadata.annotations ?? {};
    this.#store.writer.update(this.#writer.claims, row, { ...claim, metadata: { ...claim.metadata, annotations } });
  }

  #remove(row: number): void {
    const { volumes } = this.#writer;
    this.#busy.delete(volumes.get(row).metadata.uid ?? "");
    if (!volumes.isPresent(row) || volumes.get(row).status?.phase !== "Released") return;
    deleteObject(this.#store, "PersistentVolume", row);
    if (!volumes.isPresent(row)) return;
    const volume = volumes.get(row);
    const finalizers = (volume.metadata.finalizers ?? []).filter((finalizer) => finalizer !== DRIVER_FINALIZER);
    this.#store.writer.update(volumes, row, { ...volume, metadata: { ...volume.metadata, finalizers } });
  }
}

function driverOf({ metadata }: PersistentVolumeClaim): string {
  return metadata.annotations?.[STORAGE_PROVISIONER] ?? "";
}

function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  affinity: NodeSelector | undefined,
): PersistentVolume {
  const { name = "", namespace = "", uid = "" } = claim.metadata;
  const { accessModes = [], resources, volumeMode = "Filesystem" } = claim.spec ?? {};
  const volumeName = `pvc-${uid}`;
  const isDeleted = storageClass.reclaimPolicy !== "Retain";
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name: volumeName,
      annotations: { [PROVISIONED_BY]: driverOf(claim) },
      ...(isDeleted ? { finalizers: [DRIVER_FINALIZER] } : {}),
    },
    spec: {
      accessModes,
      capacity: { storage: resources?.requests?.storage ?? "0" },
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
      csi: { driver: driverOf(claim), volumeHandle: volumeName },
      ...(affinity === undefined ? {} : { nodeAffinity: { required: affinity } }),
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? "Delete",
      storageClassName: storageClass.metadata.name ?? "",
      volumeMode,
    },
    status: { phase: "Pending" },
  };
}
