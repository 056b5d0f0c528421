import {
  type CsiNode,
  capacityBytes,
  claimClass,
  compareClaimSizes,
  findMatchingVolume,
  isBindingDelayed,
  isFullyBound,
  isUsableOn,
  matchesTopologies,
  NO_PROVISIONER,
  type PersistentVolume,
  type PersistentVolumeClaim,
  requestedBytes,
  SELECTED_NODE,
  type StorageClass,
  volumeClass,
} from "../../kube/index.ts";
import { sameData } from "../../tables/index.ts";
import type { AssumedVolumes, VolumePlan } from "../assumed-volumes.ts";
import type { ShapePoint, VolumeBindingArgs } from "../config/types.ts";
import { StateKey } from "../cycle-state.ts";
import type { Plugin } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import type { PodInfo } from "../pod-info.ts";
import { claimName, foreignClaim, hasClaims, usesClaim, volumesOf } from "../pod-volumes.ts";
import { CODE, SKIP, type Status, unresolvable } from "../status.ts";
import { shapeAt } from "./resource-scores.ts";

const NAME = "VolumeBinding";
const MIGRATED = "storage.alpha.kubernetes.io/migrated-plugins";
/** A pod's claims, and what each node that was found feasible would do for them. */
interface Claims {
  readonly bound: readonly PersistentVolumeClaim[];
  readonly delayed: readonly PersistentVolumeClaim[];
  /** Candidates for the delayed claims, by class. */
  readonly candidates: ReadonlyMap<string, readonly PersistentVolume[]>;
  readonly plans: Map<string, VolumePlan>;
}

/**
 * Takes pods where their volumes are, or can be: chooses volumes for claims that wait for a pod, has others made, and
 * keeps the pod from being bound before its claims are.
 * @source kubernetes 1.37 volumebinding plugin
 */
export function volumeBinding(volumes: AssumedVolumes, { bindTimeoutMicros, shape }: VolumeBindingArgs): Plugin {
  const waiting: Status = {
    code: CODE.wait,
    plugin: NAME,
    reasons: ["binding volumes"],
    waitMicros: bindTimeoutMicros,
  };
  const key = new StateKey<Claims>(NAME);
  const statuses = new Map<string, Status>();
  const statusOf = (reasons: readonly string[]): Status => {
    const text = reasons.join("|");
    const known = statuses.get(text) ?? unresolvable(NAME, ...reasons);
    statuses.set(text, known);
    return known;
  };
  return {
    name: NAME,
    concerns: hasClaims,
    memoKey: (template) => (hasClaims(template) ? null : ""),
    preFilter: (state, pod) => {
      if (!hasClaims(pod)) return { status: SKIP };
      const claims = claimsOf(volumes, pod);
      if ("code" in claims) return { status: claims };
      state.write(key, claims);
      return null;
    },
    filter: (state, _pod, node) => {
      const claims = state.read(key);
      if (claims === undefined) return null;
      const plan = planFor(volumes, claims, node);
      if (Array.isArray(plan)) return statusOf(plan);
      claims.plans.set(node.name, plan as VolumePlan);
      return null;
    },
    score: (state, _pod, node) => scoreOf(state.read(key)?.plans.get(node.name), shape),
    evenScore: (_state, pod) => (hasClaims(pod) ? undefined : 0),
    reserve: (state, pod, node) => {
      const plan = state.read(key)?.plans.get(node.name);
      if (plan !== undefined && plan.bindings.length + plan.provisions.length > 0) {
        volumes.reserve(pod.uid, node.name, plan);
      }
      return null;
    },
    unreserve: (_state, pod) => volumes.release(pod.uid),
    willPreBind: (pod) => volumes.isReserved(pod.uid),
    preBind: (_state, pod, node) => {
      const progress = volumes.bind(pod.uid, node.labels);
      if (progress === "waiting") return waiting;
      if (progress !== undefined)
        return { code: CODE.error, plugin: NAME, reasons: [`binding volumes: ${progress.error}`] };
      volumes.release(pod.uid);
      return null;
    },
    hints: HINTS,
  };
}

const HINTS: NonNullable<Plugin["hints"]> = [
  { events: ["StorageClass/Add"], hint: () => true },
  {
    events: ["StorageClass/Update"],
    hint: (_pod, { oldObject, newObject }) =>
      !sameData(
        (oldObject as StorageClass).allowedTopologies ?? [],
        (newObject as StorageClass).allowedTopologies ?? [],
      ),
  },
  {
    events: ["PersistentVolumeClaim/Add", "PersistentVolumeClaim/Update"],
    hint: (pod, { newClaim }) => newClaim !== undefined && usesClaim(pod, newClaim, true),
  },
  { events: ["PersistentVolume/Add", "PersistentVolume/Update"], hint: () => true },
  { events: ["Node/Add", "Node/UpdateLabel"], hint: () => true },
  { events: ["CSINode/Add"], hint: () => true },
  {
    events: ["CSINode/Update"],
    hint: (_pod, { oldObject, newObject }) => migratedOf(oldObject) !== migratedOf(newObject),
  },
];

