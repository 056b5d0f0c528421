import { describe, expect, it } from "vitest";
import type { PodSpec } from "../kube/index.ts";
import { seconds } from "../units/index.ts";
import type { AppModel } from "./options.ts";
import { FIXED, NodeWorld } from "./testing.ts";

/** From the last exit to the removal of the object, and from a request to the kubelet's notice. */
const CLEANUP = 1_000_000;
const NOTICE = 10_000;

describe("graceful termination", () => {
  interface Given {
    readonly app?: AppModel;
    readonly spec?: Partial<PodSpec>;
    readonly grace?: number;
    /** Span from the request to the removal, less notice and cleanup. */
    readonly stopsAfter: number;
    readonly ends?: string;
  }
  const check = (name: string, given: Given): void => {
    it(name, () => {
      const world = new NodeWorld({ ...FIXED, app: () => given.app ?? {} });
      world.node();
      const row = world.pod("web", given.spec);
      world.run(2);
      world.store.podWriter.requestDeletion(row, given.grace);
      const removedAt = seconds(2) + NOTICE + seconds(given.stopsAfter) + CLEANUP;
      world.engine.run(removedAt - 1);
      expect(world.state(row)).toMatch(/unready/);
      expect(world.containerState(row)).toBe(given.ends ?? "Completed 0");
      expect(world.kubelets.isRunning(row)).toBe(false);
      world.engine.run(removedAt);
      expect(world.state(row)).toBe("gone");
      expect(world.events("web")).toContain("Killing: Stopping container app");
    });
  };
  check("the application stops within the grace", { stopsAfter: 1 });
  check("an application that drains", { app: { stop: { constant: seconds(12) } }, stopsAfter: 12 });
  check("SIGKILL at the end of the pod's own grace", {
    app: { stop: { constant: seconds(100) } },
    spec: { terminationGracePeriodSeconds: 20 },
    stopsAfter: 20,
    ends: "Error 137",
  });
  check("SIGKILL at the end of the grace of the request, two seconds at least", {
    app: { stop: { constant: seconds(100) } },
    grace: 1,
    stopsAfter: 2,
    ends: "Error 137",
  });
  check("a preStop sleep comes first", {
    spec: { containers: [{ name: "app", image: "app:1", lifecycle: { preStop: { sleep: { seconds: 5 } } } }] },
    stopsAfter: 6,
  });
  check("sidecars stop after the others", {
    spec: { initContainers: [{ name: "proxy", image: "p:1", restartPolicy: "Always" }] },
    stopsAfter: 2,
  });

  it("a second request with a shorter grace kills earlier", () => {
    const world = new NodeWorld({ ...FIXED, app: () => ({ stop: { constant: seconds(100) } }) });
    world.node();
    const row = world.pod("web", { terminationGracePeriodSeconds: 60 });
    world.run(2);
    world.store.podWriter.requestDeletion(row);
    world.run(10);
    world.store.podWriter.requestDeletion(row, 5);
    world.engine.run(seconds(10) + NOTICE + seconds(5) + CLEANUP - 1);
    expect(world.containerState(row)).toBe("Error 137");
    world.engine.run(seconds(10) + NOTICE + seconds(5) + CLEANUP);
    expect(world.state(row)).toBe("gone");
  });

  it("a pod that is still being started goes without having run", () => {
    const world = new NodeWorld();
    world.node();
    const row = world.pod("web");
    world.run(0.3);
    world.store.podWriter.requestDeletion(row);
    world.run(1.2);
    expect(`${world.state(row)}, ${world.containerState(row)}`).toBe("Failed unready 0, ContainerStatusUnknown 137");
    world.run(2);
    expect(world.state(row)).toBe("gone");
  });

  it("a pod removed by force stops silently, and its row serves the next pod", () => {
    const world = new NodeWorld();
    world.node();
    const row = world.pod("web");
    world.run(2);
    world.store.podWriter.requestDeletion(row, 0);
    world.run(3);
    expect([world.state(row), world.kubelets.isRunning(row)]).toEqual(["gone", false]);
    const next = world.pod("next");
    world.run(5);
    expect([next, world.state(next)]).toEqual([row, "Running ready 0"]);
  });
});
