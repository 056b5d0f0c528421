import { describe, expect, test } from "vitest";
import type { ReplicaSet } from "../../kube/index.ts";
import { seconds } from "../../units/index.ts";
import { replicaSet, WorkloadFixture } from "../workload-fixture.ts";

const statusOf = (fixture: WorkloadFixture) => fixture.replicaSets()[0]?.status;

test("as many pods as the spec says, counted as they become ready", () => {
  const fixture = new WorkloadFixture();
  fixture.create(replicaSet(3));
  fixture.run(1);
  expect(statusOf(fixture)).toEqual({
    replicas: 3,
    fullyLabeledReplicas: 3,
    terminatingReplicas: 0,
    observedGeneration: 1,
  });
  expect(fixture.pods()).toHaveLength(3);
  for (const name of fixture.pods()) expect(name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  fixture.run(5);
  expect(statusOf(fixture)).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 });
  expect(fixture.events.map((event) => event.slice(0, 32))).toEqual(
    Array.from({ length: 3 }, () => "0 SuccessfulCreate Created pod: "),
  );
});

test("a replacement comes when a pod is being deleted, not when it is gone", () => {
  const fixture = new WorkloadFixture();
  fixture.create(replicaSet(1));
  fixture.run(5);
  const [name = ""] = fixture.pods();
  fixture.store.podWriter.requestDeletion(fixture.store.pods.rowOf("default", name));
  fixture.run(5);
  expect(fixture.pods()).toEqual([`[${name}]`, expect.stringMatching(/^web-/)]);
  expect(statusOf(fixture)).toMatchObject({ replicas: 1, terminatingReplicas: 1 });
  fixture.run(10);
  expect(fixture.pods()).toHaveLength(1);
  expect(statusOf(fixture)).toMatchObject({ replicas: 1, readyReplicas: 1, terminatingReplicas: 0 });
});

test("orphans are adopted, pods that no longer match are released and replaced", () => {
  const fixture = new WorkloadFixture();
  const loose = fixture.createPod("loose", { app: "web" });
  fixture.createPod("other", { app: "db" });
  fixture.create(replicaSet(1));
  fixture.run(1);
  expect(fixture.pods()).toEqual(["loose", "other"]);
  expect(fixture.store.pods.owner.get(loose)).toMatchObject({ kind: "ReplicaSet", name: "web", controller: true });
  fixture.store.podWriter.setMetadata(loose, { labels: { app: "away" } });
  fixture.run(1);
  expect(fixture.store.pods.owner.get(loose)).toBeNull();
  expect(fixture.pods()).toHaveLength(3);
  expect(statusOf(fixture)).toMatchObject({ replicas: 1 });
  expect(fixture.decisions.map(({ what }) => what)).toEqual(["adopt", "release", "create"]);
});

test("with minReadySeconds a pod is available that long after it was ready", () => {
  const fixture = new WorkloadFixture();
  fixture.create(replicaSet(2, { minReadySeconds: 10 }));
  fixture.run(11);
  expect(statusOf(fixture)).toMatchObject({ readyReplicas: 2 });
  expect(statusOf(fixture)?.availableReplicas).toBeUndefined();
  // Ready since 2.1 s, which the API keeps as 2 s.
  fixture.run(12);
  expect(statusOf(fixture)).toMatchObject({ readyReplicas: 2, availableReplicas: 2 });
  fixture.patch("ReplicaSet", "web", { spec: { minReadySeconds: 20 } });
  fixture.run(21);
  expect(statusOf(fixture)?.availableReplicas).toBeUndefined();
  fixture.run(22);
  expect(statusOf(fixture)).toMatchObject({ availableReplicas: 2 });
});

test("a refused pod sets ReplicaFailure and is tried again, later each time", () => {
  const fixture = new WorkloadFixture();
  const containers = [{ name: "app", image: "web:1" }];
  const spec = { containers, priorityClassName: "gold" };
  fixture.create(replicaSet(4, { template: { metadata: { labels: { app: "web" } }, spec } }));
  fixture.run(1);
  const [condition] = statusOf(fixture)?.conditions ?? [];
  expect(condition).toMatchObject({ type: "ReplicaFailure", status: "True", reason: "FailedCreate" });
  expect(condition?.message).toMatch(/is forbidden: no PriorityClass with name gold was found$/);
  const attempts = fixture.events.filter((event) => event.includes("FailedCreate Error creating: "));
  // One a try, as a batch with an error is the last: at 0, 5, 15, 35, … ms.
  expect(attempts).toHaveLength(8);
  fixture.create({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "gold" },
    value: 7,
  } as never);
  fixture.run(3);
  expect(fixture.pods()).toHaveLength(4);
  expect(statusOf(fixture)?.conditions).toBeUndefined();
});

