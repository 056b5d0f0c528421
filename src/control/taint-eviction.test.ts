import fc from "fast-check";
import { expect, test } from "vitest";
import type { EndpointSlice, Service, Taint, Toleration } from "../kube/index.ts";
import type { Decision, DocumentTable } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { EndpointSliceController } from "./endpointslice/index.ts";
import { FakeKubelets, type NodeAction } from "./node-lifecycle/fake-kubelets.ts";
import { NodeLifecycle } from "./node-lifecycle/index.ts";
import { PodGarbageCollector } from "./pod-gc.ts";
import { type Stay, stayOf, TaintEviction } from "./taint-eviction.ts";

const KEY = "example.com/maintenance";

test("how long a pod may stay", () => {
  const taint = (key: string): Taint => ({ key, effect: "NoExecute" });
  const check = (taints: Taint[], tolerations: Toleration[], expected: Stay) =>
    expect(stayOf(taints, tolerations)).toEqual(expected);
  check([taint("a")], [], { kind: "go" });
  check([taint("a")], [{ key: "b", operator: "Exists" }], { kind: "go" });
  check([taint("a")], [{ key: "a", operator: "Exists" }], { kind: "forever" });
  check([taint("a")], [{ operator: "Exists" }], { kind: "forever" });
  check([taint("a")], [{ key: "a", operator: "Exists", tolerationSeconds: 5 }], { kind: "for", micros: seconds(5) });
  check([taint("a")], [{ key: "a", operator: "Exists", tolerationSeconds: -5 }], { kind: "for", micros: 0 });
  const both: Toleration[] = [
    { key: "a", operator: "Exists", tolerationSeconds: 50 },
    { key: "b", operator: "Exists", tolerationSeconds: 5 },
  ];
  check([taint("a"), taint("b")], both, { kind: "for", micros: seconds(5) });
  check([taint("a"), taint("c")], both, { kind: "go" });
});

/** One node, pods by name with what they tolerate, and the taints of the node from given seconds on. */
function story(
  tolerations: Record<string, Toleration[]>,
  taints: readonly [second: number, keys: readonly string[]][],
) {
  const kubelets = new FakeKubelets([{ name: "n1" }]);
  const { store, engine } = kubelets;
  new TaintEviction(store);
  kubelets.begin();
  const pods = new Map(Object.entries(tolerations).map(([name, list]) => [name, kubelets.pod(name, "n1", list)]));
  for (const [second, keys] of taints) {
    engine.run(seconds(second));
    const row = kubelets.nodes.rowOf("", "n1");
    const node = kubelets.nodes.get(row);
    const list = keys.map((key): Taint => ({ key, effect: "NoExecute" }));
    store.writer.update(kubelets.nodes, row, { ...node, spec: { taints: list } });
  }
  engine.run(seconds(400));
  const deleting = [...pods].filter(([, row]) => store.pods.isDeleting(row)).map(([name]) => name);
  return { deleting, events: kubelets.events, store, pods };
}

test("evictions happen at their instants, or are taken back", () => {
  const forSeconds = (tolerationSeconds: number): Toleration => ({ key: KEY, operator: "Exists", tolerationSeconds });
  const pods = {
    none: [],
    ever: [{ key: KEY, operator: "Exists" } as const],
    ten: [forSeconds(10)],
    hundred: [forSeconds(100)],
  };
  const {
    deleting,
    events,
    store,
    pods: rows,
  } = story(pods, [
    [30, [KEY]],
    [50, []],
  ]);
  expect(deleting).toEqual(["none", "ten"]);
  expect(events).toEqual([
    "30 none TaintManagerEviction",
    "40 ten TaintManagerEviction",
    "50 hundred TaintManagerEviction",
  ]);
  const target = store.pods.extra.get(rows.get("ten") ?? -1).conditions?.[0];
  expect([target?.type, target?.reason]).toEqual(["DisruptionTarget", "DeletionByTaintManager"]);
});

