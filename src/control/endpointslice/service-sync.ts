import type { Endpoint, EndpointSlice, Service } from "../../kube/index.ts";
import type { DocumentTable, PodTemplate, Store } from "../../store/index.ts";
import { deepFreeze, sameData } from "../../tables/index.ts";
import type { EndpointTable } from "./endpoint-table.ts";
import { endpointOf, portsFor } from "./endpoints.ts";
import { type OpenSlice, pack } from "./packing.ts";
import { newSlice, sliceLabels } from "./slice-documents.ts";

/** A slice to be made: its ports, by number, and its entries. */
interface Planned {
  readonly portsId: number;
  readonly entries: readonly number[];
}

/** What one sync found and did so far. */
interface Findings {
  /** Slices of which an endpoint changed or left, or the labels are old. */
  readonly touched: Set<number>;
  /** Entries that stand nowhere and should, by number of their ports. */
  readonly added: Map<number, number[]>;
  /** Entries that have to wait for another sync. */
  readonly waiting: number[];
  readonly tally: { added: number; removed: number; ready: number; notReady: number };
}

/** Brings the slices of one service up to date with its marked entries. */
export class ServiceSync {
  readonly #store: Store;
  readonly #services: DocumentTable<Service>;
  readonly #slices: DocumentTable<EndpointSlice>;
  readonly #table: EndpointTable;
  readonly #maxPerSlice: number;

  constructor(store: Store, table: EndpointTable, maxPerSlice: number) {
    this.#store = store;
    this.#services = store.documents("Service");
    this.#slices = store.documents("EndpointSlice");
    this.#table = table;
    this.#maxPerSlice = maxPerSlice;
  }

