import { expect, test } from "vitest";
import type { LoggedDecision } from "../../src/store/index.ts";
import { deployment, planOf, timed, usage } from "../../src/testing/index.ts";
import { minutes } from "../../src/units/index.ts";
import { type JsonObject, type Plan, World } from "../../src/world/index.ts";

/** The vertical pod autoscaler in a whole world: what it recommends, and what its updater and admission make of that. */

const MIB = 1024 * 1024;
const vpa = (spec: object = {}) => ({
  apiVersion: "autoscaling.k8s.io/v1",
  kind: "VerticalPodAutoscaler",
  metadata: { name: "web" },
  spec: { targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, ...spec },
});
const mode = (updateMode: string, more: object = {}) => vpa({ updatePolicy: { updateMode, ...more } });
/** Far above what is used, so that the upper bound comes down to it in time. */
const WASTEFUL = { requests: { cpu: "4", memory: "8Gi" }, limits: { memory: "16Gi" } };

function plan(autoscaler: object, parts: { replicas?: number; resources?: object; more?: object[] } = {}): Plan {
  const { replicas = 4, resources = WASTEFUL, more = [] } = parts;
  return planOf({
    nodes: Array.from({ length: 4 }, (_, index) => ({ name: `n${index}`, cpu: "16", memory: "64Gi" })),
    objects: [deployment("web", { replicas, resources }), autoscaler, ...more],
    loads: [usage("web", { cpuMilli: timed(200), memoryBytes: timed(300 * MIB) })],
    duration: "3h",
  });
}

function play(from: Plan, until = from.durationMicros) {
  const decisions: LoggedDecision[] = [];
  const events: JsonObject[] = [];
  const world = World.from(from, {
    event: (line) => events.push(line),
    decision: (one) => decisions.push(one),
    sample: () => undefined,
  });
  world.run(until);
  const evictions = decisions.filter((one) => one.by === "vpa" && one.what === "evict");
  const { pods } = world.store;
  const live: ReturnType<typeof world.store.pod>[] = [];
  for (let row = pods.first(); row !== -1; row = pods.after(row)) {
    if (!pods.isDeleting(row) && !pods.isTerminal(row)) live.push(world.store.pod(row));
  }
  const cpu = live.map(({ spec }) => spec.containers[0]?.resources?.requests?.cpu);
  return { world, events, evictions, live, cpu };
}

const status = (world: World) =>
  (
    world.store.documents("Other").find("default", "VerticalPodAutoscaler/web") as
      | { readonly status?: unknown }
      | undefined
  )?.status;

test("recommends what is used and a margin, with its condition; Off leaves it at that", () => {
  const { world, evictions, cpu } = play(plan(mode("Off")));
  expect(status(world)).toMatchObject({
    recommendation: { containerRecommendations: [{ containerName: "app", target: { cpu: "247m" } }] },
    conditions: [{ type: "RecommendationProvided", status: "True" }],
  });
  expect([evictions.length, new Set(cpu)]).toEqual([0, new Set(["4"])]);
});

test.each(["Recreate", "Auto", ""])(
  "mode %j: pods outside of the bounds are made again as recommended, half of them at a time",
  (name) => {
    const { world, evictions, live, cpu, events } = play(plan(name === "" ? vpa() : mode(name)));
    expect([evictions.length, cpu]).toEqual([4, ["247m", "247m", "247m", "247m"]]);
    const [first = 0, second = 0, third = 0] = evictions.map(({ t }) => t);
    expect([second - first, third - first]).toEqual([0, minutes(1)]);
    const [pod] = live;
    const target = Number(pod?.spec.containers[0]?.resources?.requests?.memory);
    expect(pod?.spec.containers[0]?.resources?.limits).toEqual({ memory: `${target * 2}` });
    expect(pod?.metadata.annotations).toEqual({
      vpaObservedContainers: "app",
      vpaUpdates: "Pod resources updated by web: container 0: cpu request, memory request, memory limit",
    });
    world.finish();
    const told = events.filter(({ reason }) => reason === "EvictedByVPA" || reason === "EvictedPod");
    expect(told.map(({ message }) => message)).toContain(
      "Pod was evicted by VPA Updater to apply resource recommendation.",
    );
  },
);

test("Initial: pods that run stay, pods that are made anew ask for what is recommended", () => {
  const from = plan(mode("Initial"));
  const scale = {
    kind: "scale" as const,
    atMicros: minutes(90),
    target: { kind: "Deployment", namespace: "default", name: "web" },
    replicas: 6,
    index: 0,
    text: "scale",
    source: { file: "test", line: 1, column: 1 },
  };
  const { evictions, cpu } = play({ ...from, actions: [scale] });
  expect([evictions.length, cpu]).toEqual([0, ["4", "4", "4", "4", "247m", "247m"]]);
});

test.each([
  ["too few live pods", { replicas: 1 }, mode("Recreate")],
  ["a budget without room", { more: [budget(4)] }, mode("Recreate")],
  [
    "requirements that do not hold",
    {},
    mode("Recreate", {
      evictionRequirements: [{ resources: ["cpu", "memory"], changeRequirement: "TargetHigherThanRequests" }],
    }),
  ],
  ["requests within the bounds", { resources: { requests: { cpu: "250m", memory: "512Mi" } } }, mode("Recreate")],
])("%s: nobody is evicted", (_, parts, autoscaler) => {
  const { evictions, live } = play(plan(autoscaler, parts));
  expect(evictions).toEqual([]);
  expect(live).toHaveLength("replicas" in parts ? (parts.replicas ?? 4) : 4);
});

test("minReplicas 1 and a single pod: it may go", () => {
  const { evictions, cpu } = play(plan(mode("Recreate", { minReplicas: 1 }), { replicas: 1 }));
  expect([evictions.length, cpu]).toEqual([1, ["247m"]]);
});

test("goes on from a checkpoint as if nothing had happened", () => {
  const from = plan(mode("Recreate"));
  const at = play(from).evictions[0]?.t ?? 0;
  for (const instant of [minutes(11.5), at, at + minutes(0.5)]) {
    const world = World.from(from);
    world.run(instant);
    const fork = World.fork(from, world.checkpoint());
    world.run();
    fork.run();
    expect(status(fork)).toEqual(status(world));
    expect(fork.finish().digest).toBe(world.finish().digest);
  }
});

function budget(minAvailable: number): object {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "web" },
    spec: { selector: { matchLabels: { app: "web" } }, minAvailable },
  };
}
