import { expect, test } from "vitest";
import type { KubeObject, PersistentVolume, PersistentVolumeClaim } from "../../src/kube/index.ts";
import { type PlanParts, planOf } from "../../src/testing/index.ts";
import { minutes, seconds } from "../../src/units/index.ts";
import { World } from "../../src/world/index.ts";

const DISKS = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "disks", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "disk.csi.example.com",
  volumeBindingMode: "WaitForFirstConsumer",
};
const claimSpec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } } };
const claim = (name: string, more = {}) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name },
  spec: { ...claimSpec, ...more },
});
const pod = (name: string, ...volumes: object[]) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [{ name: "app", image: "app:1" }], volumes },
});
const using = (claimName: string) => ({ name: "data", persistentVolumeClaim: { claimName } });
const volume = (name: string, storage: string, more = {}) => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], capacity: { storage }, nfs: { server: "s", path: "/p" }, ...more },
});
const database = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "db" },
  spec: {
    serviceName: "db",
    replicas: 3,
    selector: { matchLabels: { app: "db" } },
    template: {
      metadata: { labels: { app: "db" } },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "topology.kubernetes.io/zone",
            whenUnsatisfiable: "DoNotSchedule",
            labelSelector: { matchLabels: { app: "db" } },
          },
        ],
        containers: [{ name: "db", image: "db:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
      },
    },
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: claimSpec }],
  },
};

const NOBODY = { event: () => {}, decision: () => {}, sample: () => {} };

function worldOf(parts: PlanParts): World {
  return World.from(planOf({ duration: "2m", ...parts }), NOBODY);
}

const claimsOf = ({ store }: World) =>
  store
    .documents<PersistentVolumeClaim>("PersistentVolumeClaim")
    .list()
    .map(({ metadata, status }) => `${metadata.name} ${status?.phase}`);
const volumesOf = ({ store }: World) => store.documents<PersistentVolume>("PersistentVolume").list();
const nodeOf = ({ store: { pods } }: World, name: string) => pods.nodeNameOf(pods.rowOf("default", name));
const reasonOf = ({ store: { pods } }: World, name: string) =>
  pods.extra.get(pods.rowOf("default", name)).conditionTexts?.PodScheduled?.message;
