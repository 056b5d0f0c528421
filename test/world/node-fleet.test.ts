import { expect, test } from "vitest";
import type { KubeNode } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { type ActionParts, deployment, type PlanParts, planOf } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { nodeOfPool, type PlannedPool, World } from "../../src/world/index.ts";

/** Nodes that join and leave while the run goes on. */

const POOL: PlannedPool = {
  name: "p",
  count: 2,
  zones: ["a", "b"],
  boot: { constant: seconds(40) },
  template: {
    region: null,
    labels: { tier: "web" },
    annotations: {},
    taints: [],
    unschedulable: false,
    capacity: { cpu: "2", memory: "8Gi", pods: "110" },
    allocatable: { cpu: "2", memory: "8Gi", pods: "110" },
    pricePerHour: 0.6,
    imageBandwidthBytesPerSecond: 1e8,
    parallelImagePulls: 1,
    images: [],
    source: { file: "test", line: 1, column: 1 },
  },
};

function worldOf(actions: readonly ActionParts[], parts: PlanParts = {}) {
  const plan = planOf({ pools: [POOL], actions, ...parts });
  const decisions: LoggedDecision[] = [];
  const sink = {
    event: () => undefined,
    decision: (one: LoggedDecision) => decisions.push(one),
    sample: () => undefined,
  };
  const world = World.from({ ...plan, nodes: [nodeOfPool(POOL, 0), nodeOfPool(POOL, 1)] }, sink);
  const when = (by: string, what: string) =>
    decisions.filter((one) => one.by === by && one.what === what).map(({ t, object }) => ({ t, object }));
  return {
    world,
    when,
    refused: () => decisions.filter(({ by, what }) => by === "action" && what === "refused").map(({ error }) => error),
    nodes: () =>
      world.store
        .documents("Node")
        .list()
        .map(({ metadata }) => metadata.name),
  };
}

test("failures of a pool or a zone strike nodes that joined later, and end with the machine", () => {
  const later = (zone: string | null) => ({ zone, pool: "p", labels: null });
  const crash = { kind: "crash", nodes: ["p-01", "p-02"], later: later(null), schedule: { at: minutes(5) } } as const;
  const cut = {
    kind: "partition",
    nodes: ["p-01"],
    later: later("a"),
    schedule: { every: { constant: minutes(2) } },
    lasts: { constant: seconds(10) },
  } as const;
  const order: ActionParts = { kind: "addNodes", atMicros: minutes(1), pool: "p", count: 1 };
  const struck = worldOf([order], { failures: [crash] });
  struck.world.run();
  expect(struck.when("fault", "crash").map(({ object }) => object)).toEqual(["node/p-01", "node/p-02", "node/p-03"]);
  const again = worldOf([order, { kind: "removeNodes", atMicros: minutes(7), nodes: ["p-03"] }], { failures: [cut] });
  again.world.run();
  const times = (name: string) => again.when("fault", "partition").filter(({ object }) => object === `node/${name}`);
  expect(times("p-03").map(({ t }) => t)).toEqual([seconds(220), seconds(350)]);
  expect(times("p-01").map(({ t }) => t)).toEqual([minutes(2), seconds(250), seconds(380), seconds(510)]);
});

test("a cordon of a pool takes in nodes that have joined, and passes over those that went", () => {
  const order: ActionParts = { kind: "addNodes", atMicros: minutes(1), pool: "p", count: 1 };
  const remove: ActionParts = { kind: "removeNodes", atMicros: minutes(2), nodes: ["p-01"] };
  const of = (pool: string) => ({ zone: null, pool, labels: null });
  const cordon = (pool: string, nodes: readonly string[]): ActionParts => ({
    kind: "cordon",
    atMicros: minutes(5),
    nodes,
    later: of(pool),
  });
  const restart: ActionParts = {
    kind: "restartKubelet",
    atMicros: minutes(6),
    nodes: ["p-01", "p-02"],
    later: of("p"),
  };
  const actions = [order, remove, cordon("p", ["p-01", "p-02"]), cordon("q", []), restart];
  const { world, refused } = worldOf(actions);
  world.run();
  const nodes = world.store.documents<KubeNode>("Node").list();
  const cordoned = nodes.filter(({ spec }) => spec?.unschedulable === true).map(({ metadata }) => metadata.name);
  expect(cordoned).toEqual(["p-02", "p-03"]);
  expect(refused()).toEqual(["No resources found"]);
});

const heavy = (replicas: number) => deployment("web", { replicas, resources: { requests: { cpu: "1" } } });

