/** The face of the controller of Endpoints. */
export { EndpointsController } from "./endpoints-controller.ts";
