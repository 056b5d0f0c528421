import { describe, expect, test } from "vitest";
import { convertToServed } from "./convert.ts";
import { findKind, findKindByResource, KINDS, resourceName } from "./kinds.ts";
import { editDistance, nearestSpelling } from "./spelling.ts";

type Fields = Record<string, unknown>;

const convert = (apiVersion: string, kind: string, spec: Fields, metadata: Fields = {}) =>
  convertToServed({ apiVersion, kind, metadata, spec });
const autoscaler = (apiVersion: string, spec: Fields) => convert(apiVersion, "HorizontalPodAutoscaler", spec).object;

describe("autoscalers", () => {
  const check = (title: string, apiVersion: string, spec: Fields, expected: Fields) =>
    test(title, () =>
      expect(autoscaler(apiVersion, spec)).toMatchObject({ apiVersion: "autoscaling/v2", spec: expected }),
    );
  const cpu = (target: Fields) => [{ type: "Resource", resource: { name: "cpu", target } }];
  check(
    "v1",
    "autoscaling/v1",
    { targetCPUUtilizationPercentage: 50 },
    { metrics: cpu({ type: "Utilization", averageUtilization: 50 }) },
  );
  check(
    "extensions",
    "extensions/v1beta1",
    { scaleRef: { kind: "Deployment", name: "x", subresource: "scale" }, cpuUtilization: { targetPercentage: 60 } },
    {
      scaleTargetRef: { kind: "Deployment", name: "x" },
      metrics: cpu({ type: "Utilization", averageUtilization: 60 }),
    },
  );
  check(
    "v2beta1",
    "autoscaling/v2beta1",
    {
      metrics: [
        { type: "Resource", resource: { name: "memory", targetAverageValue: "64Mi" } },
        { type: "Pods", pods: { metricName: "rps", targetAverageValue: "10" } },
        { type: "Object", object: { target: { kind: "Ingress", name: "i" }, metricName: "hits", targetValue: "2k" } },
        {
          type: "External",
          external: { metricName: "queue", metricSelector: { matchLabels: { a: "b" } }, targetValue: 30 },
        },
      ],
    },
    {
      metrics: [
        { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "64Mi" } } },
        { type: "Pods", pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "10" } } },
        {
          type: "Object",
          object: {
            describedObject: { kind: "Ingress", name: "i" },
            metric: { name: "hits" },
            target: { type: "Value", value: "2k" },
          },
        },
        {
          type: "External",
          external: {
            metric: { name: "queue", selector: { matchLabels: { a: "b" } } },
            target: { type: "Value", value: 30 },
          },
        },
      ],
    },
  );
  const v2 = { metrics: cpu({ type: "Utilization", averageUtilization: 70 }) };
  check("v2beta2", "autoscaling/v2beta2", v2, v2);

  test("what v1 keeps in annotations", () => {
    const annotations = {
      other: "kept",
      "autoscaling.alpha.kubernetes.io/metrics":
        '[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":70}}]',
      "autoscaling.alpha.kubernetes.io/behavior": '{"scaleDown":{"selectPolicy":"Min"}}',
      "autoscaling.alpha.kubernetes.io/conditions": "[]",
    };
    const { object, notes } = convert("autoscaling/v1", "HorizontalPodAutoscaler", { maxReplicas: 3 }, { annotations });
    expect(notes).toEqual([]);
    expect(object).toMatchObject({
      metadata: { annotations: { other: "kept" } },
      spec: {
        metrics: [
          { type: "Resource", resource: { name: "memory", target: { type: "Utilization", averageUtilization: 70 } } },
        ],
        behavior: { scaleDown: { selectPolicy: "Min" } },
      },
    });
    expect(Object.keys((object.metadata as { annotations: Fields }).annotations)).toEqual(["other"]);
  });
});

