import { describe, expect, test } from "vitest";
import type { ControllerRevision, DaemonSet, Deployment, KubeObject, StatefulSet } from "../../src/kube/index.ts";
import { deployment, podSpec } from "../../src/testing/index.ts";
import { loaded, played } from "./kubectl-lines.ts";

/** `kubectl rollout undo|restart|pause|resume` of the three kinds that roll out. */

const labels = { app: "db" };
const template = { metadata: { labels }, spec: podSpec() };
const statefulSet = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "db" },
  spec: { replicas: 2, serviceName: "db", selector: { matchLabels: labels }, template },
};
const daemonSet = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "db" },
  spec: { selector: { matchLabels: labels }, template },
};

const imageOf = (object: KubeObject): string | undefined =>
  (object as Deployment).spec.template.spec.containers[0]?.image;

describe.each([
  ["statefulset", statefulSet],
  ["daemonset", daemonSet],
] as const)("a %s", (word, object) => {
  const outcomeOf = async (lines: readonly string[]) => {
    const outcome = await played({ objects: [object], lines, everySeconds: 60, duration: "10m" });
    const set = outcome.find<StatefulSet & DaemonSet>(object.kind, "db");
    const revisions = outcome.world.store
      .documents<ControllerRevision>("ControllerRevision")
      .list("default")
      .filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === object.kind)
      .map((one) => [one.revision, one.data?.spec?.template?.spec.containers[0]?.image])
      .sort();
    return { ...outcome, set, revisions };
  };

  test("goes back to the revision before, which gets a new number, and its pods with it", async () => {
    const { set, revisions, refusals } = await outcomeOf([
      `set image ${word}/db app=app:2`,
      `set image ${word}/db app=app:3`,
      `rollout undo ${word}/db`,
    ]);
    expect(refusals).toEqual([]);
    expect(imageOf(set)).toBe("app:2");
    expect(revisions).toEqual([
      [1, "app:1"],
      [3, "app:3"],
      [4, "app:2"],
    ]);
    expect(set.status).toMatchObject(
      word === "statefulset" ? { updatedReplicas: 2, readyReplicas: 2 } : { updatedNumberScheduled: 2, numberReady: 2 },
    );
  });

  test("goes back to a revision by its number, once", async () => {
    const { set, said, refusals } = await outcomeOf([
      `set image ${word}/db app=app:2`,
      `rollout undo ${word}/db --to-revision=1`,
      `rollout undo ${word}/db --to-revision=3`,
      `rollout undo ${word}/db --to-revision=9`,
    ]);
    expect(imageOf(set)).toBe("app:1");
    expect(said[2]).toBe(
      `kubectl rollout undo ${word}/db --to-revision=3: skipped rollback (current template already matches revision 3)`,
    );
    expect(refusals).toEqual(["unable to find specified revision 9 in history"]);
  });

  test("has nothing to go back to at first", async () => {
    expect((await outcomeOf([`rollout undo ${word}/db`])).refusals).toEqual(["no last revision to roll back to"]);
  });

  test("is restarted, but not twice in a second", async () => {
    const at = { at: "10s", kubectl: `rollout restart ${word}/db` };
    const { find, refusals } = await played({ objects: [object], actions: [at, at] });
    const restartedAt = find<Deployment>(object.kind, "db").spec.template.metadata?.annotations;
    expect(restartedAt).toEqual({ "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:10Z" });
    expect(refusals).toEqual([
      "failed to create patch for db: if restart has already been triggered within the past second, please wait before attempting to trigger another",
    ]);
  });

  test("is neither paused nor resumed", async () => {
    const { problems } = await loaded({
      objects: [object],
      lines: [`rollout pause ${word}/db`, `rollout resume ${word}/db`],
    });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining(`${word}s.apps "db" pausing is not supported`),
      expect.stringContaining(`${word}s.apps "db" resuming is not supported`),
    ]);
  });
});

test("a Deployment keeps its own annotations of sizes when it goes back, and is not undone while paused", async () => {
  const { find, refusals, said } = await played({
    objects: [deployment("web", { replicas: 3 })],
    lines: [
      "set image deployment/web app=app:2",
      "scale deployment/web --replicas=4",
      "rollout undo deployment/web",
      "rollout undo deployment/web --to-revision=3",
      "rollout pause deployment/web",
      "rollout undo deployment/web",
    ],
    everySeconds: 60,
    duration: "10m",
  });
  const web = find<Deployment>("Deployment", "web");
  expect(imageOf(web)).toBe("app:1");
  expect(web.metadata.annotations).toEqual({ "deployment.kubernetes.io/revision": "3" });
  expect(said[3]).toContain("skipped rollback (current template already matches revision 3)");
  expect(refusals).toEqual([
    "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/web' and try again",
  ]);
});

test("what cannot roll out is told so in kubectl's words", async () => {
  const set = { ...deployment("rs"), kind: "ReplicaSet" };
  const { problems } = await loaded({ objects: [set], lines: ["rollout undo rs/rs", "rollout restart rs/rs"] });
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('no rollbacker has been implemented for "ReplicaSet.apps"'),
    expect.stringContaining('replicasets.apps "rs" restarting is not supported'),
  ]);
});
