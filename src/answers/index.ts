/** The face of the room `answers`: questions about a cluster, put to clusters that are simulated for them. */
export { type Advice, type AdviceQuestion, adviceOn, type Topic } from "./advice.ts";
export { type CapacityAnswer, capacityLines, type WaitingPod, waitingPods } from "./capacity-text.ts";
export { type FewestAnswer, type FewestQuestion, type Fleet, fewestNodes, isBetter } from "./fewest-nodes.ts";
export { type FitAnswer, type FitQuestion, fitPods } from "./fit.ts";
export { type Loss, type LossQuestion, lossesOf } from "./loss.ts";
export { nodeTypesOf } from "./node-types.ts";
export { type Settled, settle } from "./settle.ts";
export { type ShrinkAnswer, shrink } from "./shrink.ts";
export { type LossAnswer, type SurviveQuestion, survive, tasksOf } from "./survive.ts";
export { type LossOutcome, type SurviveTask, struckPlan, surviveTask } from "./survive-run.ts";
export { isLost, surviveLines } from "./survive-text.ts";
export { surviveThreads } from "./survive-threads.ts";
export { type PodTemplate, podTemplates, withObjects } from "./templates.ts";
