import type { EndpointSlice, KubeNode, Pod, Service } from "../kube/index.ts";
import {
  containerEnvironment,
  type DnsAnswer,
  type DnsZone,
  dnsAnswer,
  type EnvironmentVariable,
  type Lookup,
  type ResolverConfig,
  resolve,
  resolverConfig,
  routeOf,
  serviceEndpoints,
  serviceEnvironment,
} from "../network/index.ts";
import type { Store } from "../store/index.ts";
import { parseRfc3339 } from "../units/index.ts";

/** What one container finds in its environment. */
interface ContainerView {
  readonly container: string;
  readonly variables: readonly EnvironmentVariable[];
}

/** Where a connection from outside goes that comes in on a node. */
interface NodeRoute {
  readonly node: string;
  readonly address: string;
  /** Addresses of endpoints, `refused` or `dropped`. */
  readonly to: string;
}

/** A pod's or a Service's network at an instant of a run. Microseconds. */
export interface NetworkView {
  readonly object: string;
  readonly atMicros: number;
  /** The three kinds of addresses and what else belongs to them, as name and value. */
  readonly addresses: readonly (readonly [what: string, value: string])[];
  readonly containers: readonly ContainerView[];
  readonly resolver?: ResolverConfig;
  /** What was asked, in order; the last answer is the one that counts. */
  readonly lookups: readonly Lookup[];
  readonly routes: readonly NodeRoute[];
}

/**
 * What a pod sees of the network now. Services that a container started with and that are gone since are not among its
 * variables. `dns` is a name that the pod looks up.
 */
export function podNetwork(store: Store, podRow: number, dns: string | undefined): NetworkView {
  const pod = store.pod(podRow);
  const zone = zoneOf(store);
  const { services } = zone;
  const { namespace = "", name = "", labels = {} } = pod.metadata;
  const hasLinks = pod.spec.enableServiceLinks ?? true;
  const resolver = resolverConfig(pod.spec, namespace);
  const containers = pod.spec.containers.flatMap(({ name: container, env = [] }) => {
    const startedAt = startOf(pod, container);
    if (startedAt === undefined) return [];
    const known = services.filter(
      ({ metadata }) => parseRfc3339(metadata.creationTimestamp ?? startedAt) <= parseRfc3339(startedAt),
    );
    return [{ container, variables: containerEnvironment(env, serviceEnvironment(known, namespace, hasLinks)) }];
  });
  const behind = services.filter(({ metadata, spec }) => {
    const pairs = Object.entries(spec.selector ?? {});
    return metadata.namespace === namespace && pairs.length > 0 && pairs.every(([key, value]) => labels[key] === value);
  });
  return {
    object: `pod/${namespace}/${name}`,
    atMicros: store.engine.now,
    addresses: [
      ["node IP", nodeAddress(store.documents<KubeNode>("Node").find("", pod.spec.nodeName ?? ""))],
      ["pod IP", pod.status?.podIP ?? "none yet"],
      ...behind.map(({ metadata, spec }) => [`cluster IP of ${metadata.name}`, spec.clusterIP ?? "none"] as const),
    ],
    containers,
    resolver,
    lookups: dns === undefined ? [] : resolve(dns, resolver, (absolute) => answerOf(zone, absolute)),
    routes: [],
  };
}

/** Ports are asked for by SRV; for all else both kinds of addresses, which a resolver asks for at once. */
function answerOf(zone: DnsZone, absolute: string): DnsAnswer {
  if (absolute.startsWith("_")) return dnsAnswer(zone, absolute, "SRV");
  const { code, records } = dnsAnswer(zone, absolute, "A");
  const others = dnsAnswer(zone, absolute, "AAAA").records.filter(({ type }) => type === "AAAA");
  return { code, records: [...records, ...others] };
}

function zoneOf(store: Store): DnsZone {
  return {
    namespaces: store
      .documents("Namespace")
      .list()
      .map(({ metadata }) => metadata.name ?? ""),
    services: store.documents<Service>("Service").list(),
    slices: store.documents<EndpointSlice>("EndpointSlice").list(),
  };
}

function nodeAddress(node: KubeNode | undefined): string {
  return node?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "none yet";
}

function startOf({ status }: Pod, container: string): string | undefined {
  return status?.containerStatuses?.find(({ name }) => name === container)?.state?.running?.startedAt;
}

/** The addresses of a Service now, its names, and where its node ports lead. */
export function serviceNetwork(store: Store, row: number): NetworkView {
  const table = store.documents<Service>("Service");
  const service = table.get(row);
  const { namespace = "", name = "" } = service.metadata;
  const {
    clusterIP = "",
    type = "ClusterIP",
    ports = [],
    externalName,
    externalTrafficPolicy = "Cluster",
  } = service.spec;
  const endpoints = serviceEndpoints(store, row);
  const nodePorts = ports.filter(({ nodePort = 0 }) => nodePort > 0);
  const portTexts = nodePorts.map(({ port, nodePort, protocol = "TCP" }) => `${nodePort} → ${port}/${protocol}`);
  const isReached = nodePorts.length > 0 || (service.spec.externalIPs ?? []).length > 0;
  const nodes = !isReached ? [] : store.documents<KubeNode>("Node").list();
  const routes = nodes.map((node) => {
    const { metadata } = node;
    const route = routeOf(service, endpoints, { name: metadata.name ?? "" }, "external");
    const to =
      route.kind === "endpoints" ? route.endpoints.map(({ addresses: [one = ""] }) => one).join(", ") : route.kind;
    return { node: metadata.name ?? "", address: nodeAddress(node), to };
  });
  const zone = zoneOf(store);
  const absolute = `${name}.${namespace}.svc.cluster.local.`;
  const asked = [
    absolute,
    ...ports.flatMap((one) => (one.name ? [`_${one.name}._${(one.protocol ?? "TCP").toLowerCase()}.${absolute}`] : [])),
  ];
  return {
    object: `service/${namespace}/${name}`,
    atMicros: store.engine.now,
    addresses: [
      ["type", type],
      ["cluster IP", externalName ?? (clusterIP === "" ? "none" : clusterIP)],
      [
        "ports",
        ports.map(({ port, targetPort = port, protocol = "TCP" }) => `${port}/${protocol} → ${targetPort}`).join(", "),
      ],
      ...externalAddresses(service),
      ["node ports", portTexts.join(", ") || "none"],
      ["external policy", externalTrafficPolicy],
      ["endpoints", endpoints.map(endpointText).join(", ") || "none"],
    ],
    containers: [],
    lookups: asked.map((one) => ({ name: one, answer: answerOf(zone, one) })),
    routes,
  };
}

/** As `kubectl get service` shows them: of the load balancer, and those that somebody else leads to the nodes. */
function externalAddresses({ spec, status }: Service): (readonly [string, string])[] {
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname = "" }) => ip ?? hostname);
  const given = spec.externalIPs ?? [];
  if (spec.type === "LoadBalancer") return [["external IP", [...ingress, ...given].join(", ") || "<pending>"]];
  return given.length === 0 ? [] : [["external IP", given.join(", ")]];
}

function endpointText({
  addresses: [address = ""],
  conditions,
  nodeName = "",
}: ReturnType<typeof serviceEndpoints>[number]): string {
  return `${address}@${nodeName}${conditions.ready ? "" : " (not ready)"}`;
}
