import type { Endpoint, EndpointSlice, Service, StringMap } from "../../kube/index.ts";
import { controllerReference } from "../../store/index.ts";
import type { SlicePort } from "./endpoint-table.ts";

export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";
export const MANAGED_BY_LABEL = "endpointslice.kubernetes.io/managed-by";
export const MANAGER = "endpointslice-controller.k8s.io";
const HEADLESS_LABEL = "service.kubernetes.io/headless";

/** The labels of a service's slices: the service's own and those by which slices are found. */
export function sliceLabels(service: Service): StringMap {
  const isHeadless =
    service.spec.clusterIP === "None" || service.spec.clusterIP === "" || service.spec.clusterIP === undefined;
  const { [HEADLESS_LABEL]: _, ...own } = service.metadata.labels ?? {};
  return {
    ...own,
    [SERVICE_NAME_LABEL]: service.metadata.name ?? "",
    [MANAGED_BY_LABEL]: MANAGER,
    ...(isHeadless ? { [HEADLESS_LABEL]: "" } : {}),
  };
}

/** A new slice; its name is generated from the service's. */
export function newSlice(service: Service, ports: readonly SlicePort[], endpoints: readonly Endpoint[]): EndpointSlice {
  const { name = "", namespace } = service.metadata;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: sliceLabels(service),
      ownerReferences: [controllerReference(service)],
    },
    addressType: "IPv4",
    endpoints,
    ports,
  };
}
