import { describe, expect, it } from "vitest";
import { seconds } from "../units/index.ts";
import { FIXED, NodeWorld, START, VISIBLE } from "./testing.ts";

describe("start of a pod", () => {
  it("goes from binding to ready by the latencies, in three writes of the kubelet", () => {
    const world = new NodeWorld().record();
    world.node();
    const row = world.pod("web");
    world.run(5);
    expect(world.trace).toEqual([
      "0 web Pending unready 0 none",
      "0 web Pending unready 0 none",
      "0.01 web Pending unready 0 ContainerCreating",
      `${VISIBLE / 1e6} web Running ready 0 running`,
    ]);
    expect(world.kubelets.startedAt(row, 0)).toBe(START);
    expect(world.kubelets.isRunning(row)).toBe(true);
    expect(world.events("web")).toEqual([
      'Pulled: Container image "app:1" already present on machine and can be accessed by the pod',
      "Created: Container created",
      "Started: Container started",
    ]);
    expect(world.decisions).toMatchObject([
      { by: "kubelet", what: "start", object: "pod/default/web", deliveryMicros: 10_000, sandboxMicros: 500_000 },
    ]);
    expect(world.engine.eventCount).toBeLessThanOrEqual(10);
  });

  it("writes status, conditions and address as the API shows them", () => {
    const world = new NodeWorld();
    world.node();
    const row = world.pod("web", { container: { readinessProbe: { initialDelaySeconds: 3 } } });
    world.run(0.3);
    expect(world.store.pod(row).status).toMatchObject({
      phase: "Pending",
      qosClass: "BestEffort",
      startTime: "2023-11-14T22:13:20Z",
      conditions: [
        { type: "PodReadyToStartContainers", status: "False", message: "no pod sandbox exists" },
        { type: "Initialized", status: "True" },
        { type: "Ready", status: "False", message: "containers with unready status: [app]" },
        { type: "ContainersReady", status: "False", reason: "ContainersNotReady" },
        { type: "PodScheduled", status: "True" },
      ],
    });
    world.run(30);
    expect(world.store.pod(row).status).toMatchObject({
      phase: "Running",
      podIP: "10.244.0.2",
      conditions: [{ status: "True" }, { status: "True" }, { status: "True" }, { status: "True" }, { status: "True" }],
      containerStatuses: [{ name: "app", ready: true, started: true, restartCount: 0, image: "app:1" }],
    });
  });

  it("readiness follows the application and the probe", () => {
    const world = new NodeWorld({ ...FIXED, app: () => ({ readyAfterMicros: seconds(4) }) });
    world.node();
    const row = world.pod("web", { container: { readinessProbe: { periodSeconds: 3 } } });
    world.run(0.7);
    expect(world.state(row)).toBe("Running unready 0");
    // Attempts at VISIBLE, + 3 s, + 6 s; the application answers from START + 4 s on.
    world.engine.run(VISIBLE + seconds(6) - 1);
    expect(world.state(row)).toBe("Running unready 0");
    world.engine.run(VISIBLE + seconds(6));
    expect(world.state(row)).toBe("Running ready 0");
  });

  it("a startup probe that fails too often has the container killed and restarted", () => {
    const world = new NodeWorld({ ...FIXED, app: () => ({ readyAfterMicros: seconds(60) }) });
    world.node();
    const row = world.pod("slow", { container: { startupProbe: { periodSeconds: 5, failureThreshold: 2 } } });
    world.run(25);
    expect(world.events("slow")).toContain("Killing: Container app failed startup probe, will be restarted");
    expect(world.store.pods.restarts.get(row)).toBeGreaterThan(0);
    expect(world.state(row)).toMatch(/^Running unready/);
  });

  it("init containers run one after the other, sidecars stay", () => {
    const world = new NodeWorld();
    world.node();
    const row = world.pod("web", {
      initContainers: [
        { name: "setup", image: "init:1" },
        { name: "proxy", image: "proxy:1", restartPolicy: "Always" },
      ],
    });
    world.run(0.7);
    expect([world.containerState(row, "setup"), world.containerState(row)]).toEqual(["running", "PodInitializing"]);
    expect(world.state(row)).toBe("Pending unready 0");
    world.run(3);
    expect(["setup", "proxy", "app"].map((name) => world.containerState(row, name))).toEqual([
      "Completed 0",
      "running",
      "running",
    ]);
    expect(world.state(row)).toBe("Running ready 0");
  });

  it("addresses go round robin and are not shared", () => {
    const world = new NodeWorld();
    world.node("n1", { podCIDR: "10.1.0.0/29" });
    const rows = ["a", "b", "c"].map((name) => world.pod(name));
    world.run(2);
    world.store.podWriter.requestDeletion(rows[0] as number);
    world.run(10);
    const later = ["d", "e", "f"].map((name) => world.pod(name));
    world.run(20);
    const ips = [...rows.slice(1), ...later].map((row) => world.store.pod(row).status?.podIP);
    expect(ips).toEqual(["10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.2"]);
  });
});

