/** The face of the EndpointSlice controller. */
export { EndpointSliceController, type EndpointSliceSettings } from "./endpointslice-controller.ts";
