import { type CsiNode, claimClass } from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import type { Plugin } from "../framework.ts";
import type { PodInfo } from "../pod-info.ts";
import { claimName, foreignClaim, hasClaims, usesClaim, volumesOf } from "../pod-volumes.ts";
import { CODE, SKIP, type Status, unresolvable, unschedulable } from "../status.ts";
import { NO_STORAGE, type StorageView } from "../storage-view.ts";

const NAME = "NodeVolumeLimits";
/** Provisioners of this prefix were part of Kubernetes: their volumes are counted where the node says so. */
const IN_TREE = "kubernetes.io/";

/**
 * As many volumes of a storage driver on a node as its CSINode allows.
 *
 * DEVIATION(in-tree-volumes): volumes of the old kinds (gcePersistentDisk, …) are not translated into those of their
 * drivers, and volumes that are still attached without a pod (VolumeAttachment) are not counted.
 * @source kubernetes 1.37 nodevolumelimits plugin
 */
export function nodeVolumeLimits({ storage = NO_STORAGE }: ClusterView): Plugin {
  const tooMany = unschedulable(NAME, "node(s) exceed max volume count");
  const missingDrivers = new Map<string, Status>();
  const missing = (driver: string): Status => {
    const known =
      missingDrivers.get(driver) ?? unschedulable(NAME, `${driver} CSI driver is not installed on the node`);
    missingDrivers.set(driver, known);
    return known;
  };
  return {
    name: NAME,
    concerns: hasClaims,
    memoKey: (template) => (hasClaims(template) ? null : ""),
    preFilter: (_state, pod) => (hasClaims(pod) ? null : { status: SKIP }),
    filter: (_state, pod, node) => {
      const wanted = new Map<string, string>();
      const problem = addVolumes(storage, pod, wanted, true);
      if (problem !== undefined) return problem;
      if (wanted.size === 0) return null;
      const csiNode = storage.csiNode(node.name);
      for (const driver of wanted.values()) if (!isInstalled(storage, driver, csiNode)) return missing(driver);
      const limits = limitsOf(csiNode);
      if (limits.size === 0) return null;
      const attached = new Map<string, string>();
      for (const other of node.pods.values()) {
        const foreign = addVolumes(storage, other, attached, false);
        if (foreign !== undefined) return foreign;
      }
      for (const id of attached.keys()) wanted.delete(id);
      for (const [driver, limit] of limits) {
        const more = countOf(wanted, driver);
        if (more > 0 && countOf(attached, driver) + more > limit) return tooMany;
      }
      return null;
    },
    hints: [
      { events: ["CSINode/Add"], hint: () => true },
      { events: ["CSINode/Update"], hint: (_pod, { oldObject, newObject }) => isRaised(oldObject, newObject) },
      {
        events: ["AssignedPod/Delete"],
        hint: (_pod, { oldPod }) =>
          oldPod !== undefined && hasClaims(oldPod) && (oldPod.nodeName !== "" || oldPod.nominatedNodeName !== ""),
      },
      {
        events: ["PersistentVolumeClaim/Add"],
        hint: (pod, { newClaim }) => newClaim !== undefined && usesClaim(pod, newClaim, true),
      },
    ],
  };
}

/** Adds the pod's volumes, by identity, with their drivers. A claim that is not there matters for a new pod only. */
function addVolumes(
  storage: StorageView,
  pod: PodInfo,
  volumes: Map<string, string>,
  isNew: boolean,
): Status | undefined {
  for (const one of volumesOf(pod.spec).claims) {
    const name = claimName(pod, one);
    const claim = storage.claim(pod.namespace, name);
    if (claim === undefined) {
      if (!isNew) continue;
      return unresolvable(NAME, `looking up PVC ${pod.namespace}/${name}: persistentvolumeclaim "${name}" not found`);
    }
    const foreign = one.isEphemeral ? foreignClaim(pod, claim) : undefined;
    if (foreign !== undefined) return { code: CODE.error, plugin: NAME, reasons: [foreign] };
    const source = storage.volume(claim.spec?.volumeName ?? "");
    if (source === undefined) {
      const provisioner = storage.storageClass(claimClass(claim))?.provisioner ?? "";
      if (provisioner === "" || provisioner.startsWith(IN_TREE)) continue;
      volumes.set(`${provisioner}/unbound-${pod.namespace}/${name}`, provisioner);
    } else if (source.spec.csi !== undefined) {
      const { driver, volumeHandle } = source.spec.csi;
      if (volumeHandle !== "") volumes.set(`${driver}/${volumeHandle}`, driver);
    }
  }
  return undefined;
}

/** Only drivers that ask for it keep pods off nodes without them. */
function isInstalled(storage: StorageView, driver: string, csiNode: CsiNode | undefined): boolean {
  if (storage.csiDriver(driver)?.spec?.preventPodSchedulingIfMissing !== true) return true;
  return csiNode?.spec.drivers.some(({ name }) => name === driver) === true;
}

function limitsOf(csiNode: CsiNode | undefined): Map<string, number> {
  const limits = new Map<string, number>();
  for (const { name, allocatable } of csiNode?.spec.drivers ?? []) {
    if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
  }
  return limits;
}

function countOf(volumes: ReadonlyMap<string, string>, driver: string): number {
  let count = 0;
  for (const one of volumes.values()) if (one === driver) count++;
  return count;
}

function isRaised(before: unknown, after: unknown): boolean {
  const old = limitsOf(before as CsiNode);
  return [...limitsOf(after as CsiNode)].some(([driver, limit]) => limit > (old.get(driver) ?? 0));
}
