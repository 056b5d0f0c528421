import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { CLUSTER_AUTOSCALER_DEFAULTS, type ClusterAutoscalerSettings } from "../../src/control/index.ts";
import { type KubeNode, type PodDisruptionBudget, podRequests } from "../../src/kube/index.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { deployment, type PlanParts, planOf, pod, podSpec } from "../../src/testing/index.ts";
import { cpuMilliOf, minutes, seconds } from "../../src/units/index.ts";
import {
  type JsonObject,
  nodeOfPool,
  type Plan,
  type PlannedPool,
  type PoolAutoscale,
  World,
} from "../../src/world/index.ts";

/** The cluster autoscaler in whole worlds: pods that need nodes get them, nodes that nobody needs go. */

function poolOf(name: string, cpu: string, count: number, autoscale: Partial<PoolAutoscale> = {}): PlannedPool {
  const amounts = { cpu, memory: "16Gi", pods: "110" };
  return {
    name,
    count,
    zones: ["a"],
    boot: { constant: seconds(60) },
    autoscale: { min: 0, max: 10, refusedShare: 0, stuckShare: 0, ...autoscale },
    template: {
      region: null,
      labels: {},
      annotations: {},
      taints: [],
      unschedulable: false,
      capacity: amounts,
      allocatable: amounts,
      pricePerHour: 0.1,
      imageBandwidthBytesPerSecond: 1e8,
      parallelImagePulls: 1,
      images: [],
      source: { file: "test", line: 1, column: 1 },
    },
  };
}

function planWith(
  pools: readonly PlannedPool[],
  parts: PlanParts,
  settings: Partial<ClusterAutoscalerSettings> = {},
): Plan {
  const plan = planOf({ pools, clusterAutoscaler: { ...CLUSTER_AUTOSCALER_DEFAULTS, ...settings }, ...parts });
  const nodes = pools.flatMap((pool) => Array.from({ length: pool.count }, (_, index) => nodeOfPool(pool, index)));
  return { ...plan, nodes };
}

type Row = { readonly [column: string]: string | number };

/** Plays a plan; `onDecision` is told of each decision while the world stands at its instant. */
function play(plan: Plan, onDecision: (one: LoggedDecision, world: World) => void = () => undefined) {
  const decisions: LoggedDecision[] = [];
  const events: JsonObject[] = [];
  const sink = {
    event: (line: JsonObject) => events.push(line),
    decision: (one: LoggedDecision) => {
      decisions.push(one);
      if (isBuilt) onDecision(one, world);
    },
    sample: () => undefined,
  };
  let isBuilt = false;
  const world = World.from(plan, sink);
  isBuilt = true;
  const of = (what: string) => decisions.filter((one) => one.by === "cluster-autoscaler" && one.what === what);
  const messages = (reason: string) => {
    if (events.length === 0) world.finish();
    return events.filter((event) => event.reason === reason).map((event) => String(event.message));
  };
  const nodes = () =>
    world.store
      .documents("Node")
      .list()
      .map(({ metadata }) => metadata.name ?? "");
  const pending = () => {
    const { pods } = world.store;
    let count = 0;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) if (pods.nodeId.get(row) === -1) count++;
    return count;
  };
  return { world, of, messages, nodes, pending };
}

const asking = (cpu: string) => ({ resources: { requests: { cpu } } });
const web = (replicas: number, cpu = "1") => deployment("web", { replicas, ...asking(cpu) });
const QUICK = { unneededMicros: minutes(2), scaleDownDelayAfterAddMicros: minutes(1) };

