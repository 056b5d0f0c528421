import { type KubeNode, PHASE, type Service } from "../../kube/index.ts";
import { type Distribution, type Stream, sample } from "../../random/index.ts";
import { CHANGE, type Cursor, type DocumentTable, ipText, type Store } from "../../store/index.ts";
import { Column, RefColumn, StateValue, sameData } from "../../tables/index.ts";
import { WorkQueue } from "../work-queue.ts";

const COMPONENT = "service-controller";
const CLEANUP = "service.kubernetes.io/load-balancer-cleanup";
const EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers";

/** Addresses for documentation (RFC 5737, 203.0.113.0/24), then those for benchmarks (RFC 2544, 198.18.0.0/15). */
const FIRST_ADDRESS = 0xcb007101;
const FIRST_COUNT = 254;
const MORE_ADDRESSES = 0xc6120001;

const IDLE = 0;
const ENSURING = 1;
const DELETING = 2;

export interface LoadBalancerDelays {
  readonly ensure: Distribution;
  readonly remove: Distribution;
}

/**
 * The cloud's service controller: asks the cloud for a load balancer for each Service of type LoadBalancer, writes the address
 * into its status, tells the balancer which nodes there are, and takes it away when the Service goes or no longer wants one.
 * Requests of one Service go one after the other; what changes meanwhile is asked for next.
 *
 * DEVIATION(load-balancer-cloud): the cloud always has a balancer to give, after a drawn time, and is told of nodes at once.
 * @source kubernetes 1.37 staging cloud-provider controllers/service/controller.go
 */
export class LoadBalancers {
  readonly #store: Store;
  readonly #services: DocumentTable<Service>;
  readonly #nodes: DocumentTable<KubeNode>;
  readonly #delays: LoadBalancerDelays;
  readonly #stream: Stream;
  readonly #cursor: Cursor;
  readonly #queue: WorkQueue;
  readonly #doneKind: number;
  /** By service row: what the cloud is doing, and for which spec it has done it. */
  readonly #stage: Column<Uint8Array>;
  readonly #ensured: RefColumn<Service["spec"] | null>;
  readonly #given: StateValue<number>;
  readonly #hosts: StateValue<number>;

  constructor(store: Store, delays: LoadBalancerDelays) {
    const { engine } = store;
    this.#store = store;
    this.#delays = delays;
    this.#services = store.documents("Service");
    this.#nodes = store.documents("Node");
    this.#stream = engine.streams.stream("loadbalancers");
    this.#stage = new Column<Uint8Array>(engine.cells, "loadBalancers.stage", Uint8Array);
    this.#ensured = new RefColumn<Service["spec"] | null>(engine.cells, "loadBalancers.ensured", null);
    this.#given = new StateValue(engine.cells, "loadBalancers.given", 0);
    this.#hosts = new StateValue(engine.cells, "loadBalancers.hosts", -1);
    const { rows } = this.#services;
    this.#doneKind = engine.define("loadBalancers.done", PHASE.control, (row) => this.#done(row), { rows });
    this.#queue = new WorkQueue(store, "loadBalancers", rows, (row) => this.#sync(row));
    this.#cursor = store.watch("loadBalancers", ["Service", "Node"], () => this.#read());
  }

