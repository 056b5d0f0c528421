/** Whole numbers by topology domain: by node label, then by its value. */
export class TopologyCounts {
  readonly byKey = new Map<string, Map<string, number>>();

  add(key: string, value: string, amount: number): void {
    let byValue = this.byKey.get(key);
    if (byValue === undefined) {
      byValue = new Map();
      this.byKey.set(key, byValue);
    }
    byValue.set(value, (byValue.get(value) ?? 0) + amount);
  }

  get(key: string, value: string): number {
    return this.byKey.get(key)?.get(value) ?? 0;
  }

  /** Whether no domain has a count other than zero. */
  get isZero(): boolean {
    for (const byValue of this.byKey.values()) for (const count of byValue.values()) if (count !== 0) return false;
    return true;
  }

  get hasEntries(): boolean {
    return this.byKey.size > 0;
  }

  clone(): TopologyCounts {
    const copy = new TopologyCounts();
    for (const [key, byValue] of this.byKey) copy.byKey.set(key, new Map(byValue));
    return copy;
  }
}
