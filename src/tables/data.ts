/** Plain immutable data: what JSON can hold. */

/** Freezes a value and everything below it; returns it. Cost: its size, once (frozen parts are not walked again). */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) deepFreeze(value[i]);
  else for (const key in value) deepFreeze(value[key]);
  return value;
}

/**
 * The value as frozen data: what is frozen already is kept, the rest is built anew, so that objects with the same keys in the same
 * order have one layout in memory however they were put together. (Copies of copies by spreading come to have one each, and all that
 * reads many of them is slow then.) Cost: the size of what was not frozen.
 */
export function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    for (let i = 0; i < value.length; i++) list.push(frozenCopy(value[i]));
    return Object.freeze(list) as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = frozenCopy(value[key]);
  return Object.freeze(copy) as T;
}

/** Whether two values are the same data. Keys that are absent or `undefined` are the same; order of keys is not looked at. */
export function sameData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameData(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  // Plain data inherit nothing: what a loop over the keys finds is their own.
  for (const key in left) if (!sameData(left[key], right[key])) return false;
  for (const key in right) if (left[key] === undefined && right[key] !== undefined) return false;
  return true;
}

/** JSON merge patch (RFC 7386): objects are merged, `null` removes, everything else replaces. Inputs are untouched. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...(base as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
