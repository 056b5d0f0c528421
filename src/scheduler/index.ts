/** The face of the room `scheduler`. */
export type { WaitingPod } from "./binding-cycles.ts";
export { type CacheState, SchedulerCache } from "./cache.ts";
export { type ClusterEvent, type EventName, nodeUpdateEvents, podUpdateEvents } from "./cluster-events.ts";
export type { ClusterView } from "./cluster-view.ts";
export { DEFAULT_CONFIG, type ReadConfig, readSchedulerConfig } from "./config/read-config.ts";
export {
  type ConfigProblem,
  EXTENSION_POINTS,
  type ExtensionPoint,
  type PluginPoints,
  type ProfileArgs,
  type ProfileConfig,
  type SchedulerConfig,
} from "./config/types.ts";
export { type Attempt, type CoreOptions, type CoreState, SchedulerCore } from "./core.ts";
export { CycleState, StateKey } from "./cycle-state.ts";
export { Diagnosis } from "./diagnosis.ts";
export {
  Framework,
  type HintRegistration,
  type Plugin,
  type PostFilterAnswer,
  type PostFilterContext,
  type PreFilterAnswer,
  type QueueingHint,
  type WeightedPlugin,
} from "./framework.ts";
export type { NodeInfo } from "./node-info.ts";
export { NominatedPods } from "./nominator.ts";
export { detailsOf, type NodeDetail, type PluginScore } from "./placement-detail.ts";
export { PodCompiler, type PodInfo, type PodSource, type TemplateInfo } from "./pod-info.ts";
export { podSource } from "./pod-source.ts";
export { type PostFilterOutcome, runPostFilters } from "./post-filter.ts";
export type { Candidate, Preemption, RejectedNode } from "./preemption/candidates.ts";
export { type PodHandle, type PreemptionOrder, PreemptionsUnderWay } from "./preemption/under-way.ts";
export {
  DEFAULT_SCHEDULER,
  defaultFramework,
  type FrameworkOptions,
  frameworkOf,
  type OwnPluginFactory,
} from "./profile.ts";
export { type Placement, type ScheduleOptions, scheduleOne } from "./schedule-one.ts";
export { Scheduler, type SchedulerOptions } from "./scheduler.ts";
export type { ScoreColumn, ScoreTable } from "./score-nodes.ts";
export { feasibleNodesToFind, selectHost } from "./select-host.ts";
export { CODE, CODE_NAMES, type Code, type Status, unresolvable, unschedulable } from "./status.ts";
export { WhatIf } from "./what-if.ts";
