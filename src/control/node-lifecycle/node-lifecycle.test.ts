import fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { Decision } from "../../store/index.ts";
import { seconds } from "../../units/index.ts";
import { FakeKubelets, NODE_ACTIONS, type NodeAction } from "./fake-kubelets.ts";
import { NodeLifecycle, type NodeLifecycleSettings } from "./index.ts";

/** As recordings of the real controller are made: passes take no time, writes of node status 7 ms. */
const RECORDED: Partial<NodeLifecycleSettings> = { passMicros: 0, statusWriteMicros: 7000 };

function cluster(
  count: number,
  settings: Partial<NodeLifecycleSettings> = {},
  zoneOf = (_: number): string | undefined => undefined,
) {
  const fakes = Array.from({ length: count }, (_, i) => {
    const zone = zoneOf(i);
    return { name: `n${i + 1}`, ...(zone === undefined ? {} : { zone }) };
  });
  const kubelets = new FakeKubelets(fakes);
  new NodeLifecycle(kubelets.store, settings).start();
  kubelets.begin();
  return kubelets;
}

test("a silent node is detected by the tenth pass when passes take time, by the eleventh when they take none", () => {
  const check = (settings: Partial<NodeLifecycleSettings>, downAt: number, detectedAt: number) => {
    const kubelets = cluster(3, settings);
    kubelets.at(downAt, "down", "n2");
    kubelets.runTo(detectedAt - 0.001);
    expect(kubelets.ready("n2")).toBe("True");
    kubelets.runTo(detectedAt);
    expect(kubelets.ready("n2")).toBe("Unknown");
    expect(kubelets.ready("n1")).toBe("True");
  };
  // Last renewal between 70.4 and 73 s, noticed at 75 s.
  check(RECORDED, 79.5, 130);
  // Passes every 5.001 s; noticed at 75.015 s.
  check({}, 79.5, 125.025);
  // Just renewed before the pass at 60 s.
  check(RECORDED, 61.5, 120);
});

test("what follows from a detection, in its order and at its instants", () => {
  const kubelets = cluster(3, RECORDED);
  const onDead = kubelets.pod("a", "n2");
  const onLive = kubelets.pod("b", "n1");
  kubelets.at(79.5, "down", "n2");
  kubelets.runTo(129.999);
  kubelets.events.length = 0;
  kubelets.runTo(130);
  const { pods } = kubelets.store;
  expect(kubelets.taints("n2")).toEqual(["unreachable:NoSchedule"]);
  expect(pods.isReady(onDead)).toBe(true);
  kubelets.runTo(130.007);
  expect([pods.isReady(onDead), pods.isReady(onLive)]).toEqual([false, true]);
  expect(kubelets.events).toEqual(["130.007 n2 NodeNotReady", "130.007 a NodeNotReady"]);
  expect(kubelets.taints("n2")).toEqual(["unreachable:NoSchedule"]);
  kubelets.runTo(130.1);
  expect(kubelets.taints("n2")).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"]);
  expect(kubelets.node("n2").status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
    ["Ready", "Unknown", "NodeStatusUnknown"],
    ["MemoryPressure", "Unknown", "NodeStatusNeverUpdated"],
    ["DiskPressure", "Unknown", "NodeStatusNeverUpdated"],
    ["PIDPressure", "Unknown", "NodeStatusNeverUpdated"],
  ]);
});

test("a node that returns loses its taints: NoSchedule at once, NoExecute at the next pass", () => {
  const kubelets = cluster(3, RECORDED);
  kubelets.at(61.5, "down", "n2");
  kubelets.at(186.5, "up", "n2");
  kubelets.runTo(186.4);
  expect(kubelets.taints("n2")).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"]);
  kubelets.runTo(186.5);
  expect(kubelets.taints("n2")).toEqual(["unreachable:NoExecute"]);
  kubelets.runTo(190.007);
  expect(kubelets.taints("n2")).toEqual([]);
});

