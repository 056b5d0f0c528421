/** The face of the room `answers`: questions about a cluster, put to clusters that are simulated for them. */
export { type CapacityAnswer, capacityLines, type WaitingPod, waitingPods } from "./capacity-text.ts";
export { type FewestAnswer, type FewestQuestion, type Fleet, fewestNodes, isBetter } from "./fewest-nodes.ts";
export { type FitAnswer, type FitQuestion, fitPods } from "./fit.ts";
export { nodeTypesOf } from "./node-types.ts";
export { type Settled, settle } from "./settle.ts";
export { type ShrinkAnswer, shrink } from "./shrink.ts";
export { type PodTemplate, podTemplates, withObjects } from "./templates.ts";
