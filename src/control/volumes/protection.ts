import { CLAIM_PROTECTION, type KubeObject, VOLUME_PROTECTION } from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";
import { type ClaimUsers, claimKey } from "./claim-users.ts";
import type { VolumeWriter } from "./volume-writer.ts";

/**
 * Lets deleted claims go once no pod on a node uses them, and deleted volumes once they are not bound.
 *
 * @source kubernetes 1.37 pkg/controller/volume/pvcprotection, pvprotection
 */
export class Protection {
  readonly #store: Store;
  readonly #writer: VolumeWriter;
  readonly #users: ClaimUsers;

  constructor(store: Store, writer: VolumeWriter, users: ClaimUsers) {
    this.#store = store;
    this.#writer = writer;
    this.#users = users;
  }

  releaseClaim(row: number): void {
    const { claims } = this.#writer;
    if (!claims.isPresent(row)) return;
    const { namespace = "", name = "" } = claims.get(row).metadata;
    if (isHeld(claims, row, CLAIM_PROTECTION) && !this.#users.isInUse(claimKey(namespace, name))) {
      this.#drop(claims, row, CLAIM_PROTECTION);
    }
  }

  releaseVolume(row: number): void {
    const { volumes } = this.#writer;
    if (!volumes.isPresent(row) || volumes.get(row).status?.phase === "Bound") return;
    if (isHeld(volumes, row, VOLUME_PROTECTION)) this.#drop(volumes, row, VOLUME_PROTECTION);
  }

  #drop(table: DocumentTable, row: number, name: string): void {
    const object = table.get(row);
    const { finalizers = [], ...rest } = object.metadata;
    const others = finalizers.filter((finalizer) => finalizer !== name);
    const metadata = others.length === 0 ? rest : { ...rest, finalizers: others };
    this.#store.writer.update(table, row, { ...object, metadata });
  }
}

function isHeld(table: DocumentTable<KubeObject>, row: number, finalizer: string): boolean {
  const { deletionTimestamp, finalizers = [] } = table.get(row).metadata;
  return deletionTimestamp !== undefined && finalizers.includes(finalizer);
}
