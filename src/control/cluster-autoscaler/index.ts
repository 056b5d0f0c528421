export { ClusterAutoscaler } from "./cluster-autoscaler.ts";
export { CLUSTER_AUTOSCALER_DEFAULTS, type ClusterAutoscalerSettings, EXPANDERS, type Expander } from "./settings.ts";
export type { CloudGroup, NodeCloud, PlacementSimulation, SimulatedPod } from "./types.ts";
