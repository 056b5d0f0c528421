import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HorizontalPodAutoscaler } from "../../src/kube/index.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import { deployment, service } from "../../src/testing/index.ts";
import { World } from "../../src/world/index.ts";

const MINUTE = 60_000_000;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "orrery-metrics-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function autoscaler(metric: object, more: object = {}): object {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [metric],
      ...more,
    },
  };
}

const external = (more: object = {}) => ({
  type: "External",
  external: { metric: { name: "lag", ...more }, target: { type: "AverageValue", averageValue: "10" } },
});

/** A web server of two replicas with an HPA on one metric. */
async function read(metric: object, spec: object, hpa: object = {}) {
  const scenario = {
    apiVersion: "kube-orrery/v1alpha1",
    kind: "Scenario",
    metadata: { name: "metrics" },
    spec: {
      duration: "30m",
      images: { preloaded: true },
      timing: { customMetricsScrape: "15s", customMetricsWindow: "30s", phases: "aligned" },
      objects: [deployment("web", { replicas: 2 }), service("web"), autoscaler(metric, hpa)],
      ...spec,
    },
  };
  const file = join(folder, "scenario.yaml");
  writeFileSync(file, JSON.stringify(scenario));
  return loadScenario(file, { version: "test" });
}

async function run(metric: object, spec: object, hpa: object = {}): Promise<World> {
  const { plan, problems } = await read(metric, spec, hpa);
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  return World.from(plan);
}

function statusOf(world: World) {
  return world.store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").find("default", "web")?.status;
}
const activeOf = (world: World) => statusOf(world)?.conditions?.find(({ type }) => type === "ScalingActive");

const load = {
  name: "visitors",
  service: "web",
  demand: { rps: 60 },
  perRequest: { cpu: "1ms", latency: "500ms" },
};

