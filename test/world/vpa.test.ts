import { expect, test } from "vitest";
import { deployment, planOf, timed, usage } from "../../src/testing/index.ts";
import { minutes } from "../../src/units/index.ts";
import { type Plan, World } from "../../src/world/index.ts";

/** The vertical pod autoscaler's recommender in a whole world. */

const VPA = {
  apiVersion: "autoscaling.k8s.io/v1",
  kind: "VerticalPodAutoscaler",
  metadata: { name: "web" },
  spec: { targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } },
};

const status = (world: World) =>
  (
    world.store.documents("Other").find("default", "VerticalPodAutoscaler/web") as
      | { readonly status?: unknown }
      | undefined
  )?.status;

function plan(): Plan {
  const web = deployment("web", { replicas: 2, resources: { requests: { cpu: "1", memory: "1Gi" } } });
  return planOf({
    objects: [web, VPA],
    loads: [usage("web", { cpuMilli: timed(200), memoryBytes: timed(300 * 1024 * 1024) })],
    duration: "40m",
  });
}

test("recommends what is used and a margin, with its condition", () => {
  const world = World.from(plan());
  world.run();
  expect(status(world)).toMatchObject({
    recommendation: { containerRecommendations: [{ containerName: "app", target: { cpu: "247m" } }] },
    conditions: [{ type: "RecommendationProvided", status: "True" }],
  });
});

test("goes on from a checkpoint as if nothing had happened", () => {
  const world = World.from(plan());
  world.run(minutes(11.5));
  const fork = World.fork(world.plan, world.checkpoint());
  world.run();
  fork.run();
  expect(status(fork)).toEqual(status(world));
  expect(fork.finish().digest).toBe(world.finish().digest);
});
