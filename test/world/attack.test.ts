import { describe, expect, test } from "vitest";
import type { Deployment, HorizontalPodAutoscaler, KubeNode } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import {
  autoscaler,
  deployment,
  type PlanParts,
  planned,
  planOf,
  pod,
  replicaSet,
  requests,
  service,
  timed,
  usage,
} from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";
import { breachesOf } from "../property/invariants.ts";

/** Plans at the edge: each ends, in order, with a result that makes sense. */

interface Outcome {
  readonly world: World;
  readonly decisions: readonly LoggedDecision[];
  /** The value of a metric's summary. */
  readonly measure: (metric: string, stat: "sum" | "max" | "last" | "count") => number;
}

function played(parts: PlanParts): Outcome {
  const decisions: LoggedDecision[] = [];
  const sink = {
    event: () => undefined,
    decision: (one: LoggedDecision) => decisions.push(one),
    sample: () => undefined,
  };
  const world = World.from(planOf(parts), sink);
  world.run();
  expect(breachesOf(world)).toEqual([]);
  const { metrics, endMicros } = world.finish();
  expect(endMicros).toBe(world.plan.durationMicros);
  const measure: Outcome["measure"] = (metric, stat) => {
    const found = metrics.filter((one) => one.metric === metric);
    return stat === "max" ? Math.max(...found.map((one) => one.max)) : found.reduce((sum, one) => sum + one[stat], 0);
  };
  return { world, decisions, measure };
}

const statusOf = ({ world }: Outcome, name: string): Deployment["status"] =>
  world.store.documents<Deployment>("Deployment").find("default", name)?.status;
const nodesOf = ({ world }: Outcome): readonly KubeNode[] => world.store.documents<KubeNode>("Node").list();
const refusals = ({ decisions }: Outcome): unknown[] =>
  decisions.filter(({ by, what }) => by === "action" && what === "refused").map(({ error }) => error);

describe("little", () => {
  test("a cluster without workloads keeps its nodes ready", () => {
    const empty = played({ duration: "1h" });
    expect(empty.measure("nodes_ready", "last")).toBe(3);
    expect(empty.world.store.pods.count).toBe(0);
  });

  test("one second is a run", () => {
    const short = played({ duration: "1s", objects: [deployment("web", { replicas: 2 })] });
    expect(short.measure("pod_starts", "sum")).toBe(2);
  });

  test("one microsecond is a run", () => {
    expect(played({ duration: 1, objects: [deployment("web")] }).world.store.pods.count).toBe(1);
  });

  test("no nodes at all: every pod waits", () => {
    const none = played({ nodes: 0, objects: [deployment("web", { replicas: 3 })] });
    expect(none.measure("pods_pending", "last")).toBe(3);
    expect(statusOf(none, "web")?.unavailableReplicas).toBe(3);
  });

  test("a Deployment of 0 replicas has none, also with an HPA, which it turns off", () => {
    const loads = [requests("web", 100, 5000)];
    const zero = played({
      objects: [deployment("web", { replicas: 0 }), service("web"), autoscaler("web", 50, 1, 5)],
      loads,
    });
    expect(zero.world.store.pods.count).toBe(0);
    const hpa = zero.world.store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").find("default", "web");
    const active = hpa?.status?.conditions?.find(({ type }) => type === "ScalingActive");
    expect(active).toMatchObject({ status: "False", reason: "ScalingDisabled" });
    expect(zero.measure("service_unserved_requests", "sum")).toBeCloseTo(100 * 600, 0);
  });
});

