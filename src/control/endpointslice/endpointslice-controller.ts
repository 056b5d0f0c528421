import type { Service } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, type Store } from "../../store/index.ts";
import { Column } from "../../tables/index.ts";
import { seconds } from "../../units/index.ts";
import { WorkQueue } from "../work-queue.ts";
import { EndpointTable } from "./endpoint-table.ts";
import { isManaged, ServiceMatches } from "./service-matches.ts";
import { ServiceSync } from "./service-sync.ts";

/** What of a pod matters to its endpoints, besides its labels. */
const POD_CHANGES = CHANGE.added | CHANGE.deleting | CHANGE.bound | CHANGE.phase | CHANGE.ready | CHANGE.podIp;
/** @source kubernetes 1.37 pkg/controller/endpointslice: endpointSliceChangeMinSyncDelay, defaultSyncBackOff, maxRetries */
const EDITED_SLICE_DELAY = seconds(1);
const RETRY_INITIAL = seconds(1);
const RETRIES_MAX = 15;
const RETRY_MAX = seconds(1000);

export interface EndpointSliceSettings {
  readonly maxEndpointsPerSlice: number;
}

/**
 * The EndpointSlice controller: keeps, for each service with a selector, slices that name its pods and say which are
 * ready. A change of a pod marks its entries; the sync of a service looks at the marked ones only and writes each slice
 * at most once.
 *
 * DEVIATION(endpointslice-trigger-time): the annotation `endpoints.kubernetes.io/last-change-trigger-time` is not written.
 * DEVIATION(endpointslice-foreign-edits): a slice that somebody else deletes is made again; one that somebody else edits
 * is put right only when the controller writes it next.
 * @source kubernetes 1.37 pkg/controller/endpointslice, staging/src/k8s.io/endpointslice
 */
export class EndpointSliceController {
  readonly #store: Store;
  readonly #services: DocumentTable<Service>;
  readonly #table: EndpointTable;
  readonly #matches: ServiceMatches;
  readonly #sync: ServiceSync;
  readonly #cursor: Cursor;
  readonly #queue: WorkQueue;
  /** By service row: whether its membership has to be found anew. */
  readonly #isStale: Column<Uint8Array>;
  readonly #failures: Column<Int32Array>;