test("a pod bound to a silent node is marked not ready as it comes", () => {
  const kubelets = cluster(3, RECORDED);
  kubelets.at(61.5, "down", "n2");
  kubelets.runTo(150);
  const pod = kubelets.pod("late", "n2");
  kubelets.runTo(150.001);
  expect(kubelets.store.pods.isReady(pod)).toBe(false);
});

test("a kubelet that reports itself not ready: taints, but its pods are left alone", () => {
  const kubelets = cluster(3, RECORDED);
  const pod = kubelets.pod("a", "n1");
  kubelets.at(62, "notReady", "n1");
  kubelets.runTo(62);
  expect(kubelets.taints("n1")).toEqual(["not-ready:NoSchedule"]);
  kubelets.runTo(65);
  expect(kubelets.taints("n1")).toEqual(["not-ready:NoSchedule", "not-ready:NoExecute"]);
  expect(kubelets.store.pods.isReady(pod)).toBe(true);
});

test("a node that never reported is marked after the startup grace", () => {
  const kubelets = cluster(2, RECORDED);
  kubelets.runTo(40);
  kubelets.store.writer.create({ apiVersion: "v1", kind: "Node", metadata: { name: "n99" } });
  kubelets.runTo(104.999);
  expect(kubelets.ready("n99")).toBe(undefined);
  kubelets.runTo(105.1);
  expect(kubelets.ready("n99")).toBe("Unknown");
  expect(kubelets.taints("n99")).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"]);
  expect(kubelets.events).toContain("45 n99 RegisteredNode");
});

/** Seconds at which each node got its NoExecute taint, when all of `down` fall silent at 61.5 s. */
function taintTimes(kubelets: FakeKubelets, down: readonly string[], until: number): [string, number][] {
  const times: [string, number][] = [];
  kubelets.store.decisions.sink = (decision: Decision & { t: number }) => {
    if (decision.what === "taint") times.push([decision.object, decision.t / 1e6]);
  };
  for (const name of down) kubelets.at(61.5, "down", name);
  kubelets.runTo(until);
  return times;
}

test("the nodes of a zone are tainted at the zone's rate", () => {
  const zoneOf = (i: number) => (i < 7 ? "z1" : "z2");
  const normal = taintTimes(cluster(14, RECORDED, zoneOf), ["n1", "n2", "n3"], 200);
  expect(normal).toEqual([
    ["node/n1", 120.1],
    ["node/n2", 130.1],
    ["node/n3", 140.1],
  ]);
  // More than 55 % of a small zone: none but the one that was just before the state of the zone was known.
  const partial = taintTimes(cluster(14, RECORDED, zoneOf), ["n1", "n2", "n3", "n4", "n5"], 400);
  expect(partial).toEqual([]);
  const large = cluster(14, { ...RECORDED, largeClusterSizeThreshold: 5, secondaryEvictionRate: 0.02 }, zoneOf);
  expect(taintTimes(large, ["n1", "n2", "n3", "n4", "n5"], 240)).toEqual([
    ["node/n1", 120.1],
    ["node/n2", 170.2],
    ["node/n3", 220.3],
  ]);
});

test("when all zones are down nothing is tainted, and one zone's return starts the grace anew", () => {
  const kubelets = cluster(6, RECORDED, (i) => (i < 3 ? "z1" : "z2"));
  for (let i = 1; i <= 6; i++) kubelets.at(70.5, "down", `n${i}`);
  for (let i = 4; i <= 6; i++) kubelets.at(370.5, "up", `n${i}`);
  kubelets.runTo(370);
  for (let i = 1; i <= 6; i++) expect(kubelets.taints(`n${i}`)).toEqual(["unreachable:NoSchedule"]);
  kubelets.runTo(385.2);
  expect(kubelets.taints("n1")).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"]);
  expect(kubelets.taints("n2")).toEqual(["unreachable:NoSchedule"]);
  expect(kubelets.taints("n5")).toEqual([]);
  kubelets.runTo(395.1);
  expect(kubelets.taints("n2")).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"]);
});

