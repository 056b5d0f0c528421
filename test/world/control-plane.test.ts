import { expect, test } from "vitest";
import type { KubeNode } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { type ActionParts, deployment, type FailureParts, planOf } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { type ControlPlaneComponent, World } from "../../src/world/index.ts";

/** Outages of parts of the control plane. */

const down = (components: readonly ControlPlaneComponent[], from: number, to: number): FailureParts => ({
  kind: "controlPlaneDown",
  components,
  schedule: { at: from },
  lasts: { constant: to - from },
});
const scale = (atMicros: number, replicas: number): ActionParts => ({
  kind: "scale",
  atMicros,
  target: { kind: "Deployment", namespace: "default", name: "web" },
  replicas,
});

function worldOf(failures: readonly FailureParts[], actions: readonly ActionParts[], nodes = 3) {
  const decisions: LoggedDecision[] = [];
  const plan = planOf({ nodes, objects: [deployment("web", { replicas: 3 })], failures, actions, duration: "20m" });
  const world = World.from(plan, {
    event: () => undefined,
    decision: (one) => decisions.push(one),
    sample: () => undefined,
  });
  const when = (by: string, what: string) => decisions.filter((one) => one.by === by && one.what === what);
  const bound = () => {
    const { pods } = world.store;
    let count = 0;
    for (let row = pods.first(); row !== -1; row = pods.after(row)) if (pods.nodeId.get(row) !== -1) count++;
    return { bound: count, all: pods.count };
  };
  return { world, when, bound };
}

test("the API server down: pods run on, commands are refused, nobody is evicted, and all goes on afterwards", () => {
  const outage = down(["apiServer"], minutes(2), minutes(8));
  const { world, when, bound } = worldOf([outage], [scale(minutes(3), 9), scale(minutes(9), 6)]);
  world.run(minutes(7));
  expect(bound()).toEqual({ bound: 3, all: 3 });
  expect(when("action", "refused")).toMatchObject([{ error: expect.stringContaining("was refused - did you") }]);
  world.run();
  expect(bound()).toEqual({ bound: 6, all: 6 });
  expect(when("node-lifecycle", "not-ready")).toEqual([]);
  // Both lost their leases, and wait for them to run out.
  const leads = when("control-plane", "lead");
  expect(leads).toHaveLength(2);
  for (const { t } of leads) {
    expect(t).toBeGreaterThanOrEqual(minutes(8) + seconds(15));
    expect(t).toBeLessThanOrEqual(minutes(8) + seconds(20));
  }
});

test("a blink of etcd costs no leader its lease", () => {
  const blink = down(["etcd"], minutes(2), minutes(2) + seconds(9));
  const { world, when, bound } = worldOf([blink], [scale(minutes(1) + seconds(59), 9)]);
  world.run(minutes(2) + seconds(30));
  expect(when("control-plane", "lead")).toEqual([]);
  expect(bound()).toEqual({ bound: 9, all: 9 });
});

test("the scheduler down: pods are made and wait", () => {
  const outage = down(["scheduler"], minutes(2), minutes(8));
  const { world, bound } = worldOf([outage], [scale(minutes(3), 9)]);
  world.run(minutes(8) + seconds(10));
  expect(bound()).toEqual({ bound: 3, all: 9 });
  world.run(minutes(9));
  expect(bound()).toEqual({ bound: 9, all: 9 });
});

test("the controllers down: no replacements and no evictions; silence counts from their return", () => {
  const crash: FailureParts = { kind: "crash", nodes: ["n1"], schedule: { at: minutes(3) } };
  const outage = down(["controllerManager"], minutes(2), minutes(8));
  const { world, when, bound } = worldOf([outage, crash], [scale(minutes(4), 9)]);
  world.run(minutes(8));
  expect(bound()).toEqual({ bound: 3, all: 3 });
  expect(when("node-lifecycle", "not-ready")).toEqual([]);
  world.run();
  expect(bound().all).toBeGreaterThanOrEqual(9);
  const [lead] = when("control-plane", "lead");
  const [silent] = when("node-lifecycle", "not-ready");
  const waited = (silent?.t ?? 0) - (lead?.t ?? 0);
  expect(waited).toBeGreaterThanOrEqual(seconds(50));
  expect(waited).toBeLessThanOrEqual(seconds(56));
  const node = world.store.documents<KubeNode>("Node").find("", "n1");
  expect(node?.spec?.taints?.some(({ effect }) => effect === "NoExecute")).toBe(true);
});

test("a fork in an outage goes on like the original", () => {
  const outage = down(["apiServer", "etcd", "scheduler", "controllerManager"], minutes(2), minutes(5));
  const { world } = worldOf([outage], [scale(minutes(1) + seconds(59), 9), scale(minutes(6), 4)]);
  world.run(minutes(4));
  const fork = World.fork(world.plan, world.checkpoint());
  fork.run();
  world.run();
  expect(fork.finish().digest).toBe(world.finish().digest);
});
