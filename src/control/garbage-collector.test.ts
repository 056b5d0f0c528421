import { describe, expect, test } from "vitest";
import { deleteObject, type Propagation } from "./delete-object.ts";
import { deploymentOf, WorkloadFixture } from "./workload-fixture.ts";

function deleteDeployment(propagation: Propagation): WorkloadFixture {
  const fixture = new WorkloadFixture();
  const row = fixture.create(deploymentOf(2));
  fixture.run(10);
  deleteObject(fixture.store, "Deployment", row, propagation);
  fixture.run(10);
  return fixture;
}
const hasDeployment = ({ store }: WorkloadFixture): boolean => store.documents("Deployment").count > 0;

describe("deleting a Deployment", () => {
  test("in the background removes it, then its ReplicaSets, then their pods, in one instant", () => {
    const fixture = deleteDeployment("Background");
    expect(hasDeployment(fixture)).toBe(false);
    expect(fixture.replicaSets()).toEqual([]);
    expect(fixture.pods()).toEqual([expect.stringMatching(/^\[/), expect.stringMatching(/^\[/)]);
    fixture.run(12);
    expect(fixture.pods()).toEqual([]);
  });

  test("in the foreground removes it after its pods", () => {
    const fixture = deleteDeployment("Foreground");
    expect(fixture.deployment().metadata).toMatchObject({
      finalizers: ["foregroundDeletion"],
      deletionTimestamp: "1970-01-01T00:00:10Z",
    });
    expect(fixture.replicaSets()).toHaveLength(1);
    expect(fixture.pods()).toEqual([expect.stringMatching(/^\[/), expect.stringMatching(/^\[/)]);
    fixture.engine.run(10_999_999);
    expect(hasDeployment(fixture)).toBe(true);
    fixture.run(11);
    expect(hasDeployment(fixture)).toBe(false);
    expect(fixture.replicaSets()).toEqual([]);
    expect(fixture.pods()).toEqual([]);
  });

  test("with orphans leaves the ReplicaSet, which a new Deployment adopts", () => {
    const fixture = deleteDeployment("Orphan");
    expect(hasDeployment(fixture)).toBe(false);
    const before = fixture.pods();
    expect(fixture.replicaSets().map(({ metadata }) => metadata.ownerReferences)).toEqual([undefined]);
    fixture.create(deploymentOf(2));
    fixture.run(20);
    expect(fixture.replicaSets()).toHaveLength(1);
    expect(fixture.replicaSets()[0]?.metadata.ownerReferences).toMatchObject([{ kind: "Deployment", name: "web" }]);
    expect(fixture.pods()).toEqual(before);
  });
});

describe("dependents", () => {
  const configMap = (name: string, more: object = {}) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default", ...more },
  });
  const referenceTo = (fixture: WorkloadFixture, name: string) => {
    const { uid = "" } = fixture.store.documents("ConfigMap").find("default", name)?.metadata ?? {};
    return { apiVersion: "v1", kind: "ConfigMap", name, uid };
  };
  const names = ({ store }: WorkloadFixture) =>
    store
      .documents("ConfigMap")
      .list()
      .map(({ metadata }) => metadata.name);

  test("of two owners lose the one that is gone, and go with the last", () => {
    const fixture = new WorkloadFixture();
    const first = fixture.create(configMap("first"));
    const second = fixture.create(configMap("second"));
    const ownerReferences = [referenceTo(fixture, "first"), referenceTo(fixture, "second")];
    fixture.create(configMap("child", { ownerReferences }));
    fixture.run(1);
    deleteObject(fixture.store, "ConfigMap", first);
    fixture.run(2);
    expect(names(fixture)).toEqual(["second", "child"]);
    deleteObject(fixture.store, "ConfigMap", second);
    fixture.run(3);
    expect(names(fixture)).toEqual([]);
  });

  test("with a finalizer stay until it is taken away", () => {
    const fixture = new WorkloadFixture();
    const owner = fixture.create(configMap("owner"));
    const ownerReferences = [referenceTo(fixture, "owner")];
    fixture.create(configMap("child", { ownerReferences, finalizers: ["example.com/hold"] }));
    fixture.run(1);
    deleteObject(fixture.store, "ConfigMap", owner);
    fixture.run(2);
    expect(names(fixture)).toEqual(["child"]);
    fixture.patch("ConfigMap", "child", { metadata: { finalizers: [] } });
    fixture.run(3);
    expect(names(fixture)).toEqual([]);
  });
});