describe("much", () => {
  test("thousands of pods on two nodes: what fits runs, the rest is said to be unschedulable", () => {
    const crowd = played({
      nodes: 2,
      duration: "3m",
      objects: [deployment("crowd", { replicas: 3000, resources: { requests: { cpu: "50m" } } })],
    });
    const fitting = 2 * (4000 / 50);
    expect(statusOf(crowd, "crowd")?.readyReplicas).toBe(fitting);
    const { pods } = crowd.world.store;
    let unschedulable = 0;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) {
      const conditions = crowd.world.store.pod(row).status?.conditions ?? [];
      if (conditions.some(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable")) unschedulable++;
    }
    expect(unschedulable).toBe(3000 - fitting);
  });

  test("a pod larger than any node waits for ever", () => {
    const large = played({ objects: [pod("large", { resources: { requests: { cpu: "64" } } })] });
    expect(large.measure("pod_pending_seconds", "max")).toBe(600);
  });

  test("demand far beyond capacity is capped at the limits, and not served", () => {
    const resources = { requests: { cpu: "100m" }, limits: { cpu: "200m" } };
    const flood = played({
      objects: [deployment("web", { replicas: 2, resources }), service("web")],
      loads: [requests("web", 1e6, 10_000)],
    });
    const { pods } = flood.world.store;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) expect(flood.world.meter.cpuMilli(row)).toBe(200);
    const wanted = flood.measure("service_requests", "sum");
    expect(wanted).toBeCloseTo(1e6 * 600, 0);
    expect(wanted - flood.measure("service_unserved_requests", "sum")).toBeLessThan(40 * 600);
    expect(flood.measure("service_overload_seconds", "sum")).toBeCloseTo(600, 0);
  });
});

describe("autoscaling without a base", () => {
  const check = (parts: PlanParts, name: string, replicas: number, reason: string): void => {
    const outcome = played(parts);
    const { store } = outcome.world;
    const hpa = store.documents<HorizontalPodAutoscaler>("HorizontalPodAutoscaler").find("default", name);
    expect(store.documents<Deployment>("Deployment").find("default", "web")?.spec.replicas).toBe(replicas);
    expect(hpa?.status?.conditions?.map((condition) => condition.reason)).toContain(reason);
  };
  const objects = (resources: object) => [deployment("web", { replicas: 2, resources }), autoscaler("web", 50, 1, 5)];

  test("pods without requests have no utilisation", () => {
    check({ objects: objects({}) }, "web", 2, "FailedGetResourceMetric");
  });
  test("pods that never start have no metrics", () => {
    const images = { images: [{ name: "app:1", sizeBytes: 1, preloaded: false, missing: true }] };
    check({ objects: objects({ requests: { cpu: "100m" } }), images }, "web", 2, "FailedGetResourceMetric");
  });
  test("a target that does not exist", () => {
    const lost = autoscaler("lost", 50, 1, 5);
    check({ objects: [deployment("web"), lost] }, "lost", 1, "FailedGetScale");
  });
});

