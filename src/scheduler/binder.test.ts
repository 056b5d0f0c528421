import { expect, test } from "vitest";
import { decodeCheckpoint, Engine, encodeCheckpoint, fingerprint } from "../engine/index.ts";
import { type KubeNode, type KubeObject, PHASE, type PodSpec } from "../kube/index.ts";
import { Store } from "../store/index.ts";
import { type Micros, minutes, seconds } from "../units/index.ts";
import type { WaitingPod } from "./binding-cycles.ts";
import type { ClusterView } from "./cluster-view.ts";
import { DEFAULT_CONFIG } from "./config/read-config.ts";
import type { ExtensionPoint, ProfileConfig } from "./config/types.ts";
import type { Plugin } from "./framework.ts";
import { Scheduler } from "./scheduler.ts";
import { CODE, type Status, unschedulable } from "./status.ts";

const SECOND = seconds(1);
const POINTS = ["reserve", "permit", "preBind"] as const;

/** The default profile, with plugins of the test's own at the points between the choice of a node and the binding. */
function profileWith(names: readonly string[]): ProfileConfig {
  const profile = DEFAULT_CONFIG.profiles[0] as ProfileConfig;
  const uses = names.map((name) => ({ name, weight: 1 }));
  const own = (point: ExtensionPoint) => [point, [...profile.points[point], ...uses]] as const;
  return { ...profile, points: { ...profile.points, ...Object.fromEntries(POINTS.map(own)) } };
}

type Methods = Partial<Pick<Plugin, "permit" | "preBind" | "reserve" | "unreserve">>;

/** A scheduler with plugins: `make` gets what they look at. Pods and nodes have 1 CPU unless they say otherwise. */
function world(plugins: Readonly<Record<string, (view: ClusterView) => Methods>>) {
  const engine = new Engine({ seed: 1 });
  const store = new Store(engine, { epochMicros: 0 });
  const acts: (() => void)[] = [];
  const kind = engine.define("test.act", 3, (index) => acts[index]?.());
  const names = Object.keys(plugins);
  const views: ClusterView[] = [];
  const own = new Map(
    Object.entries(plugins).map(([name, make]) => [
      name,
      (view: ClusterView): Plugin => {
        views.push(view);
        return { name, ...make(view), hints: [{ events: ["AssignedPod/Delete"], hint: () => true }] };
      },
    ]),
  );
  const config = { ...DEFAULT_CONFIG, profiles: [profileWith(names)] };
  const scheduler = new Scheduler(store, { config, own });
  const at = (time: Micros, act: () => void) => {
    acts.push(act);
    engine.at(time, kind, acts.length - 1);
  };
  const node = (name: string, cpu = "1") => {
    const status = { allocatable: { cpu, memory: "8Gi", pods: "110" } };
    store.writer.create({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: {}, status } as KubeNode);
  };
  const pod = (name: string, spec: Partial<PodSpec> = {}) => {
    const containers = [{ name: "c", image: "web:1", resources: { requests: { cpu: "1" } } }];
    const template = store.templateOf({ metadata: { labels: {} }, spec: { containers, ...spec } });
    const result = store.podWriter.create({ namespace: "default", name, template });
    if (!result.ok) throw new Error(result.status.message);
  };
  const row = (name: string) => store.pods.rowOf("default", name);
  const shown = (name: string) => {
    if (row(name) === -1) return "gone";
    const { spec, status } = store.pod(row(name));
    return `${spec?.nodeName ?? "-"} nominated ${status?.nominatedNodeName ?? "-"}`;
  };
  const said = (name: string) =>
    store.events
      .kept()
      .filter((event) => event.involvedObject.name === name)
      .map((event) => `${event.lastAt / SECOND} ${event.reason} x${event.count}: ${event.message}`);
  const waiting = (): readonly WaitingPod[] => views[0]?.waitingPods?.() ?? [];
  return { engine, store, scheduler, at, node, pod, row, shown, said, waiting };
}

const waitFor = (plugin: string, waitMicros: Micros): Status => ({
  code: CODE.wait,
  plugin,
  reasons: [],
  waitMicros,
});

/** Tells every pod to wait for so long. */
const holding = (plugin: string, waitMicros: Micros) => (): Methods => ({ permit: () => waitFor(plugin, waitMicros) });
const assigned = (name: string, node: string) => `Scheduled x1: Successfully assigned default/${name} to ${node}`;

