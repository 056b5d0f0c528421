import { seconds } from "../units/index.ts";
import type { ClusterAutoscalerPlan, Distribution, PoolAutoscale } from "../world/plan.ts";
import type { Field } from "./field.ts";

/** `autoscale` of a node pool; null when its size is fixed. */
export function readAutoscale(pool: Field): PoolAutoscale | null {
  const field = pool.get("autoscale");
  if (!field.isPresent) return null;
  const [min, max] = [field.get("min").number(), field.get("max").number()];
  const count = pool.get("count").number();
  if (max < min) field.get("max").report("E0405", `max must be at least min: ${max} is below ${min}`);
  if (count > max)
    pool.get("count").report("E0405", `the pool starts with ${count} nodes, but autoscale.max is ${max}`);
  const failure = field.get("failure");
  return { min, max, refusedShare: failure.get("refused").number(), stuckShare: failure.get("stuck").number() };
}

/** Boot time of the machines of a pool: that of `autoscale` goes first. */
export function readBoot(pool: Field, otherwise: Distribution): Distribution {
  return pool.get("autoscale").get("boot").distribution() ?? pool.get("boot").distribution() ?? otherwise;
}

/** `spec.cluster.autoscaler`, in which every default has been written out. */
export function readClusterAutoscaler(field: Field): ClusterAutoscalerPlan {
  const down = field.get("scaleDown");
  return {
    scanMicros: field.get("scanInterval").micros(),
    loopMicros: field.get("loopTime").micros(),
    expanders: field.get("expander").texts() as ClusterAutoscalerPlan["expanders"],
    balancesSimilarGroups: field.get("balanceSimilarNodeGroups").isTrue(),
    maxNodesTotal: field.get("maxNodesTotal").number(),
    maxNodesPerScaleUp: field.get("maxNodesPerScaleUp").number(),
    maxNodeProvisionMicros: field.get("maxNodeProvisionTime").micros(),
    maxNodeStartupMicros: field.get("maxNodeStartupTime").micros(),
    newPodDelayMicros: field.get("newPodScaleUpDelay").micros(),
    backoffInitialMicros: field.get("initialBackoff").micros(),
    backoffMaxMicros: field.get("maxBackoff").micros(),
    backoffResetMicros: field.get("backoffReset").micros(),
    okUnreadyCount: field.get("okTotalUnreadyCount").number(),
    maxUnreadyPercentage: field.get("maxTotalUnreadyPercentage").number(),
    expendablePriorityCutoff: field.get("expendablePodsPriorityCutoff").number(),
    isScaleDownEnabled: down.get("enabled").isTrue(),
    scaleDownDelayAfterAddMicros: down.get("delayAfterAdd").micros(),
    scaleDownDelayAfterDeleteMicros: down.get("delayAfterDelete").micros(),
    scaleDownDelayAfterFailureMicros: down.get("delayAfterFailure").micros(),
    unneededMicros: down.get("unneededTime").micros(),
    unreadyMicros: down.get("unreadyTime").micros(),
    utilizationThreshold: down.get("utilizationThreshold").number(),
    gpuUtilizationThreshold: down.get("gpuUtilizationThreshold").number(),
    ignoresDaemonSets: down.get("ignoreDaemonSetsUtilization").isTrue(),
    skipsSystemPods: down.get("skipNodesWithSystemPods").isTrue(),
    skipsLocalStorage: down.get("skipNodesWithLocalStorage").isTrue(),
    skipsCustomControllers: down.get("skipNodesWithCustomControllerPods").isTrue(),
    unremovableRecheckMicros: down.get("unremovableRecheck").micros(),
    maxParallelDeletions: down.get("maxParallelism").number(),
    maxParallelDrains: down.get("maxDrainParallelism").number(),
    maxSoftTaints: down.get("maxSoftTaints").number(),
    deleteDelayAfterTaintMicros: down.get("deleteDelayAfterTaint").micros(),
    maxGracefulTerminationSeconds: down.get("maxGracefulTermination").micros() / seconds(1),
    maxEvictionMicros: down.get("maxPodEvictionTime").micros(),
  };
}
