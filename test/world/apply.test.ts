import { expect, test } from "vitest";
import { type Deployment, type HorizontalPodAutoscaler, type KubeObject, withDefaults } from "../../src/kube/index.ts";
import { deployment, planned } from "../../src/testing/index.ts";
import { applied } from "../../src/world/apply.ts";
import type { PlannedObject } from "../../src/world/plan.ts";

const web = (
  spec: Readonly<Record<string, unknown>>,
  written: readonly string[],
  metadata: object = {},
): PlannedObject => {
  const manifest = deployment("web", { spec }) as { metadata: object };
  return { ...planned({ ...manifest, metadata: { ...manifest.metadata, ...metadata } }), written };
};
const specOf = (object: KubeObject) => (object as Deployment).spec;

test("replicas that no manifest names stay what an autoscaler made them", () => {
  const first = web({ replicas: 1 }, ["selector", "template"]);
  const live = web({ replicas: 7 }, []).object;
  const next = web({ replicas: 1, minReadySeconds: 5 }, ["selector", "template", "minReadySeconds"]);
  expect(specOf(applied(live, next, first))).toMatchObject({ replicas: 7, minReadySeconds: 5 });
});

test("replicas that the manifest no longer names go back to the default", () => {
  const first = web({ replicas: 3 }, ["replicas", "selector", "template"]);
  const next = web({ replicas: 1 }, ["selector", "template"]);
  expect(specOf(applied(first.object, next, first)).replicas).toBe(1);
});

test("labels of others stay, the manifest's own go with it", () => {
  const first = web({}, [], { labels: { a: "1", b: "2" } });
  const live = { ...first.object, metadata: { ...first.object.metadata, labels: { a: "1", b: "2", c: "3" } } };
  const next = web({}, [], { labels: { b: "4" } });
  expect(applied(live, next, first).metadata.labels).toEqual({ b: "4", c: "3" });
});

test("what nothing changed is the same object, and a strategy is taken whole", () => {
  const first = web({}, ["selector", "template"]);
  const next = web({ strategy: { type: "Recreate" } }, ["selector", "template", "strategy"]);
  const made = specOf(applied(first.object, next, first));
  expect(made.strategy).toEqual({ type: "Recreate" });
  expect(made.template).toBe(specOf(first.object).template);
});

test("a manifest of autoscaling/v1 changes the target of cpu and leaves what v1 has no field for", () => {
  const memory = {
    type: "Resource",
    resource: { name: "memory", target: { type: "Utilization", averageUtilization: 70 } },
  };
  const cpu = (percent: number) => ({
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } },
  });
  const autoscaler = (spec: object): KubeObject =>
    withDefaults({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web", namespace: "default" },
      spec: { scaleTargetRef: { kind: "Deployment", name: "web" }, ...spec },
    } as unknown as KubeObject);
  const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
  const status = { currentReplicas: 2, desiredReplicas: 2 };
  const live = {
    ...autoscaler({ maxReplicas: 5, metrics: [memory, cpu(50)], behavior }),
    status,
  } as HorizontalPodAutoscaler;
  const inV1 = (spec: object, written: readonly string[]): PlannedObject => ({
    ...planned(autoscaler(spec)),
    written,
    writtenIn: "autoscaling/v1",
  });
  const given = inV1({ maxReplicas: 8, metrics: [cpu(60)] }, ["maxReplicas", "targetCPUUtilizationPercentage"]);
  const next = applied(live, given, undefined) as HorizontalPodAutoscaler;
  expect(next.spec).toMatchObject({ maxReplicas: 8, metrics: [memory, cpu(60)], behavior });
  expect(next.status).toBe(status);
  expect(next.metadata.annotations ?? {}).toEqual({});
  // Not named: the target stays, though the manifest alone would mean 80 %.
  const unnamed = inV1({ maxReplicas: 5 }, ["maxReplicas"]);
  expect((applied(live, unnamed, undefined) as HorizontalPodAutoscaler).spec).toEqual(live.spec);
});
