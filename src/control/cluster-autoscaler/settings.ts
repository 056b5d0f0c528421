import { type Micros, millis, minutes, seconds } from "../../units/index.ts";

export const EXPANDERS = ["random", "most-pods", "least-nodes", "least-waste", "priority", "price"] as const;
export type Expander = (typeof EXPANDERS)[number];

/** The autoscaler's flags. Spans are microseconds. */
export interface ClusterAutoscalerSettings {
  readonly scanMicros: Micros;
  /** How long one iteration takes before the next one can start. */
  readonly loopMicros: Micros;
  /** Each narrows the choice of those before it; chance decides among what is left. */
  readonly expanders: readonly Expander[];
  readonly balancesSimilarGroups: boolean;
  /** 0: no limit. */
  readonly maxNodesTotal: number;
  readonly maxNodesPerScaleUp: number;
  readonly maxNodeProvisionMicros: Micros;
  readonly maxNodeStartupMicros: Micros;
  readonly newPodDelayMicros: Micros;
  readonly backoffInitialMicros: Micros;
  readonly backoffMaxMicros: Micros;
  readonly backoffResetMicros: Micros;
  readonly okUnreadyCount: number;
  readonly maxUnreadyPercentage: number;
  readonly expendablePriorityCutoff: number;
  readonly isScaleDownEnabled: boolean;
  readonly scaleDownDelayAfterAddMicros: Micros;
  readonly scaleDownDelayAfterDeleteMicros: Micros;
  readonly scaleDownDelayAfterFailureMicros: Micros;
  readonly unneededMicros: Micros;
  readonly unreadyMicros: Micros;
  readonly utilizationThreshold: number;
  readonly gpuUtilizationThreshold: number;
  readonly ignoresDaemonSets: boolean;
  readonly skipsSystemPods: boolean;
  readonly skipsLocalStorage: boolean;
  readonly skipsCustomControllers: boolean;
  readonly unremovableRecheckMicros: Micros;
  readonly maxParallelDeletions: number;
  readonly maxParallelDrains: number;
  readonly maxSoftTaints: number;
  readonly deleteDelayAfterTaintMicros: Micros;
  readonly maxGracefulTerminationSeconds: number;
  readonly maxEvictionMicros: Micros;
  /** Whether an iteration that would find what the last one found is cut short; the outcome is the same. Default true. */
  readonly skipsQuietIterations?: boolean;
}

/**
 * @source cluster-autoscaler 1.37 config/flags/flags.go
 *
 * DEVIATION(autoscaler-loop-time): an iteration takes a constant time; that of the original grows with the cluster.
 */
export const CLUSTER_AUTOSCALER_DEFAULTS: ClusterAutoscalerSettings = Object.freeze({
  scanMicros: seconds(10),
  loopMicros: millis(100),
  expanders: Object.freeze(["least-waste"] as const),
  balancesSimilarGroups: false,
  maxNodesTotal: 0,
  maxNodesPerScaleUp: 1000,
  maxNodeProvisionMicros: minutes(15),
  maxNodeStartupMicros: minutes(15),
  newPodDelayMicros: 0,
  backoffInitialMicros: minutes(5),
  backoffMaxMicros: minutes(30),
  backoffResetMicros: minutes(180),
  okUnreadyCount: 3,
  maxUnreadyPercentage: 45,
  expendablePriorityCutoff: -10,
  isScaleDownEnabled: true,
  scaleDownDelayAfterAddMicros: minutes(10),
  scaleDownDelayAfterDeleteMicros: 0,
  scaleDownDelayAfterFailureMicros: minutes(3),
  unneededMicros: minutes(10),
  unreadyMicros: minutes(20),
  utilizationThreshold: 0.5,
  gpuUtilizationThreshold: 0.5,
  ignoresDaemonSets: false,
  skipsSystemPods: true,
  skipsLocalStorage: true,
  skipsCustomControllers: true,
  unremovableRecheckMicros: minutes(5),
  maxParallelDeletions: 10,
  maxParallelDrains: 1,
  maxSoftTaints: 10,
  deleteDelayAfterTaintMicros: seconds(5),
  maxGracefulTerminationSeconds: 600,
  maxEvictionMicros: minutes(2),
});
