import { NODE_PORT_FIRST, NODE_PORT_LAST, type Service, type ServicePort } from "../../kube/index.ts";
import type { Stream } from "../../random/index.ts";
import { type ApiStatus, CHANGE, type Cursor, type DocumentTable, ipText, type Store } from "../../store/index.ts";
import { StateMap } from "../../tables/index.ts";
import { type Band, lowerBand, pickFree } from "./band.ts";

export interface ServiceAddressSettings {
  /** The range of cluster IPs, IPv4. Default 10.96.0.0/12, as kubeadm sets it. */
  readonly serviceCidr: string;
}

export type AdmittedService =
  | { readonly ok: true; readonly service: Service }
  | { readonly ok: false; readonly status: ApiStatus };

/** A request that cannot be met: field, value and reason as the API server words them. */
type Refusal = { readonly code: 422 | 500; readonly text: string };

const NODE_PORTS: Band = {
  first: NODE_PORT_FIRST,
  last: NODE_PORT_LAST,
  offset: lowerBand(NODE_PORT_LAST - NODE_PORT_FIRST + 1, 32, 16, 128),
};

/**
 * Gives services their cluster IP and node ports, and takes them back. What is given out belongs to the service object:
 * it is free again when that is gone or no longer names it.
 *
 * @source kubernetes 1.37 pkg/registry/core/service/storage/alloc.go
 */
export class ServiceAddresses {
  readonly #services: DocumentTable<Service>;
  readonly #cursor: Cursor;
  readonly #clusterIps: Band;
  readonly #cidr: string;
  readonly #usedIps: StateMap<number, true>;
  readonly #usedPorts: StateMap<number, true>;
  readonly #ipDraws: Stream;
  readonly #portDraws: Stream;

  constructor(store: Store, settings: Partial<ServiceAddressSettings> = {}) {
    this.#cidr = settings.serviceCidr ?? "10.96.0.0/12";
    this.#clusterIps = bandOf(this.#cidr);
    this.#services = store.documents("Service");
    this.#usedIps = new StateMap(store.engine.cells, "serviceAddresses.ips");
    this.#usedPorts = new StateMap(store.engine.cells, "serviceAddresses.ports");
    this.#ipDraws = store.engine.streams.stream("clusterip");
    this.#portDraws = store.engine.streams.stream("nodeport");
    this.#cursor = store.watch("serviceAddresses", ["Service"], () => this.#read(), 0, { isPrompt: true });
  }

  /**
   * Completes a defaulted service before it is stored: cluster IP, node ports, health check port. `old` is the stored
   * object that it replaces: what that has and the new one leaves out is kept where the type still has it. When the
   * object is then not stored, give back what it got with `release`.
   */
  admit(service: Service, old?: Service): AdmittedService {
    const { type = "ClusterIP" } = service.spec;
    if (type === "ExternalName") return { ok: true, service };
    const taken: { ips: number[]; ports: number[] } = { ips: [], ports: [] };
    const withIp = this.#withClusterIp(service, old, taken.ips);
    const done = "text" in withIp ? withIp : this.#withNodePorts(withIp, old, taken.ports);
    if (!("text" in done)) return { ok: true, service: done };
    for (const ip of taken.ips) this.#usedIps.delete(ip);
    for (const port of taken.ports) this.#usedPorts.delete(port);
    return { ok: false, status: statusOf(service, done) };
  }

  /** Gives back what a service has, unless a stored one has it as well. */
  release(service: Service): void {
    for (const ip of ipsOf(service)) this.#usedIps.delete(ip);
    for (const port of nodePortsOf(service)) this.#usedPorts.delete(port);
    for (const kept of this.#services.list()) this.#hold(kept);
  }

  #read(): void {
    while (this.#cursor.next()) {
      const { row, flags, old } = this.#cursor;
      if ((flags & (CHANGE.added | CHANGE.deleted | CHANGE.spec)) === 0) continue;
      const before = old as Service | undefined;
      const after = this.#services.isPresent(row) ? this.#services.get(row) : undefined;
      if (before !== undefined) {
        const [ips, ports] = [
          new Set(after === undefined ? [] : ipsOf(after)),
          after === undefined ? [] : nodePortsOf(after),
        ];
        for (const ip of ipsOf(before)) if (!ips.has(ip)) this.#usedIps.delete(ip);
        for (const port of nodePortsOf(before)) if (!ports.includes(port)) this.#usedPorts.delete(port);
      }
      if (after !== undefined) this.#hold(after);
    }
  }

