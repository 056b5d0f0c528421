import type { Endpoint, Service } from "../kube/index.ts";

/** Where traffic comes from: a pod or process in the cluster, or outside through a node port or load balancer. */
export type TrafficSource = "internal" | "external";

/** The node on which a connection is routed. */
export interface RoutingNode {
  readonly name: string;
  readonly zone?: string;
}

/** What becomes of a new connection: it goes to one of some endpoints, or nobody answers, or it is dropped. */
export type Route =
  | { readonly kind: "endpoints"; readonly endpoints: readonly Endpoint[] }
  | { readonly kind: "refused" }
  | { readonly kind: "dropped" };

/**
 * The endpoints among which a node's proxy chooses for a new connection to a service. Ready ones; when there are none,
 * those that still serve while terminating. With the policy Local only those on the node: none there, but some
 * elsewhere, and the connection is dropped rather than refused.
 *
 * @source kubernetes 1.37 pkg/proxy/topology.go CategorizeEndpoints
 */
export function routeOf(
  service: Service,
  endpoints: readonly Endpoint[],
  node: RoutingNode,
  source: TrafficSource,
): Route {
  const { internalTrafficPolicy = "Cluster", externalTrafficPolicy = "Cluster" } = service.spec;
  const policy = source === "internal" ? internalTrafficPolicy : externalTrafficPolicy;
  const cluster = readyElseServing(endpoints);
  const usable =
    policy === "Cluster" ? cluster : readyElseServing(endpoints.filter(({ nodeName }) => nodeName === node.name));
  if (usable.length > 0) return { kind: "endpoints", endpoints: usable };
  return cluster.length > 0 ? { kind: "dropped" } : { kind: "refused" };
}

function readyElseServing(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const ready = endpoints.filter(({ conditions }) => conditions.ready);
  if (ready.length > 0) return ready;
  return endpoints.filter(({ conditions: { serving, terminating } }) => serving && terminating);
}

/**
 * Chooses one of `count` endpoints for a new connection, each equally likely. One uniform draw in [0, 1).
 *
 * @source kubernetes 1.37 pkg/proxy/iptables (rule i of n matches with probability 1/(n−i)), pkg/proxy/nftables
 */
export function chooseRandom(count: number, uniform: number): number {
  return Math.min(count - 1, Math.floor(uniform * count));
}

/** Chooses the endpoint after the last one chosen (-1 at first). @source kubernetes 1.37 ipvs scheduler rr */
export function chooseRoundRobin(count: number, last: number): number {
  return (last + 1) % count;
}
