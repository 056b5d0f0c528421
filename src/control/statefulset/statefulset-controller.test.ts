import { describe, expect, test } from "vitest";
import type { ControllerRevision, KubeObject, PersistentVolumeClaim, StatefulSet } from "../../kube/index.ts";
import { image, replicaSet, WorkloadFixture } from "../workload-fixture.ts";
import { StatefulSetController } from "./statefulset-controller.ts";

function setOf(replicas: number, more: object = {}): StatefulSet {
  return { ...replicaSet(replicas, { serviceName: "web", ...more }), kind: "StatefulSet" } as unknown as StatefulSet;
}

class Stateful extends WorkloadFixture {
  constructor() {
    super();
    new StatefulSetController(this.store);
  }

  get set(): StatefulSet {
    return this.store.documents<StatefulSet>("StatefulSet").find("default", "web") as StatefulSet;
  }
  get revisions(): readonly ControllerRevision[] {
    return this.store.documents<ControllerRevision>("ControllerRevision").list();
  }
  get claims(): string[] {
    const claims = this.store.documents<PersistentVolumeClaim>("PersistentVolumeClaim").list();
    return claims.map(({ metadata }) => {
      const owners = (metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${name}`);
      return [metadata.name, ...owners].join(" ");
    });
  }
  /** Names and images of the pods, by name. */
  get images(): string[] {
    const { pods } = this.store;
    const rows = pods.matching("default", () => true);
    return rows.map((row) => `${pods.name.get(row)} ${pods.templateOf(row).spec.containers[0]?.image}`).sort();
  }
  scale(replicas: number): void {
    this.patch("StatefulSet", "web", { spec: { replicas } });
  }
}

function stateful(set: StatefulSet, untilSecond: number): Stateful {
  const fixture = new Stateful();
  fixture.create(set as KubeObject);
  fixture.run(untilSecond);
  return fixture;
}

describe("the pods of a set", () => {
  test("come one after the other, each when the one before is ready", () => {
    const fixture = stateful(setOf(3), 1);
    expect(fixture.pods()).toEqual(["web-0"]);
    fixture.run(3);
    expect(fixture.pods()).toEqual(["web-0", "web-1"]);
    fixture.run(10);
    expect(fixture.set.status).toMatchObject({ replicas: 3, readyReplicas: 3, currentReplicas: 3, updatedReplicas: 3 });
    expect(fixture.set.status?.currentRevision).toBe(fixture.revisions[0]?.metadata.name);
  });

  test("come at once when they may", () => {
    const fixture = stateful(setOf(3, { podManagementPolicy: "Parallel" }), 0);
    expect(fixture.pods()).toEqual(["web-0", "web-1", "web-2"]);
  });

  test("know who they are", () => {
    const fixture = stateful(setOf(1, { ordinals: { start: 4 } }), 1);
    const pod = fixture.store.pod(fixture.store.pods.rowOf("default", "web-4"));
    const [revision] = fixture.revisions;
    expect(pod.metadata.labels).toEqual({
      app: "web",
      "apps.kubernetes.io/pod-index": "4",
      "controller-revision-hash": revision?.metadata.name,
      "statefulset.kubernetes.io/pod-name": "web-4",
    });
    expect(pod.spec).toMatchObject({ hostname: "web-4", subdomain: "web" });
    expect(pod.metadata.ownerReferences).toMatchObject([{ kind: "StatefulSet", name: "web", controller: true }]);
  });

  test("go in the reverse order, one at a time", () => {
    const fixture = stateful(setOf(3), 20);
    fixture.scale(1);
    fixture.run(20);
    expect(fixture.pods()).toEqual(["web-0", "web-1", "[web-2]"]);
    fixture.run(21);
    expect(fixture.pods()).toEqual(["web-0", "[web-1]"]);
    fixture.run(22);
    expect(fixture.pods()).toEqual(["web-0"]);
  });

  test("are adopted by name and selector", () => {
    const fixture = new Stateful();
    fixture.createPod("web-0", { app: "web" });
    fixture.createPod("other-0", { app: "web" });
    fixture.create(setOf(1) as KubeObject);
    fixture.run(1);
    const { pods } = fixture.store;
    expect(pods.owner.get(pods.rowOf("default", "web-0"))?.name).toBe("web");
    expect(pods.owner.get(pods.rowOf("default", "other-0"))).toBeNull();
    // It is of no revision, and so it is replaced.
    expect(fixture.events).toContainEqual("0 SuccessfulDelete Delete Pod web-0 in StatefulSet web successful");
  });

  test("that somebody else has taken the name of are tried again, later each time", () => {
    const fixture = new Stateful();
    const foreign = fixture.createPod("web-0", { app: "other" });
    fixture.create(setOf(1) as KubeObject);
    fixture.run(1);
    expect(fixture.set.status).toMatchObject({ replicas: 0 });
    fixture.store.podWriter.requestDeletion(foreign, 0);
    fixture.run(5);
    expect(fixture.set.status).toMatchObject({ replicas: 1, readyReplicas: 1 });
  });
});

describe("an update", () => {
  const updated = (more: object, secondsLater: number): Stateful => {
    const fixture = stateful(setOf(3, more), 20);
    fixture.patch("StatefulSet", "web", image("web:2"));
    fixture.run(20 + secondsLater);
    return fixture;
  };
  const check = (title: string, more: object, secondsLater: number, images: readonly string[]) =>
    test(title, () => expect(updated(more, secondsLater).images).toEqual(images));
  const rolling = (settings: object) => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate: settings } });

  check("replaces the pods from the last to the first", {}, 5, ["web-0 web:1", "web-1 web:2", "web-2 web:2"]);
  check("ends with all of them", {}, 20, ["web-0 web:2", "web-1 web:2", "web-2 web:2"]);
  check("stops at the partition", rolling({ partition: 2 }), 30, ["web-0 web:1", "web-1 web:1", "web-2 web:2"]);
  check("waits for somebody to delete them", { updateStrategy: { type: "OnDelete" } }, 30, [
    "web-0 web:1",
    "web-1 web:1",
    "web-2 web:1",
  ]);

  test("takes as many at once as may be unavailable", () => {
    const fixture = updated({ ...rolling({ maxUnavailable: "67%" }), podManagementPolicy: "Parallel" }, 0);
    expect(fixture.pods()).toEqual(["web-0", "[web-1]", "[web-2]"]);
  });

  test("that is taken back uses the revision again, with a new number", () => {
    const fixture = updated({ podManagementPolicy: "Parallel" }, 20);
    fixture.patch("StatefulSet", "web", image("web:1"));
    fixture.run(60);
    expect(fixture.revisions.map(({ revision }) => revision)).toEqual([3, 2]);
    expect(fixture.set.status?.currentRevision).toBe(fixture.revisions[0]?.metadata.name);
  });

  test("leaves no more old revisions than the set keeps", () => {
    const fixture = stateful(setOf(1, { revisionHistoryLimit: 1 }), 10);
    for (const [index, name] of ["web:2", "web:3", "web:4"].entries()) {
      fixture.patch("StatefulSet", "web", image(name));
      fixture.run(20 + 10 * index);
    }
    expect(fixture.revisions.map(({ revision }) => revision)).toEqual([3, 4]);
  });
});

describe("claims", () => {
  const claiming = (policy: object) => ({
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }],
    persistentVolumeClaimRetentionPolicy: policy,
  });

  test("are made before their pod and outlive it", () => {
    const fixture = stateful(setOf(2, claiming({})), 10);
    expect(fixture.claims).toEqual(["data-web-0", "data-web-1"]);
    const pod = fixture.store.pod(fixture.store.pods.rowOf("default", "web-1"));
    expect(pod.spec.volumes).toEqual([{ name: "data", persistentVolumeClaim: { claimName: "data-web-1" } }]);
    fixture.scale(1);
    fixture.run(20);
    expect(fixture.claims).toEqual(["data-web-0", "data-web-1"]);
  });

  test("go with a pod that is scaled away, if the set says so", () => {
    const fixture = stateful(setOf(2, claiming({ whenScaled: "Delete" })), 10);
    expect(fixture.claims).toEqual(["data-web-0", "data-web-1"]);
    fixture.scale(1);
    fixture.run(10);
    expect(fixture.claims).toEqual(["data-web-0", "data-web-1 Pod/web-1"]);
    fixture.run(20);
    expect(fixture.claims).toEqual(["data-web-0"]);
  });

  test("get the owner that a new policy wants, with an event", () => {
    const fixture = stateful(setOf(1, claiming({})), 10);
    fixture.patch("StatefulSet", "web", { spec: claiming({ whenDeleted: "Delete", whenScaled: "Retain" }) });
    fixture.run(11);
    expect(fixture.claims).toEqual(["data-web-0 StatefulSet/web"]);
    expect(fixture.events).toContainEqual("10 SuccessfulUpdate Update Pod web-0 in StatefulSet web successful");
  });
});

test("a fork goes on as its origin does", () => {
  const begin = (): Stateful => {
    const fixture = new Stateful();
    fixture.create(setOf(3, { volumeClaimTemplates: [{ metadata: { name: "data" } }] }) as KubeObject);
    return fixture;
  };
  const origin = begin();
  origin.run(4);
  const checkpoint = origin.engine.checkpoint();
  const goOn = (fixture: Stateful) => {
    fixture.patch("StatefulSet", "web", image("web:2"));
    fixture.run(60);
    return [fixture.engine.unseed(), fixture.images, fixture.claims, fixture.revisions];
  };
  const expected = goOn(origin);
  const fork = begin();
  fork.engine.restore(checkpoint);
  expect(goOn(fork)).toEqual(expected);
});
