import type { CsiNode, PersistentVolume, PersistentVolumeClaim, StorageClass } from "../kube/index.ts";
import type { DocumentTable, Store } from "../store/index.ts";
import type { CsiDriver, StorageView } from "./storage-view.ts";

/** Persistent storage in the store. */
export class StoreStorage implements StorageView {
  readonly #store: Store;
  readonly #claims: DocumentTable<PersistentVolumeClaim>;
  readonly #volumes: DocumentTable<PersistentVolume>;

  constructor(store: Store) {
    this.#store = store;
    this.#claims = store.documents<PersistentVolumeClaim>("PersistentVolumeClaim");
    this.#volumes = store.documents<PersistentVolume>("PersistentVolume");
  }

  claim(namespace: string, name: string): PersistentVolumeClaim | undefined {
    return this.#claims.find(namespace, name);
  }

  volume(name: string): PersistentVolume | undefined {
    return this.#volumes.find("", name);
  }

  volumes(): readonly PersistentVolume[] {
    return this.#volumes.list();
  }

  storageClass(name: string): StorageClass | undefined {
    return this.#store.documents<StorageClass>("StorageClass").find("", name);
  }

  csiNode(nodeName: string): CsiNode | undefined {
    return this.#store.documents<CsiNode>("CSINode").find("", nodeName);
  }

  csiDriver(name: string): CsiDriver | undefined {
    return this.#store.documents<CsiDriver>("Other").find("", `CSIDriver/${name}`);
  }

  update(object: PersistentVolume | PersistentVolumeClaim): string | undefined {
    const { kind, metadata } = object;
    const { namespace = "", name = "", resourceVersion } = metadata;
    const resource = `${kind.toLowerCase()}s`;
    const table = (kind === "PersistentVolume" ? this.#volumes : this.#claims) as DocumentTable;
    const row = table.rowOf(namespace, name);
    if (row === -1) return `${resource} "${name}" not found`;
    if (table.get(row).metadata.resourceVersion !== resourceVersion) {
      return `Operation cannot be fulfilled on ${resource} "${name}": the object has been modified; please apply your changes to the latest version and try again`;
    }
    this.#store.writer.update(table, row, object);
    return undefined;
  }
}