const said = ({ store }: World, name: string) =>
  store.events
    .kept()
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`);

test("disks are made in the zone where the pod goes first, and keep it there when its node dies", () => {
  const world = worldOf({
    objects: [DISKS, database],
    duration: "15m",
    failures: [{ kind: "crash", nodes: ["n2"], schedule: { at: minutes(2) } }],
    actions: [
      {
        kind: "delete",
        atMicros: minutes(9),
        target: { kind: "Pod", namespace: "default", name: "db-1" },
        gracePeriodSeconds: 0,
      },
    ],
  });
  world.run(minutes(1));
  expect([0, 1, 2].map((ordinal) => nodeOf(world, `db-${ordinal}`))).toEqual(["n1", "n2", "n3"]);
  expect(claimsOf(world)).toEqual(["data-db-0 Bound", "data-db-1 Bound", "data-db-2 Bound"]);
  expect(volumesOf(world)[1]?.spec.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
    { matchExpressions: [{ key: "topology.kubernetes.io/zone", operator: "In", values: ["b"] }] },
  ]);
  world.run();
  expect(nodeOf(world, "db-1")).toBe("");
  expect(reasonOf(world, "db-1")).toBe(
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match PersistentVolume's node affinity. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  );
});

test("a claim that waits for its pod says so, from its request to its volume", () => {
  const world = worldOf({ objects: [DISKS, claim("data"), pod("app", using("data"))] });
  world.run(minutes(1));
  const [made] = volumesOf(world);
  expect(said(world, "data")).toEqual([
    "WaitForPodScheduled: waiting for pod app to be scheduled",
    "ExternalProvisioning: Waiting for a volume to be created either by the external provisioner 'disk.csi.example.com' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
    'Provisioning: External provisioner is provisioning volume for claim "default/data"',
    `ProvisioningSucceeded: Successfully provisioned volume ${made?.metadata.name}`,
  ]);
  expect(made?.metadata.finalizers).toEqual([
    "external-provisioner.volume.kubernetes.io/finalizer",
    "kubernetes.io/pv-protection",
  ]);
  expect(nodeOf(world, "app")).not.toBe("");
});

test("pods are not bound before their claims are, and are nominated meanwhile", () => {
  const world = worldOf({ objects: [DISKS, claim("data"), pod("app", using("data"))] });
  const { pods } = world.store;
  world.run(seconds(0.5));
  const row = pods.rowOf("default", "app");
  expect([nodeOf(world, "app"), pods.nominatedNodeId.get(row) !== -1]).toEqual(["", true]);
  world.run();
  expect([nodeOf(world, "app") !== "", pods.nominatedNodeId.get(row)]).toEqual([true, -1]);
});

test("a fork in the middle of provisioning goes on as its origin does", () => {
  const plan = planOf({ objects: [DISKS, database], duration: "2m" });
  const origin = World.from(plan);
  origin.run(seconds(0.7));
  const fork = World.fork(plan, origin.checkpoint());
  origin.run();
  fork.run();
  expect(fork.finish()).toEqual(origin.finish());
  expect(claimsOf(fork)).toEqual(["data-db-0 Bound", "data-db-1 Bound", "data-db-2 Bound"]);
});

test("a claim without a class takes the smallest volume that fits, or says that there is none", () => {
  const objects = [
    volume("big", "50Gi"),
    volume("fits", "6Gi"),
    volume("small", "1Gi"),
    claim("data"),
    pod("app", using("data")),
  ];
  const world = worldOf({ objects });
  world.run();
  expect(volumesOf(world).map(({ metadata, status }) => `${metadata.name} ${status?.phase}`)).toEqual([
    "big Available",
    "fits Bound",
    "small Available",
  ]);
  expect(nodeOf(world, "app")).not.toBe("");
  const empty = worldOf({ objects: [claim("data"), pod("app", using("data"))] });
  empty.run(seconds(119));
  const text = "no persistent volumes available for this claim and no storage class is set";
  expect(said(empty, "data")).toEqual([`FailedBinding: ${text}`]);
  expect(empty.store.events.kept().find(({ reason }) => reason === "FailedBinding")?.count).toBe(8);
  expect(reasonOf(empty, "app")).toBe(
    "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
  );
});

test("a node takes no more volumes of a driver than its CSINode allows", () => {
  const csiNode = {
    apiVersion: "storage.k8s.io/v1",
    kind: "CSINode",
    metadata: { name: "n1" },
    spec: { drivers: [{ name: "disk.csi.example.com", nodeID: "n1", allocatable: { count: 1 } }] },
  };
  const objects = [DISKS, csiNode, claim("a"), claim("b"), pod("one", using("a")), pod("two", using("b"))];
  const world = worldOf({ nodes: 1, objects });
  world.run();
  expect([nodeOf(world, "one"), nodeOf(world, "two")]).toEqual(["n1", ""]);
  expect(reasonOf(world, "two")).toMatch(/^0\/1 nodes are available: 1 node\(s\) exceed max volume count\./);
});

test("a claim for one pod alone lets no second one in", () => {
  const objects = [
    DISKS,
    claim("data", { accessModes: ["ReadWriteOncePod"] }),
    pod("one", using("data")),
    pod("two", using("data")),
  ];
  const world = worldOf({ objects });
  world.run();
  expect(nodeOf(world, "one")).not.toBe("");
  expect(reasonOf(world, "two")).toMatch(
    /^0\/3 nodes are available: 3 node\(s\) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod\./,
  );
});

test("a claim in use outlives its deletion, and its volume goes with it by its policy", () => {
  const remove = (kind: string, name: string, atMicros: number) =>
    ({ kind: "delete", atMicros, target: { kind, namespace: "default", name }, gracePeriodSeconds: null }) as const;
  const actions = [remove("PersistentVolumeClaim", "data", seconds(30)), remove("Pod", "app", seconds(60))];
  const world = worldOf({ objects: [DISKS, claim("data"), pod("app", using("data"))], actions });
  world.run(seconds(45));
  expect(claimsOf(world)).toEqual(["data Bound"]);
  world.run(seconds(59));
  const held = world.store.documents<KubeObject>("PersistentVolumeClaim").find("default", "data");
  expect(held?.metadata.finalizers).toEqual(["kubernetes.io/pvc-protection"]);
  world.run();
  expect([claimsOf(world), volumesOf(world)]).toEqual([[], []]);
  const kept = worldOf({
    objects: [{ ...DISKS, reclaimPolicy: "Retain" }, claim("data"), pod("app", using("data"))],
    actions,
  });
  kept.run();
  expect([claimsOf(kept), volumesOf(kept)[0]?.status?.phase]).toEqual([[], "Released"]);
});

test("ephemeral volumes get claims of their own, which go with the pod", () => {
  const ephemeral = { name: "scratch", ephemeral: { volumeClaimTemplate: { spec: claimSpec } } };
  const target = { kind: "Pod", namespace: "default", name: "app" };
  const actions = [{ kind: "delete", atMicros: seconds(60), target, gracePeriodSeconds: null }] as const;
  const world = worldOf({ objects: [DISKS, pod("app", ephemeral)], actions });
  world.run(seconds(30));
  expect([nodeOf(world, "app") !== "", claimsOf(world)]).toEqual([true, ["app-scratch Bound"]]);
  world.run();
  expect([claimsOf(world), volumesOf(world)]).toEqual([[], []]);
});

test("a dump's claims are bound to its volumes again, and get new ones where those are missing", () => {
  const dumped = (name: string, volumeName: string) => ({
    ...claim(name, { volumeName, storageClassName: "disks" }),
    metadata: { name, annotations: { "pv.kubernetes.io/bind-completed": "yes" } },
    status: { phase: "Bound" },
  });
  const claimRef = { namespace: "default", name: "a", uid: "of-another-cluster" };
  const objects = [
    DISKS,
    volume("old", "5Gi", { claimRef, storageClassName: "disks" }),
    dumped("a", "old"),
    dumped("b", "gone"),
  ];
  const world = worldOf({ objects: [...objects, pod("one", using("a")), pod("two", using("b"))] });
  world.run();
  expect(claimsOf(world)).toEqual(["a Bound", "b Bound"]);
  expect(volumesOf(world).map(({ status }) => status?.phase)).toEqual(["Bound", "Bound"]);
  expect([nodeOf(world, "one") !== "", nodeOf(world, "two") !== ""]).toEqual([true, true]);
});
