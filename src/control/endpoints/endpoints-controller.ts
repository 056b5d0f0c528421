import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Service, StringMap } from "../../kube/index.ts";
import { CHANGE, type Cursor, type DocumentTable, ipText, type PodTemplate, type Store } from "../../store/index.ts";
import { Column, RefColumn } from "../../tables/index.ts";
import { isManaged, portsFor, ServiceMatches } from "../endpointslice/index.ts";
import { WorkQueue } from "../work-queue.ts";
import { type PodEndpoint, packSubsets, textOrder, truncateSubsets } from "./subsets.ts";

/** What of a pod matters to its endpoints, besides its labels. */
const POD_CHANGES = CHANGE.added | CHANGE.deleting | CHANGE.bound | CHANGE.phase | CHANGE.ready | CHANGE.podIp;
/** What a pod is to the services that select it. A pod that is going is only listed by those that publish all. */
const SEEN = { nowhere: 0, notReady: 1, ready: 2, going: 3 } as const;

function isShown(seen: number): boolean {
  return seen === SEEN.notReady || seen === SEEN.ready;
}

/** More than there are pods; times the addresses there are it still is a safe integer. */
const PLACES = 1 << 20;
/** @source kubernetes 1.37 pkg/controller/endpoint maxCapacity */
const CAPACITY = 1000;
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";
const HEADLESS_LABEL = "service.kubernetes.io/headless";
/** @source kubernetes 1.37 pkg/controller/endpoint labelManagedBy */
const MANAGED_BY: StringMap = { "endpoints.kubernetes.io/managed-by": "endpoint-controller" };

/**
 * The controller of Endpoints, which EndpointSlices replace and which still runs: for each service with a selector an object of its name
 * with its pods' addresses, at most 1,000. Pods that are going are not in it, unless the service publishes all.
 *
 * DEVIATION(endpoints-trigger-time): the annotation `endpoints.kubernetes.io/last-change-trigger-time` is not written.
 * @source kubernetes 1.37 pkg/controller/endpoint/endpoints_controller.go
 */
export class EndpointsController {
  readonly #store: Store;
  readonly #services: DocumentTable<Service>;
  readonly #endpoints: DocumentTable<Endpoints>;
  readonly #matches: ServiceMatches;
  readonly #cursor: Cursor;
  readonly #queue: WorkQueue;
  readonly #leftOver: WorkQueue;
  /** The address of a pod, made once: by pod row, and the pod's serial number with it. */
  readonly #address: RefColumn<EndpointAddress | null>;
  /** By pod row: one more than the group of pods (namespace and labels) that it was last seen in. */
  readonly #group: Column<Int32Array>;
  /** By pod row: as what it was last seen (`SEEN`). */
  readonly #seen: Column<Uint8Array>;