test("an eviction keeps its instant when another taint with less patience joins or leaves", () => {
  const tolerations: Toleration[] = [
    { key: "a", operator: "Exists", tolerationSeconds: 60 },
    { key: "b", operator: "Exists", tolerationSeconds: 25 },
  ];
  const steps: [number, string[]][] = [
    [30, ["a"]],
    [40, ["a", "b"]],
    [45, ["b"]],
  ];
  expect(story({ p: tolerations }, steps).events).toEqual(["90 p TaintManagerEviction"]);
});

test("a pod that comes to a tainted node is judged as it comes; one that goes takes its eviction along", () => {
  const kubelets = new FakeKubelets([{ name: "n1" }]);
  new TaintEviction(kubelets.store);
  kubelets.begin();
  const row = kubelets.nodes.rowOf("", "n1");
  const taints: Taint[] = [{ key: KEY, effect: "NoExecute" }];
  kubelets.store.writer.update(kubelets.nodes, row, { ...kubelets.nodes.get(row), spec: { taints } });
  kubelets.runTo(10);
  const pod = kubelets.pod("late", "n1", [{ key: KEY, operator: "Exists", tolerationSeconds: 20 }]);
  const gone = kubelets.pod("gone", "n1", [{ key: KEY, operator: "Exists", tolerationSeconds: 20 }]);
  kubelets.runTo(15);
  kubelets.store.podWriter.remove(gone);
  kubelets.runTo(29.9);
  expect(kubelets.store.pods.isDeleting(pod)).toBe(false);
  kubelets.runTo(30);
  expect(kubelets.store.pods.isDeleting(pod)).toBe(true);
  expect(kubelets.events).toEqual(["15 gone TaintManagerEviction", "30 late TaintManagerEviction"]);
});

test("node failure from silence to eviction", () => {
  const kubelets = new FakeKubelets([{ name: "n1" }, { name: "n2" }, { name: "n3" }]);
  const { store } = kubelets;
  new NodeLifecycle(store).start();
  new TaintEviction(store);
  new EndpointSliceController(store);
  kubelets.begin();
  const spec = { selector: { app: "web" }, ports: [{ port: 80 }] };
  store.writer.create({
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "default", name: "web" },
    spec,
  } as Service);
  const pod = kubelets.pod("web-1", "n2", [], { app: "web" });
  kubelets.pod("web-2", "n3", [], { app: "web" });
  const slices: DocumentTable<EndpointSlice> = store.documents("EndpointSlice");
  /** What can be seen at a second of the run. */
  const seen = (second: number): string => {
    kubelets.runTo(second);
    const readiness = slices
      .list()[0]
      ?.endpoints.map(({ conditions }) => Number(conditions.ready))
      .join("");
    return [kubelets.ready("n2"), kubelets.taints("n2").join("+"), readiness, store.pods.isDeleting(pod)].join(" ");
  };
  kubelets.at(79.5, "down", "n2");
  // Last renewal at 70.4 s, noticed by the pass at 75.015 s; a pass every 5.001 s; the tenth after it detects.
  expect(seen(125.024)).toBe("True  11 false");
  expect(seen(125.025)).toBe("Unknown unreachable:NoSchedule 11 false");
  expect(seen(125.026)).toBe("Unknown unreachable:NoSchedule 01 false");
  expect(seen(125.1)).toBe("Unknown unreachable:NoSchedule+unreachable:NoExecute 01 false");
  expect(seen(425.099)).toBe("Unknown unreachable:NoSchedule+unreachable:NoExecute 01 false");
  expect(seen(425.1)).toBe("Unknown unreachable:NoSchedule+unreachable:NoExecute 01 true");
  expect(store.pods.deletionAt.get(pod)).toBe(seconds(425 + 30));
  expect(kubelets.events.filter((line) => !line.includes("Registered"))).toEqual([
    "125.026 n2 NodeNotReady",
    "125.026 web-1 NodeNotReady",
    "425.1 web-1 TaintManagerEviction",
  ]);
});

const step = fc.record({
  second: fc.integer({ min: 1, max: 500 }),
  action: fc.constantFrom<NodeAction>("down", "down", "up", "notReady", "ready", "delete", "create", "cordon"),
  node: fc.integer({ min: 1, max: 4 }),
});
type Step = { readonly second: number; readonly action: NodeAction; readonly node: number };

