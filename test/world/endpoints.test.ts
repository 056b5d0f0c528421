import { expect, test } from "vitest";
import type { Endpoints } from "../../src/kube/index.ts";
import { deployment, planOf, service } from "../../src/testing/index.ts";
import { minutes } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

/** A world with a service before its pods, after some minutes. */
function played(replicas: number, nodes = 3) {
  const objects = [service("web"), deployment("web", { replicas })];
  const target = { kind: "Service", namespace: "default", name: "web" };
  const deletion = { kind: "delete" as const, atMicros: minutes(4), target, gracePeriodSeconds: null };
  const world = World.from(planOf({ nodes, objects, actions: [deletion], duration: "5m" }));
  world.run(minutes(3));
  return world;
}

const endpointsOf = (world: World) => world.store.documents<Endpoints>("Endpoints").find("default", "web");

test("the object names the ready pods, and goes with its service", () => {
  const world = played(4);
  const endpoints = endpointsOf(world);
  expect(endpoints?.metadata.labels).toEqual({ "endpoints.kubernetes.io/managed-by": "endpoint-controller" });
  expect(endpoints?.subsets).toHaveLength(1);
  expect(endpoints?.subsets?.[0]).toMatchObject({ ports: [{ port: 80, protocol: "TCP" }] });
  expect(endpoints?.subsets?.[0]?.addresses?.map(({ targetRef }) => targetRef?.kind)).toEqual(Array(4).fill("Pod"));
  world.run();
  expect(endpointsOf(world)).toBeUndefined();
});

test("more than a thousand addresses are cut, and the object says so", () => {
  const endpoints = endpointsOf(played(1010, 12));
  expect(endpoints?.metadata.annotations).toEqual({ "endpoints.kubernetes.io/over-capacity": "truncated" });
  expect(endpoints?.subsets?.[0]?.addresses).toHaveLength(1000);
});