describe("scaling down", () => {
  const scaled = (fixture: WorkloadFixture): WorkloadFixture => {
    fixture.create(replicaSet(6));
    fixture.run(10);
    fixture.patch("ReplicaSet", "web", { spec: { replicas: 2 } });
    fixture.run(10);
    return fixture;
  };

  test("deletes the surplus in one go and says why", () => {
    const fixture = scaled(new WorkloadFixture());
    expect(fixture.pods().filter((name) => name.startsWith("["))).toHaveLength(4);
    const decision = fixture.decisions.at(-1);
    expect(decision).toMatchObject({ by: "replicaset", what: "delete", object: "replicaset/default/web", wanted: 2 });
    expect(decision?.pods).toHaveLength(4);
    expect(decision?.reasons).toEqual(["tie", "tie", "tie", "tie"]);
  });

  test("lets the chooser say who goes among pods of equal rank", () => {
    const chosen: number[] = [];
    const chooseTied = (tied: readonly number[], count: number): readonly number[] => {
      chosen.push(...tied.slice(-count));
      return chosen;
    };
    const fixture = scaled(new WorkloadFixture({ chooseTied }));
    expect(chosen).toHaveLength(4);
    for (const row of chosen) expect(fixture.store.pods.isDeleting(row)).toBe(true);
  });

  test("refuses a choice that is not among them", () => {
    const outsider = (_: readonly number[], count: number): readonly number[] =>
      Array.from({ length: count }, () => 99);
    expect(() => scaled(new WorkloadFixture({ chooseTied: outsider }))).toThrow(/are not 4 of the pods/);
  });
});

test("what is ordered and not yet seen is not ordered again", () => {
  const fixture = new WorkloadFixture({ watchDelayMicros: seconds(1) });
  fixture.create(replicaSet(3));
  fixture.run(1);
  expect(fixture.pods()).toHaveLength(3);
  fixture.patch("ReplicaSet", "web", { spec: { replicas: 5 } });
  fixture.run(2);
  expect(fixture.pods()).toHaveLength(5);
  fixture.run(20);
  expect(fixture.pods()).toHaveLength(5);
  expect(statusOf(fixture)).toMatchObject({ replicas: 5, availableReplicas: 5 });
});

test("a large scale-out goes in steps of 500 and costs a recount a pod", () => {
  const fixture = new WorkloadFixture();
  fixture.create(replicaSet(2000, { minReadySeconds: 1 }));
  fixture.run(10);
  expect(fixture.decisions.map(({ pods }) => (pods as string[]).length)).toEqual([500, 500, 500, 500]);
  expect(statusOf(fixture)).toMatchObject({ replicas: 2000, availableReplicas: 2000 });
});

test("a fork goes on as the original does", () => {
  const play = (fixture: WorkloadFixture): string => {
    fixture.patch("ReplicaSet", "web", { spec: { replicas: 3 } });
    fixture.run(30);
    const [rs] = fixture.replicaSets() as [ReplicaSet];
    return JSON.stringify([fixture.engine.unseed(), rs, fixture.pods()]);
  };
  const original = new WorkloadFixture();
  original.create(replicaSet(8, { minReadySeconds: 5 }));
  original.run(4);
  const checkpoint = original.engine.checkpoint();
  const fork = new WorkloadFixture();
  fork.engine.restore(checkpoint);
  expect(play(fork)).toBe(play(original));
});

test("ReplicationControllers are kept alike, without terminatingReplicas", () => {
  const fixture = new WorkloadFixture();
  const { spec, metadata } = replicaSet(2);
  fixture.create({
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata,
    spec: { ...spec, selector: { app: "web" } },
  } as never);
  fixture.run(5);
  const rc = fixture.store.documents("ReplicationController").find("default", "web") as { status?: object };
  expect(rc.status).toEqual({
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 1,
  });
});
