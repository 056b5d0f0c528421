import { expect, test } from "vitest";
import type { KubeNode, PodSpec } from "../kube/index.ts";
import { SchedulerCache } from "./cache.ts";
import { PodCompiler, type PodInfo, type PodSource } from "./pod-info.ts";

const compiler = new PodCompiler();

function node(name: string, zone = "a", images: { names: string[]; sizeBytes: number }[] = []): KubeNode {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "topology.kubernetes.io/zone": zone } },
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "10", "example.com/gpu": "2" }, images },
  };
}

function pod(name: string, nodeName: string, spec: Partial<PodSpec> = {}, more: Partial<PodSource> = {}): PodInfo {
  const requests = { cpu: "500m", "example.com/gpu": "1" };
  return compiler.compile({
    namespace: "default",
    name,
    uid: name,
    labels: { app: "web" },
    spec: { containers: [{ name: "c", resources: { requests } }], ...spec },
    nodeName,
    nominatedNodeName: "",
    isTerminating: false,
    startAt: -1,
    ...more,
  });
}

const usage = (cache: SchedulerCache, name: string) => {
  const info = cache.node(name);
  if (info === undefined) return undefined;
  const { columns, row } = info;
  return [
    columns.podCount[row],
    columns.requestedCpuMilli[row],
    columns.nonZeroMemoryBytes[row],
    info.requestedScalars.get("example.com/gpu") ?? 0,
  ];
};
const MEMORY = 200 * 1024 * 1024;

test("a node's sums follow the pods on it", () => {
  const cache = new SchedulerCache();
  cache.addNode(node("n1"));
  cache.addPod(pod("a", "n1"));
  cache.assumePod(pod("b", ""), "n1");
  expect(usage(cache, "n1")).toEqual([2, 1000, 2 * MEMORY, 2]);
  cache.addPod(pod("b", "n1"));
  expect([usage(cache, "n1"), cache.pod("b")?.isAssumed]).toEqual([[2, 1000, 2 * MEMORY, 2], false]);
  cache.removePod("a");
  cache.removePod("b");
  expect(usage(cache, "n1")).toEqual([0, 0, 0, 0]);
});

test("pods of a node that went count again when it returns", () => {
  const cache = new SchedulerCache();
  cache.addNode(node("n1"));
  cache.addPod(pod("a", "n1"));
  cache.addPod(pod("b", "n1"));
  cache.removeNode("n1");
  expect([cache.snapshot(), usage(cache, "n1")]).toEqual([[], undefined]);
  cache.removePod("a");
  cache.addPod(pod("c", "n1"));
  cache.addNode(node("n1"));
  expect(usage(cache, "n1")).toEqual([2, 1000, 2 * MEMORY, 2]);
  expect([...(cache.node("n1")?.pods.keys() ?? [])]).toEqual(["b", "c"]);
});

test("the order of nodes changes only when one comes or goes", () => {
  const cache = new SchedulerCache();
  for (const [name, zone] of [
    ["a1", "a"],
    ["a2", "a"],
    ["b1", "b"],
  ] as const)
    cache.addNode(node(name, zone));
  const names = () => cache.snapshot().map((info) => info.name);
  expect(names()).toEqual(["a1", "b1", "a2"]);
  cache.updateNode(node("a1", "b"));
  expect(names()).toEqual(["a1", "b1", "a2"]);
  cache.addNode(node("c1", "c"));
  expect(names()).toEqual(["a2", "b1", "c1", "a1"]);
});

test("a host port that two pods share is free when one of them goes", () => {
  const cache = new SchedulerCache();
  cache.addNode(node("n1"));
  const ports = { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] };
  cache.addPod(pod("a", "n1", ports));
  cache.addPod(pod("b", "n1", ports));
  expect(cache.node("n1")?.usedPorts.get("TCP/80")).toEqual(new Set(["0.0.0.0"]));
  cache.removePod("a");
  expect(cache.node("n1")?.usedPorts.size).toBe(0);
});

test("a what-if leaves no trace", () => {
  const cache = new SchedulerCache();
  cache.addNode(node("n1"));
  cache.addPod(pod("a", "n1"));
  const info = cache.node("n1");
  const before = usage(cache, "n1");
  const captured = info?.capture();
  info?.addPod(pod("b", "n1"));
  info?.removePod(pod("a", "n1"));
  expect(usage(cache, "n1")).not.toEqual([before?.[0], 0, 0, 0]);
  if (captured !== undefined) info?.restore(captured);
  expect(usage(cache, "n1")).toEqual(before);
  expect([...(info?.pods.keys() ?? [])]).toEqual(["a"]);
});

