import { expect, test } from "vitest";
import { decodeCheckpoint, Engine, encodeCheckpoint, fingerprint } from "../engine/index.ts";
import type { KubeNode, KubeObject, PodSpec } from "../kube/index.ts";
import { type LoggedDecision, Store } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { noteOf, Scheduler, type SchedulerOptions } from "./scheduler.ts";

const SECOND = seconds(1);

function world(options: SchedulerOptions = {}) {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 0 });
  const acts: (() => void)[] = [];
  const kind = engine.define("test.act", 3, (index) => acts[index]?.());
  const scheduler = new Scheduler(store, options);
  const decisions: LoggedDecision[] = [];
  store.decisions.sink = (decision) => decisions.push(decision);
  const at = (time: number, act: () => void) => {
    acts.push(act);
    engine.at(time, kind, acts.length - 1);
  };
  const node = (name: string, cpu: string, zone = "a") => {
    store.writer.create({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name, labels: { "kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone } },
      spec: {},
      status: { allocatable: { cpu, memory: "8Gi", pods: "110" } },
    } as KubeNode);
  };
  const pod = (name: string, cpu: string, spec: Partial<PodSpec> = {}, labels = { app: "web" }) => {
    const containers = [{ name: "c", image: "web:1", resources: { requests: { cpu } } }];
    const template = store.templateOf({ metadata: { labels }, spec: { containers, ...spec } });
    const result = store.podWriter.create({ namespace: "default", name, template });
    if (!result.ok) throw new Error(result.status.message);
    return result.row;
  };
  const nodeOf = (name: string) => {
    const row = store.pods.rowOf("default", name);
    return row === -1 ? "gone" : store.pods.nodeNameOf(row);
  };
  const eventsOf = (name: string) =>
    store.events
      .kept()
      .filter((event) => event.involvedObject.name === name)
      .map((event) => `${event.lastAt / SECOND} ${event.type} ${event.reason} x${event.count}: ${event.message}`);
  return { engine, store, scheduler, decisions, at, node, pod, nodeOf, eventsOf };
}

test("a pod is bound at the instant of its creation, and the store says so", () => {
  const { engine, store, at, node, pod, nodeOf, eventsOf, decisions } = world();
  at(0, () => node("n1", "4"));
  at(0, () => node("n2", "8"));
  at(SECOND, () => pod("web", "1"));
  engine.run(2 * SECOND);
  expect(nodeOf("web")).toBe("n2");
  expect(eventsOf("web")).toEqual(["1 Normal Scheduled x1: Successfully assigned default/web to n2"]);
  const row = store.pods.rowOf("default", "web");
  expect(store.pod(row).status?.conditions).toMatchObject([{ type: "PodScheduled", status: "True" }]);
  expect(decisions).toHaveLength(1);
  expect(decisions[0]).toMatchObject({
    t: SECOND,
    by: "scheduler",
    what: "bind",
    object: "pod/default/web",
    node: "n2",
  });
  expect(decisions[0]?.top).toMatchObject([
    { node: "n2", scores: { TaintToleration: 300, NodeResourcesFit: 92 } },
    { node: "n1", scores: { TaintToleration: 300, NodeResourcesFit: 86 } },
  ]);
});

test("a pod that fits nowhere waits for an event that helps", () => {
  const { engine, store, at, node, pod, nodeOf, eventsOf, decisions } = world();
  at(0, () => node("n1", "1"));
  at(SECOND, () => pod("big", "2"));
  at(5 * SECOND, () => node("small", "1"));
  at(9 * SECOND, () => node("large", "4"));
  engine.run(8 * SECOND);
  const text =
    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
  expect(store.pod(store.pods.rowOf("default", "big")).status?.conditions).toMatchObject([
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message: text },
  ]);
  expect(decisions.map(({ t, what, rejectedBy }) => [t / SECOND, what, rejectedBy])).toEqual([
    [1, "unschedulable", { NodeResourcesFit: 1 }],
  ]);
  engine.run(10 * SECOND);
  expect(nodeOf("big")).toBe("large");
  expect(eventsOf("big")).toEqual([
    `1 Warning FailedScheduling x1: ${text}`,
    "9 Normal Scheduled x1: Successfully assigned default/big to large",
  ]);
});

test("without nodes a pod is tried again by the timer of the backoff", () => {
  const { engine, at, pod, decisions } = world();
  at(0.5 * SECOND, () => pod("lonely", "1"));
  engine.run(20 * SECOND);
  expect(decisions.map(({ t, what, message }) => [t / SECOND, what, message])).toEqual([
    [0.5, "unschedulable", "no nodes available to schedule pods"],
    [2, "unschedulable", "no nodes available to schedule pods"],
    [5, "unschedulable", "no nodes available to schedule pods"],
    [10, "unschedulable", "no nodes available to schedule pods"],
    [19, "unschedulable", "no nodes available to schedule pods"],
  ]);
});

