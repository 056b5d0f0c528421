import { describe, expect, test } from "vitest";
import type {
  CsiNode,
  KubeNode,
  KubeObject,
  PersistentVolume,
  PersistentVolumeClaim,
  PodSpec,
  StorageClass,
  Volume,
} from "../../kube/index.ts";
import { AssumedVolumes } from "../assumed-volumes.ts";
import { SchedulerCache } from "../cache.ts";
import type { ClusterView } from "../cluster-view.ts";
import { DEFAULT_CONFIG } from "../config/read-config.ts";
import { CycleState } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import { PodCompiler, type PodInfo } from "../pod-info.ts";
import { CODE_NAMES, type Status } from "../status.ts";
import { type CsiDriver, NO_STORAGE, type StorageView } from "../storage-view.ts";
import { nodeVolumeLimits } from "./node-volume-limits.ts";
import {
  atOnce,
  claim,
  csiNode,
  DRIVER,
  ebs,
  gce,
  handle,
  inZone,
  iscsi,
  late,
  rbd,
  scratch,
  storageClass,
  using,
  volume,
  ZONE,
} from "./storage-fixture.ts";
import { volumeBinding } from "./volume-binding.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";
import { volumeZone } from "./volume-zone.ts";

/** The objects of a cluster, and the pods that are on its nodes: `{ n1: [pod] }`. */
interface Given {
  readonly nodes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly objects?: readonly KubeObject[];
  readonly running?: Readonly<Record<string, readonly PodInfo[]>>;
}

const compiler = new PodCompiler();

function podOf(name: string, volumes: readonly object[], nodeName = "", namespace = "default"): PodInfo {
  const spec = { containers: [{ name: "c" }], volumes: volumes as Volume[] } as PodSpec;
  const source = { namespace, name, uid: name, labels: {}, spec, nodeName, nominatedNodeName: "" };
  return compiler.compile({ ...source, isTerminating: false, startAt: -1 });
}

function viewOf({ nodes = { n1: {} }, objects = [], running = {} }: Given): ClusterView {
  const cache = new SchedulerCache();
  for (const [name, labels] of Object.entries(nodes)) {
    cache.addNode({ apiVersion: "v1", kind: "Node", metadata: { name, labels }, status: {} } as KubeNode);
    for (const pod of running[name] ?? []) {
      cache.addPod(podOf(pod.name, pod.spec.volumes ?? [], name));
    }
  }
  const find = (kind: string, name: string, namespace?: string) =>
    objects.find(({ kind: is, metadata: m }) => is === kind && m.name === name && m.namespace === namespace);
  const storage: StorageView = {
    ...NO_STORAGE,
    claim: (namespace, name) => find("PersistentVolumeClaim", name, namespace) as PersistentVolumeClaim | undefined,
    volume: (name) => find("PersistentVolume", name) as PersistentVolume | undefined,
    volumes: () => objects.filter(({ kind }) => kind === "PersistentVolume") as PersistentVolume[],
    storageClass: (name) => find("StorageClass", name) as StorageClass | undefined,
    csiNode: (name) => find("CSINode", name) as CsiNode | undefined,
    csiDriver: (name) => find("CSIDriver", name) as CsiDriver | undefined,
  };
  return {
    cache,
    storage,
    revision: 0,
    labelsOfNamespace: () => ({}),
    servicesIn: () => [],
    selectorOfOwner: () => undefined,
    budgetsIn: () => [],
    startOf: () => -1,
  };
}

const shown = (status: Status | null | undefined): string =>
  status == null ? "yes" : [CODE_NAMES[status.code], ...status.reasons].join(": ");

/** What the plugin says of the pod: one text if it is decided before any node, else one a node. */
function answers(plugin: Plugin, view: ClusterView, pod: PodInfo): string | string[] {
  const state = new CycleState();
  const status = plugin.preFilter?.(state, pod)?.status;
  if (status !== undefined) return shown(status);
  return view.cache.snapshot().map((node) => shown(plugin.filter?.(state, pod, node)));
}

const disks = (view: ClusterView) => volumeRestrictions(view);
const limits = (view: ClusterView) => nodeVolumeLimits(view);
const zones = (view: ClusterView) => volumeZone(view);
const { volumes: bindingArgs } = (DEFAULT_CONFIG.profiles[0] as (typeof DEFAULT_CONFIG.profiles)[number]).args;
const binding = (view: ClusterView) => volumeBinding(new AssumedVolumes(view.storage), bindingArgs);

const NO_DISK = "Unschedulable: node(s) had no available disk";
const IN_USE =
  "Unschedulable: node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
