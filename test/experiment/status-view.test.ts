import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { play, pluginFilesOf, type RecordedRun, readRun, statusLines, statusView } from "../../src/experiment/index.ts";
import { loadScenario } from "../../src/scenario/index.ts";
import { deployment } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import type { Plan } from "../../src/world/index.ts";

/** `orrery explain KIND/NAME --status --at T`: how an object was, from a run that is made again up to T. */

const version = "1.2.3";
const root = mkdtempSync(join(tmpdir(), "orrery-status-"));
afterAll(() => rmSync(root, { recursive: true }));

const JOB = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "once" },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c" }] } } },
};

let run: RecordedRun;
beforeAll(async () => {
  const spec = {
    duration: "5m",
    cluster: { nodePools: [{ name: "main", count: 2 }] },
    objects: [deployment("web", { replicas: 3, probed: true }), JOB],
    actions: [{ at: "2m", kubectl: "set image deployment/web app=app:2" }],
  };
  const scenario = { apiVersion: "kube-orrery/v1alpha1", kind: "Scenario", metadata: { name: "status" }, spec };
  writeFileSync(join(root, "status.yaml"), JSON.stringify(scenario));
  const loaded = await loadScenario(join(root, "status.yaml"), { version });
  const { resolved, inputs, problems } = loaded;
  expect(problems).toEqual([]);
  const plan = loaded.plan as Plan;
  await play({ id: "status", plan, plugins: pluginFilesOf(loaded), folder: { out: root, version, resolved, inputs } });
  run = await readRun(join(root, "status", "seed=1"), { version });
});

test("a rollout is in the middle a while, and done at the end", async () => {
  const middle = await statusView(run, "deploy/web", minutes(2) + seconds(1));
  expect(middle.rollout).toBe(
    'Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...',
  );
  expect(middle.facts).toContainEqual(["Replicas", "3 desired | 1 updated | 4 total | 3 available | 1 unavailable"]);
  expect(middle.owned.map(({ facts }) => facts)).toEqual([
    "3/3 replicas created, revision 1",
    "1/1 replicas created, revision 2",
  ]);
  const lines = statusLines(await statusView(run, "deployment/default/web", null));
  expect(lines[0]).toBe("deployment/default/web at 00:05:00 — status");
  expect(lines[1]).toBe('  deployment "web" successfully rolled out');
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}Available +True +MinimumReplicasAvailable +Deployment has/));
});

test("a ReplicaSet shows its pods, a Job what it has done", async () => {
  const { owned } = await statusView(run, "deployment/web", null);
  const set = await statusView(run, owned.find(({ facts }) => facts.startsWith("3/3"))?.object ?? "", null);
  expect(set.pods).toHaveLength(3);
  expect(statusLines(set)).toContainEqual(expect.stringMatching(/^ {2}web-\S+ +Running +ready +main-0\d, restarts 0$/));
  const { facts } = await statusView(run, "job/once", null);
  expect(facts).toContainEqual(["Pods Statuses", "0 Active (0 Ready) / 1 Succeeded / 0 Failed"]);
});

test("what has no status, or is not there, is said", async () => {
  await expect(statusView(run, "pod/web-1", null)).rejects.toThrow(/has no status to show: write deployment\/NAME/);
  await expect(statusView(run, "widget/web", null)).rejects.toThrow(/has no status to show/);
  await expect(statusView(run, "deployment/wbe", null)).rejects.toThrow("there is no deployment wbe at 00:05:00");
});
