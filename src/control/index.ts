/** The face of the room `control`: the controllers, each in a file or folder of its own. */

export { CloudNodeLifecycle } from "./cloud-node-lifecycle.ts";
export {
  CLUSTER_AUTOSCALER_DEFAULTS,
  type CloudGroup,
  ClusterAutoscaler,
  type ClusterAutoscalerSettings,
  EXPANDERS,
  type Expander,
  type NodeCloud,
  type PlacementSimulation,
  type SimulatedPod,
} from "./cluster-autoscaler/index.ts";
export { CronJobController } from "./cronjob/index.ts";
export { DaemonSetController, type DaemonSetControllerOptions, type RolloutChooser } from "./daemonset/index.ts";
export { deleteObject, type Propagation } from "./delete-object.ts";
export { DeploymentController, type DeploymentControllerOptions } from "./deployment/index.ts";
export {
  DisruptionController,
  type DisruptionSettings,
  type Eviction,
  type EvictionOptions,
  evict,
} from "./disruption/index.ts";
export { Drain } from "./drain.ts";
export { EndpointsController } from "./endpoints/index.ts";
export { EndpointSliceController, type EndpointSliceSettings } from "./endpointslice/index.ts";
export { GarbageCollector } from "./garbage-collector.ts";
export type { MetricsSource, PodRowsQuery, ResourceQuery, SampleColumns, SampleCount } from "./hpa/index.ts";
export { HPA_DEFAULTS, HpaController, type HpaOptions } from "./hpa/index.ts";
export { JobController, type JobControllerOptions, TtlAfterFinished } from "./job/index.ts";
export { NamespaceController } from "./namespace-controller.ts";
export { NODE_LIFECYCLE_DEFAULTS, NodeLifecycle, type NodeLifecycleSettings } from "./node-lifecycle/index.ts";
export { PodGarbageCollector, type PodGcSettings } from "./pod-gc.ts";
export * from "./replicas/index.ts";
export { countQuota, ResourceQuotaController } from "./resource-quota.ts";
export { matcherOf, readScale, type Scale, type ScaleFailure, writeScale } from "./scale.ts";
export {
  type AdmittedService,
  LoadBalancers,
  ServiceAddresses,
  type ServiceAddressSettings,
} from "./service/index.ts";
export { StatefulSetController, type StatefulSetSettings } from "./statefulset/index.ts";
export { TaintEviction } from "./taint-eviction.ts";
export { PROVISIONING_DEFAULTS, type ProvisioningDelays, VolumeController } from "./volumes/index.ts";
export {
  type BucketLayout,
  bytesAfterOom,
  CPU_BUCKETS,
  EMPTY_HISTOGRAM,
  type Histogram,
  MEMORY_BUCKETS,
  merged as mergedHistograms,
  percentile,
  type Sample,
  type VerticalPodAutoscaler,
  VpaAdmission,
  VpaRecommender,
  VpaUpdater,
  vpaRows,
  withSamples,
} from "./vpa/index.ts";
export { WorkQueue } from "./work-queue.ts";
