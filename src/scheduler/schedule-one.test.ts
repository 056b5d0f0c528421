import { expect, test } from "vitest";
import type { KubeNode, PodSpec } from "../kube/index.ts";
import { SchedulerCache } from "./cache.ts";
import { Framework, type Plugin } from "./framework.ts";
import { NominatedPods } from "./nominator.ts";
import { detailsOf } from "./placement-detail.ts";
import { nodeResourcesFit } from "./plugins/node-resources-fit.ts";
import { PodCompiler, type PodInfo } from "./pod-info.ts";
import { NO_NODES, scheduleOne } from "./schedule-one.ts";
import { SKIP, unresolvable, unschedulable } from "./status.ts";

const compiler = new PodCompiler();

function cluster(count: number): SchedulerCache {
  const cache = new SchedulerCache();
  for (let i = 0; i < count; i++) {
    const status = { allocatable: { cpu: "1", pods: "10" } };
    cache.addNode({ apiVersion: "v1", kind: "Node", metadata: { name: `n${i}` }, status } as KubeNode);
  }
  return cache;
}

function pod(name: string, cpu: string, more: Partial<PodSpec> & { nominated?: string } = {}): PodInfo {
  const { nominated = "", ...spec } = more;
  return compiler.compile({
    namespace: "default",
    name,
    uid: name,
    labels: {},
    spec: { containers: [{ name: "c", resources: { requests: { cpu } } }], ...spec },
    nodeName: "",
    nominatedNodeName: nominated,
    isTerminating: false,
    startAt: -1,
  });
}

const framework = (...plugins: Plugin[]) =>
  new Framework(
    "default-scheduler",
    plugins.map((plugin) => ({ plugin, weight: 1 })),
  );

function attempt(cache: SchedulerCache, plugins: Plugin[], one: PodInfo, nominated = new NominatedPods()) {
  return scheduleOne(framework(...plugins), cache, nominated, one, { percentage: 0, start: 0 });
}

const only = (name: string, ...nodes: string[]): Plugin => ({ name, preFilter: () => ({ nodes: new Set(nodes) }) });
const refusing = (name: string, ...nodes: string[]): Plugin => {
  const status = unschedulable(name, `${name} says no`);
  return { name, filter: (_state, _pod, node) => (nodes.includes(node.name) ? status : null) };
};

test("without nodes nothing is asked", () => {
  const placement = attempt(cluster(0), [only("A", "n0")], pod("p", "1"));
  expect([placement.error, placement.node, placement.diagnosis.plugins.size]).toEqual([NO_NODES, undefined, 0]);
});

test("the first filter that refuses a node gives its reason", () => {
  const placement = attempt(cluster(3), [refusing("A", "n0"), refusing("B", "n0", "n1", "n2")], pod("p", "1"));
  expect(placement.diagnosis.message()).toBe("0/3 nodes are available: 1 A says no, 2 B says no.");
  expect([...placement.diagnosis.plugins]).toEqual(["A", "B"]);
  expect(placement.diagnosis.pluginCounts()).toEqual({ A: 1, B: 2 });
});

test("reasons are sorted as strings, counts and all", () => {
  const names = Array.from({ length: 10 }, (_value, index) => `n${index}`);
  const placement = attempt(cluster(12), [refusing("A", ...names), refusing("B", "n10", "n11")], pod("p", "1"));
  expect(placement.diagnosis.message()).toBe("0/12 nodes are available: 10 A says no, 2 B says no.");
});

