import type { PodSpec } from "../kube/index.ts";
import type { DnsAnswer } from "./dns.ts";

/** What stands in a pod's resolv.conf. */
export interface ResolverConfig {
  /** Empty: those of the node. */
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly ndots: number;
}

/** One question that a resolver asks, and its answer. */
export interface Lookup {
  readonly name: string;
  readonly answer: DnsAnswer;
}

/** @source kubeadm: the tenth address of the service range */
export const CLUSTER_DNS_ADDRESS = "10.96.0.10";
const CLUSTER_DOMAIN = "cluster.local";
const CLUSTER_NDOTS = 5;
/** @source resolv.conf(5) */
const HOST_NDOTS = 1;

/**
 * The resolver configuration of a pod by its `dnsPolicy`; a pod of the host's network has that of its node unless it says
 * ClusterFirstWithHostNet.
 *
 * @source kubernetes 1.37 pkg/kubelet/network/dns/dns.go
 */
export function resolverConfig(spec: PodSpec, namespace: string): ResolverConfig {
  const { dnsPolicy = "ClusterFirst", hostNetwork = false, dnsConfig } = spec;
  const isClusters = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  const base: ResolverConfig = isClusters
    ? {
        nameservers: [CLUSTER_DNS_ADDRESS],
        searches: [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN],
        ndots: CLUSTER_NDOTS,
      }
    : { nameservers: [], searches: [], ndots: HOST_NDOTS };
  const ndots = dnsConfig?.options?.find(({ name }) => name === "ndots")?.value;
  return {
    nameservers: [...new Set([...base.nameservers, ...(dnsConfig?.nameservers ?? [])])],
    searches: [...new Set([...base.searches, ...(dnsConfig?.searches ?? [])])],
    ndots: ndots === undefined ? base.ndots : Number(ndots),
  };
}

/** The absolute names that a resolver tries for a name, in their order. @source resolv.conf(5) search, ndots */
export function namesToTry(name: string, { searches, ndots }: ResolverConfig): string[] {
  if (name.endsWith(".")) return [name];
  const searched = searches.map((domain) => `${name}.${domain}.`);
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [`${name}.`, ...searched] : [...searched, `${name}.`];
}

/** Asks for one name after the other until one has records or is somebody else's. The last one is the answer. */
export function resolve(name: string, config: ResolverConfig, ask: (absolute: string) => DnsAnswer): Lookup[] {
  const lookups: Lookup[] = [];
  for (const absolute of namesToTry(name, config)) {
    const answer = ask(absolute);
    lookups.push({ name: absolute, answer });
    if (answer.records.length > 0 || answer.code === "forwarded") break;
  }
  return lookups;
}
