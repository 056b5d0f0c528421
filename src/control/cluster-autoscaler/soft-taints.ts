import type { KubeNode, Taint } from "../../kube/index.ts";
import type { Store } from "../../store/index.ts";
import { unixSeconds } from "./node-deletions.ts";
import type { CandidateNode } from "./scale-down.ts";

const DELETION_CANDIDATE = "DeletionCandidateOfClusterAutoscaler";

/**
 * Makes the scheduler shy of nodes that nobody needs, and takes that back from others; so many changes at once at most.
 * @source cluster-autoscaler 1.37 core/scaledown/actuation/softtaint.go
 */
export function updateSoftTaints(
  store: Store,
  nodes: readonly CandidateNode[],
  unneeded: ReadonlySet<string>,
  changesMax: number,
): void {
  const table = store.documents<KubeNode>("Node");
  let left = changesMax;
  for (const { name } of nodes) {
    if (left === 0) return;
    const row = table.rowOf("", name);
    const node = table.get(row);
    const taints = node.spec?.taints ?? [];
    const hasTaint = taints.some(({ key }) => key === DELETION_CANDIDATE);
    if (hasTaint === unneeded.has(name)) continue;
    const taint: Taint = { key: DELETION_CANDIDATE, value: unixSeconds(store), effect: "PreferNoSchedule" };
    const others = taints.filter(({ key }) => key !== DELETION_CANDIDATE);
    store.writer.update(table, row, {
      ...node,
      spec: { ...node.spec, taints: hasTaint ? others : [...others, taint] },
    });
    left--;
  }
}
