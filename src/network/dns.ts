import type { Endpoint, EndpointSlice, Service } from "../kube/index.ts";

/** The kinds of records that can be asked for. */
export type RecordType = "A" | "AAAA" | "SRV";

export interface DnsRecord {
  /** Absolute, with its last dot. */
  readonly name: string;
  readonly type: RecordType | "CNAME";
  /** An address, a name, or `priority weight port name`. */
  readonly value: string;
}

/** An answer of the cluster's name server; `forwarded`: the name is not of the cluster's zone. */
export interface DnsAnswer {
  readonly code: "NOERROR" | "NXDOMAIN" | "forwarded";
  readonly records: readonly DnsRecord[];
}

/** What the name server knows of the cluster. */
export interface DnsZone {
  readonly namespaces: readonly string[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

interface Question {
  readonly name: string;
  readonly type: RecordType;
  readonly service: Service;
  readonly serviceName: string;
}

const ZONE = ["cluster", "local"];
const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
const NO_RECORDS: DnsAnswer = Object.freeze({ code: "NOERROR", records: [] });
const NXDOMAIN: DnsAnswer = Object.freeze({ code: "NXDOMAIN", records: [] });
const SRV_WEIGHT_SUM = 100;
const OCTET_MAX = 255;

/**
 * What CoreDNS answers about an absolute name, with or without its last dot, in the configuration that kubeadm gives it:
 * Services, their endpoints and named ports, and pods by their dashed address. Names are not case-sensitive.
 *
 * @source CoreDNS plugin/kubernetes (as of Kubernetes 1.37), kubernetes dns specification 1.1.0
 */
export function dnsAnswer(zone: DnsZone, name: string, type: RecordType): DnsAnswer {
  const absolute = `${name.toLowerCase().replace(/\.$/, "")}.`;
  const labels = absolute.slice(0, -1).split(".");
  if (labels.slice(-2).join(".") !== ZONE.join(".")) return { code: "forwarded", records: [] };
  const rest = labels.slice(0, -2);
  const kind = rest.pop();
  const namespace = rest.pop();
  if (kind === undefined) return NO_RECORDS;
  if (kind !== "svc" && kind !== "pod") return NXDOMAIN;
  if (namespace === undefined) return NO_RECORDS;
  const owner = rest.pop();
  if (owner === undefined) return zone.namespaces.includes(namespace) ? NO_RECORDS : NXDOMAIN;
  if (kind === "pod") return rest.length === 0 ? podAnswer(absolute, owner, type) : NXDOMAIN;
  const service = zone.services.find(({ metadata }) => metadata.name === owner && metadata.namespace === namespace);
  if (service === undefined) return NXDOMAIN;
  const serviceName = `${owner}.${namespace}.svc.${ZONE.join(".")}.`;
  return serviceAnswer(zone, rest, { name: absolute, type, service, serviceName });
}

/** `10-244-1-5.ns.pod`: that address, whether a pod has it or not. */
function podAnswer(name: string, dashed: string, type: RecordType): DnsAnswer {
  const parts = dashed.split("-");
  const isAddress = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= OCTET_MAX);
  if (!isAddress) return NXDOMAIN;
  return { code: "NOERROR", records: type === "A" ? [{ name, type: "A", value: parts.join(".") }] : [] };
}

function serviceAnswer(zone: DnsZone, rest: readonly string[], question: Question): DnsAnswer {
  const { name, type, service } = question;
  const { spec } = service;
  if (spec.type === "ExternalName") {
    if (rest.length > 0) return NXDOMAIN;
    return { code: "NOERROR", records: [{ name, type: "CNAME", value: `${spec.externalName ?? ""}.` }] };
  }
  const found = endpointsOf(zone, service);
  const [first = "", second = ""] = rest;
  if (rest.length === 2 && first.startsWith("_") && second.startsWith("_")) {
    return portAnswer(question, found, first.slice(1), second.slice(1));
  }
  if (rest.length > 1) return NXDOMAIN;
  const isHeadless = spec.clusterIP === "None";
  if (rest.length === 0 && !isHeadless) {
    if (type === "SRV") return portAnswer(question, found);
    return { code: "NOERROR", records: addresses(name, type, spec.clusterIPs ?? [spec.clusterIP ?? ""]) };
  }
  const asked = rest.length === 0 ? found : found.filter(({ host }) => host === first);
  if (asked.length === 0) return NXDOMAIN;
  if (type === "SRV") return portAnswer(question, asked);
  const all = asked.flatMap(({ endpoint }) => endpoint.addresses);
  return { code: "NOERROR", records: addresses(name, type, [...new Set(all)]) };
}

function addresses(name: string, type: RecordType, all: readonly string[]): DnsRecord[] {
  const isWanted = (address: string): boolean => address !== "" && address.includes(":") === (type === "AAAA");
  return type === "SRV" ? [] : all.filter(isWanted).map((value) => ({ name, type, value }));
}

interface FoundEndpoint {
  readonly endpoint: Endpoint;
  /** Its hostname, else its address with dashes. */
  readonly host: string;
  readonly ports: NonNullable<EndpointSlice["ports"]>;
}

/** Endpoints that are ready, which includes all of a service that publishes them before. */
function endpointsOf({ slices }: DnsZone, { metadata }: Service): FoundEndpoint[] {
  return slices
    .filter(
      (slice) =>
        slice.metadata.namespace === metadata.namespace &&
        slice.metadata.labels?.[SERVICE_NAME_LABEL] === metadata.name,
    )
    .flatMap((slice) =>
      slice.endpoints
        .filter(({ conditions }) => conditions.ready)
        .map((endpoint) => ({ endpoint, host: hostOf(endpoint), ports: slice.ports ?? [] })),
    );
}

function hostOf({ hostname, addresses: [address = ""] }: Endpoint): string {
  return hostname ?? address.replaceAll(/[.:]/g, "-");
}

/** SRV records of the ports that match; asked for by another type, the name exists and has no such record. */
function portAnswer(question: Question, found: readonly FoundEndpoint[], port = "", protocol = ""): DnsAnswer {
  const { name, type, service, serviceName } = question;
  const matches = (one: { readonly name?: string; readonly protocol?: string }): boolean =>
    (port === "" || one.name === port) && (protocol === "" || (one.protocol ?? "TCP").toLowerCase() === protocol);
  const isHeadless = service.spec.clusterIP === "None";
  const targets = isHeadless
    ? found.flatMap(({ host, ports }) =>
        ports.filter(matches).map((one) => ({ port: one.port ?? 0, target: `${host}.${serviceName}` })),
      )
    : (service.spec.ports ?? []).filter(matches).map((one) => ({ port: one.port, target: serviceName }));
  if (targets.length === 0) return NXDOMAIN;
  if (type !== "SRV") return NO_RECORDS;
  const weight = Math.max(1, Math.floor(SRV_WEIGHT_SUM / targets.length));
  const records = targets.map(({ port: number, target }) => ({
    name,
    type: "SRV" as const,
    value: `0 ${weight} ${number} ${target}`,
  }));
  return { code: "NOERROR", records };
}
