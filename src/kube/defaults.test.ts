import { describe, expect, test } from "vitest";
import { admitPodSpec, withDefaultTolerations } from "./admission.ts";
import { withDefaults } from "./defaults.ts";
import { defaultPullPolicy } from "./defaults-pod.ts";
import { findKindByName } from "./kinds.ts";
import type { KubeObject, PodSpec, PriorityClass } from "./types.ts";

/** Fills in, and proves that the argument was left alone and that filling in again changes nothing. */
function filled(kind: string, rest: Record<string, unknown>): Record<string, unknown> {
  const object = {
    apiVersion: findKindByName(kind)?.apiVersion,
    kind,
    metadata: { name: "x" },
    ...rest,
  } as unknown as KubeObject;
  const before = JSON.stringify(object);
  const result = withDefaults(object);
  expect(JSON.stringify(object)).toBe(before);
  expect(withDefaults(result)).toEqual(result);
  return result as unknown as Record<string, unknown>;
}

function specOf(kind: string, spec: Record<string, unknown>): Record<string, unknown> {
  return filled(kind, { spec }).spec as Record<string, unknown>;
}

describe("pod", () => {
  const spec = specOf("Pod", {
    containers: [
      {
        name: "c",
        image: "nginx",
        resources: { limits: { cpu: "0.5", memory: "100.5" }, requests: { cpu: "0.1m" } },
        ports: [{ containerPort: 80 }],
        readinessProbe: { httpGet: { port: 80 } },
      },
    ],
    volumes: [{ name: "v" }, { name: "s", secret: { secretName: "t" } }],
    hostNetwork: true,
  });
  test("spec", () => {
    expect(spec).toMatchObject({
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      terminationGracePeriodSeconds: 30,
      schedulerName: "default-scheduler",
      securityContext: {},
      enableServiceLinks: true,
      volumes: [
        { name: "v", emptyDir: {} },
        { name: "s", secret: { secretName: "t", defaultMode: 420 } },
      ],
    });
  });
  test("container", () => {
    expect((spec as unknown as PodSpec).containers[0]).toEqual({
      name: "c",
      image: "nginx",
      imagePullPolicy: "Always",
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      resources: { limits: { cpu: "500m", memory: "100500m" }, requests: { cpu: "1m", memory: "100500m" } },
      ports: [{ containerPort: 80, hostPort: 80, protocol: "TCP" }],
      readinessProbe: {
        httpGet: { port: 80, path: "/", scheme: "HTTP" },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
    });
  });
});

describe("pull policy", () => {
  const check = (image: string, expected: string) => test(image, () => expect(defaultPullPolicy(image)).toBe(expected));
  check("nginx", "Always");
  check("nginx:latest", "Always");
  check("nginx:1.27", "IfNotPresent");
  check("registry:5000/nginx", "Always");
  check("nginx@sha256:aa", "IfNotPresent");
});

const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", resources: { limits: { cpu: "1" } } }] },
};

describe("workloads", () => {
  const check = (kind: string, spec: Record<string, unknown>, expected: Record<string, unknown>) =>
    test(`${kind} ${JSON.stringify(expected).slice(0, 60)}`, () => expect(specOf(kind, spec)).toMatchObject(expected));
  check("ReplicationController", { template }, { replicas: 1, selector: { app: "web" } });
  check(
    "ReplicationController",
    { template, replicas: 0, selector: { a: "b" } },
    { replicas: 0, selector: { a: "b" } },
  );
  check("ReplicaSet", {}, { replicas: 1 });
  check(
    "Deployment",
    { template },
    {
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
  );
  check(
    "Deployment",
    { template, strategy: { rollingUpdate: { maxSurge: 0 } } },
    { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "25%" } } },
  );
  check(
    "StatefulSet",
    { template },
    {
      replicas: 1,
      podManagementPolicy: "OrderedReady",
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0, maxUnavailable: 1 } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    },
  );
  check(
    "DaemonSet",
    {},
    { updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }, revisionHistoryLimit: 10 },
  );
  check("Job", {}, { completions: 1, parallelism: 1, backoffLimit: 6, completionMode: "NonIndexed" });
  check("CronJob", {}, { concurrencyPolicy: "Allow", suspend: false, successfulJobsHistoryLimit: 3 });

  test("Recreate has no rolling update", () => {
    expect(specOf("Deployment", { template, strategy: { type: "Recreate" } }).strategy).toEqual({ type: "Recreate" });
  });
  test("parallelism alone leaves completions open", () => {
    expect(specOf("Job", { parallelism: 3 })).not.toHaveProperty("completions");
  });
  test("a job's restart policy is not filled in", () => {
    expect((specOf("Job", { template }).template as { spec: object }).spec).not.toHaveProperty("restartPolicy");
  });
  test("a template keeps its requests as they are written", () => {
    const spec = specOf("Deployment", { template }).template as { spec: PodSpec };
    expect(spec.spec.containers[0]?.resources).toEqual({ limits: { cpu: "1" } });
    expect(spec.spec).not.toHaveProperty("enableServiceLinks");
  });
  test("labels of a replication controller", () => {
    expect(filled("ReplicationController", { spec: { template } }).metadata).toEqual({
      name: "x",
      labels: { app: "web" },
    });
  });
});

