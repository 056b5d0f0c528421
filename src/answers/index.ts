/** The face of the room `answers`: questions about a cluster, put to clusters that are simulated for them. */
export { type Advice, type AdviceQuestion, adviceOn, type Topic } from "./advice.ts";
export { observeThreads, surviveThreads } from "./answer-threads.ts";
export { type CapacityAnswer, capacityLines, type WaitingPod, waitingPods } from "./capacity-text.ts";
export { type FewestAnswer, type FewestQuestion, type Fleet, fewestNodes, isBetter } from "./fewest-nodes.ts";
export { type FitAnswer, type FitQuestion, fitPods } from "./fit.ts";
export { type Loss, type LossQuestion, lossesOf } from "./loss.ts";
export { nodeTypesOf } from "./node-types.ts";
export { type ObservedRun, observeRun } from "./rightsize/observe.ts";
export { patchedPlan, patchesOf, patchText } from "./rightsize/patches.ts";
export { type Proposal, type SizingPolicy, sizingOf } from "./rightsize/proposal.ts";
export { type RightsizeAnswer, rightsize } from "./rightsize/rightsize.ts";
export { rightsizeLines } from "./rightsize/rightsize-text.ts";
export { type Settled, settle } from "./settle.ts";
export { type ShrinkAnswer, shrink } from "./shrink.ts";
export { type LossAnswer, type SurviveQuestion, survive, tasksOf } from "./survive.ts";
export { type LossOutcome, type SurviveTask, struckPlan, surviveTask } from "./survive-run.ts";
export { isLost, surviveLines } from "./survive-text.ts";
export { type PodTemplate, podTemplates, withObjects } from "./templates.ts";