describe("everything breaks", () => {
  const names = ["n1", "n2", "n3"];
  const web = [deployment("web", { replicas: 6, resources: { requests: { cpu: "100m" } } }), service("web")];
  const loads = [requests("web", 30, 5000)];

  test("all nodes crash at once and for good: nothing is evicted, nothing is ready", () => {
    const dark = played({
      duration: "30m",
      objects: web,
      loads,
      failures: [{ kind: "crash", nodes: names, schedule: { at: minutes(2) } }],
    });
    expect(dark.measure("nodes_ready", "last")).toBe(0);
    expect(dark.measure("service_ready_endpoints", "last")).toBe(0);
    expect(dark.decisions.filter(({ by, what }) => by === "taint-eviction" && what === "evict")).toEqual([]);
    expect(dark.world.store.pods.count).toBe(6);
    expect(statusOf(dark, "web")?.readyReplicas ?? 0).toBe(0);
  });

  test("all nodes are cut off and come back: the pods have run on", () => {
    const cut = played({
      duration: "20m",
      objects: web,
      loads,
      failures: [{ kind: "partition", nodes: names, schedule: { at: minutes(2) }, lasts: { constant: minutes(10) } }],
    });
    expect(cut.measure("pod_starts", "sum")).toBe(6);
    expect(cut.measure("container_restarts", "sum")).toBe(0);
    expect(statusOf(cut, "web")?.readyReplicas).toBe(6);
    expect(nodesOf(cut).flatMap(({ spec }) => spec?.taints ?? [])).toEqual([]);
  });

  test("every container exits again and again: the back-off grows, the pods stay", () => {
    const loop = played({
      duration: "30m",
      objects: web,
      loads,
      failures: [{ kind: "containerExit", selector: {}, schedule: { every: { constant: seconds(1) } } }],
    });
    const restarts = loop.measure("container_restarts", "sum") / 6;
    // 10 s, 20 s, … 300 s, then every 300 s: so many starts fit into half an hour.
    expect(restarts).toBeGreaterThanOrEqual(8);
    expect(restarts).toBeLessThanOrEqual(10);
    expect(loop.world.store.pods.count).toBe(6);
  });

  test("nodes, containers and memory fail together, by chance and without end", () => {
    const every = { every: { exponential: { mean: seconds(40) } } };
    const memoryBytes = timed({ kind: "ramp", from: 0, to: 2e9, overMicros: minutes(1) }, { since: "container" });
    const ruin = played({
      duration: "1h",
      objects: [
        ...web,
        autoscaler("web", 50, 2, 8),
        deployment("leak", { replicas: 3, resources: { limits: { memory: "512Mi" } } }),
      ],
      loads: [...loads, usage("leak", { memoryBytes })],
      failures: [
        { kind: "crash", nodes: names, schedule: every, lasts: { exponential: { mean: minutes(3) } } },
        { kind: "partition", nodes: names, schedule: every, lasts: { exponential: { mean: minutes(3) } } },
        { kind: "recover", nodes: names, schedule: every },
        { kind: "containerExit", selector: {}, schedule: every, count: 2, exitCode: 0 },
      ],
    });
    expect(ruin.measure("container_oom_kills", "sum")).toBeGreaterThan(3);
    expect(ruin.measure("node_not_ready_seconds", "sum")).toBeGreaterThan(0);
  });
});

