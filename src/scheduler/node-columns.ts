/**
 * The numbers of all nodes that filters and scores read for every pod: one array a quantity, one row a node.
 * A row is given back when its node goes and may then belong to another one.
 */
export class NodeColumns {
  allocatableCpuMilli = new Float64Array(FIRST_ROWS);
  allocatableMemoryBytes = new Float64Array(FIRST_ROWS);
  allocatableEphemeralBytes = new Float64Array(FIRST_ROWS);
  allocatablePods = new Float64Array(FIRST_ROWS);
  requestedCpuMilli = new Float64Array(FIRST_ROWS);
  requestedMemoryBytes = new Float64Array(FIRST_ROWS);
  requestedEphemeralBytes = new Float64Array(FIRST_ROWS);
  /** Requests with a stand-in for containers that name none; only scores look at them. */
  nonZeroCpuMilli = new Float64Array(FIRST_ROWS);
  nonZeroMemoryBytes = new Float64Array(FIRST_ROWS);
  podCount = new Float64Array(FIRST_ROWS);
  /** Grows with every change of the row: what was computed at the same generation still holds. */
  generation = new Float64Array(FIRST_ROWS);
  /** Set while somebody tries what would be if, and puts everything back: that changes nothing. */
  isWhatIf = false;
  #free: number[] = [];
  #limit = 0;
  #clock = 0;
  /** Rows of the newest changes, by clock. */
  readonly #touched = new Int32Array(REMEMBERED);

  /** A row of zeros. */
  allocate(): number {
    const row = this.#free.pop() ?? this.#limit++;
    if (row >= this.podCount.length) this.#grow();
    for (const column of NUMBERS) this[column][row] = 0;
    this.touch(row);
    return row;
  }

  free(row: number): void {
    this.#free.push(row);
  }

  /** Rows in use are below this. */
  get limit(): number {
    return this.#limit;
  }

  touch(row: number): void {
    if (this.isWhatIf) return;
    this.generation[row] = ++this.#clock;
    this.#touched[this.#clock & (REMEMBERED - 1)] = row;
  }

  /** Changes of rows so far: the newest generation. */
  get clock(): number {
    return this.#clock;
  }

  /** Whether all changes after that one are still known. */
  remembers(clock: number): boolean {
    return this.#clock - clock <= REMEMBERED;
  }

  /** The row that a change was of; the change must be remembered. */
  rowTouchedAt(clock: number): number {
    return this.#touched[clock & (REMEMBERED - 1)]!;
  }

  #grow(): void {
    for (const column of [...NUMBERS, "generation"] as const) {
      const wider = new Float64Array(this[column].length * 2);
      wider.set(this[column]);
      this[column] = wider;
    }
  }
}

const FIRST_ROWS = 16;
/** A power of two. Far more changes than this make it cheaper to look at all rows. */
const REMEMBERED = 4096;

/** The columns that describe one node and that a what-if puts back. */
export const NUMBERS = [
  "allocatableCpuMilli",
  "allocatableMemoryBytes",
  "allocatableEphemeralBytes",
  "allocatablePods",
  "requestedCpuMilli",
  "requestedMemoryBytes",
  "requestedEphemeralBytes",
  "nonZeroCpuMilli",
  "nonZeroMemoryBytes",
  "podCount",
] as const;
