import { expect, test } from "vitest";
import type { ReplicationController } from "../../src/kube/index.ts";
import type { LoggedDecision } from "../../src/store/index.ts";
import { type ActionParts, type FailureParts, planOf, podSpec } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { type RollingReplacement, World } from "../../src/world/index.ts";

/** `kubectl rolling-update`: one ReplicationController takes the place of another, pod by pod. */

const controller = (name: string, version: string, replicas: number): ReplicationController => ({
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name, namespace: "default" },
  spec: {
    replicas,
    selector: { app: "web", version },
    template: {
      metadata: { labels: { app: "web", version } },
      spec: podSpec({ image: `web:${version}` }) as never,
    },
  },
});

const FROM_FILE: RollingReplacement = {
  file: "v2.yaml",
  object: controller("web-v2", "v2", 3),
  isReplicasWritten: true,
};
const byImage = (newName: string | null): RollingReplacement => ({
  image: "web:v2",
  container: null,
  newName,
  deploymentKey: "deployment",
});

function play(replacement: RollingReplacement, failures: readonly FailureParts[] = [], period = seconds(60)) {
  const action: ActionParts = {
    kind: "rollingUpdate",
    atMicros: minutes(1),
    target: { kind: "ReplicationController", namespace: "default", name: "web" },
    replacement,
    updatePeriodMicros: period,
    intervalMicros: seconds(3),
    timeoutMicros: minutes(5),
  };
  const objects = [controller("web", "v1", 3)];
  const plan = planOf({ objects, actions: [action], failures, duration: "20m" });
  const decisions: LoggedDecision[] = [];
  const sink = {
    event: () => undefined,
    decision: (one: LoggedDecision) => decisions.push(one),
    sample: () => undefined,
  };
  const world = World.from(plan, sink);
  const said = () => decisions.filter(({ by }) => by === "rolling-update").map(({ t, text }) => ({ t, text }));
  const refusals = () => decisions.filter(({ by, what }) => by === "action" && what === "refused");
  const controllers = () => world.store.documents<ReplicationController>("ReplicationController").list();
  const images = () => {
    const { pods } = world.store;
    return pods
      .matching("default", () => true)
      .filter((row) => !pods.isDeleting(row))
      .map((row) => pods.templateOf(row).spec.containers[0]?.image);
  };
  return { world, said, refusals, controllers, images };
}

test("up one, wait, down one: with the words, the pauses and the annotations of the old kubectl", () => {
  const { world, said, controllers, images } = play(FROM_FILE);
  world.run(minutes(2));
  const [old, next] = controllers();
  expect(old?.metadata.annotations).toEqual({ "kubectl.kubernetes.io/original-replicas": "3" });
  expect(next?.metadata.annotations).toEqual({
    "kubectl.kubernetes.io/desired-replicas": "3",
    "kubectl.kubernetes.io/update-source-id": `web:${old?.metadata.uid}`,
  });
  world.run();
  const begin = minutes(1);
  const round = seconds(3 + 60 + 3);
  expect(said()).toEqual([
    {
      t: begin,
      text: "Scaling up web-v2 from 0 to 3, scaling down web from 3 to 0 (keep 3 pods available, don't exceed 4 pods)",
    },
    { t: begin, text: "Scaling web-v2 up to 1" },
    { t: begin + seconds(63), text: "Scaling web down to 2" },
    { t: begin + round, text: "Scaling web-v2 up to 2" },
    { t: begin + round + seconds(63), text: "Scaling web down to 1" },
    { t: begin + 2 * round, text: "Scaling web-v2 up to 3" },
    { t: begin + 2 * round + seconds(63), text: "Scaling web down to 0" },
    { t: begin + 3 * round + seconds(3), text: "Update succeeded. Deleting web" },
    { t: begin + 3 * round + seconds(3), text: 'replicationcontroller/web rolling updated to "web-v2"' },
  ]);
  expect(controllers().map(({ metadata }) => [metadata.name, metadata.annotations ?? {}])).toEqual([["web-v2", {}]]);
  expect(images()).toEqual(["web:v2", "web:v2", "web:v2"]);
});

test("by image alone: the pods are told apart by a label, and the new controller takes over the name", () => {
  const { world, said, controllers, images } = play(byImage(null), [], seconds(10));
  world.run(minutes(1) + seconds(20));
  const [old, next] = controllers();
  expect(old?.metadata.annotations?.["kubectl.kubernetes.io/next-controller-id"]).toBe(next?.metadata.name);
  expect(old?.spec.selector?.deployment).toMatch(/-orig$/);
  const fork = World.fork(world.plan, world.checkpoint());
  fork.run();
  world.run();
  expect(fork.finish().digest).toBe(world.finish().digest);
  expect(
    said()
      .slice(-2)
      .map(({ text }) => text),
  ).toEqual([`Renaming ${next?.metadata.name} to web`, "replicationcontroller/web rolling updated"]);
  const [last, ...others] = controllers();
  expect([last?.metadata.name, others, last?.status?.replicas]).toEqual(["web", [], 3]);
  expect(last?.spec.selector?.deployment).toBe(next?.spec.selector?.deployment);
  expect(images()).toEqual(["web:v2", "web:v2", "web:v2"]);
});

test("it ends with the API server, and both controllers stay as they are", () => {
  const outage: FailureParts = {
    kind: "controlPlaneDown",
    components: ["apiServer"],
    schedule: { at: minutes(2) },
    lasts: { constant: seconds(9) },
  };
  const { world, said, controllers } = play(byImage("web-v2"), [outage]);
  world.run();
  expect(said().at(-1)?.text).toMatch(/^error: The connection to the server kube-apiserver:6443 was refused/);
  expect(controllers().map(({ spec }) => spec.replicas)).toEqual([3, 1]);
  const refused = play(FROM_FILE, [{ ...outage, schedule: { at: seconds(59) } }]);
  refused.world.run();
  expect(refused.refusals()).toHaveLength(1);
  expect(refused.controllers()).toHaveLength(1);
});

test.each<[string, RollingReplacement, RegExp]>([
  [
    "a selector that does not differ",
    { file: "v2.yaml", object: controller("web-v2", "v1", 3), isReplicasWritten: true },
    /^v2.yaml must specify a matching key with non-equal value in Selector for web$/,
  ],
  [
    "no replicas",
    { file: "v2.yaml", object: controller("web-v2", "v2", 0), isReplicasWritten: true },
    /^Invalid controller spec for web-v2; required: > 0 replicas, actual: 0$/,
  ],
])("%s is refused", (_what, replacement, text) => {
  const { world, refusals, controllers } = play(replacement);
  world.run(minutes(2));
  expect(refusals().map(({ error }) => error)).toEqual([expect.stringMatching(text)]);
  expect(controllers()).toHaveLength(1);
});

test("an update that makes no progress gives up", () => {
  const stuck = { ...controller("web-v2", "v2", 3) };
  const template = stuck.spec.template as NonNullable<typeof stuck.spec.template>;
  const object = {
    ...stuck,
    spec: {
      ...stuck.spec,
      template: { ...template, spec: { ...template.spec, nodeSelector: { nowhere: "true" } } },
    },
  };
  const { world, said, controllers } = play({ file: "v2.yaml", object, isReplicasWritten: true });
  world.run();
  expect(said().at(-1)?.text).toBe("error: timed out waiting for any update progress to be made");
  expect(controllers().map(({ spec }) => spec.replicas)).toEqual([3, 1]);
});