  constructor(store: Store) {
    const { cells } = store.engine;
    this.#store = store;
    this.#services = store.documents("Service");
    this.#endpoints = store.documents("Endpoints");
    this.#matches = new ServiceMatches("endpoints", this.#services, store.pods);
    cells.add(this.#matches);
    this.#address = new RefColumn<EndpointAddress | null>(cells, "endpoints.address", null);
    this.#group = new Column<Int32Array>(cells, "endpoints.group", Int32Array);
    this.#seen = new Column<Uint8Array>(cells, "endpoints.seen", Uint8Array);
    this.#queue = new WorkQueue(store, "endpoints", this.#services.rows, (row) => this.#sync(row));
    this.#leftOver = new WorkQueue(store, "endpoints.leftOver", this.#endpoints.rows, (row) => this.#drop(row));
    this.#cursor = store.watch("endpoints", ["Pod", "Service"], () => this.#read(), 0, {
      pods: { flags: POD_CHANGES | CHANGE.metadata | CHANGE.deleted },
    });
  }

  #read(): void {
    const cursor = this.#cursor;
    const serviceKind = this.#store.kindIdOf("Service");
    while (cursor.next()) {
      const { row, flags, kindId } = cursor;
      if (kindId === serviceKind) this.#serviceChanged(row, flags);
      else this.#podChanged(row, flags);
    }
  }

  #serviceChanged(row: number, flags: number): void {
    if ((flags & (CHANGE.added | CHANGE.deleted | CHANGE.spec)) !== 0) this.#matches.clear();
    if ((flags & CHANGE.deleted) !== 0) {
      const { namespace = "", name = "" } = this.#services.get(row).metadata;
      const left = this.#endpoints.rowOf(namespace, name);
      if (left !== -1) this.#leftOver.add(left);
    } else if ((flags & (CHANGE.added | CHANGE.spec | CHANGE.metadata)) !== 0) this.#queue.add(row);
  }

  #podChanged(pod: number, flags: number): void {
    const { pods } = this.#store;
    const isGone = (flags & CHANGE.deleted) !== 0;
    if ((flags & (CHANGE.added | CHANGE.deleted | CHANGE.bound | CHANGE.podIp)) !== 0) this.#address.set(pod, null);
    if (!isGone && !pods.isPresent(pod)) return;
    const groupBefore = this.#group.get(pod) - 1;
    const group = isGone ? -1 : pods.byGroup.listOf(pod);
    this.#group.set(pod, group + 1);
    const before = this.#seen.get(pod);
    const seen = isGone ? SEEN.nowhere : this.#stateOf(pod);
    this.#seen.set(pod, seen);
    // The original looks at the services of every pod that changed; those that cannot list it find nothing to write.
    if (before === SEEN.nowhere && seen === SEEN.nowhere) return;
    if (seen === before && groupBefore === group && (flags & CHANGE.podIp) === 0) return;
    const isListed = isShown(before) || isShown(seen);
    if (group !== -1) this.#enqueue(group, isListed);
    if (groupBefore !== -1 && groupBefore !== group) this.#enqueue(groupBefore, isListed);
  }

  #stateOf(pod: number): number {
    const { pods } = this.#store;
    if (pods.ip.get(pod) === 0 || pods.isTerminal(pod)) return SEEN.nowhere;
    if (pods.isDeleting(pod)) return SEEN.going;
    return pods.isReady(pod) ? SEEN.ready : SEEN.notReady;
  }

  /** @param isListed whether any service may list the pod, now or before; else only those that publish all of theirs do */
  #enqueue(group: number, isListed: boolean): void {
    for (const service of this.#matches.ofGroup(group)) {
      if (isListed || this.#services.get(service).spec.publishNotReadyAddresses === true) this.#queue.add(service);
    }
  }

  #sync(row: number): void {
    if (!this.#services.isPresent(row)) return;
    const service = this.#services.get(row);
    if (!isManaged(service)) return;
    const all = packSubsets(this.#members(row, service));
    const subsets = truncateSubsets(all, CAPACITY);
    this.#write(service, subsets, subsets !== all);
  }

  #members(row: number, service: Service): PodEndpoint[] {
    const { pods } = this.#store;
    const { namespace = "", name } = service.metadata;
    const publishesAll = service.spec.publishNotReadyAddresses === true;
    const hasPorts = (service.spec.ports ?? []).length > 0;
    const selects = this.#matches.matcherOf(row);
    const members: PodEndpoint[] = [];
    const portsOf = new Map<PodTemplate, readonly EndpointPort[]>();
    const groups = pods.matchingGroups(namespace, (labels) => selects.matches(labels), selects.label);
    for (const pod of this.#byAddress(groups, publishesAll)) {
      const template = pods.templateOf(pod);
      let ports = portsOf.get(template);
      if (ports === undefined) {
        ports = portsFor(service, template.spec).map(endpointPort);
        portsOf.set(template, ports);
      }
      if (ports.length === 0 && hasPorts) continue;
      members.push({ address: this.#addressOf(pod, name ?? ""), isReady: publishesAll || pods.isReady(pod), ports });
    }
    return members;
  }

  // hot: all pods of a service, twice a pod's life (bench/world).
  /** Rows of the pods that are to be listed, by the text of their addresses. */
  #byAddress(groups: readonly number[], publishesAll: boolean): number[] {
    const { pods } = this.#store;
    const rows: number[] = [];
    for (const group of groups) {
      for (let pod = pods.byGroup.head(group); pod !== -1; pod = pods.byGroup.next(pod)) {
        if (pods.ip.get(pod) === 0 || pods.isTerminal(pod) || (pods.isDeleting(pod) && !publishesAll)) continue;
        rows.push(pod);
      }
    }
    // A number each, of the address's order and of the place among them: numbers sort themselves.
    const keys = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) keys[i] = textOrder(pods.ip.get(rows[i] as number)) * PLACES + i;
    keys.sort();
    return Array.from(keys, (key) => rows[key % PLACES] as number);
  }

  #addressOf(pod: number, service: string): EndpointAddress {
    const { pods, rendering } = this.#store;
    const { hostname, subdomain } = pods.templateOf(pod).spec;
    const isNamed = hostname !== undefined && hostname !== "" && subdomain === service;
    const known = this.#address.get(pod);
    if (known !== null) return isNamed ? { ...known, hostname } : known;
    const address: EndpointAddress = Object.freeze({
      ip: ipText(pods.ip.get(pod)),
      nodeName: pods.nodeNameOf(pod),
      targetRef: Object.freeze({
        kind: "Pod",
        namespace: pods.namespaceOf(pod),
        name: pods.name.get(pod),
        uid: rendering.uid(pods.serial.get(pod)),
      }),
    });
    this.#address.set(pod, address);
    return isNamed ? { ...address, hostname } : address;
  }

  #write(service: Service, subsets: readonly EndpointSubset[], isTruncated: boolean): void {
    const { writer } = this.#store;
    const { namespace = "", name = "", labels: own = {} } = service.metadata;
    const { [HEADLESS_LABEL]: _, ...plain } = own;
    const { clusterIP } = service.spec;
    const isHeadless = clusterIP === undefined || clusterIP === "" || clusterIP === "None";
    const labels = { ...plain, ...(isHeadless ? { [HEADLESS_LABEL]: "" } : {}), ...MANAGED_BY };
    const row = this.#endpoints.rowOf(namespace, name);
    const { [OVER_CAPACITY]: __, ...kept } = row === -1 ? {} : (this.#endpoints.get(row).metadata.annotations ?? {});
    const annotations = isTruncated ? { ...kept, [OVER_CAPACITY]: "truncated" } : kept;
    const shown = subsets.length === 0 ? {} : { subsets };
    if (row === -1) {
      const metadata = { name, namespace, labels, ...(isTruncated ? { annotations } : {}) };
      const made: Endpoints = { apiVersion: "v1", kind: "Endpoints", metadata, ...shown };
      writer.create(made);
      return;
    }
    const { subsets: ___, ...rest } = this.#endpoints.get(row);
    const { annotations: ____, ...metadata } = rest.metadata;
    const described = Object.keys(annotations).length === 0 ? {} : { annotations };
    writer.update(this.#endpoints, row, { ...rest, metadata: { ...metadata, labels, ...described }, ...shown });
  }

  /** The object goes with its service, unless there is one of that name again. */
  #drop(row: number): void {
    if (!this.#endpoints.isPresent(row)) return;
    const { namespace = "", name = "" } = this.#endpoints.get(row).metadata;
    if (this.#services.rowOf(namespace, name) === -1) this.#store.writer.remove(this.#endpoints, row);
  }
}

function endpointPort({ name, port, protocol, appProtocol }: ReturnType<typeof portsFor>[number]): EndpointPort {
  return { ...(name === "" ? {} : { name }), port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) };
}