  #read(): void {
    const cursor = this.#cursor;
    const nodeKind = this.#store.kindIdOf("Node");
    let isOfHosts = false;
    while (cursor.next()) {
      const { row, flags, kindId } = cursor;
      if (kindId === nodeKind) isOfHosts ||= (flags & (CHANGE.added | CHANGE.deleted | CHANGE.metadata)) !== 0;
      else if ((flags & CHANGE.deleted) !== 0) this.#forget(row);
      else if ((flags & (CHANGE.added | CHANGE.spec | CHANGE.metadata)) !== 0) this.#queue.add(row);
    }
    if (isOfHosts) this.#hostsChanged();
  }

  #forget(row: number): void {
    this.#stage.set(row, IDLE);
    this.#ensured.set(row, null);
  }

  #sync(row: number): void {
    if (!this.#services.isPresent(row) || this.#stage.get(row) !== IDLE) return;
    const service = this.#services.get(row);
    const { spec, metadata } = service;
    const { finalizers = [] } = metadata;
    if (wantsBalancer(service)) {
      const ensured = this.#ensured.get(row);
      if (ensured !== null && sameData(ensured, spec)) return;
      this.#event(service, "EnsuringLoadBalancer", "Ensuring load balancer");
      if (!finalizers.includes(CLEANUP)) this.#write(row, [...finalizers, CLEANUP]);
      this.#stage.set(row, ENSURING);
      this.#ensured.set(row, spec);
      this.#store.engine.after(sample(this.#delays.ensure, this.#stream), this.#doneKind, row);
    } else if (finalizers.includes(CLEANUP)) {
      this.#event(service, "DeletingLoadBalancer", "Deleting load balancer");
      this.#stage.set(row, DELETING);
      this.#ensured.set(row, null);
      this.#store.engine.after(sample(this.#delays.remove, this.#stream), this.#doneKind, row);
    }
  }

  /** The cloud has done what it was asked for. */
  #done(row: number): void {
    const service = this.#services.get(row);
    const isMade = this.#stage.get(row) === ENSURING;
    this.#stage.set(row, IDLE);
    if (isMade) {
      if (this.#hostCount() === 0) this.#noHosts(service);
      this.#event(service, "EnsuredLoadBalancer", "Ensured load balancer");
      const ingress = service.status?.loadBalancer?.ingress ?? [{ ip: this.#addressFor(service), ipMode: "VIP" }];
      this.#store.writer.updateStatus(this.#services, row, { ...service.status, loadBalancer: { ingress } });
    } else {
      this.#store.writer.updateStatus(this.#services, row, { ...service.status, loadBalancer: {} });
      this.#event(service, "DeletedLoadBalancer", "Deleted load balancer");
      this.#write(
        row,
        (service.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP),
      );
    }
    this.#queue.add(row);
  }

  #write(row: number, finalizers: readonly string[]): void {
    const service = this.#services.get(row);
    const { finalizers: _, ...rest } = service.metadata;
    const metadata = finalizers.length === 0 ? rest : { ...rest, finalizers };
    this.#store.writer.update(this.#services, row, { ...service, metadata });
  }

  #addressFor({ spec }: Service): string {
    if (spec.loadBalancerIP) return spec.loadBalancerIP;
    const number = this.#given.value++;
    return ipText(number < FIRST_COUNT ? FIRST_ADDRESS + number : MORE_ADDRESSES + number - FIRST_COUNT);
  }

  #hostCount(): number {
    return this.#nodes.list().filter(({ metadata }) => metadata.labels?.[EXCLUDED] === undefined).length;
  }

  #hostsChanged(): void {
    const before = this.#hosts.value;
    const count = this.#hostCount();
    this.#hosts.value = count;
    if (before === -1 || count === before) return;
    for (const service of this.#services.list()) {
      if (!wantsBalancer(service) || service.status?.loadBalancer?.ingress === undefined) continue;
      if (count === 0) this.#noHosts(service);
      else this.#event(service, "UpdatedLoadBalancer", "Updated load balancer with new hosts");
    }
  }

  #noHosts(service: Service): void {
    const message = "There are no available nodes for LoadBalancer";
    this.#store.event(service, COMPONENT, "Warning", "UnAvailableLoadBalancer", message);
  }

  #event(service: Service, reason: string, message: string): void {
    this.#store.event(service, COMPONENT, "Normal", reason, message);
  }
}

function wantsBalancer({ metadata, spec }: Service): boolean {
  return (
    spec.type === "LoadBalancer" && spec.loadBalancerClass === undefined && metadata.deletionTimestamp === undefined
  );
}
