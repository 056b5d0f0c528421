/** The face of the node lifecycle controller. */
export { NodeLifecycle } from "./node-lifecycle.ts";
export { NODE_LIFECYCLE_DEFAULTS, type NodeLifecycleSettings } from "./settings.ts";
