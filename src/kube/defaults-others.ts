import { formatQuantity, tryParseQuantity } from "../units/index.ts";
import { canonicalQuantities } from "./defaults-pod.ts";
import type {
  HorizontalPodAutoscaler,
  HpaScalingRules,
  KubeNode,
  MetricSpec,
  MetricTarget,
  Namespace,
  PriorityClass,
  Service,
} from "./types.ts";

const DEFAULT_CPU_UTILIZATION = 80;

/** @source kubernetes 1.37 pkg/apis/autoscaling/v2/defaults.go */
export function defaultHorizontalPodAutoscaler(hpa: HorizontalPodAutoscaler): HorizontalPodAutoscaler {
  const { spec } = hpa;
  const metrics = spec.metrics ?? [];
  return {
    ...hpa,
    spec: {
      ...spec,
      minReplicas: spec.minReplicas ?? 1,
      metrics: metrics.length > 0 ? metrics.map(canonicalMetric) : [DEFAULT_METRIC],
      ...(spec.behavior !== undefined && {
        behavior: {
          ...spec.behavior,
          scaleUp: { ...SCALE_UP, ...defined(spec.behavior.scaleUp) },
          scaleDown: { ...SCALE_DOWN, ...defined(spec.behavior.scaleDown) },
        },
      }),
    },
  };
}

const DEFAULT_METRIC: MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: DEFAULT_CPU_UTILIZATION } },
};

const SCALE_UP: HpaScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};
/** The missing stabilisation window stands for the controller's own, 300 s by default. */
const SCALE_DOWN: HpaScalingRules = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

function defined<T extends object>(value: T | undefined): Partial<T> {
  if (value === undefined || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(([, part]) => part !== undefined && part !== null),
  ) as Partial<T>;
}

function canonicalMetric(metric: MetricSpec): MetricSpec {
  const copy: Record<string, unknown> = { ...metric };
  for (const source of ["resource", "containerResource", "pods", "object", "external"] as const) {
    const value = metric[source];
    if (value?.target !== undefined) copy[source] = { ...value, target: canonicalTarget(value.target) };
  }
  return copy as unknown as MetricSpec;
}

function canonicalTarget(target: MetricTarget): MetricTarget {
  const { averageValue, value } = target;
  return {
    ...target,
    ...(averageValue !== undefined && { averageValue: canonical(averageValue) }),
    ...(value !== undefined && { value: canonical(value) }),
  };
}

function canonical(text: string | number): string {
  const parsed = tryParseQuantity(text);
  return "error" in parsed ? String(text) : formatQuantity(parsed);
}

/** @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_Service, service strategy's IP families */
export function defaultService(service: Service): Service {
  const spec = service.spec ?? {};
  const type = spec.type ?? "ClusterIP";
  const sessionAffinity = spec.sessionAffinity ?? "None";
  const timeoutSeconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
  const isExternal = type === "NodePort" || type === "LoadBalancer" || (spec.externalIPs ?? []).length > 0;
  const isHeadless = spec.clusterIP === "None";
  const hasSelector = Object.keys(spec.selector ?? {}).length > 0;
  const ports = spec.ports?.map((port) => ({
    ...port,
    protocol: port.protocol ?? "TCP",
    targetPort: port.targetPort === 0 ? port.port : port.targetPort || port.port,
  }));
  const clusterIPs =
    spec.clusterIPs ?? (spec.clusterIP !== undefined && spec.clusterIP !== "" ? [spec.clusterIP] : undefined);
  const clusterIP = spec.clusterIP ?? spec.clusterIPs?.[0];
  return {
    ...service,
    spec: {
      ...spec,
      type,
      sessionAffinity,
      ...(ports !== undefined && { ports }),
      ...(clusterIPs !== undefined && { clusterIPs }),
      ...(clusterIP !== undefined && { clusterIP }),
      ...(sessionAffinity === "ClientIP" && { sessionAffinityConfig: { clientIP: { timeoutSeconds } } }),
      ...(isExternal && type !== "ExternalName" && { externalTrafficPolicy: spec.externalTrafficPolicy ?? "Cluster" }),
      ...(type !== "ExternalName" && {
        internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster",
        ipFamilyPolicy: spec.ipFamilyPolicy ?? (isHeadless && !hasSelector ? "RequireDualStack" : "SingleStack"),
        ipFamilies: spec.ipFamilies ?? ["IPv4"],
      }),
      ...(type === "LoadBalancer" && { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true }),
    },
  };
}

/** @source kubernetes 1.37 pkg/apis/core/v1/defaults.go SetDefaults_Namespace, namespace strategy */
export function defaultNamespace(namespace: Namespace): Namespace {
  const name = namespace.metadata.name;
  const labels = { ...namespace.metadata.labels, ...(name !== undefined && { "kubernetes.io/metadata.name": name }) };
  return {
    ...namespace,
    metadata: { ...namespace.metadata, labels },
    spec: { ...namespace.spec, finalizers: namespace.spec?.finalizers ?? ["kubernetes"] },
    status: { ...namespace.status, phase: namespace.status?.phase ?? "Active" },
  };
}

/** Allocatable is capacity where it is not given. @source kubernetes 1.37 SetDefaults_NodeStatus */
export function defaultNode(node: KubeNode): KubeNode {
  const { status } = node;
  const capacity = status?.capacity && canonicalQuantities(status.capacity);
  const allocatable = status?.allocatable ? canonicalQuantities(status.allocatable) : capacity;
  return {
    ...node,
    spec: node.spec ?? {},
    ...(status !== undefined && {
      status: { ...status, ...(capacity && { capacity }), ...(allocatable && { allocatable }) },
    }),
  };
}

/** @source kubernetes 1.37 pkg/apis/scheduling/v1/defaults.go */
export function defaultPriorityClass(priorityClass: PriorityClass): PriorityClass {
  return { ...priorityClass, preemptionPolicy: priorityClass.preemptionPolicy ?? "PreemptLowerPriority" };
}
