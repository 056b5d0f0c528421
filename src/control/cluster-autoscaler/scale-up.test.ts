import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { areSimilar, balance } from "./balance.ts";
import { equivalenceGroups } from "./equivalence.ts";
import { estimateNodes } from "./estimator.ts";
import { planScaleUp, type ScaleUpInput } from "./scale-up.ts";
import { CLUSTER_AUTOSCALER_DEFAULTS } from "./settings.ts";
import { CpuSimulation, groupOf, podOf, podsOfSize } from "./simulation-fixture.ts";
import type { NodeGroup, SimulatedPod } from "./types.ts";

function plan(pods: readonly SimulatedPod[], groups: readonly NodeGroup[], parts: Partial<ScaleUpInput> = {}) {
  return planScaleUp(new CpuSimulation(), {
    pods,
    groups,
    unsafe: new Map(),
    nodeNames: [],
    priorities: undefined,
    settings: CLUSTER_AUTOSCALER_DEFAULTS,
    pick: () => 0,
    ...parts,
  });
}
const settings = (parts: Partial<ScaleUpInput["settings"]>) => ({
  settings: { ...CLUSTER_AUTOSCALER_DEFAULTS, ...parts },
});

describe("equivalence groups", () => {
  test("pods of one owner and one spec are one group; others stand alone", () => {
    const spec = podOf("x", "1").spec;
    const like = podsOfSize(3, "1").map((pod) => ({ ...pod, spec }));
    const { owner: _, ...orphan } = podOf("orphan", "1");
    const groups = equivalenceGroups([...like, podOf("other", "2"), orphan, podOf("like", "1")]);
    expect(groups.map(({ pods }) => pods.map(({ name }) => name))).toEqual([
      ["web-0", "web-1", "web-2", "like"],
      ["other"],
      ["orphan"],
    ]);
  });

  test("an owner has ten groups at most, further kinds of pods stand alone", () => {
    const pods = Array.from({ length: 24 }, (_, index) => podOf(`p${index}`, `${100 + (index % 12)}m`));
    expect(equivalenceGroups(pods).map((group) => group.pods.length)).toEqual([...Array(10).fill(2), 1, 1, 1, 1]);
  });
});

describe("estimate", () => {
  const estimate = (pods: readonly SimulatedPod[], cpu: string, nodes = 100) => {
    const simulation = new CpuSimulation();
    const { nodeCount, pods: placed } = estimateNodes(simulation, equivalenceGroups(pods), groupOf("g", cpu).template, {
      nodes,
      existingNodes: [],
    });
    expect(simulation.places.size).toBe(0);
    return [nodeCount, placed.length];
  };

  test.each([
    ["pods that fill nodes", podsOfSize(10, "1"), "4", 100, [3, 10]],
    [
      "the small fill what the large leave",
      [...podsOfSize(4, "500m", "s"), ...podsOfSize(2, "3", "l")],
      "4",
      100,
      [2, 6],
    ],
    ["a limit", podsOfSize(10, "1"), "4", 2, [2, 8]],
    ["too large for a node", podsOfSize(2, "5"), "4", 100, [0, 0]],
    [
      "the large that fit nowhere do not stand in the way",
      [...podsOfSize(1, "5", "l"), ...podsOfSize(3, "2")],
      "4",
      100,
      [2, 3],
    ],
    ["nothing", [], "4", 100, [0, 0]],
  ])("%s", (_, pods, cpu, nodes, expected) => expect(estimate(pods, cpu, nodes)).toEqual(expected));

  test("never fewer nodes than the pods' cpu needs, and every pod once", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }), (sizes) => {
        const pods = sizes.map((size, index) => podOf(`p${index}`, `${size * 100}m`));
        const [nodes = 0, placed = 0] = estimate(pods, "4");
        const total = sizes.reduce((sum, size) => sum + size, 0);
        return placed === sizes.length && nodes >= Math.ceil(total / 40) && nodes <= sizes.length;
      }),
    );
  });
});