test("a pod that waits in permit holds its node, is nominated to it, and is bound when it is allowed", () => {
  const { engine, at, node, pod, shown, said, waiting, scheduler } = world({ Hold: holding("Hold", 30 * SECOND) });
  at(0, () => node("n1"));
  at(SECOND, () => pod("first"));
  at(2 * SECOND, () => pod("second"));
  engine.run(3 * SECOND);
  expect(shown("first")).toBe("- nominated n1");
  expect(waiting().map(({ nodeName, plugins }) => [nodeName, plugins])).toEqual([["n1", ["Hold"]]]);
  expect(said("second")).toEqual([expect.stringContaining("0/1 nodes are available: 1 Insufficient cpu.")]);
  at(10 * SECOND, () => waiting()[0]?.allow("Hold"));
  // The scheduler hears of it with whatever comes next; a pod does as well as another.
  at(10 * SECOND, () => pod("third"));
  engine.run(11 * SECOND);
  expect(shown("first")).toBe("n1 nominated -");
  expect(said("first")).toEqual([`10 ${assigned("first", "n1")}`]);
  expect(waiting()).toEqual([]);
  expect(scheduler.core.save().bindings).toEqual([]);
});

test("decisions say what a pod waits in, and why it left its node", () => {
  const { engine, store, at, node, pod } = world({ Hold: holding("Hold", SECOND) });
  const decisions: unknown[] = [];
  store.decisions.sink = ({ t, what, object, node: where, waitsIn, message }) =>
    decisions.push([t / SECOND, what, object, where, waitsIn ?? message]);
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  engine.run(2 * SECOND);
  expect(decisions).toEqual([
    [1, "bind", "pod/default/p", "n1", "permit"],
    [2, "unschedulable", "pod/default/p", "n1", expect.stringContaining("rejected due to timeout")],
  ]);
});

test("a pod with finalizers is sent back when its deletion begins", () => {
  const { engine, store, at, node, pod, row, said } = world({ Hold: holding("Hold", 60 * SECOND) });
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  at(2 * SECOND, () => store.podWriter.addFinalizer(row("p"), "example.com/keep"));
  at(5 * SECOND, () => store.podWriter.requestDeletion(row("p"), 0));
  engine.run(6 * SECOND);
  expect(said("p")[0]).toBe("5 FailedScheduling x1: 0/1 nodes are available: 1 removed.");
});

test("time is up: the pod is rejected by the plugin that it waited for, and the room is free", () => {
  const { engine, store, at, node, pod, row, shown, said } = world({ Hold: holding("Hold", 90 * SECOND) });
  at(0, () => node("n1"));
  at(SECOND, () => pod("late"));
  engine.run(90 * SECOND);
  expect(shown("late")).toBe("- nominated n1");
  engine.run(91 * SECOND);
  expect(shown("late")).toBe("- nominated -");
  const message = "0/1 nodes are available: 1 rejected due to timeout after waiting 1m30s at plugin Hold.";
  expect(said("late")).toEqual([`91 FailedScheduling x1: ${message}`]);
  expect(store.pod(row("late")).status?.conditions).toMatchObject([
    { type: "PodScheduled", status: "False", reason: "Unschedulable", message },
  ]);
});

test.each<[string, Micros, string]>([
  ["at once", 0, "0s"],
  ["milliseconds", 500_000, "500ms"],
  ["fractions", 1_500_000, "1.5s"],
  ["at most a quarter of an hour", minutes(60), "15m0s"],
])("how long a pod waits: %s", (_title, waitMicros, text) => {
  const { engine, at, node, pod, said } = world({ Hold: holding("Hold", waitMicros) });
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  engine.run(minutes(16));
  expect(said("p")[0]).toContain(`rejected due to timeout after waiting ${text} at plugin Hold.`);
});