describe("horizontal pod autoscaler", () => {
  test("cpu at 80 % when nothing is asked", () => {
    expect(specOf("HorizontalPodAutoscaler", { maxReplicas: 5 })).toEqual({
      maxReplicas: 5,
      minReplicas: 1,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
      ],
    });
  });
  test("behavior is completed when there is one", () => {
    const spec = specOf("HorizontalPodAutoscaler", {
      maxReplicas: 5,
      behavior: { scaleDown: { selectPolicy: "Min" } },
    });
    expect(spec.behavior).toEqual({
      scaleUp: {
        stabilizationWindowSeconds: 0,
        selectPolicy: "Max",
        policies: [
          { type: "Pods", value: 4, periodSeconds: 15 },
          { type: "Percent", value: 100, periodSeconds: 15 },
        ],
      },
      scaleDown: { selectPolicy: "Min", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
    });
  });
  test("quantities are canonical", () => {
    const pods = { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "0.5" } };
    const spec = specOf("HorizontalPodAutoscaler", { maxReplicas: 5, metrics: [{ type: "Pods", pods }] });
    expect(spec.metrics).toMatchObject([{ pods: { target: { averageValue: "500m" } } }]);
  });
});

describe("service", () => {
  const check = (spec: Record<string, unknown>, expected: Record<string, unknown>) =>
    test(JSON.stringify(spec), () => expect(specOf("Service", spec)).toMatchObject(expected));
  check(
    { ports: [{ port: 80 }] },
    { type: "ClusterIP", sessionAffinity: "None", ports: [{ targetPort: 80, protocol: "TCP" }] },
  );
  check({ clusterIP: "None", selector: { a: "b" } }, { clusterIPs: ["None"], ipFamilyPolicy: "SingleStack" });
  check({ clusterIP: "None" }, { ipFamilyPolicy: "RequireDualStack" });
  check({ type: "NodePort" }, { externalTrafficPolicy: "Cluster" });
  check({ type: "LoadBalancer" }, { allocateLoadBalancerNodePorts: true });
  check({ sessionAffinity: "ClientIP" }, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } });
});

test("namespace, node and priority class", () => {
  expect(filled("Namespace", {})).toMatchObject({
    metadata: { labels: { "kubernetes.io/metadata.name": "x" } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
  expect(filled("Node", { status: { capacity: { cpu: 4, memory: "1024Mi" } } })).toMatchObject({
    status: { capacity: { cpu: "4", memory: "1Gi" }, allocatable: { cpu: "4", memory: "1Gi" } },
  });
  expect(filled("PriorityClass", { value: 1 })).toMatchObject({ preemptionPolicy: "PreemptLowerPriority" });
  expect(filled("ConfigMap", { data: {} })).toEqual({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "x" },
    data: {},
  });
});

describe("admission", () => {
  const priorityClass = (name: string, value: number, globalDefault = false): PriorityClass => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    globalDefault,
    preemptionPolicy: "Never",
  });
  const check = (name: string, spec: Partial<PodSpec>, classes: PriorityClass[], expected: object) =>
    test(name, () =>
      expect(admitPodSpec({ containers: [], ...spec }, { app: "web" }, classes)).toMatchObject(expected),
    );
  check("plain", {}, [], {
    ok: true,
    spec: { priority: 0, preemptionPolicy: "PreemptLowerPriority", serviceAccountName: "default" },
  });
  check("named", { priorityClassName: "high" }, [priorityClass("high", 9)], {
    spec: { priority: 9, preemptionPolicy: "Never" },
  });
  check("global default", {}, [priorityClass("a", 9, true), priorityClass("b", 7, true)], {
    spec: { priority: 7, priorityClassName: "b" },
  });
  check("system", { priorityClassName: "system-node-critical" }, [], { spec: { priority: 2_000_001_000 } });
  check("unknown", { priorityClassName: "high" }, [], {
    ok: false,
    reason: "no PriorityClass with name high was found",
  });
  check("a priority of one's own", { priority: 5 }, [], {
    ok: false,
    reason:
      "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name",
  });
  const spread = {
    maxSkew: 1,
    topologyKey: "zone",
    whenUnsatisfiable: "DoNotSchedule",
    matchLabelKeys: ["app", "x"],
  } as const;
  check("matchLabelKeys", { topologySpreadConstraints: [{ ...spread, labelSelector: {} }] }, [], {
    spec: {
      topologySpreadConstraints: [
        { labelSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["web"] }] } },
      ],
    },
  });

  test("tolerations", () => {
    const added = withDefaultTolerations([{ key: "node.kubernetes.io/unreachable", operator: "Exists" }]);
    expect(added.map(({ key, tolerationSeconds }) => [key, tolerationSeconds])).toEqual([
      ["node.kubernetes.io/unreachable", undefined],
      ["node.kubernetes.io/not-ready", 300],
    ]);
    expect(withDefaultTolerations([{ operator: "Exists" }])).toHaveLength(1);
  });
});