describe("what people do", () => {
  const of = (kind: string, name: string, namespace = "default") => ({ kind, namespace, name });
  const gone = of("Deployment", "gone");

  test("actions on what does not exist are refused in the words of the API server", () => {
    const at = { atMicros: minutes(1) };
    const outcome = played({
      actions: [
        { kind: "scale", target: gone, replicas: 3, ...at },
        { kind: "setImage", target: gone, images: [{ container: "*", image: "x:1" }], ...at },
        { kind: "delete", target: of("Pod", "gone"), gracePeriodSeconds: null, ...at },
        { kind: "delete", target: of("Widget", "gone"), gracePeriodSeconds: null, ...at },
        { kind: "cordon", nodes: ["n9"], ...at },
        { kind: "rolloutUndo", target: gone, toRevision: null, ...at },
        { kind: "rolloutRestart", target: gone, ...at },
        { kind: "rolloutPause", target: gone, ...at },
      ],
    });
    expect(refusals(outcome)).toEqual([
      'deployments.apps "gone" not found',
      'deployments.apps "gone" not found',
      'pods "gone" not found',
      'widgets "gone" not found',
      'nodes "n9" not found',
      'deployments.apps "gone" not found',
      'deployments.apps "gone" not found',
      'deployments.apps "gone" not found',
    ]);
  });

  test("an undo without history, and to a revision that never was, are refused", () => {
    const target = of("Deployment", "web");
    const outcome = played({
      objects: [deployment("web")],
      actions: [
        { kind: "rolloutUndo", target, toRevision: null, atMicros: minutes(1) },
        { kind: "rolloutUndo", target, toRevision: 7, atMicros: minutes(2) },
      ],
    });
    expect(refusals(outcome)).toEqual([
      'no rollout history found for deployment "web"',
      "unable to find specified revision 7 in history",
    ]);
  });

  test("what kubectl would not do is not done: pause twice, resume, restart or undo while paused, an unknown container", () => {
    const target = of("Deployment", "web");
    const images = [{ container: "sidecar", image: "x:1" }];
    const kinds = ["rolloutResume", "rolloutPause", "rolloutPause", "rolloutRestart"] as const;
    const outcome = played({
      objects: [deployment("web")],
      actions: [
        ...kinds.map((kind, index) => ({ kind, target, atMicros: minutes(1 + index) })),
        { kind: "rolloutUndo", target, toRevision: null, atMicros: minutes(6) },
        { kind: "setImage", target, images, atMicros: minutes(7) },
      ],
    });
    expect(refusals(outcome)).toEqual([
      'deployments.apps "web" is not paused',
      'deployments.apps "web" is already paused',
      'deployments.apps "web" can\'t restart paused deployment (run rollout resume first)',
      'no rollout history found for deployment "web"',
      'unable to find container named "sidecar"',
    ]);
    expect(outcome.world.store.documents("ReplicaSet").count).toBe(1);
  });

  test("an object that is applied twice is changed; a selector is not", () => {
    const other = { ...deployment("web"), spec: { ...(deployment("other") as { spec: object }).spec } };
    const outcome = played({
      objects: [deployment("web")],
      actions: [
        { kind: "apply", objects: [planned(deployment("web", { replicas: 3, image: "app:2" }))], atMicros: minutes(1) },
        { kind: "apply", objects: [planned(other)], atMicros: minutes(2) },
      ],
    });
    expect(statusOf(outcome, "web")).toMatchObject({ readyReplicas: 3, updatedReplicas: 3, replicas: 3 });
    expect(refusals(outcome)).toEqual([expect.stringContaining("field is immutable")]);
  });

  test("a Node is deleted: its pods go after the quarantine, and are replaced", () => {
    const outcome = played({
      duration: "5m",
      objects: [deployment("web", { replicas: 6 })],
      actions: [{ kind: "delete", target: of("Node", "n1", ""), gracePeriodSeconds: null, atMicros: minutes(1) }],
    });
    expect(nodesOf(outcome).map(({ metadata }) => metadata.name)).toEqual(["n2", "n3"]);
    expect(statusOf(outcome, "web")).toMatchObject({ readyReplicas: 6, replicas: 6 });
  });

  test("everything is deleted at once", () => {
    const gracePeriodSeconds = null;
    const atMicros = minutes(2);
    const outcome = played({
      duration: "5m",
      objects: [deployment("web", { replicas: 5 }), replicaSet("set", { replicas: 2 }), service("web"), pod("bare")],
      actions: [
        { kind: "delete", target: of("Deployment", "web"), gracePeriodSeconds, atMicros },
        { kind: "delete", target: of("ReplicaSet", "set"), gracePeriodSeconds, atMicros },
        { kind: "delete", target: of("Service", "web"), gracePeriodSeconds, atMicros },
        { kind: "delete", target: of("Pod", "bare"), gracePeriodSeconds: 0, atMicros },
      ],
    });
    const { store } = outcome.world;
    expect(store.pods.count).toBe(0);
    expect(store.documents("ReplicaSet").count).toBe(0);
    expect(store.documents("EndpointSlice").count).toBe(0);
  });

  test("scaled up and down every second", () => {
    const target = of("Deployment", "web");
    const outcome = played({
      duration: "5m",
      objects: [deployment("web", { replicas: 1 })],
      actions: Array.from({ length: 60 }, (_, index) => ({
        kind: "scale" as const,
        target,
        replicas: (index * 7) % 11,
        atMicros: seconds(60 + index),
      })),
    });
    expect(statusOf(outcome, "web")?.readyReplicas).toBe((59 * 7) % 11);
    expect(outcome.world.store.pods.count).toBe((59 * 7) % 11);
  });
});

test.each(["", "seed", -1, 0, 2 ** 31, 2 ** 53 - 1, 1.5, "🌱"])("seed %j is a seed", (seed) => {
  const parts: PlanParts = { seed, objects: [deployment("web", { replicas: 3, probed: true }), service("web")] };
  const one = played(parts);
  expect(statusOf(one, "web")?.readyReplicas).toBe(3);
  expect(played(parts).world.engine.digest()).toBe(one.world.engine.digest());
  expect(played({ ...parts, run: 1 }).world.engine.digest()).not.toBe(one.world.engine.digest());
});