const FULL = "Unschedulable: node(s) exceed max volume count";
const UU = "UnschedulableAndUnresolvable";
const NO_ZONE = `${UU}: node(s) had no available volume zone`;
const OTHER_NODE = `${UU}: node(s) didn't match PersistentVolume's node affinity`;
const NO_VOLUME = `${UU}: node(s) didn't find available persistent volumes to bind`;
const twoZones = { a: { [ZONE]: "a" }, b: { [ZONE]: "b" }, plain: {} };
const soleClaim = claim("data", { accessModes: ["ReadWriteOncePod"] });

type Row = readonly [title: string, given: Given, volumes: readonly object[], expected: string | readonly string[]];

function table(make: (view: ClusterView) => Plugin, rows: readonly Row[]): void {
  test.each(rows)("%s", (_title, given, volumes, expected) => {
    const view = viewOf(given);
    expect(answers(make(view), view, podOf("p", volumes))).toEqual(expected);
  });
}

describe("VolumeRestrictions", () => {
  const beside = (...volumes: object[]): Given => ({ running: { n1: [podOf("other", volumes)] } });
  table(disks, [
    ["no volumes", {}, [], "Skip"],
    ["a claim for many", { objects: [claim("data")] }, [using("data")], "Skip"],
    ["a claim that is not there", {}, [using("data")], `${UU}: persistentvolumeclaim "data" not found`],
    ["one GCE disk, written", beside(gce()), [gce(true)], [NO_DISK]],
    ["one GCE disk, only read", beside(gce(true)), [gce(true)], ["yes"]],
    ["one EBS volume, even read", beside(ebs(true)), [ebs(true)], [NO_DISK]],
    ["disks of two kinds", beside(ebs()), [gce()], ["yes"]],
    ["one iSCSI name", beside(iscsi("iqn.a")), [iscsi("iqn.a", true)], [NO_DISK]],
    ["two iSCSI names", beside(iscsi("iqn.b")), [iscsi("iqn.a")], ["yes"]],
    ["one RBD image by one monitor", beside(rbd(["m1", "m2"])), [rbd(["m2", "m3"])], [NO_DISK]],
    ["RBD monitors apart", beside(rbd(["m1"])), [rbd(["m2"])], ["yes"]],
    ["RBD images apart", beside(rbd(["m1"], "i")), [rbd(["m1"], "j")], ["yes"]],
    ["RBD pools, one by default", beside(rbd(["m1"], "i", "rbd")), [rbd(["m1"])], [NO_DISK]],
    ["a sole claim, free", { objects: [soleClaim] }, [using("data")], "Skip"],
    ["a sole claim in use", { ...beside(using("data")), objects: [soleClaim] }, [using("data")], [IN_USE]],
  ]);

  test("preemption frees a sole claim", () => {
    const other = podOf("other", [using("data")], "n1");
    const view = viewOf({ objects: [soleClaim], running: { n1: [other] } });
    const plugin = disks(view);
    const state = new CycleState();
    const pod = podOf("p", [using("data")]);
    plugin.preFilter?.(state, pod);
    const [node] = view.cache.snapshot();
    if (node === undefined) throw new Error("no node");
    const trial = state.clone();
    plugin.removePod?.(trial, pod, other, node);
    view.cache.removePod("other");
    const [empty = node] = view.cache.snapshot();
    expect(shown(plugin.filter?.(trial, pod, empty))).toBe("yes");
    plugin.addPod?.(trial, pod, other, node);
    expect(shown(plugin.filter?.(trial, pod, empty))).toBe(IN_USE);
    expect(shown(plugin.filter?.(state, pod, empty))).toBe(IN_USE);
  });
});