test("gated pods are not tried until their gates are gone", () => {
  const { engine, store, at, node, pod, nodeOf, decisions } = world();
  at(0, () => node("n1", "4"));
  at(SECOND, () => pod("gated", "1", { schedulingGates: [{ name: "example.com/hold" }] }));
  engine.run(400 * SECOND);
  expect(decisions).toEqual([]);
  expect(nodeOf("gated")).toBe("");
  expect(store.pods.count).toBe(1);
});

test("required anti-affinity keeps pods of one set on different nodes", () => {
  const { engine, at, node, pod, nodeOf } = world();
  const term = { labelSelector: { matchLabels: { app: "zk" } }, topologyKey: "kubernetes.io/hostname" };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  for (const name of ["n1", "n2", "n3"]) at(0, () => node(name, "4"));
  for (const name of ["zk-0", "zk-1", "zk-2", "zk-3"]) at(SECOND, () => pod(name, "100m", { affinity }, { app: "zk" }));
  engine.run(2 * SECOND);
  expect(["zk-0", "zk-1", "zk-2"].map(nodeOf).sort()).toEqual(["n1", "n2", "n3"]);
  expect(nodeOf("zk-3")).toBe("");
});

test("a deleted pod makes room for one that waits", () => {
  const { engine, store, at, node, pod, nodeOf } = world();
  at(0, () => node("n1", "1"));
  at(SECOND, () => pod("first", "1"));
  at(2 * SECOND, () => pod("second", "1"));
  at(3 * SECOND, () => store.podWriter.requestDeletion(store.pods.rowOf("default", "first"), 0));
  engine.run(4 * SECOND);
  expect(nodeOf("second")).toBe("n1");
});

test("an attempt may take time, and so may a binding", () => {
  const { engine, store, at, node, pod, nodeOf } = world({
    schedulerCycle: { constant: 2000 },
    bindLatency: { constant: 5000 },
  });
  at(0, () => node("n1", "2"));
  for (const name of ["a", "b", "c"]) at(SECOND, () => pod(name, "1"));
  engine.run(SECOND + 4999);
  expect(["a", "b", "c"].map(nodeOf)).toEqual(["", "", ""]);
  engine.run(SECOND + 7000);
  expect(["a", "b", "c"].map(nodeOf)).toEqual(["n1", "n1", ""]);
  const row = store.pods.rowOf("default", "c");
  expect(store.pod(row).status?.conditions).toMatchObject([{ type: "PodScheduled", status: "False" }]);
});

test("a pod deleted while its binding is on the way frees its room", () => {
  const { engine, store, at, node, pod, nodeOf } = world({ bindLatency: { constant: 5000 } });
  at(0, () => node("n1", "1"));
  at(SECOND, () => pod("gone", "1"));
  at(SECOND + 1000, () => pod("next", "1"));
  at(SECOND + 2000, () => store.podWriter.requestDeletion(store.pods.rowOf("default", "gone"), 0));
  engine.run(2 * SECOND);
  expect(nodeOf("next")).toBe("n1");
});

test("a restored world goes on as the first one did", () => {
  const script = (w: ReturnType<typeof world>) => {
    for (const [name, zone] of [
      ["n1", "a"],
      ["n2", "b"],
      ["n3", "a"],
    ] as const)
      w.at(0, () => w.node(name, "2", zone));
    for (let i = 0; i < 9; i++) w.at(SECOND + i * 300_000, () => w.pod(`p${i}`, i % 2 === 0 ? "900m" : "1500m"));
    w.at(6 * SECOND, () => w.node("n4", "4", "b"));
    w.at(40 * SECOND, () => w.store.podWriter.requestDeletion(w.store.pods.rowOf("default", "p0"), 0));
  };
  const first = world();
  script(first);
  first.engine.run(2.5 * SECOND);
  const checkpoint = decodeCheckpoint(encodeCheckpoint(first.engine.checkpoint()));
  first.engine.run(400 * SECOND);
  const second = world();
  script(second);
  second.engine.run(0);
  second.engine.restore(checkpoint);
  second.engine.run(400 * SECOND);
  expect(second.engine.digest()).toBe(first.engine.digest());
  const placed = (w: ReturnType<typeof world>) => Array.from({ length: 9 }, (_, i) => w.nodeOf(`p${i}`));
  expect(placed(second)).toEqual(placed(first));
  expect(second.scheduler.core.save()).toEqual(first.scheduler.core.save());
  expect(fingerprint(second.engine.cells.save())).toBe(fingerprint(first.engine.cells.save()));
});

test("objects that do not concern it leave the scheduler alone", () => {
  const { engine, store, at, decisions } = world();
  at(SECOND, () =>
    store.writer.create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c", namespace: "default" },
    } as KubeObject),
  );
  engine.run(2 * SECOND);
  expect(decisions).toEqual([]);
});

test("long notes are cut to 1,024 bytes", () => {
  expect(noteOf("short")).toBe("short");
  const cut = noteOf("x".repeat(2000));
  expect(cut).toHaveLength(1024);
  expect(cut.endsWith("x ...")).toBe(true);
});
