import { describe, expect, test } from "vitest";
import { getCondition } from "../../kube/index.ts";
import { deploymentOf, image, replicaSet, WorkloadFixture } from "../workload-fixture.ts";

const rolling = (maxSurge: number | string, maxUnavailable: number | string) => ({
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
});
const sizes = (fixture: WorkloadFixture) => fixture.replicaSets().map(({ spec }) => spec.replicas);
const revisions = (fixture: WorkloadFixture) =>
  fixture.replicaSets().map(({ metadata }) => metadata.annotations?.["deployment.kubernetes.io/revision"]);
const progress = (fixture: WorkloadFixture) => getCondition(fixture.deployment().status?.conditions, "Progressing");
const scaleEvents = (fixture: WorkloadFixture) =>
  fixture.events
    .filter((event) => event.includes("ScalingReplicaSet"))
    .map((event) => event.replace(/web-\w+/, "RS").replace("ScalingReplicaSet Scaled ", ""));

test("a new Deployment makes a ReplicaSet named and labelled by its template's hash", () => {
  const fixture = new WorkloadFixture();
  fixture.create(deploymentOf(3));
  fixture.run(1);
  const [rs] = fixture.replicaSets();
  const hash = rs?.metadata.labels?.["pod-template-hash"] ?? "";
  expect(rs?.metadata).toMatchObject({
    name: `web-${hash}`,
    labels: { app: "web", "pod-template-hash": hash },
    annotations: {
      "deployment.kubernetes.io/revision": "1",
      "deployment.kubernetes.io/desired-replicas": "3",
      "deployment.kubernetes.io/max-replicas": "4",
    },
    ownerReferences: [{ kind: "Deployment", name: "web", controller: true, blockOwnerDeletion: true }],
  });
  expect(rs?.spec.selector.matchLabels).toEqual({ app: "web", "pod-template-hash": hash });
  expect(progress(fixture)).toMatchObject({ reason: "ReplicaSetUpdated" });
  fixture.run(5);
  const { status, metadata } = fixture.deployment();
  expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
  expect(status?.unavailableReplicas).toBeUndefined();
  expect(metadata.generation).toBe(1);
  expect(progress(fixture)).toMatchObject({
    reason: "NewReplicaSetAvailable",
    message: `ReplicaSet "web-${hash}" has successfully progressed.`,
  });
});

describe("a rolling update", () => {
  test("never has more than maxSurge beyond nor less than maxUnavailable below", () => {
    const fixture = new WorkloadFixture();
    fixture.create(deploymentOf(4, rolling(1, 1)));
    fixture.run(10);
    fixture.patch("Deployment", "web", image("web:2"));
    for (let at = 10; at <= 40; at += 0.05) {
      fixture.engine.run(Math.round(at * 1_000_000));
      const { status } = fixture.deployment();
      expect(status?.replicas ?? 0).toBeLessThanOrEqual(5);
      expect(status?.availableReplicas ?? 0).toBeGreaterThanOrEqual(3);
    }
    expect(sizes(fixture)).toEqual([0, 4]);
    expect(revisions(fixture)).toEqual(["1", "2"]);
    expect(scaleEvents(fixture).slice(0, 4)).toEqual([
      "0 up replica set RS from 0 to 4",
      "10 up replica set RS from 0 to 1",
      "10 down replica set RS from 4 to 3",
      "10 up replica set RS from 1 to 2",
    ]);
  });

  test("stops at a broken image and says so after the deadline; going back uses the old ReplicaSet", () => {
    const fixture = new WorkloadFixture();
    fixture.broken.add("web:2");
    fixture.create(deploymentOf(4, { progressDeadlineSeconds: 30 }));
    fixture.run(10);
    fixture.patch("Deployment", "web", image("web:2"));
    fixture.run(40);
    expect(sizes(fixture)).toEqual([3, 2]);
    expect(progress(fixture)).toMatchObject({ status: "True", reason: "ReplicaSetUpdated" });
    fixture.run(41);
    expect(progress(fixture)).toMatchObject({ status: "False", reason: "ProgressDeadlineExceeded" });
    fixture.patch("Deployment", "web", image("web:1"));
    fixture.run(60);
    expect(sizes(fixture)).toEqual([4, 0]);
    expect(revisions(fixture)).toEqual(["3", "2"]);
    const history = fixture.replicaSets()[0]?.metadata.annotations?.["deployment.kubernetes.io/revision-history"];
    expect(history).toBe("1");
    expect(progress(fixture)).toMatchObject({ status: "True", reason: "NewReplicaSetAvailable" });
  });
});

test("Recreate waits until the old pods are gone", () => {
  const fixture = new WorkloadFixture();
  fixture.create(deploymentOf(2, { strategy: { type: "Recreate" } }));
  fixture.run(10);
  fixture.patch("Deployment", "web", image("web:2"));
  fixture.run(10);
  expect(sizes(fixture)).toEqual([0]);
  expect(fixture.pods().every((name) => name.startsWith("["))).toBe(true);
  fixture.engine.run(10_999_999);
  expect(sizes(fixture)).toEqual([0]);
  fixture.run(11);
  expect(sizes(fixture)).toEqual([0, 2]);
});