describe("scale-up", () => {
  test("pending pods get nodes: asked for one interval after the pods, once, with the original's words", () => {
    const { world, of, messages, nodes, pending } = play(
      planWith([poolOf("g", "4", 1)], { objects: [web(12)], duration: "10m" }),
    );
    world.run();
    expect(of("scale-up").filter(({ object }) => object === "nodegroup/g")).toMatchObject([
      { from: 1, to: 3, max: 10 },
    ]);
    expect(of("scale-up")[0]?.t).toBe(seconds(10.2));
    expect([nodes().length, pending()]).toEqual([3, 0]);
    expect(messages("ScaledUpGroup")).toEqual([
      "Scale-up: setting group g size to 3 instead of 1 (max: 10)",
      "Scale-up: group g size set to 3 instead of 1 (max: 10)",
    ]);
    expect(new Set(messages("TriggeredScaleUp"))).toEqual(new Set(["pod triggered scale-up: [{g 1->3 (max: 10)}]"]));
  });

  test("the series of groups says what is wanted, what has registered, and the limits", () => {
    const groups: Row[] = [];
    const sink = {
      event: () => undefined,
      decision: () => undefined,
      sample: (series: string, row: Row) => (series === "nodegroups" ? groups.push(row) : undefined),
    };
    const { autoscale: _, ...fixed } = poolOf("fixed", "1", 1);
    const pools = [poolOf("g", "4", 1, { min: 1 }), fixed];
    World.from(planWith(pools, { objects: [web(12)], duration: "2m" }), sink).run();
    expect(groups[0]).toEqual({ at_s: 0, name: "g", target: 1, size: 1, min: 1, max: 10 });
    expect(groups.map(({ target, size }) => [target, size])).toEqual([
      [1, 1],
      ...new Array(4).fill([3, 1]),
      ...new Array(4).fill([3, 3]),
    ]);
  });

  test("a pod that no group can take stays, and is told why by event and decision", () => {
    const pools = [poolOf("full", "4", 1, { max: 1 }), poolOf("small", "2", 0)];
    const { world, of, messages, nodes } = play(
      planWith(pools, { objects: [web(1), pod("big", asking("5"))], duration: "3m" }),
    );
    world.run();
    expect(nodes()).toEqual(["full-01"]);
    expect(messages("NotTriggerScaleUp")).toEqual([
      "pod didn't trigger scale-up: 1 Insufficient cpu, 1 max node group size reached",
    ]);
    expect(of("no-scale-up")[0]?.considered).toEqual([
      { group: "full", nodes: 0, pods: 0, lost: "max node group size reached" },
      { group: "small", nodes: 0, pods: 0, lost: "no pod fits: Insufficient cpu" },
    ]);
  });

  test("DaemonSet pods have their room on a new node first", () => {
    const agent = {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "agent" },
      spec: {
        selector: { matchLabels: { app: "agent" } },
        template: {
          metadata: { labels: { app: "agent" } },
          spec: { containers: [{ name: "a", image: "a", resources: { requests: { cpu: "1" } } }] },
        },
      },
    };
    const { world, of } = play(planWith([poolOf("g", "4", 0)], { objects: [agent, web(6)], duration: "2m" }));
    world.run();
    expect(of("scale-up")[0]).toMatchObject({ from: 0, to: 2 });
  });

  test("machines that never come: the group is backed off after 15 minutes and they are given back", () => {
    const pools = [poolOf("bad", "4", 0, { stuckShare: 1 }), poolOf("good", "8", 0)];
    const { world, of, messages, nodes, pending } = play(planWith(pools, { objects: [web(2)], duration: "25m" }));
    world.run();
    expect(messages("ScaleUpTimedOut")[0]).toMatch(/^Nodes added to group bad failed to register within 15m\d+s$/);
    expect(of("scale-up").map(({ object }) => object)).toContain("nodegroup/good");
    expect(messages("DeleteUnregistered")).toEqual(["Removed unregistered node bad-01"]);
    expect([nodes(), pending()]).toEqual([["good-01"], 0]);
  });

  test("a cloud that refuses: the next group at the next look", () => {
    const pools = [poolOf("sold-out", "4", 0, { refusedShare: 1 }), poolOf("other", "8", 0)];
    const { world, messages, pending } = play(planWith(pools, { objects: [web(2)], duration: "5m" }));
    world.run();
    expect(messages("FailedToScaleUpGroup")).toEqual([
      "Scale-up failed for group sold-out: the cloud has no more machines of this kind",
    ]);
    expect(pending()).toBe(0);
  });
});

