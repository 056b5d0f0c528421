import type { CellRegistry } from "../../tables/index.ts";
import { Column } from "../../tables/index.ts";

/** What a slot counts for, as bits. */
export const COUNTS = {
  desired: 1,
  current: 2,
  misscheduled: 4,
  ready: 8,
  updated: 16,
  available: 32,
  former: 64,
} as const;
const NAMES = Object.keys(COUNTS) as (keyof typeof COUNTS)[];

/** The slots of each DaemonSet, counted as they change. Counts are by row of the set. */
export class DaemonTally {
  /** By slot: what it is counted as. */
  readonly #bits: Column<Uint8Array>;
  readonly #counts: Readonly<Record<keyof typeof COUNTS, Column<Int32Array>>>;

  constructor(cells: CellRegistry) {
    const column = (name: string) => new Column<Int32Array>(cells, `daemonset.count.${name}`, Int32Array);
    this.#bits = new Column<Uint8Array>(cells, "daemonset.countedAs", Uint8Array);
    this.#counts = {
      desired: column("desired"),
      current: column("current"),
      misscheduled: column("misscheduled"),
      ready: column("ready"),
      updated: column("updated"),
      available: column("available"),
      /** Slots with a pod of a former revision that is not being deleted. */
      former: column("former"),
    };
  }

  set(owner: number, slot: number, bits: number): void {
    const before = this.#bits.get(slot);
    if (before === bits) return;
    this.#bits.set(slot, bits);
    for (const name of NAMES) {
      const bit = COUNTS[name];
      const by = ((bits & bit) === 0 ? 0 : 1) - ((before & bit) === 0 ? 0 : 1);
      if (by !== 0) this.#counts[name].set(owner, this.#counts[name].get(owner) + by);
    }
  }

  bitsOf(slot: number): number {
    return this.#bits.get(slot);
  }

  of(owner: number, name: keyof typeof COUNTS): number {
    return this.#counts[name].get(owner);
  }
}