  /** Returns the entries that need another sync: their pods run on unknown nodes, or no slice could be made for them. `isStale`: ports and labels may have changed, too. */
  run(service: number, isStale: boolean): readonly number[] {
    const object = this.#services.get(service);
    const findings = this.#judge(service, object);
    if (isStale) {
      const labels = sliceLabels(object);
      for (const slice of this.#table.slices.rows(service)) {
        if (!sameData(this.#slices.get(slice).metadata.labels, labels)) findings.touched.add(slice);
      }
    }
    this.#write(service, object, findings);
    this.#tell(object, findings);
    return findings.waiting;
  }

  /** Compares each marked entry with what it should be. */
  #judge(service: number, object: Service): Findings {
    const table = this.#table;
    const findings: Findings = {
      touched: new Set(),
      added: new Map(),
      waiting: [],
      tally: { added: 0, removed: 0, ready: 0, notReady: 0 },
    };
    const portsOf = new Map<PodTemplate, number>();
    const marked = table.dirty.rows(service);
    for (const entry of marked) table.dirty.remove(entry);
    for (const entry of marked) {
      const pod = table.pod.get(entry);
      const wanted = pod === -1 ? "none" : endpointOf(this.#store, object, pod);
      if (wanted === "node-missing") findings.waiting.push(entry);
      if (typeof wanted === "string") {
        this.#takeOut(entry, findings);
        if (pod === -1) table.free(entry);
        continue;
      }
      const template = this.#store.pods.templateOf(pod);
      let ports = portsOf.get(template);
      if (ports === undefined) {
        ports = table.portsId(portsFor(object, template.spec));
        portsOf.set(template, ports);
      }
      this.#place(entry, wanted, ports, findings);
    }
    return findings;
  }

  /** The entry should be this endpoint in a slice of these ports. */
  #place(entry: number, wanted: Endpoint, ports: number, findings: Findings): void {
    const table = this.#table;
    const { tally } = findings;
    const slice = table.sliceOf(entry);
    const known = slice === -1 ? null : table.endpoint.get(entry);
    const wasReady = known?.conditions.ready === true;
    if (known === null && wanted.conditions.ready) tally.ready++;
    else if (known !== null && wasReady !== wanted.conditions.ready) {
      if (wasReady) tally.notReady++;
      else tally.ready++;
    }
    // An endpoint with another address is another endpoint.
    if (known !== null && table.portsOf.get(slice) === ports && known.addresses[0] === wanted.addresses[0]) {
      if (sameData(known, wanted)) return;
      table.endpoint.set(entry, deepFreeze(wanted));
      findings.touched.add(slice);
      return;
    }
    if (known === null) tally.added++;
    else {
      table.bySlice.remove(entry);
      findings.touched.add(slice);
    }
    table.endpoint.set(entry, deepFreeze(wanted));
    const list = findings.added.get(ports);
    if (list === undefined) findings.added.set(ports, [entry]);
    else list.push(entry);
  }

  #takeOut(entry: number, findings: Findings): void {
    const slice = this.#table.sliceOf(entry);
    if (slice === -1) return;
    findings.touched.add(slice);
    findings.tally.removed++;
    if (this.#table.endpoint.get(entry)?.conditions.ready === true) findings.tally.notReady++;
    this.#table.bySlice.remove(entry);
    this.#table.endpoint.clear(entry);
  }

  /** Puts new endpoints into slices, then makes, rewrites and removes documents. */
  #write(service: number, object: Service, findings: Findings): void {
    const table = this.#table;
    const { touched, added } = findings;
    const count = table.slices.count(service);
    // Only a placeholder has no endpoints before; it gives way to slices with other ports.
    const first = table.slices.head(service);
    const placeholder = count === 1 && table.bySlice.count(first) === 0 && !touched.has(first) ? first : -1;
    if (placeholder !== -1 && added.size > 0 && !added.has(table.portsOf.get(placeholder))) touched.add(placeholder);
    const doomed = [...touched].filter((slice) => table.bySlice.count(slice) === 0);
    const created: Planned[] = [];
    for (const [portsId, entries] of added) created.push(...this.#pack(service, portsId, entries, touched));
    if (doomed.length === count && created.length === 0) {
      const portsId = table.portsId([]);
      const isPlaceholder = doomed.length === 1 && doomed[0] === first && this.#isPlaceholder(first, portsId);
      if (isPlaceholder) doomed.pop();
      else created.push({ portsId, entries: [] });
    }
    // Rather than removed, a slice becomes one that would be created.
    while (doomed.length > 0 && created.length > 0) {
      const slice = doomed.shift() as number;
      this.#fill(slice, created.pop() as Planned, service);
    }
    for (const planned of created) {
      if (!this.#create(service, object, planned)) findings.waiting.push(...planned.entries);
    }
    for (const slice of touched) if (!doomed.includes(slice)) this.#rewrite(slice, object);
    for (const slice of doomed) {
      table.dropSlice(slice);
      this.#store.writer.remove(this.#slices, slice);
    }
  }

  /** Packs the entries of one list of ports; slices that take some are touched, slices to be made are returned. */
  #pack(service: number, portsId: number, entries: number[], touched: Set<number>): Planned[] {
    const table = this.#table;
    const { name, serial } = this.#store.pods;
    const podOf = (entry: number) => table.pod.get(entry);
    entries.sort((a, b) => {
      const [left, right] = [name.get(podOf(a)), name.get(podOf(b))];
      return left < right ? -1 : left > right ? 1 : serial.get(podOf(a)) - serial.get(podOf(b));
    });
    const updated: OpenSlice[] = [];
    const unchanged: OpenSlice[] = [];
    for (let slice = table.slices.head(service); slice !== -1; slice = table.slices.next(slice)) {
      if (table.portsOf.get(slice) !== portsId) continue;
      const count = table.bySlice.count(slice);
      if (!touched.has(slice)) unchanged.push({ slice, count });
      else if (count > 0) updated.push({ slice, count });
    }
    const packing = pack(entries.length, updated, unchanged, this.#maxPerSlice);
    let next = 0;
    for (const { slice, added } of packing.existing) {
      for (const entry of entries.slice(next, next + added)) table.bySlice.append(slice, entry);
      next += added;
      touched.add(slice);
    }
    return packing.created.map((size) => {
      next += size;
      return { portsId, entries: entries.slice(next - size, next) };
    });
  }

  #isPlaceholder(slice: number, noPorts: number): boolean {
    const { endpoints } = this.#slices.get(slice);
    return this.#table.portsOf.get(slice) === noPorts && endpoints.length === 0;
  }

  #fill(slice: number, planned: Planned, service: number): void {
    this.#table.addSlice(slice, service, planned.portsId);
    for (const entry of planned.entries) this.#table.bySlice.append(slice, entry);
  }

  /** False when every name drawn for the slice is taken. */
  #create(service: number, object: Service, planned: Planned): boolean {
    const endpoints = planned.entries.map((entry) => this.#endpoint(entry));
    const made = this.#store.writer.create(newSlice(object, this.#table.ports(planned.portsId), endpoints));
    if (made.ok) this.#fill(made.row, planned, service);
    return made.ok;
  }

  #rewrite(slice: number, service: Service): void {
    const object = this.#slices.get(slice);
    const labels = sliceLabels(service);
    // Frozen here, as its parts are, so that the store need not walk it.
    const endpoints = Object.freeze(this.#table.bySlice.rows(slice).map((entry) => this.#endpoint(entry)));
    const metadata = sameData(object.metadata.labels, labels) ? object.metadata : { ...object.metadata, labels };
    const ports = this.#table.ports(this.#table.portsOf.get(slice));
    this.#store.writer.update(this.#slices, slice, { ...object, metadata, endpoints, ports });
  }

  #endpoint(entry: number): Endpoint {
    return this.#table.endpoint.get(entry) as Endpoint;
  }

  #tell(service: Service, { touched, added, waiting, tally }: Findings): void {
    if ((touched.size === 0 && added.size === 0) || !this.#store.decisions.isEnabled) return;
    const { namespace = "", name = "" } = service.metadata;
    this.#store.decisions.write({
      by: "endpointslice",
      what: "endpoints",
      object: `service/${namespace}/${name}`,
      ...tally,
      slices: touched.size,
      waiting: waiting.length,
    });
  }
}
