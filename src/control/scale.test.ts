import { expect, test } from "vitest";
import { readScale, writeScale } from "./scale.ts";
import { deploymentOf, WorkloadFixture } from "./workload-fixture.ts";

test("a Deployment's scale is read and written", () => {
  const fixture = new WorkloadFixture();
  fixture.create(deploymentOf(2));
  fixture.run(5);
  const { store } = fixture;
  const target = ["apps/v1", "Deployment", "default", "web"] as const;
  expect(readScale(store, ...target)).toMatchObject({
    ok: true,
    specReplicas: 2,
    statusReplicas: 2,
    selectorText: "app=web",
  });
  expect(writeScale(store, ...target, 5)).toEqual({ ok: true });
  expect(fixture.deployment()).toMatchObject({ spec: { replicas: 5 }, metadata: { generation: 2 } });
  expect(writeScale(store, ...target, 5)).toEqual({ ok: true });
  expect(fixture.deployment().metadata.generation).toBe(2);
});

test("what cannot be scaled says why", () => {
  const { store } = new WorkloadFixture();
  const check = (apiVersion: string, kind: string, message: string): void => {
    expect(readScale(store, apiVersion, kind, "default", "web")).toEqual({ ok: false, message });
    expect(writeScale(store, apiVersion, kind, "default", "web", 1)).toEqual({ ok: false, message });
  };
  check("apps/v1", "Deployment", 'deployments.apps "web" not found');
  check("v1", "ReplicationController", 'replicationcontrollers "web" not found');
  check("v1", "Deployment", 'no matches for kind "Deployment" in group ""');
  check("batch/v1", "Job", 'no matches for kind "Job" in group "batch"');
});
