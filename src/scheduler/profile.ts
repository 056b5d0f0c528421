import type { ClusterView } from "./cluster-view.ts";
import { Framework, type WeightedPlugin } from "./framework.ts";
import { balancedAllocation } from "./plugins/balanced-allocation.ts";
import { defaultBinder } from "./plugins/default-binder.ts";
import { defaultPreemption, type PreemptionOptions } from "./plugins/default-preemption.ts";
import { dynamicResources } from "./plugins/dynamic-resources.ts";
import { imageLocality } from "./plugins/image-locality.ts";
import { interPodAffinity } from "./plugins/inter-pod-affinity.ts";
import { nodeAffinity } from "./plugins/node-affinity.ts";
import { nodeName } from "./plugins/node-name.ts";
import { nodePorts } from "./plugins/node-ports.ts";
import { nodeResourcesFit } from "./plugins/node-resources-fit.ts";
import { nodeUnschedulable } from "./plugins/node-unschedulable.ts";
import { podTopologySpread } from "./plugins/pod-topology-spread.ts";
import { prioritySort } from "./plugins/priority-sort.ts";
import { schedulingGates } from "./plugins/scheduling-gates.ts";
import { taintToleration } from "./plugins/taint-toleration.ts";
import { withoutVolumes } from "./plugins/without-volumes.ts";
import { PreemptionsUnderWay } from "./preemption/under-way.ts";

export const DEFAULT_SCHEDULER = "default-scheduler";

/**
 * The default profile: every extension point takes the plugins that have it, in this order.
 * @source kubernetes 1.37 scheduler apis/config/v1 default_plugins.go
 */
export function defaultFramework(view: ClusterView, options: Partial<PreemptionOptions> = {}): Framework {
  const preemption = { underWay: new PreemptionsUnderWay(), offsetOf: () => 0, ...options };
  const plugins: WeightedPlugin[] = [
    { plugin: schedulingGates(), weight: 1 },
    { plugin: prioritySort(), weight: 1 },
    { plugin: nodeName(), weight: 1 },
    { plugin: nodeUnschedulable(view), weight: 1 },
    { plugin: taintToleration(view), weight: 3 },
    { plugin: nodeAffinity(), weight: 2 },
    { plugin: nodePorts(), weight: 1 },
    { plugin: nodeResourcesFit(), weight: 1 },
    { plugin: withoutVolumes("VolumeRestrictions", false), weight: 1 },
    { plugin: withoutVolumes("NodeVolumeLimits", false), weight: 1 },
    { plugin: withoutVolumes("VolumeBinding", true), weight: 1 },
    { plugin: withoutVolumes("VolumeZone", false), weight: 1 },
    { plugin: podTopologySpread(view), weight: 2 },
    { plugin: interPodAffinity(view), weight: 2 },
    { plugin: dynamicResources(), weight: 2 },
    { plugin: defaultPreemption(view, preemption), weight: 1 },
    { plugin: balancedAllocation(), weight: 1 },
    { plugin: imageLocality(view), weight: 1 },
    { plugin: defaultBinder(), weight: 1 },
    { plugin: withoutVolumes("NodeDeclaredFeatures", false), weight: 1 },
  ];
  return new Framework(DEFAULT_SCHEDULER, plugins);
}