test("of two plugins the shorter wait ends it, and both must allow", () => {
  const plugins = { Long: holding("Long", 60 * SECOND), Short: holding("Short", 5 * SECOND) };
  const { engine, at, node, pod, shown, said, waiting } = world(plugins);
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  at(2 * SECOND, () => {
    waiting()[0]?.allow("Long");
    waiting()[0]?.allow("nobody");
  });
  engine.run(5 * SECOND);
  expect(waiting().map(({ plugins: names }) => names)).toEqual([["Short"]]);
  engine.run(6 * SECOND);
  expect(said("p")[0]).toContain("rejected due to timeout after waiting 5s at plugin Short.");
  expect(shown("p")).toBe("- nominated -");
});

test.each<[string, (pod: WaitingPod) => void, string]>([
  ["a rejection counts, not what follows it", (one) => [one.reject("Hold", "no more"), one.allow("Hold")], "no more"],
  ["so does the first of two", (one) => [one.reject("Hold", "first"), one.reject("Hold", "second")], "first"],
  ["and an allowance", (one) => [one.allow("Hold"), one.reject("Hold", "too late")], "bound"],
])("%s", (_title, answer, outcome) => {
  const { engine, at, node, pod, said, waiting } = world({ Hold: holding("Hold", 60 * SECOND) });
  at(0, () => node("n1", "2"));
  at(SECOND, () => pod("p"));
  at(2 * SECOND, () => {
    const [one] = waiting();
    if (one !== undefined) answer(one);
    pod("other");
  });
  engine.run(3 * SECOND);
  const rejected = `2 FailedScheduling x1: 0/1 nodes are available: 1 ${outcome}.`;
  expect(said("p")).toEqual([outcome === "bound" ? `2 ${assigned("p", "n1")}` : rejected]);
});

test("a rejected pod undoes what it reserved, which may send others back at once", () => {
  const left: string[] = [];
  const gang = (view: ClusterView): Methods => ({
    permit: () => waitFor("Gang", 20 * SECOND),
    unreserve: (_state, { name }) => {
      left.push(name);
      for (const one of view.waitingPods?.() ?? []) one.reject("Gang", `${name} has left`);
    },
  });
  const { engine, at, node, pod, said } = world({ Gang: gang });
  at(0, () => node("n1", "3"));
  for (const [index, name] of ["a", "b", "c"].entries()) at((1 + index) * SECOND, () => pod(name));
  engine.run(21 * SECOND);
  expect(left).toEqual(["a", "b", "c"]);
  expect(said("c")).toEqual(["21 FailedScheduling x1: 0/1 nodes are available: 1 a has left."]);
});

test.each<[string, Status, string, string]>([
  [
    "an error",
    { code: CODE.error, plugin: "Last", reasons: ["oops"] },
    'running PreBind plugin "Last": oops',
    "SchedulerError",
  ],
  ["a rejection", unschedulable("Last", "not there"), "not there", "Unschedulable"],
])("preBind: %s sends the pod back, to be tried again after its backoff", (_title, status, message, reason) => {
  let asked = 0;
  const last = (): Methods => ({ preBind: () => (asked++ === 0 ? status : null) });
  const { engine, store, at, node, pod, row, said } = world({ Last: last });
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  engine.run(1.5 * SECOND);
  expect(said("p")).toEqual([`1 FailedScheduling x1: ${message}`]);
  expect(store.pod(row("p")).status?.conditions).toMatchObject([{ status: "False", reason, message }]);
  engine.run(10 * SECOND);
  expect(said("p").at(-1)).toBe(`3 ${assigned("p", "n1")}`);
});

test("preBind is asked every second while it waits, and no longer than it says", () => {
  const slow = (): Methods => ({ preBind: () => ({ ...waitFor("Slow", 3 * SECOND), reasons: ["making ready"] }) });
  const { engine, at, node, pod, shown, said } = world({ Slow: slow });
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  engine.run(3.9 * SECOND);
  expect([shown("p"), said("p")]).toEqual(["- nominated n1", []]);
  engine.run(4 * SECOND);
  expect(said("p")).toEqual([
    '4 FailedScheduling x1: running PreBind plugin "Slow": making ready: context deadline exceeded',
  ]);
});

test("a waiting pod that is deleted frees its room", () => {
  const { engine, store, at, node, pod, row, shown, waiting } = world({
    Hold: () => ({ permit: (_state, { name }) => (name === "gone" ? waitFor("Hold", 60 * SECOND) : null) }),
  });
  at(0, () => node("n1"));
  at(SECOND, () => pod("gone"));
  at(2 * SECOND, () => pod("next"));
  at(5 * SECOND, () => store.podWriter.requestDeletion(row("gone"), 0));
  engine.run(6 * SECOND);
  expect([shown("gone"), shown("next"), waiting()]).toEqual(["gone", "n1 nominated -", []]);
});