test("preFilter answers restrict, skip, postpone and end the search", () => {
  const check = (plugins: Plugin[], node: string | undefined, message: string, blamed: string[]) => {
    const placement = attempt(cluster(3), plugins, pod("p", "100m"));
    expect([placement.node?.name, placement.diagnosis.message()]).toEqual([node, message]);
    expect([...placement.diagnosis.plugins].sort()).toEqual(blamed);
  };
  const absent = (count: number, list: string) =>
    `0/3 nodes are available: ${count} node(s) didn't satisfy plugin(s) [${list}].`;
  check([only("A", "n1", "n2"), only("B", "n1")], "n1", absent(3, "A B"), ["A", "B"]);
  check([only("A", "elsewhere")], undefined, absent(3, "A"), ["A"]);
  check([only("A")], undefined, "0/3 nodes are available: node(s) didn't satisfy plugin A.", ["A"]);
  const both = "node(s) didn't satisfy plugin(s) [A B] simultaneously";
  check([only("B", "n1"), only("A", "n2")], undefined, `0/3 nodes are available: ${both}.`, ["A", "B"]);
  const ends: Plugin = { name: "E", preFilter: () => ({ status: unresolvable("E", "no way") }) };
  const waits: Plugin = { name: "W", preFilter: () => ({ status: unschedulable("W", "not now") }) };
  check([waits, ends], undefined, "0/3 nodes are available: no way.", ["E"]);
  check([waits], undefined, "0/3 nodes are available: not now.", ["W"]);
  const skips: Plugin = { ...refusing("S", "n0", "n1", "n2"), preFilter: () => ({ status: SKIP }) };
  check([skips], "n0", "0/3 nodes are available:", []);
});

test("a nominated node that fits is taken without a look at others", () => {
  const placement = attempt(cluster(3), [refusing("A", "n0")], pod("p", "1", { nominated: "n2" }));
  expect([placement.node?.name, placement.feasible.length, placement.nextStart]).toEqual(["n2", 1, 0]);
  const elsewhere = attempt(cluster(2), [refusing("A", "n1")], pod("p", "1", { nominated: "n1" }));
  expect(elsewhere.node?.name).toBe("n0");
});

test("a node promised to a pod of the same or higher priority counts as taken", () => {
  const cache = cluster(1);
  const nominated = new NominatedPods();
  nominated.set(pod("promised", "800m", { priority: 5 }), "n0");
  const plugins = [nodeResourcesFit()];
  const check = (one: PodInfo, node: string | undefined) =>
    expect(attempt(cache, plugins, one, nominated).node?.name).toBe(node);
  check(pod("low", "500m", { priority: 1 }), undefined);
  check(pod("equal", "500m", { priority: 5 }), undefined);
  check(pod("high", "500m", { priority: 6 }), "n0");
  check(pod("small", "200m", { priority: 1 }), "n0");
  const own = pod("promised", "800m", { priority: 5 });
  check(own, "n0");
  expect(cache.node("n0")?.pods.size).toBe(0);
});

test("scores are weighed, added, and told node by node", () => {
  const by = (name: string, weight: number, scores: Record<string, number>) => ({
    weight,
    plugin: { name, score: (_state: unknown, _pod: unknown, node: { name: string }) => scores[node.name] ?? 0 },
  });
  const plugins = [
    by("A", 2, { n0: 10, n1: 30 }),
    by("B", 1, { n0: 50 }),
    { weight: 9, plugin: { name: "S", preScore: () => SKIP, score: () => 100 } },
    { weight: 1, plugin: refusing("F", "n2") },
  ];
  const cache = cluster(3);
  const profile = new Framework("default-scheduler", plugins);
  const placement = scheduleOne(profile, cache, new NominatedPods(), pod("p", "1"), { percentage: 0, start: 0 });
  expect(placement.node?.name).toBe("n0");
  const details = detailsOf(cache.snapshot(), placement);
  expect(details.map(({ node, outcome, total }) => [node, outcome, total])).toEqual([
    ["n0", "feasible", 70],
    ["n1", "feasible", 60],
    ["n2", "rejected", undefined],
  ]);
  expect(details[0]?.scores).toEqual([
    { plugin: "A", raw: 10, normalized: 10, weighted: 20 },
    { plugin: "B", raw: 50, normalized: 50, weighted: 50 },
  ]);
});

test("the search starts where it is told and stops at the first feasible node in excess", () => {
  const cache = cluster(150);
  const options = { percentage: 0, start: 100 };
  const profile = framework(refusing("A", "n120", "n49"));
  const placement = scheduleOne(profile, cache, new NominatedPods(), pod("p", "1"), options);
  expect([placement.feasible.length, placement.evaluated, placement.nextStart]).toEqual([100, 102, 52]);
  expect([placement.feasible[0]?.name, placement.feasible[99]?.name]).toEqual(["n100", "n51"]);
  const outcomes = detailsOf(cache.snapshot(), placement).filter(({ outcome }) => outcome === "unseen");
  expect(outcomes).toHaveLength(48);
});
