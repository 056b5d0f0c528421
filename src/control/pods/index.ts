/** What controllers of pods have in common: claiming, expectations, creating in growing batches, events. */
export { type ClaimOptions, claimPods, referenceTo } from "./claim.ts";
export { Expectations } from "./expectations.ts";
export { decisionName, isBeingDeleted } from "./object-names.ts";
export { type Created, PodControl } from "./pod-control.ts";
export { compareRestarts, inOrderOfRemoval, phaseOrder } from "./ranking.ts";
export { type BatchOrder, type SlowStartResult, slowStart } from "./slow-start.ts";