describe("expanders", () => {
  const groups = [groupOf("small", "2"), groupOf("large", "8")];
  test.each([
    ["least-waste", podsOfSize(1, "1"), ["small"], "least-waste: 1.8125 against 1.4375 of small"],
    ["most-pods", [...podsOfSize(1, "1"), podOf("big", "4")], ["large"], "most-pods: 1 against 2 of large"],
    ["least-nodes", podsOfSize(8, "1"), ["large"], "least-nodes: 4 against 1 of large"],
    ["random", podsOfSize(1, "1"), ["small"], "random chose small"],
  ] as const)("%s", (expander, pods, winners, lost) => {
    const { increases, considered } = plan(pods, groups, settings({ expanders: [expander] }));
    expect(increases.map(({ group }) => group)).toEqual(winners);
    expect(considered.find((one) => one.lost !== "")?.lost).toBe(lost);
  });

  test("priority: the group that the highest matching pattern names, and none that no pattern names", () => {
    const priorities = [
      { priority: 10, patterns: [/.*/] },
      { priority: 50, patterns: [/^large$/] },
    ];
    const chosen = plan(podsOfSize(1, "1"), groups, { priorities, ...settings({ expanders: ["priority"] }) });
    expect(chosen.increases.map(({ group }) => group)).toEqual(["large"]);
    const other = plan(podsOfSize(1, "1"), groups, {
      priorities: [{ priority: 1, patterns: [/^small$/] }],
      ...settings({ expanders: ["priority"] }),
    });
    expect(other.considered.map(({ lost }) => lost)).toEqual(["", "priority: no pattern matches"]);
  });

  test("price: the same node for less money", () => {
    const priced = [groupOf("dear", "4", { pricePerHour: 0.4 }), groupOf("cheap", "4", { pricePerHour: 0.1 })];
    const { increases } = plan(podsOfSize(3, "1"), priced, settings({ expanders: ["price"] }));
    expect(increases).toEqual([{ group: "cheap", current: 0, next: 1, max: 10 }]);
  });

  test("a tie goes to the next expander, then to chance", () => {
    const twins = [groupOf("a", "4"), groupOf("b", "4"), groupOf("c", "4")];
    const { increases, rounds } = plan(podsOfSize(1, "1"), twins, { pick: (n) => n - 1 });
    expect(increases.map(({ group }) => group)).toEqual(["c"]);
    expect(rounds.map(({ expander, left }) => [expander, left])).toEqual([
      ["least-waste", ["a", "b", "c"]],
      ["random", ["c"]],
    ]);
  });
});

describe("groups that cannot help", () => {
  test("each with its reason, and the pods with all of them", () => {
    const groups = [
      groupOf("full", "4", { target: 10 }),
      groupOf("failed", "4"),
      groupOf("tiny", "1"),
      groupOf("tiny2", "1"),
    ];
    const { increases, considered, unhelped } = plan(podsOfSize(2, "2"), groups, {
      unsafe: new Map([["failed", "in backoff after failed scale-up"]]),
    });
    expect(increases).toEqual([]);
    expect(considered.map(({ lost }) => lost)).toEqual([
      "max node group size reached",
      "in backoff after failed scale-up",
      "no pod fits: Insufficient cpu",
      "no pod fits: Insufficient cpu",
    ]);
    expect(unhelped.map(({ reasons }) => reasons)).toEqual(
      Array(2).fill("2 Insufficient cpu, 1 in backoff after failed scale-up, 1 max node group size reached"),
    );
  });

  test("no more nodes than the cluster may have", () => {
    const { increases } = plan(podsOfSize(20, "1"), [groupOf("g", "4")], {
      nodeNames: ["a", "b", "c"],
      ...settings({ maxNodesTotal: 5 }),
    });
    expect(increases).toEqual([{ group: "g", current: 0, next: 2, max: 10 }]);
  });
});

describe("balance", () => {
  const sized = (sizes: readonly (readonly [target: number, max: number])[]) =>
    sizes.map(([target, max], index) => groupOf(`g${index}`, "4", { target, max }));
  test.each([
    [
      [
        [1, 10],
        [3, 10],
        [2, 10],
      ],
      5,
      [
        [0, 4],
        [2, 4],
      ],
    ],
    [
      [
        [1, 2],
        [5, 10],
      ],
      3,
      [
        [0, 2],
        [1, 7],
      ],
    ],
    [
      [
        [2, 2],
        [3, 4],
      ],
      9,
      [[1, 4]],
    ],
    [[[0, 10]], 0, []],
  ] as const)("%j and %i more", (sizes, newNodes, expected) => {
    const result = balance(sized(sizes), newNodes).map(({ group, next }) => [Number(group.slice(1)), next]);
    expect(result.sort(([a = 0], [b = 0]) => a - b)).toEqual(expected);
  });

  test("similar groups differ in zone, hostname and name at most, and by a little memory", () => {
    const a = groupOf("a", "4", { memory: "16Gi" });
    expect(areSimilar(a, groupOf("b", "4", { memory: "16200Mi" }))).toBe(true);
    expect(areSimilar(a, groupOf("b", "4", { memory: "15Gi" }))).toBe(false);
    expect(areSimilar(a, groupOf("b", "8"))).toBe(false);
  });

  test("shared growth, and a decision that says so", () => {
    const { increases, considered } = plan(podsOfSize(8, "2"), [groupOf("a", "4"), groupOf("b", "4")], {
      ...settings({ balancesSimilarGroups: true }),
    });
    expect(increases.map(({ group, next }) => [group, next])).toEqual([
      ["a", 2],
      ["b", 2],
    ]);
    expect(considered.map(({ lost }) => lost)).toEqual(["", "similar to a"]);
  });

  test("sizes stay within their limits, and all that fits is dealt", () => {
    const group = fc.tuple(fc.nat(20), fc.nat(20)).map(([target, more]) => [target, target + more] as const);
    fc.assert(
      fc.property(fc.array(group, { maxLength: 6 }), fc.nat(60), (sizes, newNodes) => {
        const result = balance(sized(sizes), newNodes);
        const dealt = result.reduce((sum, { current, next }) => sum + next - current, 0);
        const room = sizes.reduce((sum, [target, max]) => sum + max - target, 0);
        return dealt === Math.min(newNodes, room) && result.every(({ next, max }) => next <= max);
      }),
    );
  });
});
