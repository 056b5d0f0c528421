export { DeploymentController, type DeploymentControllerOptions } from "./deployment-controller.ts";
