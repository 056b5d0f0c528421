import type { PersistentVolumeClaim, StatefulSet } from "../../kube/index.ts";

export const POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name";
export const POD_INDEX_LABEL = "apps.kubernetes.io/pod-index";
export const REVISION_LABEL = "controller-revision-hash";

/** A greedy name, a dash and a number: what the original takes for a pod of a set. */
const MEMBER_NAME = /^(.*)-([0-9]+)$/;
const ORDINAL_MAX = 2147483647;

/** The number at the end of a pod's name; -1 when it has none. @source kubernetes 1.37 stateful_set_utils.go */
export function ordinalOf(podName: string): number {
  const ordinal = Number(MEMBER_NAME.exec(podName)?.[2] ?? -1);
  return ordinal > ORDINAL_MAX ? -1 : ordinal;
}

/** Whether a pod's name says that it belongs to this set. */
export function isMember(set: StatefulSet, podName: string): boolean {
  return MEMBER_NAME.exec(podName)?.[1] === set.metadata.name;
}

export function firstOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

export function isInRange(set: StatefulSet, ordinal: number): boolean {
  const first = firstOrdinal(set);
  return ordinal >= first && ordinal < first + (set.spec.replicas ?? 1);
}

export function podName({ metadata }: StatefulSet, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

export function claimName({ metadata }: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${metadata.name}-${ordinal}`;
}