describe("custom metrics of a world", () => {
  it("gives pods the requests of their Service load", async () => {
    const metric = {
      type: "Pods",
      pods: { metric: { name: "requests_per_second" }, target: { type: "AverageValue", averageValue: "15" } },
    };
    const world = await run(metric, { loads: [load] });
    world.run(10 * MINUTE);
    expect(statusOf(world)?.desiredReplicas).toBe(4);
    expect(statusOf(world)?.currentMetrics).toEqual([
      { type: "Pods", pods: { metric: { name: "requests_per_second" }, current: { averageValue: "15" } } },
    ]);
  });

  it("gives a Service the requests that are being served", async () => {
    const described = { apiVersion: "v1", kind: "Service", name: "web" };
    const metric = {
      type: "Object",
      object: {
        describedObject: described,
        metric: { name: "requests_in_flight" },
        target: { type: "AverageValue", averageValue: "10" },
      },
    };
    const world = await run(metric, { loads: [load] });
    world.run(10 * MINUTE);
    // 60 a second for half a second each.
    expect(statusOf(world)?.desiredReplicas).toBe(3);
  });

  it("matches external series by their labels and sums them", async () => {
    const metrics = [
      { name: "lag", kind: "external", labels: { topic: "a" }, value: 25 },
      { name: "lag", kind: "external", labels: { topic: "b" }, value: 30 },
    ];
    const both = await run(external(), { metrics });
    both.run(5 * MINUTE);
    expect(statusOf(both)?.desiredReplicas).toBe(6);
    const one = await run(external({ selector: { matchLabels: { topic: "b" } } }), { metrics });
    one.run(5 * MINUTE);
    expect(statusOf(one)?.desiredReplicas).toBe(3);
  });

  it("answers with nothing before the first collection and in a gap", async () => {
    const metrics = [{ name: "lag", kind: "external", value: 20, gaps: [{ from: "5m", to: "6m" }] }];
    const world = await run(external(), { metrics });
    world.run(0);
    expect(activeOf(world)?.message).toBe(
      "the HPA was unable to compute the replica count: unable to get external metric default/lag/nil: no metrics returned from external metrics API",
    );
    world.run(MINUTE);
    expect(activeOf(world)?.status).toBe("True");
    world.run(5.5 * MINUTE);
    expect(activeOf(world)?.reason).toBe("FailedGetExternalMetric");
    world.run(7 * MINUTE);
    expect(activeOf(world)?.status).toBe("True");
  });

  it("scales to zero and back by a queue", async () => {
    const metrics = [
      {
        name: "lag",
        kind: "external",
        queue: { arrivals: { steps: [{ at: "10m", value: 2 }] }, perPod: 1 },
        selector: { matchLabels: { app: "web" } },
      },
    ];
    const world = await run(external(), { metrics }, { minReplicas: 0 });
    world.run(9 * MINUTE);
    expect(statusOf(world)?.desiredReplicas).toBe(0);
    expect(statusOf(world)?.conditions?.find(({ type }) => type === "ScaledToZero")?.status).toBe("True");
    world.run(12 * MINUTE);
    expect(statusOf(world)?.desiredReplicas).toBeGreaterThan(0);
    // Two workers keep pace, so the queue ends up shorter than ten items a worker.
    world.run(30 * MINUTE);
    expect(statusOf(world)?.desiredReplicas).toBeGreaterThan(0);
  });

  it("says which metric it does not know", async () => {
    const metric = (name: string) => ({
      type: "Pods",
      pods: { metric: { name }, target: { type: "AverageValue", averageValue: "1" } },
    });
    const without = await run(metric("bytes"), {});
    without.run(MINUTE);
    expect(activeOf(without)?.message).toContain("no custom metrics API (custom.metrics.k8s.io) registered");
    const other = await run(metric("bytes"), { metrics: [{ name: "lag", kind: "external", value: 1 }] });
    other.run(MINUTE);
    expect(activeOf(other)?.message).toBe(
      "the HPA was unable to compute the replica count: unable to get metric bytes: unable to fetch metrics from custom metrics API: the server could not find the metric bytes for pods",
    );
  });

  it("goes on from a checkpoint as it would have", async () => {
    const metrics = [
      {
        name: "lag",
        kind: "external",
        queue: { arrivals: { sine: { mean: 3, amplitude: 3, period: "10m" } }, perPod: 1 },
        selector: { matchLabels: { app: "web" } },
      },
    ];
    const world = await run(external(), { metrics });
    world.run(7 * MINUTE);
    const fork = World.fork(world.plan, world.checkpoint());
    world.run();
    fork.run();
    expect(fork.engine.unseed()).toBe(world.engine.unseed());
  });
});

describe("what is wrong with spec.metrics", () => {
  const cases: [string, object, string][] = [
    [
      "two origins",
      { kind: "external", value: 1, load: "visitors" },
      "expected exactly one of value, load, queue; got value and load",
    ],
    ["no origin", { kind: "external" }, "got none of them"],
    [
      "an unknown load",
      { kind: "pods", load: "visitor" },
      'no load on a Service called "visitor" — did you mean "visitors"?',
    ],
    ["pods of nobody", { kind: "pods", value: 1, selector: { matchLabels: { app: "wep" } } }, "matches no pods"],
    ["a missing selector", { kind: "pods", value: 1 }, '"selector" is missing'],
    ["a missing object", { kind: "object", value: 1 }, '"object" is missing'],
    ["an object of no kind", { kind: "object", value: 1, object: "servise/web" }, 'no kind "servise"'],
    ["an object that is not there", { kind: "object", value: 1, object: "service/wep" }, 'did you mean "default/web"?'],
    [
      "an object without need",
      { kind: "external", value: 1, object: "service/web" },
      '"object" does not go with kind external',
    ],
    [
      "a gap that ends before it begins",
      { kind: "external", value: 1, gaps: [{ from: "5m", to: "4m" }] },
      "to is not after from",
    ],
  ];
  it.each(cases)("%s", async (_what, metric, message) => {
    const { plan, problems } = await read(external(), { loads: [load], metrics: [{ name: "lag", ...metric }] });
    expect(plan).toBeNull();
    expect(problems.map((problem) => problem.message).join("\n")).toContain(message);
  });
});
