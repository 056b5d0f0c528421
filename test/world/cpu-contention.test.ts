import { describe, expect, test } from "vitest";
import type { HorizontalPodAutoscaler } from "../../src/kube/index.ts";
import { autoscaler, deployment, type PlanParts, planOf, timed, usage } from "../../src/testing/index.ts";
import { minutes } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

/** Pods that want more CPU than their node has (`fidelity.cpuContention`). */

const NODE = [{ name: "n1", cpu: "4" }];
const asking = (cpu: string, limit?: string) => ({
  resources: { requests: { cpu }, ...(limit === undefined ? {} : { limits: { cpu: limit } }) },
});
interface Seen {
  readonly resource: { readonly current: { readonly averageUtilization: number } };
}
const wanting = (app: string, milli: number) => usage(app, { cpuMilli: timed(milli) });

function started(parts: PlanParts, cpuContention = true): World {
  const world = World.from(planOf({ nodes: NODE, duration: "10m", cpuContention, ...parts }));
  world.run(minutes(2));
  return world;
}

/** Usage by app in milli-CPU, whole. */
function used({ store, meter }: World): Record<string, number> {
  const sums: Record<string, number> = {};
  const { pods } = store;
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    const { app = "" } = pods.labelsOf(row);
    sums[app] = (sums[app] ?? 0) + Math.round(meter.cpuMilli(row));
  }
  return sums;
}

describe("CPU contention", () => {
  const both: PlanParts = {
    objects: [deployment("api", asking("3")), deployment("web", asking("1"))],
    loads: [wanting("api", 4000), wanting("web", 4000)],
  };

  test("shares a node by requests, and is off unless asked for", () => {
    const { api = 0, web = 0 } = used(started(both));
    expect(api + web).toBe(4000);
    expect(api / web).toBeCloseTo(3, 1);
    expect(used(started(both, false))).toEqual({ api: 4001, web: 4001 });
  });

  test("gives to the others what one cannot use for its limit, or leaves when it goes", () => {
    const limited = { ...both, objects: [deployment("api", asking("3", "3")), deployment("web", asking("500m"))] };
    expect(used(started(limited))).toEqual({ api: 3000, web: 1000 });
    const scaled = started({
      ...both,
      actions: [
        {
          kind: "scale",
          atMicros: minutes(1),
          target: { kind: "Deployment", namespace: "default", name: "api" },
          replicas: 0,
        },
      ],
    });
    expect(used(scaled)).toEqual({ web: 4000 });
  });

  test("changes nothing where there is enough", () => {
    const roomy = { ...both, loads: [wanting("api", 1500), wanting("web", 2000)] };
    expect(used(started(roomy))).toEqual(used(started(roomy, false)));
  });

  test("is what the HPA sees", () => {
    const scene: PlanParts = {
      objects: [deployment("web", asking("500m")), autoscaler("web", 100, 1, 1), deployment("batch", asking("3"))],
      loads: [wanting("web", 4000), wanting("batch", 4000)],
    };
    const seen = (world: World): number => {
      const [hpa] = world.store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").list();
      const [metric] = (hpa?.status?.currentMetrics ?? []) as Seen[];
      return metric?.resource.current.averageUtilization ?? 0;
    };
    expect(seen(started(scene, false))).toBe(800);
    // Weights of 20 and 118 for half a CPU and for three; metrics-server rounds up to milli-CPU.
    expect(seen(started(scene))).toBe(Math.floor(Math.ceil((20 / 138) * 4000) / 5));
  });

  test("is the same in a fork", () => {
    const plan = planOf({ nodes: NODE, duration: "10m", cpuContention: true, ...both });
    const world = World.from(plan);
    world.run(minutes(3));
    const fork = World.fork(plan, world.checkpoint());
    fork.run();
    world.run();
    expect(used(fork)).toEqual(used(world));
    expect(fork.finish()).toEqual(world.finish());
  });
});
