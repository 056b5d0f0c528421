import { ephemeralClaimName, type PodSpec } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { StateMap } from "../../tables/index.ts";

/** What a claim is known by. */
export function claimKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

/** Which pods use which claims. Pods without claims cost one look at their template. */
export class ClaimUsers {
  readonly #store: Store;
  /** Pod rows in order of creation, by the claim's key. */
  readonly #rows: StateMap<string, readonly number[]>;

  constructor(store: Store) {
    this.#store = store;
    this.#rows = new StateMap(store.engine.cells, "volumes.users");
  }

  /** Notes a pod that was made or is gone; gives the keys of its claims. */
  note(row: number, isGone: boolean): readonly string[] {
    const { pods } = this.#store;
    const { volumes } = pods.templateOf(row).spec;
    if (volumes === undefined) return NONE;
    const keys = claimNames(pods.name.get(row), volumes).map((name) => claimKey(pods.namespaceOf(row), name));
    for (const key of keys) {
      const others = (this.#rows.get(key) ?? []).filter((other) => other !== row);
      const rows = isGone ? others : [...others, row];
      if (rows.length === 0) this.#rows.delete(key);
      else this.#rows.set(key, Object.freeze(rows));
    }
    return keys;
  }

  /** Rows of the pods that use a claim. */
  of(key: string): readonly number[] {
    return this.#rows.get(key) ?? NO_ROWS;
  }

  /** Names of the pods of a claim that have no node yet, in order of creation. */
  waiting(key: string): string[] {
    const { pods } = this.#store;
    return this.of(key)
      .filter((row) => pods.nodeId.get(row) === -1 && !pods.isTerminal(row))
      .map((row) => pods.name.get(row));
  }

  /** Whether a pod that has a node uses the claim. Ended ones do, while they are there. */
  isInUse(key: string): boolean {
    return this.of(key).some((row) => this.#store.pods.nodeId.get(row) !== -1);
  }
}

const NONE: readonly string[] = [];
const NO_ROWS: readonly number[] = [];

function claimNames(pod: string, volumes: NonNullable<PodSpec["volumes"]>): string[] {
  return volumes.flatMap((volume) => {
    if (volume.ephemeral !== undefined) return [ephemeralClaimName(pod, volume.name)];
    const claim = volume.persistentVolumeClaim as { readonly claimName: string } | undefined;
    return claim === undefined ? [] : [claim.claimName];
  });
}