describe("images", () => {
  const images = {
    defaultSizeBytes: 100_000_000,
    preloaded: false,
    images: [{ name: "gone:1", sizeBytes: 1, preloaded: false, missing: true }],
  };
  const options = { ...FIXED, images, imageUnpackMicrosPerMebibyte: 0 };

  it("are pulled one at a time per node, once per image", () => {
    const world = new NodeWorld(options);
    world.node();
    const rows = [world.pod("a"), world.pod("b", { container: { image: "other:1" } }), world.pod("c")];
    world.run(15);
    // 0.2 s and 1 s for 100 MB at 100 MB/s; the third finds its layers there.
    const first = 510_000 + 1_200_000 + 130_000;
    expect(rows.map((row) => world.kubelets.startedAt(row, 0))).toEqual([first, first + 1_200_000, first + 1_400_000]);
    expect(world.events("b").slice(0, 2)).toEqual([
      'Pulling: Pulling image "other:1"',
      'Pulled: Successfully pulled image "other:1" in 1.2s (2.4s including waiting). Image size: 100000000 bytes.',
    ]);
    expect(world.nodeObject().status?.images).toEqual([
      { names: ["app:1"], sizeBytes: 100_000_000 },
      { names: ["other:1"], sizeBytes: 100_000_000 },
    ]);
  });

  it("several pulls at one time share the bandwidth", () => {
    const world = new NodeWorld(options);
    world.node("n1", { parallelImagePulls: 2 });
    const rows = [world.pod("a"), world.pod("b", { container: { image: "other:1" } })];
    world.run(5);
    expect(rows.map((row) => world.kubelets.startedAt(row, 0))).toEqual([1_840_000, 2_840_000]);
  });

  it("that do not exist are tried again with back-off", () => {
    const world = new NodeWorld(options);
    world.node();
    const row = world.pod("web", { container: { image: "gone:1" } });
    world.run(5);
    expect([world.state(row), world.containerState(row)]).toEqual(["Pending unready 0", "ErrImagePull"]);
    world.run(25);
    expect(world.containerState(row)).toBe("ImagePullBackOff");
    expect(new Set(world.reasons("web"))).toEqual(new Set(["Pulling", "Failed", "BackOff"]));
    expect(world.events("web")).toContain('BackOff: Back-off pulling image "gone:1"');
  });

  it("pull policies Always and Never", () => {
    const world = new NodeWorld({ ...FIXED, images: { ...images, preloaded: true } });
    world.node();
    const row = world.pod("latest", { container: { image: "app" } });
    const never = world.pod("never", { container: { image: "gone:1", imagePullPolicy: "Never" } });
    world.run(5);
    expect(world.reasons("latest")[0]).toBe("Pulling");
    expect(world.kubelets.startedAt(row, 0)).toBe(510_000 + 200_000 + 130_000);
    expect(world.containerState(never)).toBe("ErrImageNeverPull");
  });
});

describe("admission", () => {
  const check = (name: string, setup: (world: NodeWorld) => number, reason: string, message: string): void => {
    it(name, () => {
      const world = new NodeWorld().record();
      world.node("n1", { capacity: { cpu: "1", memory: "1Gi", pods: "3" } });
      const row = setup(world);
      world.run(5);
      const { status } = world.store.pod(row);
      expect(status).toMatchObject({ phase: "Failed", reason, message: `Pod was rejected: ${message}` });
      expect(world.decisions).toContainEqual(expect.objectContaining({ what: "reject", reason }));
      expect(world.events(world.store.pods.name.get(row))).toEqual([`${reason}: ${message}`]);
      expect(world.kubelets.isRunning(row)).toBe(false);
    });
  };
  const asks = (cpu: string) => ({ container: { resources: { requests: { cpu } } } });
  check(
    "not enough cpu",
    (world) => {
      world.pod("a", asks("800m"));
      return world.pod("b", asks("300m"));
    },
    "OutOfcpu",
    "Node didn't have enough resource: cpu, requested: 300, used: 800, capacity: 1000",
  );
  check(
    "too many pods",
    (world) => {
      for (const name of ["a", "b", "c"]) world.pod(name);
      return world.pod("d");
    },
    "OutOfpods",
    "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  );
  check(
    "another node is asked for",
    (world) => world.pod("a", { nodeSelector: { disk: "ssd" } }),
    "NodeAffinity",
    "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  );
  check(
    "a host port is taken",
    (world) => {
      const container = { ports: [{ containerPort: 80, hostPort: 80 }] };
      world.pod("a", { container });
      return world.pod("b", { container });
    },
    "NodePorts",
    "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  );
});
