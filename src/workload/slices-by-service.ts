import type { EndpointSlice } from "../kube/index.ts";
import type { DocumentTable, Store } from "../store/index.ts";
import { RefColumn } from "../tables/index.ts";

const NO_ROWS: readonly number[] = Object.freeze([]);

/** Which EndpointSlices belong to a Service, as far as their changes have been told (`changed`). */
export class SlicesByService {
  readonly #slices: DocumentTable<EndpointSlice>;
  /** The Service of each slice, "" for none. */
  readonly #serviceOf: RefColumn<string>;
  /** Rows by Service: derived. */
  #rows: Map<string, number[]> | undefined;

  constructor(store: Store) {
    const { engine } = store;
    this.#slices = store.documents<EndpointSlice>("EndpointSlice");
    this.#serviceOf = new RefColumn(engine.cells, "workload.sliceService", "");
    engine.cells.add({
      name: "workload.slices",
      save: () => ({ form: "data", data: null }),
      load: () => {
        this.#rows = undefined;
      },
    });
  }

  /** A slice was written, made or deleted; returns its Service as `keyOf` writes it. */
  changed(row: number): string {
    const { metadata } = this.#slices.get(row);
    const name = metadata.labels?.["kubernetes.io/service-name"] ?? "";
    const service = name === "" ? "" : keyOf(metadata.namespace ?? "", name);
    const next = this.#slices.isPresent(row) ? service : "";
    const before = this.#serviceOf.get(row);
    if (before !== next) {
      const rows = this.#index();
      if (before !== "")
        rows.set(
          before,
          (rows.get(before) ?? []).filter((other) => other !== row),
        );
      this.#serviceOf.set(row, next);
      if (next !== "") enter(rows, next, row);
    }
    return service;
  }

  /** Rows of the slices of a Service. */
  of(service: string): readonly number[] {
    return this.#index().get(service) ?? NO_ROWS;
  }

  #index(): Map<string, number[]> {
    if (this.#rows === undefined) {
      this.#rows = new Map();
      for (const [row, service] of this.#serviceOf.data.entries()) if (service !== "") enter(this.#rows, service, row);
    }
    return this.#rows;
  }
}

export function keyOf(namespace: string, service: string): string {
  return `${namespace}/${service}`;
}

function enter(rows: Map<string, number[]>, service: string, row: number): void {
  const known = rows.get(service);
  if (known === undefined) rows.set(service, [row]);
  else known.push(row);
}
