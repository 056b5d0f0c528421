/** The face of the EndpointSlice controller. */

export { portsFor } from "./endpoints.ts";
export { EndpointSliceController, type EndpointSliceSettings } from "./endpointslice-controller.ts";
export { isManaged, ServiceMatches } from "./service-matches.ts";
