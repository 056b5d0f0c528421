/** What a run measures of itself: the metrics that assertions and summaries know, and the columns of its series. */

import type { MetricUnit } from "./plan.ts";

export interface MetricDefinition {
  readonly name: string;
  readonly unit: MetricUnit;
  /** `sample`: one value per happening. `gauge`: a value over time (weighted by time). `total`: a sum over the run. */
  readonly shape: "sample" | "gauge" | "total";
  /** Labels of the metric; pod metrics take every label of the pod besides. */
  readonly labels: readonly string[];
  readonly podLabels: boolean;
  readonly help: string;
}

const POD = ["namespace", "pod", "node"] as const;

function metric(
  name: string,
  unit: MetricUnit,
  shape: MetricDefinition["shape"],
  labels: readonly string[],
  help: string,
): MetricDefinition {
  return { name, unit, shape, labels, podLabels: labels === POD, help };
}

/** The metrics that assertions and summaries know. Gauges are sampled every `record.sampleMicros`. */
export const METRICS: readonly MetricDefinition[] = [
  metric(
    "pod_pending_seconds",
    "seconds",
    "sample",
    POD,
    "From a pod's creation to its binding; still pending pods count up to the end.",
  ),
  metric("pod_ready_seconds", "seconds", "sample", POD, "From a pod's creation to its first Ready."),
  metric("pod_starts", "count", "total", POD, "Pods that reached Running."),
  metric("container_restarts", "count", "total", POD, "Container restarts."),
  metric("container_oom_kills", "count", "total", POD, "Containers killed for memory."),
  metric("pod_evictions", "count", "total", POD, "Pods evicted by taints or the API."),
  metric("pod_cpu_cores", "cores", "gauge", POD, "CPU usage of one pod."),
  metric("pod_memory_bytes", "bytes", "gauge", POD, "Memory usage of one pod."),
  metric("pods_pending", "count", "gauge", [], "Pods without a node."),
  metric("pods_running", "count", "gauge", [], "Pods in phase Running."),
  metric(
    "workload_replicas",
    "count",
    "gauge",
    ["namespace", "kind", "name"],
    "Replicas wanted by a Deployment, ReplicaSet, ReplicationController or StatefulSet.",
  ),
  metric(
    "workload_ready_replicas",
    "count",
    "gauge",
    ["namespace", "kind", "name"],
    "Ready replicas of a Deployment, ReplicaSet, ReplicationController or StatefulSet.",
  ),
  metric("hpa_replicas", "count", "gauge", ["namespace", "hpa"], "Replicas wanted by a HorizontalPodAutoscaler."),
  metric(
    "hpa_utilization",
    "ratio",
    "gauge",
    ["namespace", "hpa"],
    "Utilisation an HPA saw at its last sync, as a ratio of the request.",
  ),
  metric("hpa_rescales", "count", "total", ["namespace", "hpa"], "Changes of replicas by an HPA."),
  metric(
    "hpa_reversals",
    "count",
    "total",
    ["namespace", "hpa"],
    "Changes of replicas against the direction of the change before.",
  ),
  metric(
    "vpa_target_cpu_cores",
    "cores",
    "gauge",
    ["namespace", "vpa", "container"],
    "CPU that a VerticalPodAutoscaler recommends a container to request.",
  ),
  metric(
    "vpa_target_memory_bytes",
    "bytes",
    "gauge",
    ["namespace", "vpa", "container"],
    "Memory that a VerticalPodAutoscaler recommends a container to request.",
  ),
  metric("service_requests", "count", "total", ["namespace", "svc"], "Requests wanted by the loads of a Service."),
  metric(
    "service_unserved_requests",
    "count",
    "total",
    ["namespace", "svc"],
    "Requests beyond what the ready endpoints could serve.",
  ),
  metric(
    "service_overload_seconds",
    "seconds",
    "total",
    ["namespace", "svc"],
    "Time in which a Service's demand exceeded its ready endpoints.",
  ),
  metric("service_ready_endpoints", "count", "gauge", ["namespace", "svc"], "Ready endpoints of a Service."),
  metric(
    "service_demand_rps",
    "count",
    "gauge",
    ["namespace", "svc"],
    "Requests per second wanted by the loads of a Service.",
  ),
  metric("nodes_ready", "count", "gauge", [], "Nodes whose Ready condition is True."),
  metric(
    "node_not_ready_seconds",
    "seconds",
    "total",
    ["node", "zone", "pool"],
    "Time in which a node's Ready condition was not True.",
  ),
  metric("node_cpu_requested", "ratio", "gauge", ["node", "zone", "pool"], "CPU requests over allocatable of a node."),
  metric(
    "extended_resource_requested",
    "ratio",
    "gauge",
    ["resource"],
    "Requests of an extended resource by pods on nodes, over what all nodes have to offer; by resource of the nodes.",
  ),
  metric("node_hours", "hours", "total", ["node", "zone", "pool"], "Hours of nodes in the cluster."),
  metric("cost", "currency", "total", ["node", "zone", "pool"], "Node hours times price."),
];

/**
 * The series that a world hands to `ResultSink.sample` every `record.sampleMicros`, and their columns. `at_s` is the
 * instant in seconds; series with names have one row an object and instant.
 */
export const SERIES = {
  nodes: ["at_s", "ready", "not_ready", "cpu_requested_ratio", "memory_requested_ratio", "cost_per_hour"],
  pods: ["at_s", "total", "pending", "running", "ready", "succeeded", "failed", "terminating", "cpu_used_cores"],
  workloads: ["at_s", "namespace", "kind", "name", "wanted", "current", "ready", "updated"],
  hpa: ["at_s", "namespace", "name", "current", "desired", "min", "max", "utilization_percent", "target_percent"],
  /** In cores or bytes. */
  vpa: ["at_s", "namespace", "name", "container", "resource", "lower", "target", "upper"],
  services: [
    "at_s",
    "namespace",
    "name",
    "ready_endpoints",
    "demand_rps",
    "unserved_requests",
    "capacity_rps",
    "endpoint_cpu_min_cores",
    "endpoint_cpu_mean_cores",
    "endpoint_cpu_max_cores",
  ],
  /** Where the cluster autoscaler runs: machines wanted (booting ones too), nodes that have registered, and the limits. */
  nodegroups: ["at_s", "name", "target", "size", "min", "max"],
  /** By node, and so the more rarely the more nodes there are. */
  node_usage: [
    "at_s",
    "name",
    "zone",
    "ready",
    "cpu_requested_ratio",
    "cpu_used_ratio",
    "memory_requested_ratio",
    "memory_used_ratio",
  ],
} as const;
export type SeriesName = keyof typeof SERIES;
