import { type Micros, millis, minutes, seconds } from "../units/index.ts";

/**
 * The constants of the modelled release, Kubernetes 1.37, at their defaults. Spans are integer microseconds.
 */

// Node lifecycle. @source kubernetes 1.37 pkg/controller/nodelifecycle/config/v1alpha1/defaults.go

/** Between two passes of the node monitor. */
export const NODE_MONITOR_PERIOD: Micros = seconds(5);
/** Grace before a silent node is marked Unknown; compared strictly. 40 s before kubernetes#126287. */
export const NODE_MONITOR_GRACE: Micros = seconds(50);
export const NODE_STARTUP_GRACE: Micros = seconds(60);
/** Nodes tainted NoExecute a second, in a zone in normal state. */
export const NODE_EVICTION_RATE = 0.1;
export const SECONDARY_NODE_EVICTION_RATE = 0.01;
export const LARGE_CLUSTER_SIZE_THRESHOLD = 50;
export const UNHEALTHY_ZONE_THRESHOLD = 0.55;
export const NO_EXECUTE_TAINT_PASS_PERIOD: Micros = millis(100);
export const NODE_TAINT_LIMITER_BURST = 1;
export const NODE_HEALTH_UPDATE_TRIES = 5;
export const NODE_HEALTH_UPDATE_RETRY_DELAY: Micros = millis(20);
/** Of the tolerations of not-ready and unreachable that admission adds. */
export const DEFAULT_TOLERATION: Micros = seconds(300);

// Pod garbage collection. @source kubernetes 1.37 pkg/controller/podgc

export const TERMINATED_POD_GC_THRESHOLD = 12_500;
export const POD_GC_PERIOD: Micros = seconds(20);
export const POD_GC_NODE_QUARANTINE: Micros = seconds(40);

// Kubelet. @source kubernetes 1.37 pkg/kubelet/apis/config/v1beta1/defaults.go, pkg/kubelet

export const NODE_LEASE_DURATION: Micros = seconds(40);
export const NODE_LEASE_RENEW_PERIOD: Micros = seconds(10);
/** Share of a period that may be added to it, for lease renewals and status updates. */
export const HEARTBEAT_JITTER = 0.04;
export const NODE_STATUS_UPDATE_PERIOD: Micros = seconds(10);
/** A status without a change is written this long after the last write, give or take half. */
export const NODE_STATUS_REPORT_PERIOD: Micros = minutes(5);
export const PLEG_RELIST_PERIOD: Micros = seconds(1);
export const KUBELET_SYNC_TICK: Micros = seconds(1);
export const KUBELET_HOUSEKEEPING_PERIOD: Micros = seconds(2);
export const POD_RESYNC_PERIOD: Micros = minutes(1);
export const POD_RESYNC_AFTER_ERROR: Micros = seconds(10);
export const POD_RESYNC_NETWORK_NOT_READY: Micros = seconds(1);
/** Share of a resync period that may be added to it. */
export const POD_RESYNC_JITTER = 0.5;
export const CRASH_BACKOFF_INITIAL: Micros = seconds(10);
export const CRASH_BACKOFF_MAX: Micros = seconds(300);
export const CRASH_BACKOFF_EXPIRY: Micros = seconds(600);
export const IMAGE_BACKOFF_INITIAL: Micros = seconds(10);
export const IMAGE_BACKOFF_MAX: Micros = seconds(300);
export const EVICTION_MONITOR_PERIOD: Micros = seconds(10);
export const EVICTION_PRESSURE_TRANSITION: Micros = minutes(5);
export const MIN_KILL_GRACE: Micros = seconds(2);
export const CFS_PERIOD: Micros = millis(100);
export const NODE_PODS_MAX = 110;
export const NODE_IMAGES_REPORTED_MAX = 50;
export const REGISTRY_PULL_QPS = 5;
export const REGISTRY_PULL_BURST = 10;

// Controllers. @source kubernetes 1.37 client-go util/workqueue, pkg/controller

export const WORK_QUEUE_RETRY_INITIAL: Micros = millis(5);
export const WORK_QUEUE_RETRY_MAX: Micros = seconds(1000);
export const WORK_QUEUE_RETRY_QPS = 10;
export const WORK_QUEUE_RETRY_BURST = 100;
export const EXPECTATIONS_TIMEOUT: Micros = minutes(5);
export const SLOW_START_INITIAL_BATCH = 1;
export const REPLICA_SET_BURST = 500;
export const DAEMON_SET_BURST = 250;

// Horizontal pod autoscaler. @source kubernetes 1.37 pkg/controller/podautoscaler/config/v1alpha1/defaults.go

export const HPA_SYNC_PERIOD: Micros = seconds(15);
export const HPA_DOWNSCALE_STABILIZATION: Micros = minutes(5);
/** Relative deviation from the target that is not acted on, in both directions. */
export const HPA_TOLERANCE = 0.1;
export const HPA_CPU_INITIALIZATION_PERIOD: Micros = minutes(5);
export const HPA_INITIAL_READINESS_DELAY: Micros = seconds(30);
export const HPA_DEFAULT_CPU_UTILIZATION = 80;

// Scheduler. @source kubernetes 1.37 pkg/scheduler/apis/config/v1/defaults.go

export const SCHEDULER_NAME = "default-scheduler";
export const SCHEDULER_PARALLELISM = 16;
export const POD_INITIAL_BACKOFF: Micros = seconds(1);
export const POD_MAX_BACKOFF: Micros = seconds(10);
export const POD_MAX_IN_UNSCHEDULABLE: Micros = minutes(5);
export const HARD_POD_AFFINITY_WEIGHT = 1;
export const MIN_CANDIDATE_NODES_PERCENTAGE = 10;
export const MIN_CANDIDATE_NODES_ABSOLUTE = 100;
/** Score weights of the default profile. */
export const SCORE_WEIGHTS = {
  TaintToleration: 3,
  NodeAffinity: 2,
  NodeResourcesFit: 1,
  VolumeBinding: 1,
  PodTopologySpread: 2,
  InterPodAffinity: 2,
  DynamicResources: 2,
  NodeResourcesBalancedAllocation: 1,
  ImageLocality: 1,
} as const;

// API server. @source kubernetes 1.37 pkg/kubeapiserver, pkg/apis

/** How long a Kubernetes Event lives after its last write. */
export const EVENT_TTL: Micros = minutes(60);
export const NODE_PORT_FIRST = 30_000;
export const NODE_PORT_LAST = 32_767;
export const DEFAULT_GRACE_PERIOD: Micros = seconds(30);