test("a deleted node is reported by the next pass", () => {
  const kubelets = cluster(3, RECORDED);
  kubelets.at(43, "delete", "n3");
  kubelets.runTo(50);
  expect(kubelets.events.filter((line) => line.includes("Removing"))).toEqual(["45 n3 RemovingNode"]);
});

type Step = { readonly second: number; readonly action: NodeAction; readonly node: number };
const step = fc.record({
  second: fc.integer({ min: 1, max: 6000 }).map((tenths) => tenths / 10 + 0.05),
  action: fc.constantFrom<NodeAction>("down", "down", "down", "up", "up", ...NODE_ACTIONS),
  node: fc.integer({ min: 1, max: 7 }),
});

/** Leases are renewed every ten seconds, or now and then too seldom to keep a node from being marked. */
const leaseMicros = fc.constantFrom(seconds(10), seconds(10), seconds(48), seconds(49), seconds(70));

function world(steps: readonly Step[], explicitPeriodic: boolean, leases = seconds(10)) {
  const fakes = Array.from({ length: 7 }, (_, i) => ({ name: `n${i + 1}`, zone: `z${i % 2}` }));
  const kubelets = new FakeKubelets(fakes, { explicitPeriodic, jitter: 0.04, leaseMicros: leases });
  const controller = new NodeLifecycle(kubelets.store);
  const begin = () => {
    controller.start();
    kubelets.begin();
    for (let i = 1; i <= 7; i++) kubelets.pod(`p${i}`, `n${i}`);
    for (const { second, action, node } of steps) kubelets.at(second, action, `n${node}`);
  };
  return { kubelets, begin };
}

function outcome(kubelets: FakeKubelets) {
  return [kubelets.engine.unseed(), kubelets.events, kubelets.nodes.list()];
}

test("looking at the nodes that matter equals looking at all nodes every time", () => {
  let detected = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: "max" }), leaseMicros, (steps, leases) => {
      const outcomes = [false, true].map((explicitPeriodic) => {
        const { kubelets, begin } = world(steps, explicitPeriodic, leases);
        begin();
        kubelets.runTo(700);
        detected += kubelets.events.filter((line) => line.includes("NodeNotReady")).length;
        return outcome(kubelets);
      });
      expect(outcomes[0]).toEqual(outcomes[1]);
    }),
    { numRuns: 150 },
  );
  expect(detected).toBeGreaterThan(300);
});

test("a run that goes on from a checkpoint is the run that went on", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20, size: "max" }), fc.integer({ min: 1, max: 600 }), (steps, second) => {
      const original = world(steps, false);
      original.begin();
      original.kubelets.runTo(second);
      const checkpoint = original.kubelets.engine.checkpoint();
      original.kubelets.events.length = 0;
      original.kubelets.runTo(700);
      const fork = world(steps, false);
      fork.kubelets.engine.restore(checkpoint);
      fork.kubelets.runTo(700);
      expect(outcome(fork.kubelets)).toEqual(outcome(original.kubelets));
    }),
    { numRuns: 60 },
  );
});

test("a quiet cluster costs one event a pass and no visit", () => {
  const kubelets = cluster(200, {});
  kubelets.runTo(60);
  const before = kubelets.engine.eventCount;
  const looks = vi.spyOn(kubelets.store.leases, "lastTickAt");
  const reads = vi.spyOn(kubelets.nodes, "get");
  kubelets.engine.run(seconds(60 + 5.001 * 100));
  expect(kubelets.engine.eventCount - before).toBe(100);
  expect(looks).not.toHaveBeenCalled();
  expect(reads).not.toHaveBeenCalled();
  kubelets.at(600, "down", "n7");
  kubelets.runTo(640);
  expect(looks.mock.calls.every(([chain]) => chain === kubelets.store.pods.nodeNames.find("n7"))).toBe(true);
  kubelets.runTo(670);
  expect(kubelets.ready("n7")).toBe("Unknown");
});
