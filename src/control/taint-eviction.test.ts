import { expect, test } from "vitest";
import type { Taint, Toleration } from "../kube/index.ts";
import { seconds } from "../units/index.ts";
import { FakeKubelets } from "./node-lifecycle/fake-kubelets.ts";
import { NodeLifecycle } from "./node-lifecycle/index.ts";
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
  new NodeLifecycle(kubelets.store, { passMicros: 0, statusWriteMicros: 7000 }).start();
  new TaintEviction(kubelets.store);
  kubelets.begin();
  const pod = kubelets.pod("web", "n2");
  kubelets.at(79.5, "down", "n2");
  kubelets.runTo(430.09);
  expect(kubelets.store.pods.isDeleting(pod)).toBe(false);
  kubelets.runTo(430.1);
  expect(kubelets.store.pods.deletionAt.get(pod)).toBe(seconds(430 + 30));
  expect(kubelets.events.filter((line) => !line.includes("Registered"))).toEqual([
    "130.007 n2 NodeNotReady",
    "130.007 web NodeNotReady",
    "430.1 web TaintManagerEviction",
  ]);
});
