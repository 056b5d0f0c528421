/** The face of the room `workload`: loads, and what they make pods use. */
export { curveAt, levelAt, nextLook, sineOfTurns } from "./curve.ts";
export { limitsOf, type PodLimits } from "./pod-limits.ts";
export { QueueModel } from "./queue-model.ts";
export { type DemandTotals, ServiceDemand } from "./service-demand.ts";
export type * from "./types.ts";
export { Workload, type WorkloadOptions } from "./workload.ts";