  constructor(store: Store, settings: Partial<EndpointSliceSettings> = {}) {
    this.#store = store;
    this.#services = store.documents("Service");
    const { cells } = store.engine;
    this.#table = new EndpointTable(cells);
    this.#matches = new ServiceMatches("endpointslice", this.#services, store.pods);
    cells.add(this.#matches);
    this.#sync = new ServiceSync(store, this.#table, settings.maxEndpointsPerSlice ?? 100);
    this.#isStale = new Column<Uint8Array>(cells, "endpointslice.isStale", Uint8Array);
    this.#failures = new Column<Int32Array>(cells, "endpointslice.missingNodes", Int32Array);
    this.#queue = new WorkQueue(store, "endpointslice", this.#services.rows, (row) => this.#syncService(row));
    this.#cursor = store.watch("endpointslice", ["Pod", "Service", "EndpointSlice"], () => this.#read(), 0, {
      pods: { flags: POD_CHANGES | CHANGE.metadata | CHANGE.deleted },
    });
  }

  #read(): void {
    const cursor = this.#cursor;
    const [serviceKind, sliceKind] = [this.#store.kindIdOf("Service"), this.#store.kindIdOf("EndpointSlice")];
    while (cursor.next()) {
      const { row, flags, kindId } = cursor;
      if (kindId === serviceKind) this.#serviceChanged(row, flags);
      else if (kindId !== sliceKind) this.#podChanged(row, flags);
      else if ((flags & CHANGE.deleted) !== 0 && this.#table.isOurs(row)) this.#sliceTaken(row);
    }
  }

  #serviceChanged(row: number, flags: number): void {
    if ((flags & (CHANGE.added | CHANGE.deleted | CHANGE.spec)) !== 0) this.#matches.clear();
    if ((flags & CHANGE.deleted) !== 0) {
      this.#table.dropService(row);
      this.#isStale.set(row, 0);
      this.#failures.set(row, 0);
    } else if (this.#services.isPresent(row) && (flags & (CHANGE.added | CHANGE.spec | CHANGE.metadata)) !== 0) {
      this.#isStale.set(row, 1);
      this.#queue.add(row);
    }
  }

  #podChanged(pod: number, flags: number): void {
    const table = this.#table;
    const isGone = (flags & CHANGE.deleted) !== 0;
    if (!isGone && !this.#store.pods.isPresent(pod)) return;
    if (isGone) {
      for (const entry of table.byPod.rows(pod)) this.#part(entry);
      return;
    }
    if ((flags & (CHANGE.added | CHANGE.metadata)) !== 0) this.#regroup(pod);
    if ((flags & POD_CHANGES) === 0) return;
    const hasAddress = this.#store.pods.ip.get(pod) !== 0;
    for (let entry = table.byPod.head(pod); entry !== -1; entry = table.byPod.next(entry)) {
      if (hasAddress || table.sliceOf(entry) !== -1) this.#mark(entry);
    }
  }

  /** The pod is new, or its labels may have changed. */
  #regroup(pod: number): void {
    const table = this.#table;
    const services = this.#matches.of(pod);
    for (const entry of table.byPod.rows(pod)) {
      if (!services.includes(table.service.get(entry))) this.#part(entry);
    }
    for (const service of services) {
      if (table.find(pod, service) !== -1) continue;
      const entry = table.ensure(pod, service);
      if (this.#store.pods.ip.get(pod) !== 0) this.#mark(entry);
    }
  }

  /** Somebody removed a slice of ours. */
  #sliceTaken(slice: number): void {
    const service = this.#table.slices.listOf(slice);
    for (const entry of this.#table.bySlice.rows(slice)) this.#table.markDirty(entry);
    this.#table.dropSlice(slice);
    if (this.#services.isPresent(service)) this.#queue.addAfter(service, EDITED_SLICE_DELAY);
  }

  #mark(entry: number): void {
    this.#table.markDirty(entry);
    this.#queue.add(this.#table.service.get(entry));
  }

  /** The pod is no longer one of the service's. */
  #part(entry: number): void {
    const stands = this.#table.sliceOf(entry) !== -1;
    const service = this.#table.service.get(entry);
    if (stands) this.#table.part(entry);
    else this.#table.free(entry);
    if (stands) this.#queue.add(service);
  }

  #syncService(row: number): void {
    if (!this.#services.isPresent(row)) return;
    const service = this.#services.get(row);
    const isStale = this.#isStale.get(row) === 1;
    this.#isStale.set(row, 0);
    if (!isManaged(service)) return;
    if (isStale) this.#findMembers(row);
    const waiting = this.#sync.run(row, isStale);
    for (const entry of waiting) this.#table.markDirty(entry);
    this.#retry(row, waiting.length > 0);
  }

  /** Enters all pods that the service selects, parts with those it does not, and marks all. */
  #findMembers(service: number): void {
    const table = this.#table;
    const { namespace = "" } = this.#services.get(service).metadata;
    for (const entry of table.byService.rows(service)) {
      const pod = table.pod.get(entry);
      if (pod !== -1 && !this.#matches.of(pod).includes(service)) table.part(entry);
    }
    const { pods } = this.#store;
    const selects = this.#matches.matcherOf(service);
    for (const group of pods.matchingGroups(namespace, (labels) => selects.matches(labels), selects.label)) {
      for (let pod = pods.byGroup.head(group); pod !== -1; pod = pods.byGroup.next(pod)) table.ensure(pod, service);
    }
    for (const entry of table.byService.rows(service)) table.markDirty(entry);
  }

  /** Pods whose node is unknown are looked at again, later each time, until given up. */
  #retry(service: number, isIncomplete: boolean): void {
    const failures = this.#failures.get(service);
    this.#failures.set(service, isIncomplete && failures < RETRIES_MAX ? failures + 1 : 0);
    if (!isIncomplete || failures >= RETRIES_MAX) return;
    let delay = RETRY_INITIAL;
    for (let i = 0; i < failures && delay < RETRY_MAX; i++) delay *= 2;
    this.#queue.addAfter(service, Math.min(delay, RETRY_MAX));
  }
}
