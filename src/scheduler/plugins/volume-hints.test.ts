import { expect, test } from "vitest";
import type { KubeObject, PersistentVolumeClaim, PodSpec, Volume } from "../../kube/index.ts";
import { AssumedVolumes } from "../assumed-volumes.ts";
import { SchedulerCache } from "../cache.ts";
import type { ClusterEvent } from "../cluster-events.ts";
import type { ClusterView } from "../cluster-view.ts";
import { DEFAULT_CONFIG } from "../config/read-config.ts";
import type { ProfileConfig } from "../config/types.ts";
import type { Plugin } from "../framework.ts";
import { PodCompiler, type PodInfo } from "../pod-info.ts";
import { nodeVolumeLimits } from "./node-volume-limits.ts";
import {
  atOnce,
  claim,
  csiNode,
  ebs,
  gce,
  late,
  scratch,
  storageClass,
  using,
  volume,
  ZONE,
} from "./storage-fixture.ts";
import { volumeBinding } from "./volume-binding.ts";
import { volumeRestrictions } from "./volume-restrictions.ts";
import { volumeZone } from "./volume-zone.ts";

const compiler = new PodCompiler();
const VIEW: ClusterView = {
  cache: new SchedulerCache(),
  revision: 0,
  labelsOfNamespace: () => ({}),
  servicesIn: () => [],
  selectorOfOwner: () => undefined,
  budgetsIn: () => [],
  startOf: () => -1,
};
const disks = volumeRestrictions(VIEW);
const limits = nodeVolumeLimits(VIEW);
const zones = volumeZone(VIEW);
const binding = volumeBinding(new AssumedVolumes(), (DEFAULT_CONFIG.profiles[0] as ProfileConfig).args.volumes);

function podOf(name: string, volumes: readonly object[], nodeName = ""): PodInfo {
  const spec = { containers: [{ name: "c" }], volumes: volumes as Volume[] } as PodSpec;
  const source = { namespace: "default", name, uid: name, labels: {}, spec, nodeName, nominatedNodeName: "" };
  return compiler.compile({ ...source, isTerminating: false, startAt: -1 });
}

const claimEvent = (
  name: "PersistentVolumeClaim/Add" | "PersistentVolumeClaim/Update",
  newClaim: PersistentVolumeClaim,
) => ({ name, newClaim });
const deleted = (...volumes: object[]): ClusterEvent => ({
  name: "AssignedPod/Delete",
  oldPod: podOf("other", volumes, "n1"),
});
const changed = (name: ClusterEvent["name"], oldObject: KubeObject, newObject: KubeObject): ClusterEvent => ({
  name,
  oldObject,
  newObject,
});
const foreign = claim("data", {}, { namespace: "elsewhere" });
const migrated = (plugins: string) => ({
  ...csiNode("n1"),
  metadata: { name: "n1", annotations: { "storage.alpha.kubernetes.io/migrated-plugins": plugins } },
});
const nodeAdd = {
  name: "Node/Add",
  newNode: { apiVersion: "v1", kind: "Node", metadata: { name: "n9" } },
} as ClusterEvent;

test.each<[Plugin, string, readonly object[], ClusterEvent, boolean]>([
  [disks, "a pod with its disk goes", [gce()], deleted(gce()), true],
  [disks, "a pod with another disk goes", [gce()], deleted(ebs()), false],
  [disks, "a pod with its claim goes", [using("data")], deleted(using("data")), true],
  [disks, "its claim comes", [using("data")], claimEvent("PersistentVolumeClaim/Add", claim("data")), true],
  [disks, "another claim comes", [using("data")], claimEvent("PersistentVolumeClaim/Add", claim("other")), false],
  [disks, "its claim changes", [using("data")], claimEvent("PersistentVolumeClaim/Update", claim("data")), false],
  [disks, "a node comes", [gce()], nodeAdd, true],
  [limits, "a pod with a claim goes", [using("data")], deleted(using("other")), true],
  [limits, "a pod without claims goes", [using("data")], deleted(gce()), false],
  [limits, "a CSINode comes", [using("data")], { name: "CSINode/Add", newObject: csiNode("n1", 1) }, true],
  [limits, "a limit rises", [using("data")], changed("CSINode/Update", csiNode("n1", 1), csiNode("n1", 2)), true],
  [limits, "a limit comes", [using("data")], changed("CSINode/Update", csiNode("n1"), csiNode("n1", 2)), true],
  [limits, "a limit falls", [using("data")], changed("CSINode/Update", csiNode("n1", 2), csiNode("n1", 1)), false],
  [limits, "its ephemeral claim comes", [scratch], claimEvent("PersistentVolumeClaim/Add", claim("p-scratch")), true],
  [zones, "a class that waits comes", [using("data")], { name: "StorageClass/Add", newObject: late }, true],
  [zones, "a class that binds at once comes", [using("data")], { name: "StorageClass/Add", newObject: atOnce }, false],
  [zones, "its claim changes", [using("data")], claimEvent("PersistentVolumeClaim/Update", claim("data")), true],
  [
    zones,
    "a claim of another namespace comes",
    [using("data")],
    claimEvent("PersistentVolumeClaim/Add", foreign),
    false,
  ],
  [zones, "a volume comes", [using("data")], { name: "PersistentVolume/Add", newObject: volume("pv") }, true],
  [
    zones,
    "a volume moves",
    [using("data")],
    changed("PersistentVolume/Update", volume("pv"), volume("pv", {}, { [ZONE]: "a" })),
    true,
  ],
  [
    zones,
    "a volume stays where it was",
    [using("data")],
    changed("PersistentVolume/Update", volume("pv", {}, { [ZONE]: "b__a" }), volume("pv", {}, { [ZONE]: "a__b" })),
    false,
  ],
  [binding, "a class comes", [using("data")], { name: "StorageClass/Add", newObject: atOnce }, true],
  [
    binding,
    "a class changes its topology",
    [using("data")],
    changed("StorageClass/Update", late, storageClass("late", "WaitForFirstConsumer", { allowedTopologies: [{}] })),
    true,
  ],
  [
    binding,
    "a class changes otherwise",
    [using("data")],
    changed("StorageClass/Update", late, storageClass("late", "WaitForFirstConsumer", { reclaimPolicy: "Retain" })),
    false,
  ],
  [
    binding,
    "its ephemeral claim changes",
    [scratch],
    claimEvent("PersistentVolumeClaim/Update", claim("p-scratch")),
    true,
  ],
  [
    binding,
    "another claim changes",
    [using("data")],
    claimEvent("PersistentVolumeClaim/Update", claim("other")),
    false,
  ],
  [binding, "a volume changes", [using("data")], changed("PersistentVolume/Update", volume("pv"), volume("pv")), true],
  [binding, "a node is relabelled", [using("data")], { ...nodeAdd, name: "Node/UpdateLabel" } as ClusterEvent, true],
  [
    binding,
    "plugins are migrated",
    [using("data")],
    changed("CSINode/Update", migrated(""), migrated("kubernetes.io/gce-pd")),
    true,
  ],
  [
    binding,
    "a CSINode changes otherwise",
    [using("data")],
    changed("CSINode/Update", csiNode("n1", 1), csiNode("n1", 2)),
    false,
  ],
])("$0.name: $1", (plugin, _title, volumes, event, expected) => {
  const hints = plugin.hints ?? [];
  const pod = podOf("p", volumes);
  const isHelpful = hints.some(({ events, hint }) => events.includes(event.name) && hint(pod, event));
  expect(isHelpful).toBe(expected);
});
