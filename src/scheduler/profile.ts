import { AssumedVolumes } from "./assumed-volumes.ts";
import type { ClusterView } from "./cluster-view.ts";
import { DEFAULT_CONFIG } from "./config/read-config.ts";
import { EXTENSION_POINTS, type ExtensionPoint, type ProfileArgs, type ProfileConfig } from "./config/types.ts";
import { Framework, type Plugin, type WeightedPlugin } from "./framework.ts";
import { balancedAllocation } from "./plugins/balanced-allocation.ts";
import { defaultBinder } from "./plugins/default-binder.ts";
import { defaultPreemption, type PreemptionOptions } from "./plugins/default-preemption.ts";
import { dynamicResources } from "./plugins/dynamic-resources.ts";
import { imageLocality } from "./plugins/image-locality.ts";
import { interPodAffinity } from "./plugins/inter-pod-affinity.ts";
import { nodeAffinity } from "./plugins/node-affinity.ts";
import { nodeDeclaredFeatures } from "./plugins/node-declared-features.ts";
import { nodeName } from "./plugins/node-name.ts";
import { nodePorts } from "./plugins/node-ports.ts";
import { nodeResourcesFit } from "./plugins/node-resources-fit.ts";
import { nodeUnschedulable } from "./plugins/node-unschedulable.ts";
import { nodeVolumeLimits } from "./plugins/node-volume-limits.ts";
import { podTopologySpread } from "./plugins/pod-topology-spread.ts";
import { prioritySort } from "./plugins/priority-sort.ts";
import { schedulingGates } from "./plugins/scheduling-gates.ts";
import { taintToleration } from "./plugins/taint-toleration.ts";
import { volumeBinding } from "./plugins/volume-binding.ts";
import { volumeRestrictions } from "./plugins/volume-restrictions.ts";
import { volumeZone } from "./plugins/volume-zone.ts";
import { PreemptionsUnderWay } from "./preemption/under-way.ts";

export const DEFAULT_SCHEDULER = "default-scheduler";

/** What a plugin is made from. */
interface PluginContext {
  readonly view: ClusterView;
  readonly args: ProfileArgs;
  readonly preemption: PreemptionOptions;
  readonly volumes: AssumedVolumes;
}

type PluginFactory = (context: PluginContext) => Plugin;

/** All plugins of the scheduler itself. */
const FACTORIES: Readonly<Record<string, PluginFactory>> = {
  SchedulingGates: () => schedulingGates(),
  PrioritySort: () => prioritySort(),
  NodeName: () => nodeName(),
  NodeUnschedulable: ({ view }) => nodeUnschedulable(view),
  TaintToleration: ({ view }) => taintToleration(view),
  NodeAffinity: ({ args }) => nodeAffinity(args.nodeAffinity),
  NodePorts: () => nodePorts(),
  NodeResourcesFit: ({ args }) => nodeResourcesFit(args.fit),
  VolumeRestrictions: ({ view }) => volumeRestrictions(view),
  NodeVolumeLimits: ({ view }) => nodeVolumeLimits(view),
  VolumeBinding: ({ args, volumes }) => volumeBinding(volumes, args.volumes),
  VolumeZone: ({ view }) => volumeZone(view),
  PodTopologySpread: ({ view, args }) => podTopologySpread(view, args.spread),
  InterPodAffinity: ({ view, args }) => interPodAffinity(view, args.podAffinity),
  DynamicResources: () => dynamicResources(),
  DefaultPreemption: ({ view, args, preemption }) => defaultPreemption(view, preemption, args.preemption),
  NodeResourcesBalancedAllocation: ({ args }) => balancedAllocation(args.balanced),
  ImageLocality: ({ view }) => imageLocality(view),
  DefaultBinder: () => defaultBinder(),
  NodeDeclaredFeatures: () => nodeDeclaredFeatures(),
};

/** A plugin of the user's own, made for one profile. `args` are those of its pluginConfig. */
export type OwnPluginFactory = (view: ClusterView, args: unknown) => Plugin;

export interface FrameworkOptions extends Partial<PreemptionOptions> {
  /** The storage that pods of all profiles share. */
  readonly volumes?: AssumedVolumes;
  /** By plugin name. */
  readonly own?: ReadonlyMap<string, OwnPluginFactory>;
}

/** The default profile.
 *  @source kubernetes 1.37 scheduler apis/config/v1 default_plugins.go */
export function defaultFramework(view: ClusterView, options: FrameworkOptions = {}): Framework {
  return frameworkOf(DEFAULT_CONFIG.profiles[0] as ProfileConfig, view, options);
}

/** The plugins of a profile, each with only those of its methods that the profile enables. */
export function frameworkOf(profile: ProfileConfig, view: ClusterView, options: FrameworkOptions = {}): Framework {
  const { own, volumes = new AssumedVolumes(view.storage), ...rest } = options;
  const { points, args, schedulerName, percentageOfNodesToScore } = profile;
  const preemption = { underWay: new PreemptionsUnderWay(), offsetOf: () => 0, ...rest };
  const context = { view, args, preemption, volumes };
  const plugins: WeightedPlugin[] = [];
  for (const name of inOneOrder(points)) {
    const whole = FACTORIES[name]?.(context) ?? own?.get(name)?.(view, args.others[name] ?? {});
    if (whole === undefined) continue;
    const weight = points.score.find((use) => use.name === name)?.weight ?? 1;
    plugins.push({ plugin: enabledPart(whole, (point) => points[point].some((use) => use.name === name)), weight });
  }
  return new Framework(schedulerName, plugins, { percentageOfNodesToScore, order: points });
}

/** All plugins: those that filter in the order in which they do, each of the others after those that go before it. */
function inOneOrder(points: ProfileConfig["points"]): string[] {
  const names = points.filter.map(({ name }) => name);
  for (const point of EXTENSION_POINTS) {
    for (const { name } of points[point]) if (!names.includes(name)) names.push(name);
  }
  return names;
}

const METHODS: Readonly<Record<ExtensionPoint, readonly (keyof Plugin)[]>> = {
  preEnqueue: ["preEnqueue"],
  queueSort: ["compare"],
  preFilter: ["preFilter", "addPod", "removePod"],
  filter: ["filter", "filterRows", "passesAll"],
  postFilter: ["postFilter"],
  preScore: ["preScore"],
  score: ["score", "scoreRows", "evenScore", "normalize"],
  reserve: ["reserve", "unreserve"],
  permit: ["permit"],
  preBind: ["preBind", "willPreBind"],
  bind: ["bind"],
  postBind: ["postBind"],
};

/** A plugin without the methods of the points that it is disabled at. Its block does all or nothing, so it goes too. */
function enabledPart(plugin: Plugin, isEnabled: (point: ExtensionPoint) => boolean): Plugin {
  const part: { -readonly [K in keyof Plugin]: Plugin[K] } = { ...plugin };
  for (const point of EXTENSION_POINTS) {
    if (isEnabled(point)) continue;
    for (const method of METHODS[point]) {
      if (part[method] === undefined) continue;
      delete part[method];
      delete part.block;
    }
  }
  return part;
}