test("counters follow pods as they come, go and end", () => {
  const cache = new SchedulerCache();
  for (const name of ["n1", "n2"]) cache.addNode(node(name));
  cache.addPod(pod("a", "n1"));
  const counts = (countsTerminating: boolean) => {
    const key = `web|${countsTerminating}`;
    const byRow = cache.counters.counts({ key, matches: ({ labels }) => labels.app === "web", countsTerminating });
    return ["n1", "n2"].map((name) => byRow[cache.node(name)?.row ?? -1]);
  };
  expect([counts(true), counts(false)]).toEqual([
    [1, 0],
    [1, 0],
  ]);
  cache.addPod(pod("b", "n2"));
  cache.addPod(pod("other", "n2", {}, { labels: {} }));
  cache.addPod(pod("a", "n1", {}, { isTerminating: true }));
  expect([counts(true), counts(false)]).toEqual([
    [1, 1],
    [0, 1],
  ]);
  cache.removeNode("n1");
  cache.addNode(node("n1"));
  expect([counts(true), counts(false)]).toEqual([
    [1, 1],
    [0, 1],
  ]);
  cache.removePod("a");
  expect(counts(true)).toEqual([0, 1]);
});

test("images are counted by node and forgotten with the last one", () => {
  const cache = new SchedulerCache();
  cache.addNode(node("n1", "a", [{ names: ["web:1", "web@sha256:0"], sizeBytes: 10 }]));
  cache.addNode(node("n2", "a", [{ names: ["web:1", "web:1"], sizeBytes: 20 }]));
  expect(cache.images.get("web:1")).toEqual({ sizeBytes: 10, nodeCount: 2 });
  cache.updateNode(node("n1"));
  expect(cache.images.get("web:1")).toEqual({ sizeBytes: 10, nodeCount: 1 });
  cache.removeNode("n2");
  expect([...cache.images]).toEqual([]);
});

test("a loaded cache is the one that was saved", () => {
  const cache = new SchedulerCache();
  for (const [name, zone] of [
    ["a1", "a"],
    ["b1", "b"],
    ["a2", "a"],
  ] as const)
    cache.addNode(node(name, zone));
  cache.snapshot();
  cache.updateNode(node("b1", "a"));
  cache.addPod(pod("x", "a1"));
  cache.addPod(pod("stray", "gone"));
  cache.assumePod(pod("y", ""), "a2");
  cache.addPod(pod("x", "a1", {}, { isTerminating: true }));
  const copy = new SchedulerCache();
  copy.addNode(node("old"));
  copy.load(cache.save(), compiler);
  expect(copy.save()).toEqual(cache.save());
  expect(copy.snapshot().map((info) => info.name)).toEqual(cache.snapshot().map((info) => info.name));
  for (const name of ["a1", "b1", "a2"]) expect(usage(copy, name)).toEqual(usage(cache, name));
  expect(copy.pod("y")).toMatchObject({ nodeName: "a2", isAssumed: true });
});

test("what takes over a checkpoint shares until one side changes, and is what bytes give back", () => {
  const origin = new SchedulerCache();
  for (const name of ["n1", "n2"]) origin.addNode(node(name));
  for (const name of ["a", "b"]) origin.addPod(pod(name, "n1"));
  origin.assumePod(pod("c", ""), "n2");
  origin.addPod(pod("lost", "gone"));
  const state = origin.save();
  const shared = new SchedulerCache();
  shared.load(state, compiler);
  const read = new SchedulerCache();
  read.load(structuredClone(state), new PodCompiler());
  const seen = (cache: SchedulerCache) =>
    ["n1", "n2"].map((name) => [...(cache.node(name)?.pods.keys() ?? []), ...(usage(cache, name) ?? [])]);
  const before = seen(origin);
  expect([seen(shared), seen(read)]).toEqual([before, before]);
  expect(shared.node("n1")?.pods).toBe(origin.node("n1")?.pods);

  origin.removePod("a");
  shared.addPod(pod("d", "n2"));
  shared.addNode(node("gone"));
  expect(seen(origin)).toEqual([
    ["b", 1, 500, MEMORY, 1],
    ["c", 1, 500, MEMORY, 1],
  ]);
  expect(seen(shared)).toEqual([before[0], ["c", "d", 2, 1000, 2 * MEMORY, 2]]);
  expect([...(shared.node("gone")?.pods.keys() ?? [])]).toEqual(["lost"]);
  expect([origin.pod("d"), origin.pod("a"), shared.pod("a")?.nodeName]).toEqual([undefined, undefined, "n1"]);
  const again = new SchedulerCache();
  again.load(state, compiler);
  expect(seen(again)).toEqual(before);
});