describe("workloads", () => {
  const template = { metadata: { labels: { app: "a" } } };
  const check = (title: string, apiVersion: string, kind: string, spec: Fields, expected: Fields) =>
    test(title, () =>
      expect(convert(apiVersion, kind, { template, ...spec }).object.spec).toEqual({ template, ...expected }),
    );
  const selector = { matchLabels: { app: "a" } };
  check(
    "extensions",
    "extensions/v1beta1",
    "Deployment",
    { rollbackTo: { revision: 1 } },
    {
      selector,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
      progressDeadlineSeconds: 2_147_483_647,
      revisionHistoryLimit: 2_147_483_647,
    },
  );
  check(
    "recreate",
    "extensions/v1beta1",
    "Deployment",
    { strategy: { type: "Recreate" }, progressDeadlineSeconds: 5 },
    {
      selector,
      strategy: { type: "Recreate" },
      progressDeadlineSeconds: 5,
      revisionHistoryLimit: 2_147_483_647,
    },
  );
  check("apps/v1beta2", "apps/v1beta2", "StatefulSet", { replicas: 2 }, { selector, replicas: 2 });
  check(
    "daemon set",
    "extensions/v1beta1",
    "DaemonSet",
    { templateGeneration: 3 },
    { selector, updateStrategy: { type: "OnDelete" } },
  );
});

test("ingress", () => {
  const { object, notes } = convert("networking.k8s.io/v1beta1", "Ingress", {
    backend: { serviceName: "d", servicePort: "http" },
    rules: [{ host: "h", http: { paths: [{ path: "/", backend: { serviceName: "s", servicePort: 80 } }] } }],
  });
  const service = { name: "s", port: { number: 80 } };
  expect(object.spec).toEqual({
    defaultBackend: { service: { name: "d", port: { name: "http" } } },
    rules: [{ host: "h", http: { paths: [{ path: "/", pathType: "ImplementationSpecific", backend: { service } }] } }],
  });
  expect(notes.map(({ code }) => code)).toEqual(["W0201", "W0202"]);
});

describe("what conversion leaves alone", () => {
  const check = (object: Fields) =>
    test(JSON.stringify(object), () => expect(convertToServed(object)).toEqual({ object, notes: [] }));
  check({ apiVersion: "apps/v1", kind: "Deployment" });
  check({ apiVersion: "example.com/v1", kind: "Widget" });
  check({ kind: "Deployment" });
});

describe("kinds", () => {
  const check = (resource: string, expected: string | undefined) =>
    test(resource, () => {
      const found = findKindByResource(resource);
      expect(found && `${found.apiVersion} ${resourceName(found)}`).toBe(expected);
    });
  check("po", "v1 pod");
  check("pods", "v1 pod");
  check("Pod", "v1 pod");
  check("no", "v1 node");
  check("deploy", "apps/v1 deployment.apps");
  check("deployments.apps", "apps/v1 deployment.apps");
  check("hpa", "autoscaling/v2 horizontalpodautoscaler.autoscaling");
  check("pods.apps", undefined);
  check("foo", undefined);
  test("each kind once a version", () => {
    expect(new Set(KINDS.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).size).toBe(KINDS.length);
    expect(findKind("v1", "Pod")).toMatchObject({ group: "", version: "v1", isNamespaced: true, support: "simulated" });
    expect(findKind("storage.k8s.io/v1", "CSIDriver")).toMatchObject({ isNamespaced: false, support: "kept" });
  });
});

describe("spelling", () => {
  const check = (a: string, b: string, expected: number) =>
    test(`${a} ${b}`, () => expect(editDistance(a, b)).toBe(expected));
  check("", "abc", 3);
  check("kitten", "sitting", 3);
  check("slector", "selector", 1);
  check("naem", "name", 1);
  check("apiSerdion", "apiVersion", 2);
  const near = (word: string, expected: string | undefined) =>
    test(`near ${word}`, () =>
      expect(nearestSpelling(word, ["metadata", "spec", "status", "replicas"])).toBe(expected));
  near("matadata", "metadata");
  near("Replicas", "replicas");
  near("sepc", "spec");
  near("data", undefined);
  near("xy", undefined);
});
