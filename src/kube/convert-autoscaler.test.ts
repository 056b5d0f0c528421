import { describe, expect, test } from "vitest";
import { convertToServed } from "./convert.ts";
import { autoscalerAsV1 } from "./convert-autoscaler.ts";
import type { HorizontalPodAutoscaler } from "./types.ts";

const cpu = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } };
const described = { kind: "Service", name: "web", apiVersion: "v1" };
const selector = { matchLabels: { verb: "GET" } };

function hpa(spec: object, status?: object): HorizontalPodAutoscaler {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", annotations: { team: "shop" } },
    spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, minReplicas: 1, maxReplicas: 9, ...spec },
    ...(status !== undefined && { status }),
  } as HorizontalPodAutoscaler;
}

function annotationsOf(object: unknown): Record<string, string> {
  return (object as { metadata: { annotations: Record<string, string> } }).metadata.annotations;
}

describe("what v1 has no field for", () => {
  const check = (what: string, name: string, given: HorizontalPodAutoscaler, text: string): void => {
    test(what, () => {
      const old = autoscalerAsV1(given);
      expect(annotationsOf(old)).toEqual({ team: "shop", [`autoscaling.alpha.kubernetes.io/${name}`]: text });
      expect(convertToServed(old)).toEqual({ object: given, notes: [] });
    });
  };
  const metric = (what: string, given: object, text: string): void =>
    check(what, "metrics", hpa({ metrics: [given] }), `[${text}]`);

  metric(
    "memory",
    { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } } },
    '{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}',
  );
  metric(
    "cpu by value",
    { type: "Resource", resource: { name: "cpu", target: { type: "AverageValue", averageValue: "300m" } } },
    '{"type":"Resource","resource":{"name":"cpu","targetAverageValue":"300m"}}',
  );
  metric(
    "a container",
    {
      type: "ContainerResource",
      containerResource: { name: "cpu", container: "app", target: { type: "Utilization", averageUtilization: 60 } },
    },
    '{"type":"ContainerResource","containerResource":{"name":"cpu","targetAverageUtilization":60,"container":"app"}}',
  );
  metric(
    "pods",
    { type: "Pods", pods: { metric: { name: "rps", selector }, target: { type: "AverageValue", averageValue: "10" } } },
    '{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"10","selector":{"matchLabels":{"verb":"GET"}}}}',
  );
  metric(
    "an object by its average, whose value cannot be left out",
    {
      type: "Object",
      object: {
        describedObject: described,
        metric: { name: "hits" },
        target: { type: "AverageValue", averageValue: "5" },
      },
    },
    '{"type":"Object","object":{"target":{"kind":"Service","name":"web","apiVersion":"v1"},"metricName":"hits","targetValue":"0","averageValue":"5"}}',
  );
  metric(
    "something external",
    { type: "External", external: { metric: { name: "queue", selector }, target: { type: "Value", value: "30" } } },
    '{"type":"External","external":{"metricName":"queue","targetValue":"30","metricSelector":{"matchLabels":{"verb":"GET"}}}}',
  );
  check(
    "behaviour, by the names inside the API server",
    "behavior",
    hpa({
      metrics: [cpu],
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: 0,
          selectPolicy: "Max",
          policies: [{ type: "Pods", value: 4, periodSeconds: 15 }],
        },
      },
    }),
    '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}]}}',
  );
  const condition = { type: "AbleToScale", status: "True", reason: "ReadyForNewScale", message: "m" };
  check("conditions", "conditions", hpa({ metrics: [cpu] }, { conditions: [condition] }), JSON.stringify([condition]));
});

test("usage of cpu is in the status of v1, and all usage in an annotation", () => {
  const given = hpa(
    { metrics: [cpu] },
    {
      currentReplicas: 3,
      desiredReplicas: 4,
      currentMetrics: [
        { type: "" },
        { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 70, averageValue: "70m" } } },
        { type: "External", external: { metric: { name: "queue" }, current: { value: "30", averageValue: "10" } } },
      ],
    },
  );
  const old = autoscalerAsV1(given);
  expect(old.spec).toEqual({
    scaleTargetRef: { kind: "Deployment", name: "web" },
    minReplicas: 1,
    maxReplicas: 9,
    targetCPUUtilizationPercentage: 50,
  });
  expect(old.status).toEqual({ currentReplicas: 3, desiredReplicas: 4, currentCPUUtilizationPercentage: 70 });
  expect(annotationsOf(old)["autoscaling.alpha.kubernetes.io/current-metrics"]).toBe(
    '[{"type":""},{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":70,"currentAverageValue":"70m"}},{"type":"External","external":{"metricName":"queue","currentValue":"30","currentAverageValue":"10"}}]',
  );
  expect(convertToServed(old).object).toEqual(given);
});

test("what the annotations say goes before cpu, and what does not parse says nothing", () => {
  const memory = '[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":70}}]';
  const inV1 = (metrics: string) => ({
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    metadata: { annotations: { "autoscaling.alpha.kubernetes.io/metrics": metrics } },
    spec: { maxReplicas: 2, targetCPUUtilizationPercentage: 50 },
  });
  const names = (metrics: string): string[] => {
    const { spec } = convertToServed(inV1(metrics)).object as unknown as {
      spec: { metrics: { resource: { name: string } }[] };
    };
    return spec.metrics.map(({ resource }) => resource.name);
  };
  expect(names(memory)).toEqual(["memory", "cpu"]);
  expect(names("[{")).toEqual(["cpu"]);
});
