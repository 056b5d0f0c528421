import type { Store } from "../../store/index.ts";
import { readScale, type Scale } from "../scale.ts";
import type { VerticalPodAutoscaler } from "./recommendation.ts";

export const VPA_KIND = "VerticalPodAutoscaler";

/** Rows of the VerticalPodAutoscalers in the table "Other", in order of creation. */
export function vpaRows(store: Store): number[] {
  const table = store.documents<VerticalPodAutoscaler>("Other");
  const rows: number[] = [];
  for (let row = table.first(); row !== -1; row = table.after(row))
    if (table.get(row).kind === VPA_KIND) rows.push(row);
  return rows.sort((a, b) => table.serial.get(a) - table.serial.get(b));
}

/** What a VerticalPodAutoscaler is about; undefined when there is no such object. */
export function targetOf(store: Store, { metadata, spec }: VerticalPodAutoscaler): Scale | undefined {
  if (spec.targetRef === undefined) return undefined;
  const { apiVersion = "", kind, name } = spec.targetRef;
  const scale = readScale(store, apiVersion, kind, metadata.namespace ?? "default", name);
  return scale.ok ? scale : undefined;
}

/** Pods of the target that have not ended, in order of creation. */
export function targetPods(store: Store, vpa: VerticalPodAutoscaler): number[] {
  const target = targetOf(store, vpa);
  if (target === undefined) return [];
  const { pods } = store;
  const namespace = vpa.metadata.namespace ?? "default";
  return pods.matching(namespace, (labels) => target.matcher.matches(labels)).filter((row) => !pods.isTerminal(row));
}

/** @source vertical-pod-autoscaler 1.6 pkg/utils/vpa GetUpdateMode: nothing said is Recreate */
export function updateModeOf({ spec }: VerticalPodAutoscaler): string {
  return spec.updatePolicy?.updateMode || "Recreate";
}
