import { expect, test } from "vitest";
import { PodCompiler, type PodSource, withNode, withTemplate } from "./pod-info.ts";

const spec = { containers: [{ name: "c", image: "i:1" }] };

function source(name: string, more: Partial<PodSource> = {}): PodSource {
  const place = { nodeName: "", nominatedNodeName: "", isTerminating: false, startAt: -1 };
  return Object.freeze({ namespace: "ns", name, uid: name, labels: { app: "a" }, spec, ...place, ...more });
}

test("a pod on another node or with another template is the same pod otherwise", () => {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", uid: "rs", controller: true };
  const compiler = new PodCompiler();
  const pod = compiler.compile(source("p", { owner, row: 7, isPreempted: true, startAt: 3 }));
  const moved = withNode(pod, "n1", "n2");
  expect([moved.nodeName, moved.nominatedNodeName, moved.key, moved.row, moved.isPreempted, moved.startAt]).toEqual([
    "n1",
    "n2",
    "ns/p",
    7,
    true,
    3,
  ]);
  expect(moved.owner).toBe(owner);
  expect(moved.source).toEqual({ ...pod.source, nodeName: "n1", nominatedNodeName: "n2" });
  const { template } = compiler.compile(source("q", { labels: { app: "b" } }));
  const changed = withTemplate(moved, template);
  expect([changed.template, changed.key, changed.nodeName, changed.row]).toEqual([template, "ns/p", "n1", 7]);
  expect(Object.isFrozen(changed)).toBe(true);
});

test("pods share a template when spec, labels, namespace and owner are the same", () => {
  const compiler = new PodCompiler();
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", uid: "rs" };
  const first = compiler.compile(source("p")).template;
  const check = (more: Partial<PodSource>, isShared: boolean) => {
    expect(compiler.compile(source("q", more)).template === first).toBe(isShared);
    expect(compiler.compile(source("r", more)).template).toBe(compiler.compile(source("s", more)).template);
  };
  check({ labels: { app: "a" } }, true);
  check({ labels: { app: "b" } }, false);
  check({ namespace: "other" }, false);
  check({ owner }, false);
  check({ spec: { ...spec } }, false);
  check({}, true);
});