describe("scale-down", () => {
  test("an empty node goes after its time; the group keeps its least size", () => {
    const { world, of, messages, nodes } = play(
      planWith([poolOf("g", "4", 3, { min: 1 })], { objects: [web(1)], duration: "15m" }),
    );
    world.run();
    const [first] = of("remove-node");
    expect(first?.t).toBeGreaterThan(minutes(10));
    expect(first?.t).toBeLessThan(minutes(10) + seconds(21));
    expect(nodes()).toHaveLength(1);
    expect(messages("ScaleDownEmpty").filter((text) => text.includes("removed"))).toHaveLength(2);
  });

  test("pods are drained one node at a time and find room; the words of the original", () => {
    const plan = planWith([poolOf("g", "4", 3)], { objects: [web(3)], duration: "20m" }, QUICK);
    const { world, messages, nodes, pending } = play(plan);
    world.run();
    expect([nodes().length, pending()]).toEqual([1, 0]);
    const [text] = messages("ScaleDown").filter((line) => line.startsWith("Scale-down: removing"));
    expect(text).toMatch(
      /^Scale-down: removing node g-0\d, utilization: \{0\.25 [\d.e-]+ 0 0 cpu 0\.25\}, pods to reschedule: web-/,
    );
    expect(messages("ScaleDown")).toContain("deleting pod for node scale down");
    expect(messages("ScaleDown")).toContain("marked the node as toBeDeleted/unschedulable");
  });

  test.each([
    ["a pod of nobody", [pod("lone", asking("100m"))], "default/lone is not replicated"],
    [
      "not safe to evict",
      [
        deployment("web", {
          spec: {
            template: {
              metadata: {
                labels: { app: "web" },
                annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
              },
              spec: podSpec(asking("100m")),
            },
          },
        }),
      ],
      /^pod annotated as not safe to evict present: default\/web-/,
    ],
  ])("%s keeps its node", (_, objects, message) => {
    const { world, of, nodes } = play(planWith([poolOf("g", "4", 2)], { objects, duration: "15m" }, QUICK));
    world.run();
    expect(nodes()).toHaveLength(1);
    const blocking = of("needed").flatMap((one) => (one.blocking === undefined ? [] : [one.blocking]));
    expect(blocking).toContainEqual(
      expect.objectContaining({ message: message instanceof RegExp ? expect.stringMatching(message) : message }),
    );
  });
});

test("a world goes on from a checkpoint in the midst of scaling as if nothing had happened", () => {
  const plan = planWith([poolOf("g", "4", 1), poolOf("h", "8", 1)], { objects: [web(14)], duration: "14m" }, QUICK);
  for (const at of [seconds(8), seconds(30), minutes(4), minutes(5)]) {
    const straight = World.from(plan);
    straight.run(at);
    const fork = World.fork(plan, straight.checkpoint());
    straight.run();
    fork.run();
    expect(fork.finish().digest, `at ${at}`).toBe(straight.finish().digest);
  }
});

test("the defaults of a scenario are those of the autoscaler", async () => {
  const { plan } = await loadScenario("scenarios/autoscaling/burst.yaml", { version: "test" });
  expect(plan?.clusterAutoscaler).toEqual(CLUSTER_AUTOSCALER_DEFAULTS);
});