test.each<[string, Methods, string]>([
  [
    "in permit",
    { permit: (_s, { name }) => (name === "low" ? waitFor("Hold", minutes(5)) : null) },
    "waiting on permit for pod: preempted",
  ],
  [
    "in preBind",
    {
      preBind: (_s, { name }) =>
        name === "low" ? { ...waitFor("Hold", minutes(5)), reasons: ["making ready"] } : null,
    },
    'running PreBind plugin "Hold": making ready: context canceled',
  ],
])("a pod that is preempted while it waits %s is not deleted, and its preemptor goes on", (_title, methods, why) => {
  const { engine, store, at, node, pod, shown, said } = world({ Hold: () => methods });
  const high = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "high" }, value: 10 };
  at(0, () => store.writer.create(high as KubeObject));
  at(0, () => node("n1"));
  at(SECOND, () => pod("low"));
  at(5 * SECOND, () => pod("high", { priorityClassName: "high" }));
  engine.run(6 * SECOND);
  expect([shown("low"), shown("high")]).toEqual(["- nominated -", "n1 nominated -"]);
  expect(said("low")).toEqual([
    expect.stringMatching(/^5 Preempted x1: Preempted by pod \S+ on node n1 \(in kube-scheduler memory\)\.$/),
    `5 FailedScheduling x1: ${why}`,
  ]);
});

test("a scheduler that starts anew knows nothing of pods that waited, but keeps to their nominations", () => {
  const { engine, scheduler, at, node, pod, shown, said, waiting } = world({ Hold: holding("Hold", 30 * SECOND) });
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  at(2 * SECOND, () => node("n2"));
  at(20 * SECOND, () => scheduler.restart());
  engine.run(20 * SECOND);
  // Tried again at once, on the node that it was nominated to; its time begins anew.
  expect(waiting().map(({ nodeName }) => nodeName)).toEqual(["n1"]);
  engine.run(49 * SECOND);
  expect([shown("p"), said("p")]).toEqual(["- nominated n1", []]);
  engine.run(50 * SECOND);
  expect(said("p")[0]).toContain("50 FailedScheduling x1: 0/1 nodes are available: 1 rejected due to timeout");
});

test("a scheduler that stood still looks at what has run out meanwhile", () => {
  const { engine, at, node, pod, said } = world({ Hold: holding("Hold", 10 * SECOND) });
  at(0, () => node("n1"));
  at(SECOND, () => pod("p"));
  at(5 * SECOND, () => engine.hold(PHASE.scheduler));
  at(20 * SECOND, () => engine.release(PHASE.scheduler));
  engine.run(30 * SECOND);
  expect(said("p")[0]).toContain("20 FailedScheduling x1: 0/1 nodes are available: 1 rejected due to timeout");
});

test("a world restored while pods wait goes on as the first one did", () => {
  const script = () => {
    const one = world({
      Hold: () => ({
        permit: (_state, { name }) =>
          name === "quick" ? null : waitFor("Hold", name === "a" ? 5 * SECOND : minutes(1)),
        preBind: () => ({ ...waitFor("Hold", 8 * SECOND), reasons: ["making ready"] }),
      }),
    });
    one.at(0, () => one.node("n1", "2"));
    for (const [index, name] of ["a", "b", "quick"].entries()) one.at((1 + index) * SECOND, () => one.pod(name));
    one.at(20 * SECOND, () => one.waiting()[0]?.allow("Hold"));
    return one;
  };
  const first = script();
  first.engine.run(4 * SECOND);
  const checkpoint = decodeCheckpoint(encodeCheckpoint(first.engine.checkpoint()));
  first.engine.run(minutes(2));
  const second = script();
  second.engine.run(0);
  second.engine.restore(checkpoint);
  second.engine.run(minutes(2));
  expect(second.engine.digest()).toBe(first.engine.digest());
  expect(fingerprint(second.engine.cells.save())).toBe(fingerprint(first.engine.cells.save()));
  expect(first.said("quick").length).toBeGreaterThan(1);
});
