import type { Volume } from "../../kube/index.ts";
import type { ClusterView } from "../cluster-view.ts";
import { type Cloneable, type CycleState, StateKey } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import type { PodInfo, TemplateInfo } from "../pod-info.ts";
import { usesClaim, volumesOf } from "../pod-volumes.ts";
import { SKIP, type Status, unresolvable, unschedulable } from "../status.ts";
import { NO_STORAGE } from "../storage-view.ts";

const NAME = "VolumeRestrictions";

/** Claims that only one pod may use, and how many uses by pods on nodes stand in the way. */
class SoleUse implements Cloneable<SoleUse> {
  readonly claims: ReadonlySet<string>;
  uses: number;

  constructor(claims: ReadonlySet<string>, uses: number) {
    this.claims = claims;
    this.uses = uses;
  }

  clone(): SoleUse {
    return new SoleUse(this.claims, this.uses);
  }

  count({ spec }: PodInfo, by: 1 | -1): void {
    for (const { name, isEphemeral } of volumesOf(spec).claims) {
      if (!isEphemeral && this.claims.has(name)) this.uses += by;
    }
  }
}

/**
 * Disks that cannot be mounted by two pods on a node, and claims that only one pod in the cluster may use.
 * @source kubernetes 1.37 volumerestrictions plugin
 */
export function volumeRestrictions(view: ClusterView): Plugin {
  const { storage = NO_STORAGE } = view;
  const key = new StateKey<SoleUse>(NAME);
  const diskConflict = unschedulable(NAME, "node(s) had no available disk");
  const inUse = unschedulable(
    NAME,
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
  );
  const update = (state: CycleState, other: PodInfo, by: 1 | -1) => state.read(key)?.count(other, by);
  return {
    name: NAME,
    concerns: hasVolumes,
    memoKey: (template) => (hasVolumes(template) ? null : ""),
    preFilter: (state, pod) => {
      const { claims, disks } = volumesOf(pod.spec);
      const sole = new Set<string>();
      for (const { name, isEphemeral } of claims) {
        if (isEphemeral) continue;
        const claim = storage.claim(pod.namespace, name);
        if (claim === undefined) return { status: claimNotFound(NAME, name) };
        if (claim.spec?.accessModes?.includes("ReadWriteOncePod") === true) sole.add(name);
      }
      const uses = [...sole].filter((name) => isUsed(view, pod.namespace, name)).length;
      if (disks.length === 0 && uses === 0) return { status: SKIP };
      state.write(key, new SoleUse(sole, uses));
      return null;
    },
    addPod: (state, _pod, added) => update(state, added, 1),
    removePod: (state, _pod, removed) => update(state, removed, -1),
    filter: (state, pod, node) => {
      for (const other of node.pods.values()) if (haveConflict(pod, other)) return diskConflict;
      return (state.read(key)?.uses ?? 0) > 0 ? inUse : null;
    },
    hints: [
      {
        events: ["AssignedPod/Delete"],
        hint: (pod, { oldPod }) => {
          if (oldPod === undefined || oldPod.namespace !== pod.namespace) return false;
          return haveConflict(pod, oldPod) || shareClaim(pod, oldPod);
        },
      },
      { events: ["Node/Add"], hint: () => true },
      {
        events: ["PersistentVolumeClaim/Add"],
        hint: (pod, { newClaim }) => newClaim !== undefined && usesClaim(pod, newClaim, false),
      },
    ],
  };
}

function hasVolumes({ spec }: TemplateInfo): boolean {
  const { claims, disks } = volumesOf(spec);
  return claims.length + disks.length > 0;
}

/** As a lister says it. */
export function claimNotFound(plugin: string, name: string): Status {
  return unresolvable(plugin, `persistentvolumeclaim "${name}" not found`);
}

/** Whether any pod on a node uses the claim. Only asked about claims for one pod alone. */
function isUsed({ cache }: ClusterView, namespace: string, name: string): boolean {
  return cache.snapshot().some(({ pods }) => {
    for (const pod of pods.values()) {
      if (pod.namespace !== namespace) continue;
      if (volumesOf(pod.spec).claims.some((claim) => !claim.isEphemeral && claim.name === name)) return true;
    }
    return false;
  });
}

function shareClaim(pod: PodInfo, other: PodInfo): boolean {
  const used = volumesOf(other.spec).claims;
  return volumesOf(pod.spec).claims.some(
    ({ name, isEphemeral }) => !isEphemeral && used.some((one) => !one.isEphemeral && one.name === name),
  );
}

function haveConflict(pod: PodInfo, other: PodInfo): boolean {
  const { disks } = volumesOf(pod.spec);
  if (disks.length === 0) return false;
  const others = volumesOf(other.spec).disks;
  return disks.some((disk) => others.some((one) => clash(disk, one)));
}

interface Disk {
  readonly pdName?: string;
  readonly volumeID?: string;
  readonly iqn?: string;
  readonly monitors?: readonly string[];
  readonly pool?: string;
  readonly image?: string;
  readonly readOnly?: boolean;
}

/** The same disk, unless both only read it; disks of AWS are never shared. */
function clash(a: Volume, b: Volume): boolean {
  const both = (kind: string, same: (one: Disk, other: Disk) => boolean, sharesReads = true): boolean => {
    const [one, other] = [a[kind] as Disk | undefined, b[kind] as Disk | undefined];
    if (one === undefined || other === undefined || !same(one, other)) return false;
    return !(sharesReads && one.readOnly === true && other.readOnly === true);
  };
  return (
    both("gcePersistentDisk", (one, other) => one.pdName === other.pdName) ||
    both("awsElasticBlockStore", (one, other) => one.volumeID === other.volumeID, false) ||
    both("iscsi", (one, other) => one.iqn === other.iqn) ||
    both("rbd", sameImage)
  );
}

/** The pool has a default name; monitors need only overlap. */
function sameImage(one: Disk, other: Disk): boolean {
  const isShared = (one.monitors ?? []).some((monitor) => (other.monitors ?? []).includes(monitor));
  return isShared && (one.pool ?? "rbd") === (other.pool ?? "rbd") && one.image === other.image;
}
