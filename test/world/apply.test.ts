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

test("containers and variables that others have added stay, those that the manifest no longer names go", () => {
  const app = (more: object) => ({ name: "app", image: "app:1", ...more });
  const of = (containers: readonly object[]) => {
    const object = deployment("web", { pod: { containers } }) as { spec: object };
    return { ...planned(object), written: Object.keys(object.spec) };
  };
  const variable = (name: string, value = "1") => ({ name, value });
  const first = of([app({ env: [variable("A"), variable("B")] }), { name: "old", image: "old:1" }]);
  const live = of([
    { name: "injected", image: "injected:1" },
    app({ env: [variable("A"), variable("B"), variable("THEIRS")], args: ["theirs"] }),
    { name: "old", image: "old:1" },
  ]).object;
  const next = of([app({ image: "app:2", env: [variable("C"), variable("A", "2")] }), { name: "new", image: "new:1" }]);
  const { containers } = specOf(applied(live, next, first)).template.spec;
  expect(containers.map(({ name, image }) => `${name}=${image}`)).toEqual([
    "injected=injected:1",
    "app=app:2",
    "new=new:1",
  ]);
  expect(containers[1]).toMatchObject({
    args: ["theirs"],
    env: [variable("C"), variable("A", "2"), variable("THEIRS")],
  });
});

test("lists with twins are taken whole", () => {
  const port = (protocol: string) => ({ containerPort: 53, protocol });
  const of = (ports: readonly object[]) => planned(deployment("dns", { container: { ports } }));
  const live = of([port("TCP")]).object;
  const next = specOf(applied(live, of([port("TCP"), port("UDP")]), undefined));
  expect(next.template.spec.containers[0]?.ports).toEqual([port("TCP"), port("UDP")]);
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
  expect(applied(live, unnamed, undefined)).toBe(live);
});
