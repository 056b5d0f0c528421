import { describe, expect, it } from "vitest";
import { seconds } from "../units/index.ts";
import { FIXED, NodeWorld } from "./testing.ts";

/** From a due restart to the container's start. */
const RESTART = 135_000;

describe("restart", () => {
  it("a container that always crashes waits 0, 10, 20, 40, … 300 s after its ends", () => {
    const world = new NodeWorld();
    world.node();
    const row = world.pod("bad");
    world.run(1);
    const waits: number[] = [];
    for (let crash = 0; crash < 9; crash++) {
      const at = world.engine.now;
      expect(world.kubelets.exitContainer(row, 0, 1)).toBe(true);
      while (!world.kubelets.isRunning(row)) world.engine.step();
      waits.push((world.kubelets.startedAt(row, 0) - at - RESTART) / seconds(1));
    }
    expect(waits).toEqual([0, 10, 20, 40, 80, 160, 300, 300, 300]);
    expect(world.store.pods.restarts.get(row)).toBe(8);
    world.run(world.engine.now / 1e6 + 1);
    expect(world.store.pods.restarts.get(row)).toBe(9);
  });

  it("shows the wait, how the last instance ended, and phase Running", () => {
    const world = new NodeWorld().record();
    world.node();
    const row = world.pod("bad");
    world.run(1);
    world.kubelets.exitContainer(row, 0, 1);
    world.run(2);
    expect(world.state(row)).toBe("Running ready 1");
    world.kubelets.exitContainer(row, 0, 137, "OOMKilled");
    world.run(3);
    expect(world.state(row)).toBe("Running unready 1");
    const pod = `bad_default(${world.store.pod(row).metadata.uid})`;
    expect(world.store.pod(row).status?.containerStatuses).toMatchObject([
      {
        state: {
          waiting: {
            reason: "CrashLoopBackOff",
            message: `back-off 10s restarting failed container=app pod=${pod}`,
          },
        },
        lastState: { terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: "2023-11-14T22:13:22Z" } },
        ready: false,
        restartCount: 1,
      },
    ]);
    expect(world.events("bad")).toContain(`BackOff: Back-off restarting failed container app in pod ${pod}`);
    expect(world.decisions.map(({ what }) => what)).toEqual(["start", "restart", "oom", "back-off"]);
  });

  it("looks again late, by the resync's jitter, and in steps of a minute", () => {
    const world = new NodeWorld({ ...FIXED, resyncJitter: 0.5 });
    world.node();
    const row = world.pod("bad");
    world.run(1);
    for (const [least, most] of [
      [0, 0],
      [10, 15],
      [20, 30],
      [40, 60],
      [80, 120],
      [160, 240],
    ] as const) {
      const at = world.engine.now;
      world.kubelets.exitContainer(row, 0, 1);
      while (!world.kubelets.isRunning(row)) world.engine.step();
      const wait = (world.kubelets.startedAt(row, 0) - at - RESTART) / seconds(1);
      expect(wait).toBeGreaterThanOrEqual(least);
      expect(wait).toBeLessThanOrEqual(most);
    }
  });

  it("exits are seen when the kubelet looks at its containers, within a second", () => {
    const world = new NodeWorld({ ...FIXED, plegRelistMicros: 1_000_000 });
    world.node();
    const row = world.pod("bad");
    world.run(5);
    world.kubelets.exitContainer(row, 0, 1);
    expect([world.state(row), world.kubelets.isRunning(row)]).toEqual(["Running ready 0", false]);
    world.run(6);
    world.run(6.2);
    expect(world.state(row)).toBe("Running ready 1");
  });

  it("a hung container fails its probes, is killed after its grace and restarted", () => {
    const world = new NodeWorld();
    world.node();
    const probe = { periodSeconds: 2, failureThreshold: 2, httpGet: { port: 80 } };
    const container = { livenessProbe: { ...probe, periodSeconds: 5 }, readinessProbe: probe };
    const row = world.pod("stuck", { container, terminationGracePeriodSeconds: 4 });
    world.run(1);
    world.kubelets.hangContainer(row, 0);
    world.run(6);
    expect(world.state(row)).toBe("Running unready 0");
    // Liveness attempts at 0.11 + 5k s: fails at 5.11 and 10.11, a second's timeout, killed 4 s later.
    world.run(15.2);
    expect(world.state(row)).toBe("Running unready 0");
    world.run(16);
    expect(world.state(row)).toBe("Running ready 1");
    expect(world.store.pods.containers.get(row)?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137 });
    expect(world.events("stuck")).toContain(
      'Unhealthy: Liveness probe failed: Get "http://10.244.0.2:80/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    );
    expect(world.events("stuck")).toContain("Killing: Container app failed liveness probe, will be restarted");
  });
});

describe("end of a pod", () => {
  const check = (policy: "Always" | "OnFailure" | "Never", exitCode: number, state: string): void => {
    it(`policy ${policy}, exit ${exitCode}: ${state}`, () => {
      const world = new NodeWorld();
      world.node();
      const row = world.pod("job", { restartPolicy: policy });
      world.run(1);
      world.kubelets.exitContainer(row, 0, exitCode);
      world.run(2);
      expect(`${world.state(row)}, ${world.containerState(row)}`).toBe(state);
    });
  };
  check("Always", 0, "Running ready 1, running");
  check("OnFailure", 0, "Succeeded unready 0, Completed 0");
  check("OnFailure", 2, "Running ready 1, running");
  check("Never", 0, "Succeeded unready 0, Completed 0");
  check("Never", 3, "Failed unready 0, Error 3");

  it("an application that runs for a while ends by itself, its sidecar with it", () => {
    const world = new NodeWorld({
      ...FIXED,
      app: (_, container) => (container === 0 ? { runFor: { constant: seconds(5) } } : {}),
    });
    world.node();
    const initContainers = [{ name: "proxy", image: "proxy:1", restartPolicy: "Always" }];
    const row = world.pod("job", { restartPolicy: "Never", initContainers });
    world.run(4);
    expect(world.state(row)).toBe("Running ready 0");
    world.run(10);
    expect(world.state(row)).toBe("Succeeded unready 0");
    expect(world.containerState(row, "proxy")).toBe("Completed 0");
    expect(world.store.pod(row).status?.conditions).toMatchObject([
      { reason: "PodSandboxNotReady" },
      { status: "True", reason: "PodCompleted" },
      { status: "False", reason: "PodCompleted" },
      { status: "False", reason: "PodCompleted" },
      { status: "True" },
    ]);
  });

  it("a failed init container ends a pod that is never restarted", () => {
    const world = new NodeWorld({ ...FIXED, app: () => ({ exitCode: 4 }) });
    world.node();
    const row = world.pod("job", { restartPolicy: "Never", initContainers: [{ name: "setup", image: "init:1" }] });
    world.run(5);
    expect([world.state(row), world.containerState(row, "setup")]).toEqual(["Failed unready 0", "Error 4"]);
  });

  it("a pod past its deadline fails", () => {
    const world = new NodeWorld();
    world.node();
    const row = world.pod("late", { activeDeadlineSeconds: 5 });
    world.run(8);
    expect(world.store.pod(row).status).toMatchObject({
      phase: "Failed",
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
  });
});