function migratedOf(csiNode: unknown): string {
  return (csiNode as CsiNode).metadata.annotations?.[MIGRATED] ?? "";
}

/** The pod's claims by what they need; a status when it cannot be placed at all yet. */
function claimsOf(volumes: AssumedVolumes, pod: PodInfo): Claims | Status {
  const bound: PersistentVolumeClaim[] = [];
  const delayed: PersistentVolumeClaim[] = [];
  let isUnbound = false;
  for (const one of volumesOf(pod.spec).claims) {
    const name = claimName(pod, one);
    const claim = volumes.claim(pod.namespace, name);
    const problem = problemOf(pod, name, one.isEphemeral, claim);
    if (problem !== undefined || claim === undefined) return unresolvable(NAME, problem ?? "");
    if (isFullyBound(claim)) bound.push(claim);
    else {
      const isDelayed = isBindingDelayed(volumes.storage.storageClass(claimClass(claim)));
      if (isDelayed && (claim.spec?.volumeName ?? "") === "") delayed.push(claim);
      else isUnbound = true;
    }
  }
  if (isUnbound) return unresolvable(NAME, "pod has unbound immediate PersistentVolumeClaims");
  const candidates = new Map<string, readonly PersistentVolume[]>();
  for (const claim of delayed) candidates.set(claimClass(claim), volumes.volumesOfClass(claimClass(claim)));
  return { bound, delayed, candidates, plans: new Map() };
}

function problemOf(
  pod: PodInfo,
  name: string,
  isEphemeral: boolean,
  claim: PersistentVolumeClaim | undefined,
): string | undefined {
  if (claim === undefined) {
    return isEphemeral
      ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
      : `persistentvolumeclaim "${name}" not found`;
  }
  if (claim.status?.phase === "Lost") {
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ""}"`;
  }
  if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  return isEphemeral ? foreignClaim(pod, claim) : undefined;
}

/** What the node would do for the claims, or why it cannot. */
function planFor(volumes: AssumedVolumes, claims: Claims, node: NodeInfo): VolumePlan | string[] {
  const reasons: string[] = [];
  let hasVolumes = true;
  for (const claim of claims.bound) {
    const volume = volumes.volume(claim.spec?.volumeName ?? "");
    if (volume === undefined) hasVolumes = false;
    else if (!isUsableOn(volume, node.labels, node.name)) {
      reasons.push("node(s) didn't match PersistentVolume's node affinity");
    } else continue;
    break;
  }
  const plan = claims.delayed.length === 0 ? NOTHING : planDelayed(volumes, claims, node);
  if (plan === undefined) reasons.push("node(s) didn't find available persistent volumes to bind");
  if (!hasVolumes) reasons.push("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
  return reasons.length > 0 || plan === undefined ? reasons : plan;
}

const NOTHING: VolumePlan = Object.freeze({ bindings: [], provisions: [] });

function planDelayed(volumes: AssumedVolumes, { delayed, candidates }: Claims, node: NodeInfo): VolumePlan | undefined {
  const provisions: PersistentVolumeClaim[] = [];
  const open: PersistentVolumeClaim[] = [];
  for (const claim of delayed) {
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    if (selected === undefined) open.push(claim);
    else if (selected === node.name) provisions.push(claim);
    else return undefined;
  }
  const taken = new Set<string>();
  const bindings: { volume: PersistentVolume; claim: PersistentVolumeClaim }[] = [];
  for (const claim of open.sort(compareClaimSizes)) {
    const volume = findMatchingVolume(claim, candidates.get(claimClass(claim)) ?? [], { node, taken });
    if (volume === undefined) provisions.push(claim);
    else {
      taken.add(volume.metadata.name ?? "");
      bindings.push({ volume, claim });
    }
  }
  const canProvision = provisions.every((claim) => {
    const storageClass = volumes.storage.storageClass(claimClass(claim));
    const provisioner = storageClass?.provisioner ?? "";
    if (provisioner === "" || provisioner === NO_PROVISIONER) return false;
    return matchesTopologies(storageClass?.allowedTopologies, node.labels);
  });
  return canProvision ? { bindings, provisions } : undefined;
}

/** How much room is left in the volumes that would be bound; the mean over their classes. */
function scoreOf(plan: VolumePlan | undefined, shape: readonly ShapePoint[]): number {
  if (plan === undefined || plan.bindings.length === 0) return 0;
  const classes = new Map<string, { requested: number; capacity: number }>();
  for (const { volume, claim } of plan.bindings) {
    const sums = classes.get(volumeClass(volume)) ?? { requested: 0, capacity: 0 };
    sums.requested += requestedBytes(claim);
    sums.capacity += capacityBytes(volume);
    classes.set(volumeClass(volume), sums);
  }
  let total = 0;
  for (const { requested, capacity } of classes.values()) {
    const isFull = capacity === 0 || requested > capacity;
    total += shapeAt(shape, isFull ? 100 : Math.floor((requested * 100) / capacity));
  }
  return Math.floor(total / classes.size + 0.5);
}
