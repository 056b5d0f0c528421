import fc from "fast-check";
import { podSpec } from "../../src/testing/index.ts";
import { seconds } from "../../src/units/index.ts";
import type { PlannedPool } from "../../src/world/index.ts";

/** What random worlds hold besides Deployments: the other controllers' objects, budgets, quotas, and a namespace to lose. */

/** A namespace that may be deleted while the run goes on. */
export const SHOP = "shop";

export interface Others {
  readonly objects: readonly object[];
}

/** Everything is small: a few pods each, which fit beside the Deployments or say that they do not. */
export function others(): fc.Arbitrary<Others> {
  return fc
    .record({
      sets: fc.option(statefulSet),
      daemons: fc.option(daemonSet),
      jobs: fc.option(job),
      budget: fc.option(budget, { freq: 4 }),
      quota: fc.option(quota),
      shop: fc.boolean(),
    })
    .map(({ sets, daemons, jobs, budget: one, quota: limit, shop }) => ({
      objects: [sets, daemons, jobs, one, limit, ...(shop ? shopObjects() : [])].filter((object) => object !== null),
    }));
}

const RESOURCES = { requests: { cpu: "50m", memory: "32Mi" } };

function template(app: string, pod: Readonly<Record<string, unknown>> = {}): object {
  return { metadata: { labels: { app } }, spec: podSpec({ resources: RESOURCES, pod }) };
}

const statefulSet = fc
  .record({
    replicas: fc.nat(4),
    podManagementPolicy: fc.constantFrom("OrderedReady", "Parallel"),
    partition: fc.constantFrom(0, 1),
    claims: fc.boolean(),
  })
  .map(({ replicas, podManagementPolicy, partition, claims }) => {
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    const spec = {
      replicas,
      podManagementPolicy,
      serviceName: "store",
      selector: { matchLabels: { app: "store" } },
      template: template("store"),
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition } },
      ...(claims ? { volumeClaimTemplates: [claim] } : {}),
    };
    return { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "store" }, spec };
  });

const daemonSet = fc.record({ maxSurge: fc.constantFrom(0, 1) }).map(({ maxSurge }) => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "agent" },
  spec: {
    selector: { matchLabels: { app: "agent" } },
    template: template("agent"),
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable: maxSurge === 0 ? 1 : 0 } },
  },
}));

const job = fc
  .record({
    completions: fc.integer({ min: 1, max: 4 }),
    parallelism: fc.integer({ min: 1, max: 3 }),
    completionMode: fc.constantFrom("Indexed", "NonIndexed"),
    ttlSecondsAfterFinished: fc.constantFrom(20, 3600),
  })
  .map((spec) => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "batch" },
    spec: { ...spec, template: template("batch", { restartPolicy: "Never" }) },
  }));

const budget = fc
  .record({
    values: fc.constantFrom(["api", "web"], ["api", "db", "store"], ["api", "web", "db", "store"]),
    rule: fc.constantFrom({ minAvailable: 1 }, { minAvailable: 2 }, { minAvailable: "50%" }, { maxUnavailable: 1 }),
    unhealthyPodEvictionPolicy: fc.constantFrom("IfHealthyBudget", "AlwaysAllow"),
  })
  .map(({ values, rule, unhealthyPodEvictionPolicy }) => ({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "budget" },
    spec: {
      selector: { matchExpressions: [{ key: "app", operator: "In", values }] },
      unhealthyPodEvictionPolicy,
      ...rule,
    },
  }));

const quota = fc.record({ pods: fc.constantFrom("6", "12", "20") }).map((hard) => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "quota" },
  spec: { hard },
}));

function shopObjects(): object[] {
  const metadata = { name: "stall", namespace: SHOP };
  const selector = { matchLabels: { app: "stall" } };
  const limits = [{ type: "Container", defaultRequest: { cpu: "40m" }, default: { cpu: "400m" } }];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: SHOP } },
    { apiVersion: "v1", kind: "LimitRange", metadata, spec: { limits } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas: 2, selector, template: template("stall") },
    },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "till", namespace: SHOP },
      spec: {
        serviceName: "till",
        selector: { matchLabels: { app: "till" } },
        template: template("till", { terminationGracePeriodSeconds: 10 }),
      },
    },
  ];
}

/** Machines that may be ordered and taken away. */
export const SPARE: PlannedPool = {
  name: "spare",
  count: 0,
  zones: ["a", "b"],
  boot: { constant: seconds(25) },
  template: {
    region: null,
    labels: {},
    annotations: {},
    taints: [],
    unschedulable: false,
    capacity: { cpu: "2", memory: "4Gi", pods: "110" },
    allocatable: { cpu: "2", memory: "4Gi", pods: "110" },
    pricePerHour: 0,
    imageBandwidthBytesPerSecond: 50 * 1024 * 1024,
    parallelImagePulls: 1,
    images: [],
    source: { file: "test", line: 1, column: 1 },
  },
};
