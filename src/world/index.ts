/** The face of the room `world`: a plan, and the world that plays it. */
export { requestOf } from "./arrivals.ts";
export { type ExposeSettings, exposedService } from "./expose.ts";
export type { Labels } from "./measures.ts";
export { type NetworkView, podNetwork, serviceNetwork } from "./network-view.ts";
export { type Instance, NodeFleet, nodeOfPool } from "./node-fleet.ts";
export { type ObjectStatus, objectStatus, objectsOf } from "./object-status.ts";
export type { PluginModules } from "./own-plugins.ts";
export * from "./plan.ts";
export { rolloutStatus } from "./rollout-status.ts";
export { World } from "./world.ts";
