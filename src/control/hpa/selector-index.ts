import { compileRequirements, type Matcher, parseSelector } from "../../kube/index.ts";
import type { PodTable } from "../../store/index.ts";
import { type CellRegistry, StateMap } from "../../tables/index.ts";

interface Entry {
  readonly text: string;
  readonly matcher: Matcher;
  /** Groups of the pod table that the selector matches, also those without pods now. */
  readonly groups: number[];
}

interface Registration {
  readonly namespace: string;
  readonly selector: string;
}

/**
 * Which HPAs select which groups of pods. Only the registered selectors are state; the matching groups are worked out
 * from them and kept up as new groups appear, so that a sync looks at its own groups alone.
 */
export class SelectorIndex {
  readonly #pods: PodTable;
  readonly #registered: StateMap<number, Registration>;
  #entries: Map<number, Entry> | undefined;
  #selectingHpas = new Map<number, number[]>();
  #groupsSeen = 0;

  constructor(cells: CellRegistry, pods: PodTable) {
    this.#pods = pods;
    this.#registered = new StateMap(cells, "hpa.selectors");
    cells.add({
      name: "hpa.selectorGroups",
      save: () => ({ form: "data", data: null }),
      load: () => {
        this.#entries = undefined;
      },
    });
  }

  /** Notes that the HPA of this row selects so; the error's text when the selector cannot be read. */
  register(row: number, namespace: string, selector: string): string | undefined {
    const entries = this.#current();
    if (entries.get(row)?.text === selector) return undefined;
    const parsed = parseSelector(selector);
    if (!parsed.ok) return parsed.error;
    this.unregister(row);
    this.#registered.set(row, Object.freeze({ namespace, selector }));
    this.#enter(entries, row, namespace, selector);
    return undefined;
  }

  unregister(row: number): void {
    const entry = this.#current().get(row);
    this.#registered.delete(row);
    this.#entries?.delete(row);
    for (const group of entry?.groups ?? []) {
      const rows = this.#selectingHpas.get(group) ?? [];
      rows.splice(rows.indexOf(row), 1);
    }
  }

  /** Groups of pods that the HPA of this row selects. */
  groupsOf(row: number): readonly number[] {
    return this.#current().get(row)?.groups ?? [];
  }

  /** Whether another HPA selects a present pod that this one selects too. */
  isShared(row: number): boolean {
    for (const group of this.groupsOf(row)) {
      if ((this.#selectingHpas.get(group)?.length ?? 0) > 1 && this.#pods.byGroup.count(group) > 0) return true;
    }
    return false;
  }

  /** Rows of all HPAs that select some present pod which this one selects too, itself included. */
  selectingSamePods(row: number): number[] {
    const found = new Set<number>();
    for (const group of this.groupsOf(row)) {
      if (this.#pods.byGroup.count(group) === 0) continue;
      for (const other of this.#selectingHpas.get(group) ?? []) found.add(other);
    }
    return [...found].sort((a, b) => a - b);
  }

  #current(): Map<number, Entry> {
    if (this.#entries === undefined) this.#rebuild();
    const entries = this.#entries as Map<number, Entry>;
    for (; this.#groupsSeen < this.#pods.groups.count; this.#groupsSeen++) {
      for (const [row, entry] of entries) this.#match(row, entry, this.#groupsSeen);
    }
    return entries;
  }

  #rebuild(): void {
    const entries = new Map<number, Entry>();
    this.#entries = entries;
    this.#selectingHpas = new Map();
    this.#groupsSeen = this.#pods.groups.count;
    for (const [row, { namespace, selector }] of this.#registered) this.#enter(entries, row, namespace, selector);
  }

  #enter(entries: Map<number, Entry>, row: number, namespace: string, selector: string): void {
    const parsed = parseSelector(selector);
    const entry = { text: selector, matcher: compileRequirements(parsed.ok ? parsed.value : []), groups: [] };
    entries.set(row, entry);
    for (let group = 0; group < this.#groupsSeen; group++) {
      if (this.#pods.groupNamespace.get(group) === namespace) this.#match(row, entry, group);
    }
  }

  #match(row: number, entry: Entry, group: number): void {
    if (this.#registered.get(row)?.namespace !== this.#pods.groupNamespace.get(group)) return;
    if (!entry.matcher.matches(this.#pods.groupLabels.get(group))) return;
    entry.groups.push(group);
    const rows = this.#selectingHpas.get(group);
    if (rows === undefined) this.#selectingHpas.set(group, [row]);
    else rows.push(row);
  }
}
