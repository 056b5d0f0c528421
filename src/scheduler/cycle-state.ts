/** Names a value of one type in a cycle's state; made once by the plugin that owns the value. */
export class StateKey<T> {
  readonly name: string;
  /** Only for the type checker: what is stored under this key. */
  declare readonly valueType: T;

  constructor(name: string) {
    this.name = name;
  }
}

/** What preFilter state must offer when `addPod` or `removePod` change it for a what-if on a copy. */
export interface Cloneable<T> {
  clone(): T;
}

/** What plugins remember from one extension point to the next, within one scheduling attempt of one pod. */
export class CycleState {
  readonly skippedFilters = new Set<string>();
  readonly skippedScores = new Set<string>();
  #values = new Map<unknown, unknown>();

  write<T>(key: StateKey<T>, value: T): void {
    this.#values.set(key, value);
  }

  read<T>(key: StateKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  /** A state for a what-if: values that can be cloned are, the others are shared. */
  clone(): CycleState {
    const copy = new CycleState();
    for (const name of this.skippedFilters) copy.skippedFilters.add(name);
    for (const name of this.skippedScores) copy.skippedScores.add(name);
    for (const [key, value] of this.#values) copy.#values.set(key, isCloneable(value) ? value.clone() : value);
    return copy;
  }
}

function isCloneable(value: unknown): value is Cloneable<unknown> {
  return typeof value === "object" && value !== null && "clone" in value && typeof value.clone === "function";
}
