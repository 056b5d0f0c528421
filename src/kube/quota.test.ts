import { describe, expect, test } from "vitest";
import { isInScope, objectSubject, podSubject, quotaVerdict, totalUsage } from "./quota.ts";
import type { KubeObject, PodSpec, Quantities, ResourceQuota } from "./types.ts";

const quotaOf = (
  hard: Quantities,
  used: Quantities = {},
  spec: Partial<ResourceQuota["spec"]> = {},
): ResourceQuota => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "q" },
  spec: { hard, ...spec },
  status: { hard, used },
});
const podOf = (requests: Quantities = {}, rest: Partial<PodSpec> = {}): PodSpec => ({
  containers: [{ name: "a", resources: { requests } }],
  ...rest,
});

describe("a pod against a quota", () => {
  test.each<[string, Quantities, Quantities, PodSpec, unknown]>([
    [
      "fits",
      { pods: "2", cpu: "1" },
      { pods: "1", cpu: "500m" },
      podOf({ cpu: "500m" }),
      { used: { pods: "2", cpu: "1" } },
    ],
    [
      "only what is exceeded is named",
      { pods: "9", cpu: "1", memory: "1Gi" },
      { pods: "1", cpu: "800m", memory: "1Gi" },
      podOf({ cpu: "300m", memory: "1Mi" }),
      {
        refusal:
          "exceeded quota: q, requested: cpu=300m,memory=1Mi, used: cpu=800m,memory=1Gi, limited: cpu=1,memory=1Gi",
      },
    ],
    [
      "has to name what is limited",
      { "limits.cpu": "1", "requests.cpu": "1" },
      { "limits.cpu": "0", "requests.cpu": "0" },
      podOf({ cpu: "1" }),
      { refusal: "failed quota: q: must specify limits.cpu for: a" },
    ],
    ["status unknown", { pods: "1" }, {}, podOf(), { refusal: "status unknown for quota: q, resources: pods" }],
    ["of other things", { services: "1" }, { services: "0" }, podOf(), undefined],
  ])("%s", (_name, hard, used, spec, expected) => {
    expect(quotaVerdict(quotaOf(hard, used), podSubject(spec))).toEqual(expected);
  });
});

test.each<[string, ResourceQuota["spec"], PodSpec, boolean]>([
  ["BestEffort", { scopes: ["BestEffort"] }, podOf(), true],
  ["NotBestEffort", { scopes: ["NotBestEffort"] }, podOf(), false],
  ["Terminating", { scopes: ["Terminating"] }, podOf({}, { activeDeadlineSeconds: 5 }), true],
  ["NotTerminating", { scopes: ["NotTerminating", "BestEffort"] }, podOf(), true],
  [
    "PriorityClass in",
    { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] } },
    podOf({}, { priorityClassName: "high" }),
    true,
  ],
  [
    "PriorityClass not in",
    { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "NotIn", values: ["high"] }] } },
    podOf({}, { priorityClassName: "high" }),
    false,
  ],
])("scope %s", (_name, spec, pod, expected) => {
  expect(isInScope(quotaOf({}, {}, spec), pod)).toBe(expected);
});

test("usage of objects", () => {
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "c" },
    spec: { storageClassName: "fast", resources: { requests: { storage: "1Gi" } } },
  } as KubeObject;
  const balanced = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }, { port: 81 }] },
  } as KubeObject;
  const hard = {
    "count/services": "9",
    "fast.storageclass.storage.k8s.io/requests.storage": "9Gi",
    persistentvolumeclaims: "9",
    pods: "9",
    "requests.storage": "9Gi",
    "services.loadbalancers": "9",
    "services.nodeports": "9",
  };
  // A pod that is over is no pod any more.
  const subjects = [objectSubject(claim), objectSubject(balanced), podSubject(podOf(), true)];
  expect(totalUsage(quotaOf(hard), subjects)).toEqual({
    "count/services": "1",
    "fast.storageclass.storage.k8s.io/requests.storage": "1Gi",
    persistentvolumeclaims: "1",
    pods: "0",
    "requests.storage": "1Gi",
    "services.loadbalancers": "1",
    "services.nodeports": "2",
  });
});
