import type { CsiNode, KubeObject, PersistentVolume, PersistentVolumeClaim, StorageClass } from "../kube/index.ts";

/** A storage driver's own object. */
export interface CsiDriver extends KubeObject {
  readonly spec?: { readonly preventPodSchedulingIfMissing?: boolean };
}

/** Persistent storage as the API server has it. */
export interface StorageView {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  /** In order of creation. */
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  csiNode(nodeName: string): CsiNode | undefined;
  csiDriver(name: string): CsiDriver | undefined;
  /** Writes a changed object. The text of a refusal: somebody else has changed it since, or it is gone. */
  update(object: PersistentVolume | PersistentVolumeClaim): string | undefined;
}

/** A cluster without storage. */
export const NO_STORAGE: StorageView = Object.freeze({
  claim: () => undefined,
  volume: () => undefined,
  volumes: () => [],
  storageClass: () => undefined,
  csiNode: () => undefined,
  csiDriver: () => undefined,
  update: ({ kind, metadata }: KubeObject) => `${kind.toLowerCase()}s "${metadata.name}" not found`,
});
