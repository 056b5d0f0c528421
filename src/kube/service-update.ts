import type { Service, ServicePort } from "./types.ts";

type Spec = Service["spec"];

/**
 * A Service that takes the place of `live`, without what its new type has no use for: only where that is as it was, since a
 * change of it may be a mistake that is to be told.
 *
 * @source kubernetes 1.37 pkg/registry/core/service/strategy.go dropTypeDependentFields
 */
export function withoutFieldsOfOldType(next: Service, live: Service): Service {
  if (next.spec.type === live.spec.type) return next;
  const dropped = (Object.keys(NEEDED) as (keyof typeof NEEDED)[]).filter(
    (field) => NEEDED[field](live.spec) && !NEEDED[field](next.spec) && next.spec[field] === live.spec[field],
  );
  const spec: Record<string, unknown> = { ...next.spec };
  for (const field of dropped) delete spec[field];
  if (dropped.includes("clusterIP")) delete spec.clusterIPs;
  if (hasNodePorts(live.spec) && !hasNodePorts(next.spec) && areNodePortsAsBefore(next.spec, live.spec)) {
    spec.ports = (next.spec.ports ?? []).map(({ nodePort: _, ...port }): ServicePort => port);
  }
  return { ...next, spec: spec as Spec };
}

const NEEDED = {
  clusterIP: ({ type }: Spec): boolean => type !== "ExternalName",
  internalTrafficPolicy: ({ type }: Spec): boolean => type !== "ExternalName",
  externalTrafficPolicy: (spec: Spec): boolean => hasNodePorts(spec) || (spec.externalIPs ?? []).length > 0,
  healthCheckNodePort: ({ type, externalTrafficPolicy }: Spec): boolean =>
    type === "LoadBalancer" && externalTrafficPolicy === "Local",
  allocateLoadBalancerNodePorts: isBalanced,
  loadBalancerClass: isBalanced,
} as const;

function isBalanced({ type }: Spec): boolean {
  return type === "LoadBalancer";
}

function hasNodePorts({ type }: Spec): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

/** No port of the host but those that the Service had. */
function areNodePortsAsBefore(next: Spec, live: Spec): boolean {
  const before = (live.ports ?? []).map(({ nodePort = 0 }) => nodePort);
  return (next.ports ?? []).every(({ nodePort = 0 }) => nodePort === 0 || before.includes(nodePort));
}
