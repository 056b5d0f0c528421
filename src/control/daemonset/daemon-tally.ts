import type { CellRegistry } from "../../tables/index.ts";
import { Column } from "../../tables/index.ts";

/** What a slot counts for, as bits: first what the status says, then how it stands in a rolling update. */
export const COUNTS = {
  desired: 1,
  current: 2,
  misscheduled: 4,
  ready: 8,
  updated: 16,
  available: 32,
  /** Has a pod of a former revision that is not being deleted. */
  former: 64,
  /** Its only pod is a former one: available, or not. */
  candidate: 128,
  free: 256,
  /** Counts as unavailable where pods are replaced. */
  blocked: 512,
  /** Has a second pod that is not available yet. */
  surging: 1024,
  /** Its new pod is available, and the former one still there. */
  replaced: 2048,
  /** The pod that counts in a surge, the former one if there is one, is available. */
  serving: 4096,
} as const;
export type CountName = keyof typeof COUNTS;
const NAMES = Object.keys(COUNTS) as CountName[];

/** The slots of each DaemonSet, counted as they change. Counts are by row of the set. */
export class DaemonTally {
  /** By slot: what it is counted as. */
  readonly #bits: Column<Int32Array>;
  readonly #counts: Readonly<Record<CountName, Column<Int32Array>>>;

  constructor(cells: CellRegistry) {
    this.#bits = new Column<Int32Array>(cells, "daemonset.countedAs", Int32Array);
    const column = (name: CountName) => new Column<Int32Array>(cells, `daemonset.count.${name}`, Int32Array);
    this.#counts = Object.fromEntries(NAMES.map((name) => [name, column(name)])) as Record<
      CountName,
      Column<Int32Array>
    >;
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

  of(owner: number, name: CountName): number {
    return this.#counts[name].get(owner);
  }
}
