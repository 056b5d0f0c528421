import { expect, test } from "vitest";
import type { PersistentVolumeClaim, PodDisruptionBudget, StatefulSet } from "../../src/kube/index.ts";
import { type ActionParts, planOf, podSpec } from "../../src/testing/index.ts";
import { minutes } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

/** An ensemble as coordination services are run: one member a node, each with a disk, all but one always up. */
const LABELS = { app: "quorum" };
const ENSEMBLE: readonly object[] = [
  {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "shared", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "nfs.csi.k8s.io",
    volumeBindingMode: "WaitForFirstConsumer",
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "quorum" },
    spec: { clusterIP: "None", selector: LABELS, ports: [{ port: 2181 }] },
  },
  {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "quorum" },
    spec: { selector: { matchLabels: LABELS }, maxUnavailable: 1 },
  },
  {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "quorum" },
    spec: {
      serviceName: "quorum",
      replicas: 3,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          affinity: {
            podAntiAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: [
                {
                  labelSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["quorum"] }] },
                  topologyKey: "kubernetes.io/hostname",
                },
              ],
            },
          },
          containers: [
            {
              name: "member",
              image: "quorum:1",
              resources: { requests: { cpu: "500m", memory: "1Gi" } },
              volumeMounts: [{ name: "data", mountPath: "/data" }],
            },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
        },
      ],
    },
  },
];

const ensemble = (nodes: number): World => World.from(planOf({ nodes, objects: ENSEMBLE, duration: "5m" }));

/** `pod node` of each pod, in the order of creation. */
function places({ store }: World): string[] {
  const found: string[] = [];
  for (let row = store.pods.first(); row !== -1; row = store.pods.after(row)) {
    found.push(`${store.pods.name.get(row)} ${store.pods.nodeNameOf(row)}`.trim());
  }
  return found;
}

function statusOf({ store }: World) {
  const claims = store.documents<PersistentVolumeClaim>("PersistentVolumeClaim").list();
  return {
    set: store.documents<StatefulSet>("StatefulSet").find("default", "quorum")?.status,
    budget: store.documents<PodDisruptionBudget>("PodDisruptionBudget").find("default", "quorum")?.status,
    claims: claims.map(({ metadata, status }) => `${metadata.name} ${status?.phase}`),
  };
}

test("on three nodes each member has one of its own", () => {
  const world = ensemble(3);
  world.run();
  const nodes = places(world).map((place) => place.split(" ")[1]);
  expect(places(world).map((place) => place.split(" ")[0])).toEqual(["quorum-0", "quorum-1", "quorum-2"]);
  expect([...nodes].sort()).toEqual(["n1", "n2", "n3"]);
  const { set, budget, claims } = statusOf(world);
  expect(set).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 });
  expect(budget).toMatchObject({ expectedPods: 3, currentHealthy: 3, desiredHealthy: 2, disruptionsAllowed: 1 });
  expect(claims).toEqual(["data-quorum-0 Bound", "data-quorum-1 Bound", "data-quorum-2 Bound"]);
});

test("on two nodes the third waits, and the budget knows it", () => {
  const world = ensemble(2);
  world.run();
  expect(places(world)).toEqual([
    expect.stringMatching(/^quorum-0 n[12]$/),
    expect.stringMatching(/^quorum-1 n[12]$/),
    "quorum-2",
  ]);
  const { set, budget } = statusOf(world);
  expect(set).toMatchObject({ replicas: 3, readyReplicas: 2 });
  expect(budget).toMatchObject({ expectedPods: 3, currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0 });
});

test("the pods of a dump are not made anew, though it holds no revisions", () => {
  const set = ENSEMBLE.find((object) => (object as StatefulSet).kind === "StatefulSet") as StatefulSet;
  const labels = { ...LABELS, "controller-revision-hash": "quorum-7d8f9" };
  const member = (index: number): object => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `quorum-${index}`,
      labels: { ...labels, "statefulset.kubernetes.io/pod-name": `quorum-${index}` },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "StatefulSet", name: "quorum", uid: "dumped", controller: true },
      ],
    },
    spec: { ...set.spec.template.spec, nodeName: `n${index + 1}`, volumes: [{ name: "data", emptyDir: {} }] },
  });
  const dumped = {
    ...set,
    spec: { ...set.spec, volumeClaimTemplates: [] },
    status: { replicas: 3, currentRevision: "quorum-7d8f9", updateRevision: "quorum-7d8f9" },
  };
  const template = {
    ...set.spec.template,
    spec: { ...set.spec.template.spec, volumes: [{ name: "data", emptyDir: {} }] },
  };
  const objects = [{ ...dumped, spec: { ...dumped.spec, template } }, ...[0, 1, 2].map(member)];
  const world = World.from(planOf({ objects, duration: "5m" }));
  const serials = () =>
    [0, 1, 2].map((i) => world.store.pods.serial.get(world.store.pods.rowOf("default", `quorum-${i}`)));
  const before = serials();
  world.run();
  expect(serials()).toEqual(before);
  expect(statusOf(world).set).toMatchObject({ currentRevision: "quorum-7d8f9", updatedReplicas: 3, readyReplicas: 3 });
});

test("a fork goes on as its origin does", () => {
  const actions = [
    {
      kind: "setImage",
      atMicros: minutes(2),
      target: { kind: "StatefulSet", namespace: "default", name: "quorum" },
      images: [{ container: "*", image: "quorum:2" }],
    },
  ] as const;
  const plan = planOf({ objects: ENSEMBLE, actions, duration: "10m" });
  const origin = World.from(plan);
  origin.run(minutes(2) + 1);
  const fork = World.fork(plan, origin.checkpoint());
  origin.run();
  fork.run();
  expect(fork.finish()).toEqual(origin.finish());
  expect(statusOf(fork)).toEqual(statusOf(origin));
  expect(statusOf(fork).set).toMatchObject({ readyReplicas: 3, updatedReplicas: 3 });
});

test("a set that goes in the instant in which its pods come leaves nothing to sync", () => {
  const set = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "db" },
    spec: {
      serviceName: "db",
      replicas: 2,
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: podSpec() },
    },
  };
  const target = { kind: "StatefulSet", namespace: "default", name: "db" };
  const actions: ActionParts[] = [{ kind: "delete", atMicros: 1, target, gracePeriodSeconds: null }];
  const world = World.from(planOf({ objects: [set], actions }));
  world.run();
  expect(world.store.pods.count).toBe(0);
});