/** Node lifecycle, taint eviction and pod garbage collection over nodes to which things happen. */
function outage(steps: readonly Step[], explicitPeriodic = false) {
  const fakes = [1, 2, 3, 4].map((i) => ({ name: `n${i}`, zone: `z${i % 2}` }));
  const kubelets = new FakeKubelets(fakes, { jitter: 0.04, explicitPeriodic });
  const lifecycle = new NodeLifecycle(kubelets.store);
  new TaintEviction(kubelets.store);
  new PodGarbageCollector(kubelets.store, { terminatedThreshold: 3 });
  const begin = () => {
    lifecycle.start();
    kubelets.begin();
    for (let i = 0; i < 12; i++) {
      const tolerations: Toleration[] = [{ operator: "Exists", effect: "NoExecute", tolerationSeconds: 10 * i }];
      kubelets.pod(`p${i}`, `n${1 + (i % 4)}`, tolerations);
    }
    for (const { second, action, node } of steps) kubelets.at(second, action, `n${node}`);
  };
  const outcome = () => {
    const { pods } = kubelets.store;
    const rows: unknown[] = [];
    for (let row = pods.first(); row !== -1; row = pods.after(row)) rows.push(kubelets.store.pod(row));
    return [kubelets.engine.unseed(), kubelets.events, rows, kubelets.nodes.list()];
  };
  return { kubelets, begin, outcome };
}

test("outages: every renewal an event or none, forked or not, the same happens", () => {
  let gone = 0;
  let told = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 25, size: "max" }), fc.nat(600), (steps, second) => {
      const original = outage(steps);
      original.begin();
      original.kubelets.runTo(second);
      const checkpoint = original.kubelets.engine.checkpoint();
      const before = original.kubelets.events.length;
      original.kubelets.runTo(700);
      const explicit = outage(steps, true);
      explicit.begin();
      explicit.kubelets.runTo(700);
      expect(explicit.outcome()).toEqual(original.outcome());
      const fork = outage(steps);
      fork.kubelets.engine.restore(checkpoint);
      fork.kubelets.events.push(...original.kubelets.events.slice(0, before));
      fork.kubelets.runTo(700);
      expect(fork.outcome()).toEqual(original.outcome());
      const evictions = original.kubelets.events.filter((line) => line.includes("TaintManagerEviction")).length;
      gone += 12 - original.kubelets.store.pods.count;
      told += evictions;
    }),
    { numRuns: 60 },
  );
  expect(gone).toBeGreaterThan(20);
  expect(told).toBeGreaterThan(100);
});

test("the decisions of an outage tell what they were made from, and telling changes nothing", () => {
  const steps: Step[] = [
    { second: 60, action: "down", node: 2 },
    { second: 150, action: "up", node: 2 },
  ];
  const silent = outage(steps);
  silent.begin();
  silent.kubelets.runTo(400);
  const told = outage(steps);
  const decisions: Decision[] = [];
  told.kubelets.store.decisions.sink = (decision) => decisions.push(decision);
  told.begin();
  told.kubelets.runTo(400);
  expect(told.outcome()).toEqual(silent.outcome());
  const of = (by: string, object: string) => decisions.filter((one) => one.by === by && one.object === object);
  expect(of("node-lifecycle", "node/n2").map(({ what }) => what)).toEqual([
    "not-ready",
    "condition-taints",
    "taint",
    "condition-taints",
    "recovered",
    "untaint",
  ]);
  const [notReady] = of("node-lifecycle", "node/n2");
  expect(notReady).toMatchObject({ from: "True", to: "Unknown", graceMicros: seconds(50) });
  expect(Number(notReady?.t) - Number(notReady?.noticedAt)).toBe(seconds(50.01));
  expect(of("taint-eviction", "pod/default/p1").map(({ what }) => what)).toEqual(["schedule", "evict"]);
  expect(of("taint-eviction", "pod/default/p9").map(({ what }) => what)).toEqual(["schedule", "cancel"]);
});
