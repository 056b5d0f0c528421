import { describe, expect, test } from "vitest";
import { minutes } from "../../units/index.ts";
import { type NodePod, podsOfNode } from "./drainability.ts";
import { backedOff, changedRequest, isHealthy, isReadyNode, readinessOf, upcomingCount } from "./group-state.ts";
import { readPriorities } from "./priority-expander.ts";
import { type CandidateNode, chooseDeletions, findUnneeded, type ScaleDownInput } from "./scale-down.ts";
import { CLUSTER_AUTOSCALER_DEFAULTS as SETTINGS } from "./settings.ts";
import { CpuSimulation, groupOf, nodeOf, onNode, podOf } from "./simulation-fixture.ts";
import { utilizationOf, utilizationText } from "./utilization.ts";

const NOW = minutes(100);

/** Nodes of 4 cpu by name, and the cpu of the pods on each. */
function cluster(nodes: Readonly<Record<string, readonly (string | NodePod)[]>>): {
  simulation: CpuSimulation;
  candidates: CandidateNode[];
} {
  const simulation = new CpuSimulation();
  const candidates = Object.entries(nodes).map(([name, list]) => {
    const node = nodeOf(name, "4");
    const pods = list.map((one, index) => (typeof one === "string" ? onNode(podOf(`${name}-${index}`, one)) : one));
    simulation.addNode(
      node,
      pods.map(({ pod }) => pod),
    );
    return { node, name, group: "g", pods };
  });
  return { simulation, candidates };
}

function look(nodes: Parameters<typeof cluster>[0], parts: Partial<ScaleDownInput> = {}) {
  const { simulation, candidates } = cluster(nodes);
  const before = [...simulation.places];
  const plan = findUnneeded(simulation, {
    now: NOW,
    candidates,
    destinations: candidates.map(({ name }) => name),
    groups: [groupOf("g", "4", { target: candidates.length })],
    allowed: new Map(),
    memory: { unneededSince: new Map(), unremovableUntil: new Map() },
    settings: SETTINGS,
    ...parts,
  });
  expect([...simulation.places]).toEqual(before);
  return plan;
}

describe("unneeded nodes", () => {
  test("little used, and its pods fit elsewhere", () => {
    const { unneeded, needed } = look({ a: ["1"], b: ["3"], c: ["3500m"] });
    expect(unneeded.map(({ candidate }) => candidate.name)).toEqual(["a"]);
    expect(needed.map(({ name, reason }) => [name, reason])).toEqual([
      ["b", "NotUnderutilized"],
      ["c", "NotUnderutilized"],
    ]);
  });

  test("at the threshold a node is still little used", () => {
    expect(look({ a: ["2"], b: ["2"] }).unneeded.map(({ candidate }) => candidate.name)).toEqual(["a"]);
  });

  test("one node's pods need the room of the other: only one is unneeded", () => {
    const { unneeded, needed } = look({ a: ["2"], b: ["2"] });
    expect(unneeded).toHaveLength(1);
    expect(needed).toMatchObject([{ name: "b", reason: "NoPlaceToMovePods" }]);
  });

  test("an empty node goes first, and one that was unneeded before the others", () => {
    const memory = { unneededSince: new Map([["c", 0]]), unremovableUntil: new Map() };
    const { unneeded } = look({ a: ["1"], b: ["2"], c: ["1"], d: [] }, { memory });
    expect(unneeded.map(({ candidate, since }) => [candidate.name, since])).toEqual([
      ["d", NOW],
      ["c", 0],
      ["a", NOW],
    ]);
  });

  test("a node that could not be emptied is left alone for a while", () => {
    const pinned = onNode(podOf("p", "1"), {
      annotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
    });
    const first = look({ a: [pinned], b: ["3"] });
    expect(first.needed[0]).toMatchObject({
      reason: "BlockedByPod",
      blocking: { message: "pod annotated as not safe to evict present: default/p" },
    });
    expect(first.memory.unremovableUntil.get("a")).toBe(NOW + minutes(5));
    expect(look({ a: [pinned], b: ["3"] }, { memory: first.memory }).needed[0]?.reason).toBe("RecentlyUnremovable");
  });

  test("a budget that allows one disruption lets one node go", () => {
    const guarded = (name: string) => onNode(podOf(name, "1"), { budgets: ["default/web"] });
    const { unneeded, needed } = look(
      { a: [guarded("x")], b: [guarded("y")], c: ["1"] },
      { allowed: new Map([["default/web", 1]]) },
    );
    expect(unneeded.map(({ candidate }) => candidate.name)).toEqual(["a", "c"]);
    expect(needed).toMatchObject([{ name: "b", reason: "BlockedByPod", blocking: { reason: "NotEnoughPdb" } }]);
  });

  test("a group at its least size keeps its nodes", () => {
    const groups = [groupOf("g", "4", { target: 2, min: 2 })];
    expect(look({ a: [], b: [] }, { groups }).needed.map(({ reason }) => reason)).toEqual(
      Array(2).fill("NodeGroupMinSizeReached"),
    );
  });
});

