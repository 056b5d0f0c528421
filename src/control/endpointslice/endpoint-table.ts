import type { Endpoint } from "../../kube/index.ts";
import { type CellRegistry, Column, Interner, Links, RefColumn, Rows } from "../../tables/index.ts";

export type SlicePort = {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly appProtocol?: string;
};

const NO_PORTS: readonly SlicePort[] = Object.freeze([]);

/**
 * Which pods belong to which services, and in which slice each stands: one entry for each pod that a service selects,
 * whether or not it can be an endpoint yet. So a change of a pod costs its services their slice, not their membership.
 * Services, pods and slices are named by their rows; -1 is none.
 */
export class EndpointTable {
  readonly rows: Rows;
  /** -1 when the pod is gone or no longer selected: the entry leaves with the next sync. */
  readonly pod: Column<Int32Array>;
  readonly service: Column<Int32Array>;
  /** The endpoint as written into the slice. */
  readonly endpoint: RefColumn<Endpoint | null>;
  readonly byPod: Links;
  readonly byService: Links;
  /** Entries of a slice in the order of its endpoints; the list number is the slice's row. */
  readonly bySlice: Links;
  /** Entries that the next sync of a service looks at. */
  readonly dirty: Links;
  /** The slices of a service. */
  readonly slices: Links;
  /** By slice row: number of its list of ports. */
  readonly portsOf: Column<Int32Array>;
  readonly #portLists: Interner;
  readonly #ports: RefColumn<readonly SlicePort[]>;

  constructor(cells: CellRegistry) {
    const name = "endpointslice";
    this.rows = new Rows(cells, `${name}.entries`);
    this.pod = new Column<Int32Array>(cells, `${name}.entry.pod`, Int32Array, -1);
    this.service = new Column<Int32Array>(cells, `${name}.entry.service`, Int32Array, -1);
    this.endpoint = new RefColumn<Endpoint | null>(cells, `${name}.entry.endpoint`, null);
    this.byPod = new Links(cells, `${name}.byPod`);
    this.byService = new Links(cells, `${name}.byService`);
    this.bySlice = new Links(cells, `${name}.bySlice`);
    this.dirty = new Links(cells, `${name}.dirty`);
    this.slices = new Links(cells, `${name}.slices`);
    this.portsOf = new Column<Int32Array>(cells, `${name}.portsOf`, Int32Array, -1);
    this.#portLists = new Interner(cells, `${name}.portLists`);
    this.#ports = new RefColumn(cells, `${name}.ports`, NO_PORTS);
  }

  /** The entry of a pod for a service, or -1. */
  find(pod: number, service: number): number {
    for (let entry = this.byPod.head(pod); entry !== -1; entry = this.byPod.next(entry)) {
      if (this.service.get(entry) === service) return entry;
    }
    return -1;
  }

  /** The entry of a pod for a service, made if need be. */
  ensure(pod: number, service: number): number {
    const known = this.find(pod, service);
    if (known !== -1) return known;
    const entry = this.rows.allocate();
    this.pod.set(entry, pod);
    this.service.set(entry, service);
    this.byPod.append(pod, entry);
    this.byService.append(service, entry);
    return entry;
  }

  /** The pod no longer belongs to the service; the entry stays until the next sync has taken it out of its slice. */
  part(entry: number): void {
    this.pod.set(entry, -1);
    this.byPod.remove(entry);
    this.markDirty(entry);
  }

  markDirty(entry: number): void {
    this.dirty.append(this.service.get(entry), entry);
  }

  free(entry: number): void {
    for (const links of [this.byPod, this.byService, this.bySlice, this.dirty]) links.remove(entry);
    this.endpoint.clear(entry);
    this.rows.free(entry);
  }

  sliceOf(entry: number): number {
    return this.bySlice.listOf(entry);
  }

  /** The number of a list of ports: equal lists, equal numbers. */
  portsId(ports: readonly SlicePort[]): number {
    const known = this.#portLists.count;
    const id = this.#portLists.idOf(JSON.stringify(ports));
    if (id === known) this.#ports.set(id, Object.freeze(ports.map((port) => Object.freeze({ ...port }))));
    return id;
  }

  ports(id: number): readonly SlicePort[] {
    return this.#ports.get(id);
  }

  /** A slice of ours: of a service, with ports. */
  addSlice(slice: number, service: number, portsId: number): void {
    this.slices.append(service, slice);
    this.portsOf.set(slice, portsId);
  }

  isOurs(slice: number): boolean {
    return this.slices.listOf(slice) !== -1;
  }

  /** The slice is gone: its entries stand nowhere. */
  dropSlice(slice: number): void {
    for (const entry of this.bySlice.rows(slice)) this.bySlice.remove(entry);
    this.slices.remove(slice);
    this.portsOf.set(slice, -1);
  }

  /** The service is gone, with its entries. Its slices are left to the garbage collector. */
  dropService(service: number): void {
    for (const entry of this.byService.rows(service)) this.free(entry);
    for (const slice of this.slices.rows(service)) this.dropSlice(slice);
  }
}