describe("in any small world", () => {
  const groups = fc.array(
    fc.record({
      cpu: fc.constantFrom("2", "4", "8"),
      count: fc.nat(3),
      min: fc.nat(2),
      more: fc.integer({ min: 1, max: 6 }),
      refused: fc.constantFrom(0, 0, 0.3),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const apps = fc.array(
    fc.record({
      replicas: fc.nat(8),
      cpu: fc.constantFrom("300m", "1", "1900m"),
      later: fc.nat(8),
      guarded: fc.boolean(),
    }),
    { minLength: 1, maxLength: 2 },
  );

  type GroupParts = { cpu: string; count: number; min: number; more: number; refused: number };
  type AppParts = { replicas: number; cpu: string; later: number; guarded: boolean };

  function smallWorld(groupParts: readonly GroupParts[], appParts: readonly AppParts[], seed: number) {
    const pools = groupParts.map(({ cpu, count, min, more, refused }, index) => {
      const max = Math.max(count, min) + more;
      return poolOf(`g${index}`, cpu, count, { min, max, refusedShare: refused });
    });
    const objects = appParts.flatMap(({ replicas, cpu, guarded }, index) => [
      deployment(`app${index}`, { replicas, ...asking(cpu) }),
      ...(guarded ? [budgetOf(`app${index}`)] : []),
    ]);
    const actions = appParts.map(({ later }, index) => ({
      kind: "scale" as const,
      atMicros: minutes(8),
      target: { kind: "Deployment", namespace: "default", name: `app${index}` },
      replicas: later,
    }));
    const plan = planWith(pools, { objects, actions, seed, duration: "40m" }, QUICK);
    return { pools, plan };
  }

  test("an iteration that would find what the last one found can be left out", { timeout: 120_000 }, () => {
    let looks = 0;
    let wholeLooks = 0;
    fc.assert(
      fc.property(groups, apps, fc.nat(1000), fc.nat(35), (groupParts, appParts, seed, second) => {
        const { plan } = smallWorld(groupParts, appParts, seed);
        const { of, world } = played(plan, second);
        const settings = { ...CLUSTER_AUTOSCALER_DEFAULTS, ...QUICK, skipsQuietIterations: false };
        const whole = played({ ...plan, clusterAutoscaler: settings }, second);
        for (const what of ["needed", "unneeded", "remove-node", "removed-node", "scale-up", "no-scale-up"]) {
          expect(of(what)).toEqual(whole.of(what));
        }
        expect(world.finish()).toEqual(whole.world.finish());
        looks += countOf(world);
        wholeLooks += countOf(whole.world);
      }),
      { numRuns: 12 },
    );
    expect(looks).toBeLessThan(wholeLooks * 0.7);
  });

  /** Somebody puts a label on a node and takes a pod away in the midst of it. */
  function played(plan: Plan, minute: number) {
    const run = play(plan);
    const { world } = run;
    vi.spyOn(world.fleet, "instancesOf");
    world.run(minutes(minute));
    const { store } = world;
    const nodes = store.documents<KubeNode>("Node");
    const row = nodes.first();
    if (row !== -1) {
      const node = nodes.get(row);
      const annotations = { "cluster-autoscaler.kubernetes.io/scale-down-disabled": "true" };
      store.writer.update(nodes, row, { ...node, metadata: { ...node.metadata, annotations } });
    }
    if (store.pods.first() !== -1) store.podWriter.remove(store.pods.first());
    world.run();
    return run;
  }

  const countOf = (world: World): number => vi.mocked(world.fleet.instancesOf).mock.calls.length;

  test("group sizes stay within their limits, budgets hold, pods of nodes that go have room elsewhere, and all that fit get nodes", {
    timeout: 120_000,
  }, () => {
    fc.assert(
      fc.property(groups, apps, fc.nat(1000), (groupParts, appParts, seed) => {
        const { pools, plan } = smallWorld(groupParts, appParts, seed);
        const { world, pending } = play(plan, (decision, at) => {
          if (decision.by === "eviction" && decision.because === "budget") expectBudgetHolds(at, decision.object);
          if (decision.what === "remove-node") expectRoomFor(at, decision.pods as readonly string[]);
        });
        for (let at = minutes(1); at <= minutes(40); at += minutes(1)) {
          world.run(at);
          for (const pool of pools) {
            const size = world.fleet.instancesOf(pool.name).length;
            const { min = 0, max = 0 } = pool.autoscale ?? {};
            expect(size).toBeLessThanOrEqual(max);
            expect(size).toBeGreaterThanOrEqual(Math.min(min, pool.count));
          }
        }
        const isRoomLeft = pools.some(
          ({ name, autoscale }) => world.fleet.instancesOf(name).length < (autoscale?.max ?? 0),
        );
        if (isRoomLeft && pools.every(({ autoscale }) => autoscale?.refusedShare === 0)) expect(pending()).toBe(0);
      }),
      { numRuns: 12 },
    );
  });
});

/** After an eviction at the cost of a budget there are as many healthy pods left as the budget wants, counted anew. */
function expectBudgetHolds({ store }: World, object: string): void {
  const { pods } = store;
  const [, namespace = "", name = ""] = object.split("/");
  const app = pods.labelsOf(pods.rowOf(namespace, name)).app ?? "";
  const budget = store.documents<PodDisruptionBudget>("PodDisruptionBudget").find(namespace, app);
  const healthy = rowsOf(store).filter(
    (row) => pods.labelsOf(row).app === app && pods.isReady(row) && !pods.isDeleting(row),
  );
  expect(healthy.length).toBeGreaterThanOrEqual(budget?.status?.desiredHealthy ?? Number.POSITIVE_INFINITY);
}

/** The pods of a node that is about to go fit on the nodes that stay, in some way. */
function expectRoomFor({ store }: World, names: readonly string[]): void {
  const { pods } = store;
  const cpuOf = (row: number): number => podRequests(pods.templateOf(row).spec).cpuMilli;
  const staying = store
    .documents<KubeNode>("Node")
    .list()
    .filter(({ spec, status }) => {
      const isGoing = spec?.taints?.some(({ key }) => key === "ToBeDeletedByClusterAutoscaler") === true;
      return !isGoing && status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True");
    });
  const free = staying.map(({ metadata, status }) => {
    const here = rowsOf(store).filter((row) => pods.nodeNameOf(row) === metadata.name && !pods.isTerminal(row));
    return cpuMilliOf(status?.allocatable?.cpu ?? "0") - here.reduce((sum, row) => sum + cpuOf(row), 0);
  });
  const wanted = names.map((name) => cpuOf(pods.rowOf(...(name.split("/") as [string, string]))));
  expect({
    wanted,
    free,
    fits: fits(
      [...wanted].sort((a, b) => b - a),
      free,
    ),
  }).toMatchObject({ fits: true });
}

/** Whether amounts, largest first, can be put into what is free: tries everything. */
function fits([first, ...others]: readonly number[], free: readonly number[]): boolean {
  if (first === undefined) return true;
  return free.some((room, index) => {
    if (room < first || free.indexOf(room) < index) return false;
    return fits(others, free.with(index, room - first));
  });
}

function rowsOf({ pods }: World["store"]): number[] {
  const rows: number[] = [];
  for (let row = pods.first(); row !== -1; row = pods.after(row)) rows.push(row);
  return rows;
}

function budgetOf(name: string): object {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, maxUnavailable: 1 },
  };
}

describe("outages of the control plane", () => {
  const worldWithout = (component: "controllerManager" | "clusterAutoscaler") => {
    const pools = [poolOf("g", "4", 1), poolOf("idle", "4", 1)];
    const outage = {
      kind: "controlPlaneDown",
      components: [component],
      schedule: { at: seconds(5) },
      lasts: { constant: minutes(15) },
    } as const;
    return play(planWith(pools, { objects: [web(12)], failures: [outage], duration: "40m" }, QUICK));
  };

  test("the autoscaler is a process of its own: it goes on without kube-controller-manager", () => {
    const { world, of } = worldWithout("controllerManager");
    world.run(minutes(10));
    expect(of("scale-up").length).toBeGreaterThan(0);
  });

  test("down it does nothing; back it starts with what the cluster looks like", () => {
    const { world, of, pending } = worldWithout("clusterAutoscaler");
    world.run(minutes(15));
    expect([of("scale-up"), of("remove-node")]).toEqual([[], []]);
    expect(pending()).toBeGreaterThan(0);
    const fork = World.fork(world.plan, world.checkpoint());
    world.run();
    fork.run();
    const first = of("scale-up")[0]?.t ?? 0;
    expect(first).toBeGreaterThanOrEqual(minutes(15) + seconds(20));
    expect(first).toBeLessThan(minutes(15) + seconds(45));
    expect(pending()).toBe(0);
    expect(fork.finish().digest).toBe(world.finish().digest);
  });
});
