import { describe, expect, test } from "vitest";
import type { Job } from "../../src/kube/index.ts";
import { parseRfc3339, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";
import { planOfScenario } from "../determinism/runs.ts";

const plan = await planOfScenario("quick/jobs");

function playedTo(second: number): World {
  const world = World.from(plan);
  world.run(seconds(second));
  return world;
}

function job(world: World, name: string): Job | undefined {
  return world.store.documents<Job>("Job").find("default", name);
}

function pods(world: World, isWanted: (row: number) => boolean): number[] {
  const table = world.store.pods;
  const found: number[] = [];
  for (let row = table.first(); row !== -1; row = table.after(row)) if (isWanted(row)) found.push(row);
  return found;
}

describe("Jobs in a world", () => {
  test("a load says how long the containers run, and how they exit", () => {
    const world = playedTo(120);
    const table = world.store.pods;
    const broken = pods(world, (row) => table.labelsOf(row)["job-name"] === "broken");
    expect(broken).toHaveLength(3);
    for (const row of broken) {
      const { exitCode, startedAt = "", finishedAt = "" } = table.containers.get(row)?.[0]?.state?.terminated ?? {};
      expect(exitCode).toBe(1);
      expect(parseRfc3339(finishedAt) - parseRfc3339(startedAt)).toBeLessThanOrEqual(seconds(6));
    }
    expect(job(world, "broken")?.status).toMatchObject({ failed: 3 });
  });

  test("indexed work is done, and goes after its time to live with all its pods", () => {
    const done = job(playedTo(400), "render");
    expect(done?.status).toMatchObject({ succeeded: 8, completedIndexes: "0-7" });
    const after = playedTo(600);
    expect(job(after, "render")).toBeUndefined();
    expect(pods(after, (row) => after.store.pods.labelsOf(row)["job-name"] === "render")).toEqual([]);
  });

  test("an agent runs on every node, and the new one after the update", () => {
    const world = playedTo(700);
    const table = world.store.pods;
    const agents = pods(world, (row) => table.namespaceOf(row) === "kube-system" && !table.isDeleting(row));
    expect(agents.map((row) => table.nodeNameOf(row)).sort()).toEqual(plan.nodes.map(({ name }) => name).sort());
    expect(new Set(agents.map((row) => table.templateOf(row).spec.containers[0]?.image))).toEqual(new Set(["agent:2"]));
  });

  test("without a load a Job's container runs for 30 s", () => {
    const world = World.from({ ...plan, loads: [] });
    world.run(seconds(100));
    const table = world.store.pods;
    const [row = -1] = pods(world, (pod) => table.labelsOf(pod)["job-name"] === "broken");
    const { exitCode, startedAt = "", finishedAt = "" } = table.containers.get(row)?.[0]?.state?.terminated ?? {};
    expect(exitCode).toBe(0);
    expect((parseRfc3339(finishedAt) - parseRfc3339(startedAt)) / seconds(1)).toBeCloseTo(30, -1);
    expect(job(world, "broken")?.status).toMatchObject({ succeeded: 1 });
  });

  test("a fork goes on as the original does", () => {
    const original = playedTo(130);
    const fork = World.fork(plan, original.checkpoint());
    for (const world of [original, fork]) world.run(seconds(700));
    expect(fork.engine.unseed()).toBe(original.engine.unseed());
    expect(fork.engine.digest()).toBe(original.engine.digest());
  });
});
