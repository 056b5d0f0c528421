import type { ExtensionPoint, PluginPoints, PluginUse } from "./types.ts";

const VOLUMES: readonly ExtensionPoint[] = ["preFilter", "filter"];
const FULL: readonly ExtensionPoint[] = ["preFilter", "filter", "preScore", "score"];

/**
 * The default plugins in their one order, with their weights and the extension points that they have in the original.
 * @source kubernetes 1.37 scheduler apis/config/v1 default_plugins.go
 */
const PLUGINS: readonly (readonly [name: string, weight: number, points: readonly ExtensionPoint[]])[] = [
  ["SchedulingGates", 0, ["preEnqueue"]],
  ["PrioritySort", 0, ["queueSort"]],
  ["NodeName", 0, ["preFilter", "filter"]],
  ["NodeUnschedulable", 0, ["preFilter", "filter"]],
  ["TaintToleration", 3, FULL],
  ["NodeAffinity", 2, FULL],
  ["NodePorts", 0, ["preFilter", "filter"]],
  ["NodeResourcesFit", 1, FULL],
  ["VolumeRestrictions", 0, VOLUMES],
  ["NodeVolumeLimits", 0, VOLUMES],
  ["VolumeBinding", 0, ["preFilter", "filter", "reserve", "preBind", "preScore", "score"]],
  ["VolumeZone", 0, VOLUMES],
  ["PodTopologySpread", 2, FULL],
  ["InterPodAffinity", 2, FULL],
  ["DynamicResources", 2, ["preEnqueue", "preFilter", "filter", "postFilter", "reserve", "preBind", "score"]],
  ["DefaultPreemption", 0, ["preEnqueue", "postFilter"]],
  ["NodeResourcesBalancedAllocation", 1, ["preScore", "score"]],
  ["ImageLocality", 1, ["score"]],
  ["DefaultBinder", 0, ["bind"]],
  ["NodeDeclaredFeatures", 0, ["preFilter", "filter"]],
];

/** What multiPoint enables when nobody says otherwise. A weight of 0 stands for 1. */
export const DEFAULT_MULTI_POINT: readonly PluginUse[] = PLUGINS.map(([name, weight]) => ({ name, weight }));

export const DEFAULT_POINTS: PluginPoints = new Map(PLUGINS.map(([name, , points]) => [name, points]));
