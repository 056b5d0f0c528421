import {
  type ConditionStatus,
  conditionStatus,
  type KubeNode,
  TAINT_DISK_PRESSURE,
  TAINT_MEMORY_PRESSURE,
  TAINT_NETWORK_UNAVAILABLE,
  TAINT_NOT_READY,
  TAINT_PID_PRESSURE,
  TAINT_UNREACHABLE,
  TAINT_UNSCHEDULABLE,
  type Taint,
} from "../../kube/index.ts";
import type { DocumentTable, Store } from "../../store/index.ts";

/** A taint is the same as another when key and effect are; its value and time do not count. */
type TaintName = Pick<Taint, "key" | "effect">;

export const NOT_READY_NO_EXECUTE: TaintName = { key: TAINT_NOT_READY, effect: "NoExecute" };
export const UNREACHABLE_NO_EXECUTE: TaintName = { key: TAINT_UNREACHABLE, effect: "NoExecute" };

/** By condition type and status: the key of the NoSchedule taint that shows it. @source kubernetes 1.37 nodeConditionToTaintKeyStatusMap */
const KEY_OF_CONDITION: ReadonlyMap<string, ReadonlyMap<ConditionStatus, string>> = new Map([
  [
    "Ready",
    new Map<ConditionStatus, string>([
      ["False", TAINT_NOT_READY],
      ["Unknown", TAINT_UNREACHABLE],
    ]),
  ],
  ["MemoryPressure", new Map<ConditionStatus, string>([["True", TAINT_MEMORY_PRESSURE]])],
  ["DiskPressure", new Map<ConditionStatus, string>([["True", TAINT_DISK_PRESSURE]])],
  ["NetworkUnavailable", new Map<ConditionStatus, string>([["True", TAINT_NETWORK_UNAVAILABLE]])],
  ["PIDPressure", new Map<ConditionStatus, string>([["True", TAINT_PID_PRESSURE]])],
]);
const CONDITION_KEYS: ReadonlySet<string> = new Set([
  TAINT_UNSCHEDULABLE,
  ...[...KEY_OF_CONDITION.values()].flatMap((keys) => [...keys.values()]),
]);

/** The NoExecute taint that fits a status of the Ready condition; none when it is True. */
export function noExecuteTaintOf(status: ConditionStatus): TaintName | undefined {
  if (status === "False") return NOT_READY_NO_EXECUTE;
  return status === "Unknown" ? UNREACHABLE_NO_EXECUTE : undefined;
}

export function hasTaint(node: KubeNode, taint: TaintName): boolean {
  return node.spec?.taints?.some((present) => isSame(present, taint)) ?? false;
}

/** The NoSchedule taints to add and to remove so that they show the node's conditions and its cordon. */
export function conditionTaints(node: KubeNode): { readonly add: TaintName[]; readonly remove: TaintName[] } {
  const wanted: TaintName[] = [];
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = KEY_OF_CONDITION.get(type)?.get(status);
    if (key !== undefined) wanted.push({ key, effect: "NoSchedule" });
  }
  if (node.spec?.unschedulable === true) wanted.push({ key: TAINT_UNSCHEDULABLE, effect: "NoSchedule" });
  const present = (node.spec?.taints ?? []).filter(
    ({ key, effect }) => effect === "NoSchedule" && CONDITION_KEYS.has(key),
  );
  return {
    add: wanted.filter((taint) => !present.some((other) => isSame(taint, other))),
    remove: present.filter((taint) => !wanted.some((other) => isSame(taint, other))),
  };
}

/** Adds (timeAdded now, at the end) and removes taints in one write. Returns whether anything differed. */
export function changeTaints(
  store: Store,
  row: number,
  add: readonly TaintName[],
  remove: readonly TaintName[],
): boolean {
  const nodes: DocumentTable<KubeNode> = store.documents("Node");
  const node = nodes.get(row);
  const present = node.spec?.taints ?? [];
  const added = add.filter((taint) => !present.some((other) => isSame(taint, other)));
  const kept = present.filter((taint) => !remove.some((other) => isSame(taint, other)));
  if (added.length === 0 && kept.length === present.length) return false;
  const timeAdded = store.timestamp(store.nowSecond);
  const taints = [...kept, ...added.map(({ key, effect }) => ({ key, effect, timeAdded }))];
  const { taints: _, ...spec } = node.spec ?? {};
  return store.writer.update(nodes, row, { ...node, spec: taints.length === 0 ? spec : { ...spec, taints } });
}

/** The status of the Ready condition; `undefined` when the node has none. */
export function readyStatus(node: KubeNode): ConditionStatus | undefined {
  return conditionStatus(node.status?.conditions, "Ready");
}

function isSame(a: TaintName, b: TaintName): boolean {
  return a.key === b.key && a.effect === b.effect;
}
