import { describe, expect, it } from "vitest";
import type { Condition, KubeNode } from "../kube/index.ts";
import { CONDITION } from "../store/index.ts";
import { seconds } from "../units/index.ts";
import { FIXED, NodeWorld } from "./testing.ts";

const BOOT = { ...FIXED, nodeBoot: { constant: seconds(5) } };

/** What the node lifecycle controller makes of a silent node. */
function markUnknown(world: NodeWorld): void {
  const nodes = world.store.documents<KubeNode>("Node");
  const row = nodes.rowOf("", "n1");
  const node = nodes.get(row);
  const conditions = node.status?.conditions?.map((c): Condition => ({ ...c, status: "Unknown" })) ?? [];
  world.store.writer.update(nodes, row, { ...node, status: { ...node.status, conditions } });
}
const readiness = (world: NodeWorld): string | undefined =>
  world.nodeObject().status?.conditions?.find(({ type }) => type === "Ready")?.status;

describe("registration", () => {
  it("a node of the cluster is ready at once, its heartbeats are under way and it says nothing", () => {
    const world = new NodeWorld();
    const ids = ["n1", "n2"].map((name) => world.node(name, { labels: { zone: "a" } }));
    const node = world.nodeObject("n2");
    expect(node.metadata.labels).toMatchObject({
      "kubernetes.io/hostname": "n2",
      "kubernetes.io/os": "linux",
      zone: "a",
    });
    expect(node.spec).toEqual({ podCIDR: "10.244.1.0/24", podCIDRs: ["10.244.1.0/24"] });
    expect(node.status?.addresses).toEqual([
      { type: "InternalIP", address: "172.16.0.2" },
      { type: "Hostname", address: "n2" },
    ]);
    expect(node.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      "MemoryPressure=False",
      "DiskPressure=False",
      "PIDPressure=False",
      "Ready=True",
    ]);
    world.run(100);
    const renewals = ids.map((id) => world.store.leases.lastTickAt(id));
    for (const at of renewals) expect(at).toBeGreaterThan(seconds(100 - 10.4));
    expect(renewals[0]).not.toBe(renewals[1]);
    expect(world.events("n1")).toEqual([]);
  });

  it("a new node is tainted and not ready until its first Ready", () => {
    const world = new NodeWorld({ ...FIXED, nodeReadyDelay: { constant: seconds(4) } });
    const id = world.node("n1", { ready: false });
    expect(world.nodeObject().spec?.taints).toEqual([{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
    world.run(3.9);
    expect(readiness(world)).toBe("False");
    world.run(4);
    expect(readiness(world)).toBe("True");
    expect(world.store.leases.tickCount(id)).toBe(1);
    expect(world.events("n1")).toEqual([
      "Starting: Starting kubelet.",
      "NodeAllocatableEnforced: Updated Node Allocatable limit across pods",
      "NodeHasSufficientMemory: Node n1 status is now: NodeHasSufficientMemory",
      "NodeHasNoDiskPressure: Node n1 status is now: NodeHasNoDiskPressure",
      "NodeHasSufficientPID: Node n1 status is now: NodeHasSufficientPID",
      "NodeReady: Node n1 status is now: NodeReady",
    ]);
  });

  it("static pods run without a scheduler and come back when their mirror is deleted", () => {
    const world = new NodeWorld();
    const spec = { containers: [{ name: "app", image: "app:1" }] };
    world.node("n1", { staticPods: [{ metadata: { name: "proxy", namespace: "kube-system" }, spec }] });
    world.run(2);
    const row = world.store.pods.rowOf("kube-system", "proxy-n1");
    expect(world.state(row)).toBe("Running ready 0");
    world.store.podWriter.requestDeletion(row);
    world.run(10);
    const again = world.store.pods.rowOf("kube-system", "proxy-n1");
    expect(world.state(again)).toBe("Running ready 0");
    expect(world.store.pod(again).metadata.ownerReferences).toMatchObject([{ kind: "Node", name: "n1" }]);
  });
});

describe("a node that crashes", () => {
  it("falls silent, and has its containers restarted when it is back", () => {
    const world = new NodeWorld(BOOT);
    const id = world.node();
    const row = world.pod("web");
    world.run(30);
    world.kubelets.crash(id);
    const silentSince = world.store.leases.lastTickAt(id);
    world.run(60);
    expect(world.store.leases.lastTickAt(id)).toBe(silentSince);
    expect([world.state(row), world.kubelets.isRunning(row)]).toEqual(["Running ready 0", false]);
    markUnknown(world);
    world.store.podWriter.updateStatus(row, { conditions: { Ready: CONDITION.false } });
    world.run(80);
    world.kubelets.recover(id);
    world.run(84);
    expect(readiness(world)).toBe("Unknown");
    world.run(85);
    expect([readiness(world), world.store.leases.lastTickAt(id)]).toEqual(["True", seconds(85)]);
    expect(world.state(row)).toBe("Running unready 1");
    world.run(86);
    expect(world.state(row)).toBe("Running ready 1");
    expect(world.store.pod(row).status).toMatchObject({
      podIP: "10.244.0.3",
      containerStatuses: [{ lastState: { terminated: { exitCode: 137, reason: "ContainerStatusUnknown" } } }],
    });
    expect(world.reasons("web")).toContain("SandboxChanged");
    expect(world.reasons("n1")).toEqual([
      "Starting",
      "Rebooted",
      "NodeAllocatableEnforced",
      "NodeHasSufficientMemory",
      "NodeHasNoDiskPressure",
      "NodeHasSufficientPID",
      "NodeReady",
    ]);
  });

  it("removes what was deleted meanwhile and starts what was bound meanwhile", () => {
    const world = new NodeWorld(BOOT);
    const id = world.node();
    const old = world.pod("old");
    const ending = world.pod("ending");
    world.run(10);
    world.store.podWriter.requestDeletion(ending);
    world.run(10.5);
    world.kubelets.crash(id);
    world.run(20);
    world.store.podWriter.requestDeletion(old);
    const fresh = world.pod("fresh");
    world.run(60);
    expect([old, ending, fresh].map((row) => world.state(row))).toEqual([
      "Running ready 0",
      "Running ready 0",
      "Pending unready 0",
    ]);
    world.kubelets.recover(id);
    world.run(70);
    expect([old, ending, fresh].map((row) => world.state(row))).toEqual(["gone", "gone", "Running ready 0"]);
  });

  it("a pod that is never restarted has failed", () => {
    const world = new NodeWorld(BOOT);
    const id = world.node();
    const row = world.pod("job", { restartPolicy: "Never" });
    world.run(10);
    world.kubelets.crash(id);
    world.kubelets.recover(id);
    world.run(20);
    expect(world.state(row)).toBe("Failed unready 0");
  });

  it("pulls and starts under way are lost, and done again", () => {
    const images = { defaultSizeBytes: 500_000_000, preloaded: false, images: [] };
    const world = new NodeWorld({ ...BOOT, images });
    const id = world.node();
    const rows = [world.pod("a"), world.pod("b", { container: { image: "other:1" } })];
    world.run(3);
    world.kubelets.crash(id);
    world.kubelets.recover(id);
    world.run(60);
    expect(rows.map((row) => world.state(row))).toEqual(["Running ready 0", "Running ready 0"]);
  });
});

describe("a node without the API server", () => {
  it("runs its containers on, restarts them, and tells when it is back", () => {
    const world = new NodeWorld();
    const id = world.node();
    const crashing = world.pod("crashing");
    const deleted = world.pod("deleted");
    world.run(10);
    world.kubelets.partition(id);
    world.run(20);
    expect(world.kubelets.exitContainer(crashing, 0, 1)).toBe(true);
    world.store.podWriter.requestDeletion(deleted);
    const fresh = world.pod("fresh");
    world.run(70);
    markUnknown(world);
    world.store.podWriter.updateStatus(crashing, { conditions: { Ready: CONDITION.false } });
    const rows = [crashing, deleted, fresh];
    expect(rows.map((row) => world.kubelets.isRunning(row))).toEqual([true, true, false]);
    expect(world.state(crashing)).toBe("Running unready 0");
    world.kubelets.heal(id);
    expect(world.state(crashing)).toBe("Running ready 1");
    world.run(82);
    expect(rows.map((row) => world.state(row))).toEqual(["Running ready 1", "gone", "Running ready 0"]);
    expect(readiness(world)).toBe("True");
    expect(world.store.leases.lastTickAt(id)).toBeGreaterThanOrEqual(seconds(70));
  });

  it("a deletion that was under way is confirmed when it is back", () => {
    const world = new NodeWorld();
    const id = world.node();
    const row = world.pod("web");
    world.run(10);
    world.store.podWriter.requestDeletion(row);
    world.run(10.5);
    world.kubelets.partition(id);
    world.run(60);
    expect(world.state(row)).toBe("Running ready 0");
    world.kubelets.heal(id);
    world.run(61);
    expect(world.state(row)).toBe("gone");
  });
});

describe("a kubelet that is stopped", () => {
  it("leaves its containers alone until it is started again", () => {
    const world = new NodeWorld();
    const id = world.node();
    const steady = world.pod("steady");
    const crashing = world.pod("crashing");
    world.run(10);
    world.kubelets.stopKubelet(id);
    const starting = world.pod("starting");
    world.kubelets.exitContainer(crashing, 0, 1);
    world.run(30);
    const rows = [steady, crashing, starting];
    expect(rows.map((row) => world.kubelets.isRunning(row))).toEqual([true, false, false]);
    world.kubelets.startKubelet(id);
    world.run(32);
    expect(rows.map((row) => world.state(row))).toEqual(["Running ready 0", "Running ready 1", "Running ready 0"]);
    expect(world.store.leases.lastTickAt(id)).toBe(seconds(30));
  });
});

describe("readiness that somebody else has written", () => {
  it("is put right by the kubelet", () => {
    const world = new NodeWorld();
    world.node();
    const row = world.pod("web");
    world.run(5);
    world.store.podWriter.updateStatus(row, { conditions: { Ready: CONDITION.false } });
    world.run(14);
    expect(world.state(row)).toBe("Running unready 0");
    world.run(15);
    expect(world.state(row)).toBe("Running ready 0");
  });
});
