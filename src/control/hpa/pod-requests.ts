import type { Container, PodSpec, Quantities } from "../../kube/index.ts";
import { addInt64, type Milli } from "./int64.ts";
import { milliOfQuantity } from "./quantities.ts";
import type { ContainerRequests, PodRequests } from "./types.ts";

/**
 * The requests of a pod's spec as the replica calculator reads them, in milli-units. Computed once a template.
 *
 * @source kubernetes 1.37 pkg/controller/podautoscaler/replica_calculator.go, calculatePodRequestsFromContainers, and
 * component-helpers/resource PodRequests for requests at pod level
 */
export function podRequestsOf(spec: PodSpec): PodRequests {
  const sidecars = (spec.initContainers ?? []).filter(isSidecar);
  const containers = [...spec.containers, ...sidecars].map(
    (container): ContainerRequests => ({ name: container.name, requestMilli: milliMap(container.resources?.requests) }),
  );
  const podLevel = Object.keys(spec.resources?.requests ?? {}).filter(isPodLevelResource);
  return podLevel.length === 0 ? { containers } : { containers, podLevelMilli: podLevelRequests(spec, podLevel) };
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/** Resources that a pod may request as a whole. */
function isPodLevelResource(resource: string): boolean {
  return resource === "cpu" || resource === "memory" || resource.startsWith("hugepages-");
}

function milliMap(requests: Quantities | undefined): Map<string, Milli> {
  return new Map(Object.entries(requests ?? {}).map(([name, text]) => [name, milliOfQuantity(text)]));
}

/** The containers' requests by the scheduling rules, replaced where the pod says so, plus the overhead. */
function podLevelRequests(spec: PodSpec, podLevel: readonly string[]): Map<string, Milli> {
  const total = new Map<string, Milli>();
  for (const container of spec.containers) addAll(total, container);
  const sidecars = new Map<string, Milli>();
  const initPeak = new Map<string, Milli>();
  for (const container of spec.initContainers ?? []) {
    if (isSidecar(container)) {
      addAll(total, container);
      addAll(sidecars, container);
      raiseTo(initPeak, sidecars);
    } else {
      const withSidecars = new Map(sidecars);
      addAll(withSidecars, container);
      raiseTo(initPeak, withSidecars);
    }
  }
  raiseTo(total, initPeak);
  for (const resource of podLevel) total.set(resource, milliOfQuantity(spec.resources?.requests?.[resource] ?? "0"));
  for (const [resource, text] of Object.entries(spec.overhead ?? {})) {
    total.set(resource, addInt64(total.get(resource) ?? 0, milliOfQuantity(text)));
  }
  return total;
}

function addAll(total: Map<string, Milli>, container: Container): void {
  for (const [resource, value] of milliMap(container.resources?.requests)) {
    total.set(resource, addInt64(total.get(resource) ?? 0, value));
  }
}

function raiseTo(total: Map<string, Milli>, other: ReadonlyMap<string, Milli>): void {
  for (const [resource, value] of other) {
    const known = total.get(resource);
    if (known === undefined || value > known) total.set(resource, value);
  }
}