describe("while paused", () => {
  test("nothing rolls, but replicas are shared in proportion", () => {
    const fixture = new WorkloadFixture();
    fixture.create(deploymentOf(10, rolling(3, 2)));
    fixture.run(10);
    fixture.patch("Deployment", "web", image("web:2"));
    fixture.run(10);
    expect(sizes(fixture)).toEqual([8, 5]);
    fixture.patch("Deployment", "web", { spec: { paused: true } });
    fixture.run(10);
    expect(progress(fixture)).toMatchObject({ status: "Unknown", reason: "DeploymentPaused" });
    fixture.patch("Deployment", "web", { spec: { replicas: 20 } });
    fixture.run(11);
    // 13 → 23 places: 8 · 23/13 = 14.15 and 5 · 23/13 = 8.85.
    expect(sizes(fixture)).toEqual([14, 9]);
    fixture.patch("Deployment", "web", { spec: { paused: false } });
    fixture.run(60);
    expect(sizes(fixture)).toEqual([0, 20]);
  });

  test("a first ReplicaSet is not made", () => {
    const fixture = new WorkloadFixture();
    fixture.create(deploymentOf(2, { paused: true }));
    fixture.run(5);
    expect(fixture.replicaSets()).toEqual([]);
  });
});

test("only revisionHistoryLimit old ReplicaSets are kept, the latest", () => {
  const fixture = new WorkloadFixture();
  fixture.create(deploymentOf(1, { revisionHistoryLimit: 1 }));
  for (const version of [2, 3, 4]) {
    fixture.run(version * 20);
    fixture.patch("Deployment", "web", image(`web:${version}`));
  }
  fixture.run(100);
  expect(revisions(fixture)).toEqual(["3", "4"]);
});

describe("the rollback annotation", () => {
  const rollBack = (revision: string): WorkloadFixture => {
    const fixture = new WorkloadFixture();
    fixture.create(deploymentOf(1));
    fixture.run(10);
    fixture.patch("Deployment", "web", image("web:2"));
    fixture.run(20);
    fixture.patch("Deployment", "web", {
      metadata: { annotations: { "deprecated.deployment.rollback.to": revision } },
    });
    fixture.run(30);
    expect(fixture.deployment().metadata.annotations).not.toHaveProperty(["deprecated.deployment.rollback.to"]);
    return fixture;
  };
  const imageOf = (fixture: WorkloadFixture) => fixture.deployment().spec.template.spec.containers[0]?.image;

  test("0 goes to the revision before", () => {
    const fixture = rollBack("0");
    expect(imageOf(fixture)).toBe("web:1");
    expect(revisions(fixture)).toEqual(["3", "2"]);
    expect(fixture.events).toContain('20 DeploymentRollback Rolled back deployment "web" to revision 1');
  });
  test("a revision that is not there", () => {
    const fixture = rollBack("7");
    expect(imageOf(fixture)).toBe("web:2");
    expect(fixture.events).toContain(
      "20 DeploymentRollbackRevisionNotFound Unable to find the revision to rollback to.",
    );
  });
  test("the template it has already", () => {
    const message = 'The rollback revision contains the same template as current deployment "web"';
    expect(rollBack("2").events).toContain(`20 DeploymentRollbackTemplateUnchanged ${message}`);
  });
});

test("a taken name makes it count collisions and use another hash", () => {
  const probe = new WorkloadFixture();
  probe.create(deploymentOf(1));
  probe.run(1);
  const taken = probe.replicaSets()[0]?.metadata.name ?? "";
  const fixture = new WorkloadFixture();
  const other = replicaSet(0, { selector: { matchLabels: { app: "other" } } });
  fixture.create({ ...other, metadata: { ...other.metadata, name: taken } });
  fixture.create(deploymentOf(1));
  fixture.run(5);
  expect(fixture.deployment().status?.collisionCount).toBe(1);
  expect(fixture.replicaSets()).toHaveLength(2);
  expect(fixture.replicaSets()[1]?.metadata.name).not.toBe(taken);
});

test("an empty selector is refused", () => {
  const fixture = new WorkloadFixture();
  fixture.create(deploymentOf(1, { selector: {} }));
  fixture.run(5);
  expect(fixture.replicaSets()).toEqual([]);
  expect(fixture.events[0]).toBe(
    "0 SelectingAll This deployment is selecting all pods. A non-empty selector is required.",
  );
  expect(fixture.deployment().status).toMatchObject({ observedGeneration: 1 });
});

test("decisions tell what was made and scaled", () => {
  const fixture = new WorkloadFixture();
  fixture.create(deploymentOf(2, rolling(1, 0)));
  fixture.run(10);
  fixture.patch("Deployment", "web", image("web:2"));
  fixture.run(10);
  const own = fixture.decisions.filter(({ by }) => by === "deployment");
  expect(own.map(({ what, object, revision, replicas }) => ({ what, object, revision, replicas }))).toEqual([
    { what: "create", object: "deployment/default/web", revision: 1, replicas: 2 },
    { what: "create", object: "deployment/default/web", revision: 2, replicas: 1 },
  ]);
});

test("a fork in the middle of a rollout goes on as the original does", () => {
  const play = (fixture: WorkloadFixture): string => {
    fixture.run(60);
    return JSON.stringify([fixture.engine.unseed(), fixture.replicaSets(), fixture.deployment(), fixture.pods()]);
  };
  const original = new WorkloadFixture();
  original.create(deploymentOf(8));
  original.run(10);
  original.patch("Deployment", "web", image("web:2"));
  original.run(13);
  const fork = new WorkloadFixture();
  fork.engine.restore(original.engine.checkpoint());
  expect(play(fork)).toBe(play(original));
});
