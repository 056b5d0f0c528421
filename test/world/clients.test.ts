import { describe, expect, it } from "vitest";
import { deployment, planOf, requests, service } from "../../src/testing/index.ts";
import { World } from "../../src/world/index.ts";

const MINUTE = 60_000_000;

function play(clients: { count: number; keepAliveMicros: number } | undefined, affinity: object = {}) {
  const web = service("web") as { spec: object };
  const world = World.from(
    planOf({
      seed: 5,
      duration: "30m",
      objects: [deployment("web", { replicas: 4 }), { ...web, spec: { ...web.spec, ...affinity } }],
      loads: [requests("web", 100, 1000, clients === undefined ? {} : { clients })],
      actions: [
        {
          kind: "scale",
          atMicros: 10 * MINUTE,
          target: { kind: "Deployment", namespace: "default", name: "web" },
          replicas: 6,
        },
      ],
    }),
  );
  const shares = () => {
    const [demand] = world.workload.services;
    return (demand?.backendRows ?? []).map((row) => demand?.measureOf("requests_per_second", row) ?? 0);
  };
  world.run(9 * MINUTE);
  const before = shares();
  world.run(11 * MINUTE);
  const soon = shares();
  world.run(25 * MINUTE);
  return { world, before, soon, late: shares() };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe("clients of a Service", () => {
  it("share evenly where nothing is said, and with a connection for each request", () => {
    for (const clients of [undefined, { count: 10, keepAliveMicros: 0 }]) {
      const { before, soon } = play(clients);
      expect(before).toEqual([25, 25, 25, 25]);
      expect(new Set(soon).size).toBe(1);
    }
  });

  it("load endpoints unevenly through connections that live on, and leave new ones idle at first", () => {
    const { before, soon, late } = play({ count: 20, keepAliveMicros: 10 * MINUTE });
    expect(sum(before)).toBeCloseTo(100, 9);
    expect(Math.max(...before)).toBeGreaterThan(25);
    // The two new ones are last by creation.
    expect(sum(soon.slice(4))).toBeLessThan(20);
    expect(sum(late.slice(4))).toBeGreaterThan(sum(soon.slice(4)));
  });

  it("stay where they are under session affinity", () => {
    const { soon, late } = play({ count: 20, keepAliveMicros: 60_000_000 }, { sessionAffinity: "ClientIP" });
    expect(sum(soon.slice(4))).toBe(0);
    expect(sum(late.slice(4))).toBe(0);
  });

  it("go on from a checkpoint as they would have", () => {
    const { world } = play({ count: 20, keepAliveMicros: 60_000_000 });
    const fork = World.fork(world.plan, world.checkpoint());
    world.run();
    fork.run();
    expect(fork.engine.unseed()).toBe(world.engine.unseed());
  });
});