describe("which nodes go now", () => {
  const none = { byGroup: new Map<string, number>(), empty: 0, drained: 0 };
  const at = (since: number) => ({
    memory: { unneededSince: new Map(["a", "b", "c"].map((name) => [name, since])), unremovableUntil: new Map() },
  });
  const choose = (nodes: Parameters<typeof cluster>[0], since: number, min = 0) => {
    const groups = [groupOf("g", "4", { target: Object.keys(nodes).length, min })];
    const { unneeded } = look(nodes, { ...at(since), groups });
    const { empty, drained, kept } = chooseDeletions(unneeded, none, { now: NOW, groups, settings: SETTINGS });
    return [empty, drained]
      .map((list) => list.map(({ candidate }) => candidate.name))
      .concat([kept.map(({ reason }) => reason)]);
  };
  test.each([
    [
      "unneeded for exactly the time is not long enough",
      { a: [] },
      NOW - minutes(10),
      0,
      [[], [], ["NotUnneededLongEnough"]],
    ],
    ["a moment longer is", { a: [] }, NOW - minutes(10) - 1, 0, [["a"], [], []]],
    ["empty ones together, one drain at a time", { a: ["1"], b: ["1"], c: [], d: ["1"] }, 0, 0, [["c"], ["a"], []]],
    [
      "not below the least size",
      { a: [], b: [], c: [] },
      0,
      2,
      [["a"], [], ["NodeGroupMinSizeReached", "NodeGroupMinSizeReached"]],
    ],
  ] as const)("%s", (_, nodes, since, min, expected) => expect(choose(nodes, since, min)).toEqual(expected));
});

describe("pods that keep their node", () => {
  const blocked = (parts: Partial<NodePod>, pod = podOf("p", "1"), allowed = new Map<string, number>()) =>
    podsOfNode([onNode(pod, parts)], NOW, allowed, SETTINGS).blocking?.reason;
  const { owner: _, ...orphan } = podOf("p", "1");
  const system = podOf("p", "1", { namespace: "kube-system" });
  const withDisk = podOf("p", "1", { spec: { ...podOf("p", "1").spec, volumes: [{ name: "scratch", emptyDir: {} }] } });
  const annotated = (text: string, name = "safe-to-evict") => ({
    annotations: { [`cluster-autoscaler.kubernetes.io/${name}`]: text },
  });
  test.each([
    ["a replicated pod does not", {}, podOf("p", "1"), undefined],
    ["no owner", {}, orphan, "NotReplicated"],
    ["no owner, but safe to evict", annotated("true"), orphan, undefined],
    ["an owner that is gone", { hasOwner: false }, podOf("p", "1"), "ControllerNotFound"],
    ["not safe to evict", annotated("false"), podOf("p", "1"), "NotSafeToEvictAnnotation"],
    ["kube-system, young", { createdAt: NOW - minutes(59) }, system, "UnmovableKubeSystemPod"],
    ["kube-system, after an hour", { createdAt: NOW - minutes(60) }, system, undefined],
    ["local storage", {}, withDisk, "LocalStorageRequested"],
    ["local storage that may go", annotated("scratch", "safe-to-evict-local-volumes"), withDisk, undefined],
    ["local storage, but finished", { isTerminal: true }, withDisk, undefined],
    ["a budget that allows nothing", { budgets: ["default/b"] }, podOf("p", "1"), "NotEnoughPdb"],
    ["gone but for the kubelet", { deletionAt: NOW - minutes(1) }, orphan, undefined],
    ["a mirror of the kubelet's own pod", { annotations: { "kubernetes.io/config.mirror": "x" } }, orphan, undefined],
  ] as const)("%s", (_, parts, pod, expected) => expect(blocked(parts, pod)).toBe(expected));
});

