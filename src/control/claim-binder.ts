import type { PersistentVolumeClaim } from "../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, type Store } from "../store/index.ts";

/**
 * Binds volume claims.
 *
 * DEVIATION(claims-bound-at-once): a claim is Bound in the instant in which it is made, to a volume that is no object. In the
 * original it waits for a volume to be found or provisioned, or for its first pod to be scheduled, and may wait for ever.
 * @source kubernetes 1.37 pkg/controller/volume/persistentvolume
 */
export class ClaimBinder {
  readonly #store: Store;
  readonly #table: DocumentTable<PersistentVolumeClaim>;
  readonly #cursor: Cursor;

  constructor(store: Store) {
    this.#store = store;
    this.#table = store.documents<PersistentVolumeClaim>("PersistentVolumeClaim");
    this.#cursor = store.watch("claimBinder", ["PersistentVolumeClaim"], () => this.#read());
  }

  #read(): void {
    while (this.#cursor.next()) {
      const { row, flags } = this.#cursor;
      if ((flags & CHANGE.added) !== 0 && this.#table.isPresent(row)) this.#bind(row);
    }
  }

  #bind(row: number): void {
    const claim = this.#table.get(row);
    const { accessModes, resources } = claim.spec ?? {};
    this.#store.writer.updateStatus(this.#table, row, {
      ...claim.status,
      phase: "Bound",
      ...(accessModes === undefined ? {} : { accessModes }),
      ...(resources?.requests === undefined ? {} : { capacity: resources.requests }),
    });
  }
}
