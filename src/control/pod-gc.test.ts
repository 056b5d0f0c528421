import { expect, test } from "vitest";
import { POD_PHASE } from "../store/index.ts";
import { FakeKubelets } from "./node-lifecycle/fake-kubelets.ts";
import { PodGarbageCollector } from "./pod-gc.ts";

function cluster(terminatedThreshold = 0) {
  const kubelets = new FakeKubelets([{ name: "n1" }, { name: "n2" }]);
  new PodGarbageCollector(kubelets.store, { terminatedThreshold });
  kubelets.begin();
  return kubelets;
}

test("pods of a node that is gone are removed after the quarantine, at the pass at or after its end", () => {
  const check = (deletedAt: number, goneAt: number) => {
    const kubelets = cluster();
    const orphan = kubelets.pod("orphan", "n1");
    const other = kubelets.pod("other", "n2");
    kubelets.at(deletedAt, "delete", "n1");
    kubelets.runTo(goneAt - 0.1);
    expect(kubelets.store.pods.isPresent(orphan)).toBe(true);
    kubelets.runTo(goneAt);
    expect([orphan, other].map((row) => kubelets.store.pods.isPresent(row))).toEqual([false, true]);
  };
  check(45, 100);
  check(39, 80);
  check(41, 100);
});

test("a node that comes back within the quarantine keeps its pods", () => {
  const kubelets = cluster();
  const pod = kubelets.pod("p", "n1");
  kubelets.at(45, "delete", "n1");
  kubelets.at(85, "create", "n1");
  kubelets.runTo(300);
  expect(kubelets.store.pods.isPresent(pod)).toBe(true);
});

test("ended pods beyond the threshold go, the oldest first", () => {
  const kubelets = cluster(2);
  const rows: number[] = [];
  for (let i = 0; i < 5; i++) {
    rows.push(kubelets.pod(`p${i}`, "n1"));
    kubelets.runTo(i + 1);
  }
  for (const row of [0, 3, 1, 4])
    kubelets.store.podWriter.updateStatus(rows[row] ?? -1, { phase: POD_PHASE.succeeded });
  kubelets.runTo(19.9);
  expect(kubelets.store.pods.count).toBe(5);
  kubelets.runTo(20);
  expect(rows.map((row) => kubelets.store.pods.isPresent(row))).toEqual([false, false, true, true, true]);
});

test("a terminating pod on a node out of service goes, one that is not terminating stays", () => {
  const kubelets = cluster();
  const [going, staying] = [kubelets.pod("going", "n1"), kubelets.pod("staying", "n1")];
  kubelets.at(10, "notReady", "n1");
  kubelets.runTo(12);
  kubelets.store.podWriter.requestDeletion(going);
  kubelets.runTo(45);
  expect(kubelets.store.pods.isPresent(going)).toBe(true);
  const row = kubelets.nodes.rowOf("", "n1");
  const taints = [{ key: "node.kubernetes.io/out-of-service", effect: "NoExecute" as const }];
  kubelets.store.writer.update(kubelets.nodes, row, { ...kubelets.nodes.get(row), spec: { taints } });
  kubelets.runTo(60);
  expect([going, staying].map((pod) => kubelets.store.pods.isPresent(pod))).toEqual([false, true]);
});

test("a cluster without anything to collect has no passes", () => {
  const kubelets = cluster(100);
  kubelets.pod("p", "n1");
  kubelets.runTo(1);
  const before = kubelets.engine.eventCount;
  kubelets.runTo(3600);
  expect(kubelets.engine.eventCount).toBe(before);
});