test("utilization: the larger share of cpu and memory; DaemonSet pods count unless told otherwise", () => {
  const daemon = onNode(podOf("d", "1", { owner: { apiVersion: "apps/v1", kind: "DaemonSet", name: "d", uid: "d" } }));
  const pods = [onNode(podOf("p", "1", { memory: "2Gi" })), daemon];
  const node = nodeOf("n", "4");
  expect(utilizationOf(node, pods, NOW, { ignoresDaemonSets: false })).toMatchObject({
    resource: "cpu",
    utilization: 0.5,
  });
  const without = utilizationOf(node, pods, NOW, { ignoresDaemonSets: true });
  expect(without.utilization).toBeCloseTo(1 / 3, 10);
  expect(utilizationText(utilizationOf(node, pods, NOW, { ignoresDaemonSets: false }))).toBe(
    "{0.5 0.1875 0 0 cpu 0.5}",
  );
});

describe("groups", () => {
  const machine = (name: string, parts = {}) => ({
    name,
    node: undefined,
    createdAt: -1,
    unregisteredSince: NOW,
    ...parts,
  });
  const unready = { ...nodeOf("n", "4"), status: { conditions: [{ type: "Ready", status: "False" as const }] } };
  const machines = [
    machine("a", { node: nodeOf("a", "4") }),
    machine("b", { node: unready, createdAt: NOW - minutes(14) }),
    machine("c", { node: unready, createdAt: NOW - minutes(15) }),
    machine("d"),
    machine("e", { unregisteredSince: NOW - minutes(15) - 1 }),
  ];

  test("readiness, and how many are still to come", () => {
    const readiness = readinessOf(machines, NOW, SETTINGS);
    expect(readiness).toEqual({ ready: 1, unready: 1, notStarted: ["b"], unregistered: 1, longUnregistered: ["e"] });
    expect(upcomingCount(5, readiness)).toBe(2);
  });

  test("a node with a not-ready taint is not ready", () => {
    const tainted = {
      ...nodeOf("n", "4"),
      spec: { taints: [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" as const }] },
    };
    expect([isReadyNode(nodeOf("n", "4")), isReadyNode(tainted)]).toEqual([true, false]);
  });

  test("unhealthy: more than three and more than 45 % are missing", () => {
    const ready = (count: number) => ({
      ready: count,
      unready: 0,
      notStarted: [],
      unregistered: 0,
      longUnregistered: [],
    });
    expect([ready(7), ready(6), ready(5)].map((one) => isHealthy(10, one, undefined, SETTINGS))).toEqual([
      true,
      false,
      false,
    ]);
    expect(isHealthy(10, ready(5), { increase: 5, at: 0, expectedBy: 0 }, SETTINGS)).toBe(true);
  });

  test("a request grows and moves on, shrinks where it stands, and ends at nothing", () => {
    const first = changedRequest(undefined, 2, NOW, minutes(15));
    expect(first).toEqual({ increase: 2, at: NOW, expectedBy: NOW + minutes(15) });
    expect(changedRequest(first, 1, NOW + 5, minutes(15))).toEqual({
      increase: 3,
      at: NOW + 5,
      expectedBy: NOW + 5 + minutes(15),
    });
    expect(changedRequest(first, -1, NOW + 5, minutes(15))).toEqual({ ...first, increase: 1 });
    expect(changedRequest(first, -2, NOW + 5, minutes(15))).toBeUndefined();
  });

  test("back-off: five minutes, then twice as long each time it failed again, half an hour at most", () => {
    const lengths: number[] = [];
    let backoff = backedOff(undefined, 0, "x", SETTINGS);
    for (let round = 0; round < 5; round++) {
      lengths.push(backoff.durationMicros);
      backoff = backedOff(backoff, backoff.until + 1, "x", SETTINGS);
    }
    expect(lengths).toEqual([5, 10, 20, 30, 30].map(minutes));
    expect(backedOff(backoff, backoff.until - 1, "x", SETTINGS).durationMicros).toBe(backoff.durationMicros);
  });
});

test.each([
  [
    "10:\n  - .*spot.*\n50:\n- general # the rest\n",
    [
      [10, [".*spot.*"]],
      [50, ["general"]],
    ],
  ],
  ['1: [a, "b.*"]\n', [[1, ["a", "b.*"]]]],
  ["not yaml of this kind", undefined],
  ["1:\n  - (\n", undefined],
  ["", undefined],
])("priorities: %j", (text, expected) => {
  const read = readPriorities(text)?.map(({ priority, patterns }) => [priority, patterns.map(({ source }) => source)]);
  expect(read).toEqual(expected);
});
