import type { Condition, ConditionStatus } from "./types.ts";

export function getCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  if (conditions === undefined) return undefined;
  for (let i = 0; i < conditions.length; i++) {
    if (conditions[i]?.type === type) return conditions[i];
  }
  return undefined;
}

/** The status of a condition; `undefined` when the object does not have it. */
export function conditionStatus(
  conditions: readonly Condition[] | undefined,
  type: string,
): ConditionStatus | undefined {
  return getCondition(conditions, type)?.status;
}

export function isConditionTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditionStatus(conditions, type) === "True";
}

/**
 * The conditions with one of them set, in its old place or at the end. `lastTransitionTime` becomes `now` (RFC 3339)
 * only when the status flips or the condition is new. Returns the given array when nothing changes.
 *
 * @source kubernetes 1.37 apimachinery meta.SetStatusCondition
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: Condition,
  now: string,
): readonly Condition[] {
  const present = conditions ?? [];
  const at = present.findIndex(({ type }) => type === next.type);
  const old = present[at];
  if (old === undefined) return [...present, { ...next, lastTransitionTime: next.lastTransitionTime ?? now }];
  const kept = old.status === next.status ? old.lastTransitionTime : (next.lastTransitionTime ?? now);
  const merged: Condition = kept === undefined ? next : { ...next, lastTransitionTime: kept };
  return isSame(old, merged) ? present : present.map((condition, i) => (i === at ? merged : condition));
}

const NONE: readonly Condition[] = Object.freeze([]);

/** The conditions without one of them; the given array when it is not there. */
export function removeCondition(conditions: readonly Condition[] | undefined, type: string): readonly Condition[] {
  const present = conditions ?? NONE;
  if (getCondition(present, type) === undefined) return present;
  return present.filter((condition) => condition.type !== type);
}

const FIELDS = [
  "status",
  "reason",
  "message",
  "lastTransitionTime",
  "lastUpdateTime",
  "lastHeartbeatTime",
  "lastProbeTime",
  "observedGeneration",
] as const;

function isSame(a: Condition, b: Condition): boolean {
  return FIELDS.every((field) => a[field] === b[field]);
}
