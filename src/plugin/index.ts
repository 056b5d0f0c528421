/** The face of the room `plugin`, and of the package as `kube-orrery/plugin`: scheduler plugins of the user's own. */
export { guarded } from "./guard.ts";
export { PluginError } from "./plugin-error.ts";
export { pointsOf } from "./points.ts";
export {
  defineSchedulerPlugin,
  type NodeResourcesView,
  type NodeView,
  type PermitWait,
  type PluginEvent,
  type PluginPoint,
  type PodRequestsView,
  type PodTemplateView,
  type PodView,
  type PreFilterResult,
  type Rejection,
  type SchedulerPlugin,
  type SchedulingCycle,
  type WaitingPodView,
} from "./types.ts";
