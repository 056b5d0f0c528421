/** The phases of one instant, in the order in which they run (docs/architecture.md, "Engine"). */
export const PHASE = { fault: 0, store: 1, node: 2, control: 3, scheduler: 4, observe: 5 } as const;

/** Processes that act in the phase of the controllers, but are held by themselves (`Engine.hold`). */
export const PROCESS = { clusterAutoscaler: 16, verticalPodAutoscaler: 17 } as const;
