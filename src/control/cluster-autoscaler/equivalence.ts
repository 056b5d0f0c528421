import { sameData } from "../../tables/index.ts";
import type { SimulatedPod } from "./types.ts";

/** Pods of one owner that are alike to the scheduler: one answers for all. */
export interface EquivalenceGroup {
  readonly pods: readonly SimulatedPod[];
}

/** @source cluster-autoscaler 1.37 core/scaleup/equivalence maxEquivalenceGroupsByController */
const GROUPS_PER_OWNER_MAX = 10;

/**
 * Groups pods by owner, labels and spec, in order of their first pod. Pods without an owner, of DaemonSets, and of an owner
 * with more than ten kinds of pods stand alone.
 * @source cluster-autoscaler 1.37 core/scaleup/equivalence
 */
export function equivalenceGroups(pods: readonly SimulatedPod[]): EquivalenceGroup[] {
  const groups: { readonly pods: SimulatedPod[] }[] = [];
  const byOwner = new Map<string, { readonly pods: SimulatedPod[] }[]>();
  for (const pod of pods) {
    const { owner } = pod;
    if (owner === undefined || owner.kind === "DaemonSet") {
      groups.push({ pods: [pod] });
      continue;
    }
    const known = byOwner.get(owner.uid) ?? [];
    byOwner.set(owner.uid, known);
    const like = known.find((group) => isAlike(group.pods[0] as SimulatedPod, pod));
    if (like !== undefined) {
      like.pods.push(pod);
      continue;
    }
    const group = { pods: [pod] };
    groups.push(group);
    if (known.length < GROUPS_PER_OWNER_MAX) known.push(group);
  }
  return groups;
}

function isAlike(a: SimulatedPod, b: SimulatedPod): boolean {
  const hasSameSpec = a.spec === b.spec || sameData(a.spec, b.spec);
  return hasSameSpec && (a.labels === b.labels || sameData(a.labels, b.labels));
}