describe("NodeVolumeLimits", () => {
  const bound = (name: string): KubeObject[] => [
    claim(name, { volumeName: `pv-${name}` }),
    volume(`pv-${name}`, handle(`h-${name}`)),
  ];
  const running = (...names: string[]) => ({ n1: [podOf("other", names.map(using))] });
  const driver = { apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", metadata: { name: DRIVER } };
  const strict = { ...driver, spec: { preventPodSchedulingIfMissing: true } } as KubeObject;
  const missing = `Unschedulable: ${DRIVER} CSI driver is not installed on the node`;
  table(limits, [
    ["no claims", {}, [gce()], "Skip"],
    ["without a CSINode", { objects: [...bound("a")] }, [using("a")], ["yes"]],
    ["without a limit", { objects: [...bound("a"), csiNode("n1")] }, [using("a")], ["yes"]],
    ["up to the limit", { objects: [...bound("a"), csiNode("n1", 1)] }, [using("a")], ["yes"]],
    ["none at all", { objects: [...bound("a"), csiNode("n1", 0)] }, [using("a")], [FULL]],
    [
      "one too many",
      { objects: [...bound("a"), ...bound("b"), csiNode("n1", 1)], running: running("b") },
      [using("a")],
      [FULL],
    ],
    [
      "a volume that is there already",
      { objects: [...bound("a"), csiNode("n1", 1)], running: running("a") },
      [using("a")],
      ["yes"],
    ],
    [
      "another driver's limit",
      { objects: [...bound("a"), csiNode("n1", 0, "other.example.com")] },
      [using("a")],
      ["yes"],
    ],
    ["a volume still to be made", { objects: [claim("a"), late, csiNode("n1", 0)] }, [using("a")], [FULL]],
    [
      "a volume of no driver",
      { objects: [claim("a", { volumeName: "pv-a" }), volume("pv-a"), csiNode("n1", 0)] },
      [using("a")],
      ["yes"],
    ],
    [
      "a claim that is not there",
      {},
      [using("a")],
      [`${UU}: looking up PVC default/a: persistentvolumeclaim "a" not found`],
    ],
    [
      "a running pod's claim that is not there",
      { objects: [...bound("a"), csiNode("n1", 1)], running: running("gone") },
      [using("a")],
      ["yes"],
    ],
    ["a driver that must be there, and is not", { objects: [...bound("a"), strict] }, [using("a")], [missing]],
    ["a driver that must be there, and is", { objects: [...bound("a"), strict, csiNode("n1")] }, [using("a")], ["yes"]],
    ["a driver that may be missing", { objects: [...bound("a"), driver as KubeObject] }, [using("a")], ["yes"]],
    [
      "another pod's ephemeral claim",
      { objects: [claim("p-scratch")] },
      [scratch],
      ["Error: PVC default/p-scratch was not created for pod default/p (pod is not owner)"],
    ],
  ]);
});

describe("VolumeZone", () => {
  const labelled = (labels: Readonly<Record<string, string>>): Given => ({
    nodes: twoZones,
    objects: [claim("data", { volumeName: "pv" }), volume("pv", {}, labels)],
  });
  table(zones, [
    ["no claims", {}, [], "Skip"],
    ["a volume without labels", labelled({}), [using("data")], "Skip"],
    [
      "only where the label says, or where none says",
      labelled({ [ZONE]: "a" }),
      [using("data")],
      ["yes", NO_ZONE, "yes"],
    ],
    ["several zones", labelled({ [ZONE]: "a__ b" }), [using("data")], ["yes", "yes", "yes"]],
    [
      "an old label, new ones on the nodes",
      labelled({ "failure-domain.beta.kubernetes.io/zone": "b" }),
      [using("data")],
      [NO_ZONE, "yes", "yes"],
    ],
    [
      "a region that no node has",
      labelled({ "topology.kubernetes.io/region": "r" }),
      [using("data")],
      [NO_ZONE, NO_ZONE, "yes"],
    ],
    ["a label that says nothing", labelled({ [ZONE]: "a__" }), [using("data")], "Skip"],
    ["a claim that waits for its pod", { objects: [claim("data"), late] }, [using("data")], "Skip"],
    [
      "a claim that is bound at once",
      { objects: [claim("data", { storageClassName: "at-once" }), atOnce] },
      [using("data")],
      `${UU}: PersistentVolume had no name`,
    ],
    [
      "a claim without a class",
      { objects: [claim("data", { storageClassName: "" })] },
      [using("data")],
      `${UU}: PersistentVolumeClaim had no pv name and storageClass name`,
    ],
    [
      "a class that is not there",
      { objects: [claim("data")] },
      [using("data")],
      `${UU}: storageclass.storage.k8s.io "late" not found`,
    ],
    [
      "a volume that is not there",
      { objects: [claim("data", { volumeName: "pv" })] },
      [using("data")],
      `${UU}: persistentvolume "pv" not found`,
    ],
    ["a claim that is not there", {}, [using("data")], `${UU}: persistentvolumeclaim "data" not found`],
    ["ephemeral ones are not looked at", {}, [scratch], "Skip"],
  ]);
});

describe("VolumeBinding", () => {
  const owned = { ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "p", controller: true }] };
  const selected = (node: string) => ({ annotations: { "volume.kubernetes.io/selected-node": node } });
  const local = storageClass("late", "WaitForFirstConsumer", { provisioner: "kubernetes.io/no-provisioner" });
  const zonal = storageClass("late", "WaitForFirstConsumer", {
    allowedTopologies: [{ matchLabelExpressions: [{ key: ZONE, values: ["b"] }] }],
  });
  const at = (...objects: KubeObject[]): Given => ({ nodes: twoZones, objects });
  table(binding, [
    ["no claims", {}, [gce()], "Skip"],
    ["a claim that is not there", {}, [using("data")], `${UU}: persistentvolumeclaim "data" not found`],
    [
      "an ephemeral one that is not there yet",
      {},
      [scratch],
      `${UU}: waiting for ephemeral volume controller to create the persistentvolumeclaim "p-scratch"`,
    ],
    [
      "an ephemeral one of another pod",
      at(claim("p-scratch")),
      [scratch],
      `${UU}: PVC default/p-scratch was not created for pod default/p (pod is not owner)`,
    ],
    ["an ephemeral one of its own", at(claim("p-scratch", {}, owned), late), [scratch], ["yes", "yes", "yes"]],
    [
      "a lost claim",
      at({ ...claim("data", { volumeName: "pv" }), status: { phase: "Lost" } } as KubeObject),
      [using("data")],
      `${UU}: persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"`,
    ],
    [
      "a claim on its way out",
      at(claim("data", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" })),
      [using("data")],
      `${UU}: persistentvolumeclaim "data" is being deleted`,
    ],
    [
      "a claim that should be bound by now",
      at(claim("data", { storageClassName: "at-once" }), atOnce),
      [using("data")],
      `${UU}: pod has unbound immediate PersistentVolumeClaims`,
    ],
    [
      "a class that is not there",
      at(claim("data")),
      [using("data")],
      `${UU}: pod has unbound immediate PersistentVolumeClaims`,
    ],
    [
      "a bound one, anywhere",
      at(claim("data", { volumeName: "pv" }), volume("pv")),
      [using("data")],
      ["yes", "yes", "yes"],
    ],
    [
      "a bound one, in its zone",
      at(claim("data", { volumeName: "pv" }), volume("pv", inZone("a"))),
      [using("data")],
      ["yes", OTHER_NODE, OTHER_NODE],
    ],
    [
      "a bound one whose volume is gone",
      { objects: [claim("data", { volumeName: "pv" })] },
      [using("data")],
      [`${UU}: node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)`],
    ],
    [
      "a free volume where it is",
      at(claim("data"), local, volume("pv", inZone("b"))),
      [using("data")],
      [NO_VOLUME, "yes", NO_VOLUME],
    ],
    [
      "too small a volume",
      at(claim("data"), local, volume("pv", { capacity: { storage: "1Gi" } })),
      [using("data")],
      [NO_VOLUME, NO_VOLUME, NO_VOLUME],
    ],
    [
      "one volume for two claims",
      at(claim("a"), claim("b"), local, volume("pv")),
      [using("a"), using("b")],
      [NO_VOLUME, NO_VOLUME, NO_VOLUME],
    ],
    ["one made anywhere", at(claim("data"), late), [using("data")], ["yes", "yes", "yes"]],
    ["one made where the class allows", at(claim("data"), zonal), [using("data")], [NO_VOLUME, "yes", NO_VOLUME]],
    [
      "one being made for a node",
      at(claim("data", {}, selected("a")), late),
      [using("data")],
      ["yes", NO_VOLUME, NO_VOLUME],
    ],
    [
      "both kinds of trouble",
      at(
        claim("a", { volumeName: "pv" }),
        volume("pv", { ...inZone("b"), claimRef: { namespace: "default", name: "a", uid: "claim-a" } }),
        claim("data"),
        local,
      ),
      [using("a"), using("data")],
      [
        `${OTHER_NODE}: node(s) didn't find available persistent volumes to bind`,
        NO_VOLUME,
        `${OTHER_NODE}: node(s) didn't find available persistent volumes to bind`,
      ],
    ],
  ]);

  test.each<[string, string, number]>([
    ["a tight fit", "5Gi", 0],
    ["half of it", "10Gi", 50],
    ["a twentieth", "100Gi", 95],
  ])("the more a volume has left over, the better: %s", (_title, storage, score) => {
    const view = viewOf(at(claim("data"), local, volume("pv", { capacity: { storage } })));
    const plugin = binding(view);
    const state = new CycleState();
    const pod = podOf("p", [using("data")]);
    plugin.preFilter?.(state, pod);
    const [node] = view.cache.snapshot();
    if (node === undefined) throw new Error("no node");
    plugin.filter?.(state, pod, node);
    expect(plugin.score?.(state, pod, node)).toBe(score);
  });
});