test("an ordered node joins after its boot time, is not ready first, and takes what waited for it", () => {
  const { world, nodes } = worldOf([{ kind: "addNodes", atMicros: minutes(1), pool: "p", count: 1 }], {
    objects: [heavy(6)],
  });
  world.run(minutes(1) + seconds(39));
  expect(nodes()).toEqual(["p-01", "p-02"]);
  expect(world.fleet.stateOf("p-03")).toBe("booting");
  expect(world.fleet.instancesOf("p")).toEqual(["p-01", "p-02", "p-03"]);
  world.run(minutes(1) + seconds(41));
  const node = world.store.documents<KubeNode>("Node").find("", "p-03");
  expect(node?.spec?.taints?.[0]).toMatchObject({ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" });
  expect(node?.metadata.labels).toMatchObject({
    "topology.kubernetes.io/zone": "a",
    tier: "web",
  });
  world.run();
  const { pods } = world.store;
  expect(pods.byNode.rows(pods.nodeNames.find("p-03"))).toHaveLength(2);
  expect(world.fleet.next("p")?.name).toBe("p-04");
  const cost = world.finish().metrics.find(({ metric, labels }) => metric === "cost" && labels.node === "p-03");
  expect(cost?.sum).toBeCloseTo((0.6 * (600 - 100)) / 3600, 6);
});

test("a machine that is taken away is silent first, then its node is deleted, then its pods", () => {
  const removal: ActionParts = { kind: "removeNodes", atMicros: minutes(2), nodes: ["p-02"] };
  const { world, when, nodes } = worldOf([removal], { objects: [heavy(4)] });
  world.run();
  const silent = when("node-lifecycle", "not-ready");
  const deleted = when("cloud-node-lifecycle", "delete");
  expect(silent.map(({ object }) => object)).toEqual(["node/p-02"]);
  expect(deleted.map(({ object }) => object)).toEqual(["node/p-02"]);
  // Asked about every five seconds, on a grid of its own.
  const wait = (deleted[0]?.t ?? 0) - (silent[0]?.t ?? 0);
  expect(wait).toBeGreaterThanOrEqual(0);
  expect(wait).toBeLessThanOrEqual(seconds(5));
  expect((deleted[0]?.t ?? 0) % seconds(5)).toBe(0);
  expect(nodes()).toEqual(["p-01"]);
  // The pods of the vanished node were collected, and their replacements wait for room.
  const { pods } = world.store;
  expect(pods.byNode.rows(pods.nodeNames.find("p-02"))).toEqual([]);
  expect(pods.count).toBe(4);
});

test("the youngest of a pool go first; one that still boots never joins", () => {
  const { world, nodes, when } = worldOf([
    { kind: "addNodes", atMicros: minutes(1), pool: "p", count: 2 },
    { kind: "removeNodes", atMicros: minutes(1) + seconds(10), pool: "p", count: 1 },
  ]);
  world.run();
  expect(nodes()).toEqual(["p-01", "p-02", "p-03"]);
  expect(when("cloud", "remove").map(({ object }) => object)).toEqual(["node/p-04"]);
  expect(world.fleet.remove("p-04")).toBe('there is no machine "p-04"');
  expect(world.fleet.remove("p-9")).toBe('there is no machine "p-9"');
});

test("a deleted node comes back when its kubelet is restarted, and not before", () => {
  const restart: ActionParts = { kind: "restartKubelet", atMicros: minutes(6), nodes: ["p-02"] };
  const target = { kind: "Node", namespace: "", name: "p-02" };
  const deletion: ActionParts = { kind: "delete", atMicros: minutes(2), target, gracePeriodSeconds: null };
  const { world, nodes } = worldOf([deletion, restart], { objects: [heavy(4)] });
  world.run(minutes(5));
  expect(nodes()).toEqual(["p-01"]);
  expect(world.store.pods.byNode.rows(world.store.pods.nodeNames.find("p-02"))).toEqual([]);
  world.run();
  expect(nodes()).toEqual(["p-01", "p-02"]);
  expect(world.store.pods.byNode.rows(world.store.pods.nodeNames.find("p-02"))).toHaveLength(2);
});

test("a fork while a machine boots goes on like the original", () => {
  const { world } = worldOf([{ kind: "addNodes", atMicros: minutes(1), pool: "p", count: 1 }], { objects: [heavy(6)] });
  world.run(minutes(1) + seconds(20));
  const fork = World.fork(world.plan, world.checkpoint());
  fork.run();
  world.run();
  expect(fork.finish().digest).toBe(world.finish().digest);
});
