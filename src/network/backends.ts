import type { Endpoint, EndpointSlice, Service } from "../kube/index.ts";
import type { DocumentTable, Store } from "../store/index.ts";

const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

/**
 * All endpoints that the slices of a service name, slice by slice in order of creation. Cost: the EndpointSlices of the
 * cluster; keep the result until a slice changes.
 */
export function serviceEndpoints(store: Store, serviceRow: number): readonly Endpoint[] {
  const services: DocumentTable<Service> = store.documents("Service");
  const slices: DocumentTable<EndpointSlice> = store.documents("EndpointSlice");
  const { namespace = "", name = "" } = services.get(serviceRow).metadata;
  const endpoints: Endpoint[] = [];
  for (let row = slices.first(); row !== -1; row = slices.after(row)) {
    const slice = slices.get(row);
    if (slice.metadata.labels?.[SERVICE_NAME_LABEL] !== name || slice.metadata.namespace !== namespace) continue;
    endpoints.push(...slice.endpoints);
  }
  return endpoints;
}

/** Rows of the pods behind endpoints; an endpoint without a pod, or whose pod is gone, is left out. */
export function podRowsOf(store: Store, endpoints: readonly Endpoint[]): number[] {
  const { pods } = store;
  const rows: number[] = [];
  for (const { targetRef } of endpoints) {
    if (targetRef?.kind !== "Pod") continue;
    const row = pods.rowOf(targetRef.namespace ?? "", targetRef.name);
    if (row !== -1 && store.rendering.uid(pods.serial.get(row)) === targetRef.uid) rows.push(row);
  }
  return rows;
}