  #hold(service: Service): void {
    for (const ip of ipsOf(service)) this.#usedIps.set(ip, true);
    for (const port of nodePortsOf(service)) this.#usedPorts.set(port, true);
  }

  #withClusterIp(service: Service, old: Service | undefined, taken: number[]): Service | Refusal {
    const { spec } = service;
    const kept = old === undefined ? [] : ipsOf(old);
    const wanted = spec.clusterIP ?? "";
    if (wanted === "None") return service;
    if (wanted !== "") {
      const ip = ipNumber(wanted);
      if (kept.includes(ip)) return service;
      const where = `spec.clusterIPs: Invalid value: ["${wanted}"]: failed to allocate IP ${wanted}: `;
      const { first, last } = this.#clusterIps;
      if (!(ip >= first && ip <= last)) {
        const range = `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${this.#cidr}`;
        return { code: 422, text: where + range };
      }
      if (this.#usedIps.has(ip)) return { code: 422, text: `${where}provided IP is already allocated` };
      taken.push(ip);
      this.#usedIps.set(ip, true);
      return withIp(service, wanted);
    }
    if (kept[0] !== undefined) return withIp(service, ipText(kept[0]));
    const ip = pickFree(
      this.#clusterIps,
      (n) => this.#usedIps.has(n),
      (n) => this.#ipDraws.int(n),
    );
    if (ip === undefined)
      return {
        code: 500,
        text: `failed to allocate a serviceIP for Service "${service.metadata.name ?? ""}": range is full`,
      };
    taken.push(ip);
    this.#usedIps.set(ip, true);
    return withIp(service, ipText(ip));
  }

  #withNodePorts(service: Service, old: Service | undefined, taken: number[]): Service | Refusal {
    const { spec } = service;
    const isNodePort = spec.type === "NodePort";
    const wantsPorts = isNodePort || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
    const kept = old === undefined ? [] : nodePortsOf(old);
    const ports: ServicePort[] = [];
    for (const [index, port] of (spec.ports ?? []).entries()) {
      const known = port.nodePort ?? ports.find((one) => one.port === port.port)?.nodePort ?? keptPort(old, port);
      if (known === undefined && !wantsPorts) {
        ports.push(port);
        continue;
      }
      const nodePort = this.#takePort(known, kept, taken);
      if (nodePort === undefined) {
        const field = `spec.ports[${index}].nodePort`;
        return { code: 422, text: `${field}: Invalid value: ${known}: provided port is already allocated` };
      }
      if (nodePort === "full")
        return {
          code: 500,
          text: `failed to allocate a nodePort for Service "${service.metadata.name ?? ""}": range is full`,
        };
      ports.push({ ...port, nodePort });
    }
    const withPorts = { ...service, spec: { ...spec, ...(ports.length === 0 ? {} : { ports }) } };
    if (spec.type !== "LoadBalancer" || spec.externalTrafficPolicy !== "Local") return withPorts;
    const wanted = spec.healthCheckNodePort || old?.spec.healthCheckNodePort;
    const healthCheckNodePort = this.#takePort(wanted, kept, taken);
    if (typeof healthCheckNodePort === "number") {
      return { ...withPorts, spec: { ...withPorts.spec, healthCheckNodePort } };
    }
    const text = `failed to allocate requested HealthCheck NodePort ${wanted ?? 0}: provided port is already allocated`;
    return { code: 500, text };
  }

  /** The port asked for, or a free one; `undefined` when it is another's, "full" when there is none. */
  #takePort(wanted: number | undefined, kept: readonly number[], taken: number[]): number | "full" | undefined {
    if (wanted !== undefined && (kept.includes(wanted) || taken.includes(wanted))) return wanted;
    if (wanted !== undefined && this.#usedPorts.has(wanted)) return undefined;
    const port =
      wanted ??
      pickFree(
        NODE_PORTS,
        (n) => this.#usedPorts.has(n),
        (n) => this.#portDraws.int(n),
      );
    if (port === undefined) return "full";
    taken.push(port);
    this.#usedPorts.set(port, true);
    return port;
  }
}

/** The node port that the old object has for the same port and protocol. */
function keptPort(old: Service | undefined, port: ServicePort): number | undefined {
  const { type } = old?.spec ?? {};
  if (type !== "NodePort" && type !== "LoadBalancer") return undefined;
  return old?.spec.ports?.find((one) => one.port === port.port && one.protocol === port.protocol)?.nodePort;
}

function withIp(service: Service, ip: string): Service {
  return { ...service, spec: { ...service.spec, clusterIP: ip, clusterIPs: [ip] } };
}

function ipsOf({ spec }: Service): number[] {
  return spec.clusterIP === undefined || spec.clusterIP === "" || spec.clusterIP === "None"
    ? []
    : [ipNumber(spec.clusterIP)];
}

function nodePortsOf({ spec }: Service): number[] {
  const ports = (spec.ports ?? []).flatMap(({ nodePort }) =>
    nodePort === undefined || nodePort === 0 ? [] : [nodePort],
  );
  return spec.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports;
}

/** An IPv4 address as a number; NaN for anything else. */
export function ipNumber(text: string): number {
  const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : Number.NaN));
  if (parts.length !== 4) return Number.NaN;
  return parts.reduce((sum, part) => (part <= 255 ? sum * 256 + part : Number.NaN), 0);
}

/** The host addresses of a range such as 10.96.0.0/12. */
function bandOf(cidr: string): Band {
  const [network = "", bits = ""] = cidr.split("/");
  let size = 1;
  for (let bit = Number(bits); bit < 32; bit++) size *= 2;
  const base = ipNumber(network);
  return { first: base + 1, last: base + size - 2, offset: lowerBand(size, 16, 16, 256) };
}

function statusOf({ metadata: { name = "" } }: Service, { code, text }: Refusal): ApiStatus {
  if (code === 422) return { code, reason: "Invalid", message: `Service "${name}" is invalid: ${text}` };
  return { code, reason: "InternalError", message: `Internal error occurred: ${text}` };
}
