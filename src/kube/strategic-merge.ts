/** Lists of a strategic merge patch that are merged, and by which field of their items. @source kubernetes 1.37 patchMergeKey of the API types */
const MERGE_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["containers", ["name"]],
  ["initContainers", ["name"]],
  ["ephemeralContainers", ["name"]],
  ["env", ["name"]],
  ["volumes", ["name"]],
  ["imagePullSecrets", ["name"]],
  ["schedulingGates", ["name"]],
  ["resourceClaims", ["name"]],
  ["volumeMounts", ["mountPath"]],
  ["volumeDevices", ["devicePath"]],
  ["hostAliases", ["ip"]],
  ["podIPs", ["ip"]],
  ["hostIPs", ["ip"]],
  ["topologySpreadConstraints", ["topologyKey"]],
  ["ports", ["containerPort", "port"]],
  ["conditions", ["type"]],
  ["addresses", ["type"]],
  ["ownerReferences", ["uid"]],
]);
/** Lists of texts that are merged. */
const MERGED_TEXTS: ReadonlySet<string> = new Set(["finalizers"]);

const SET_ORDER = "$setElementOrder/";
const DELETE_FROM = "$deleteFromPrimitiveList/";

type Fields = Readonly<Record<string, unknown>>;

const PLACE = /^\[(\d{1,6})\]$/;

/**
 * A strategic merge patch: as a JSON merge patch, but lists that have a merge key are merged by it, and directives say what else
 * becomes of maps (`$patch: replace|delete|merge`, `$retainKeys`) and lists (`$patch` in an item, `$setElementOrder/LIST`,
 * `$deleteFromPrimitiveList/LIST`). Inputs are untouched. The patch is one that `patchProblem` finds nothing wrong with.
 *
 * A map of which every key is a place (`"[0]"`) changes the items at these places of a list, which is what settings by path are
 * made of; null takes the item out. Kubernetes has no such keys.
 *
 * @source kubernetes 1.37 apimachinery/pkg/util/strategicpatch
 */
export function strategicMerge(live: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const entries = Object.entries(patch);
  if (entries.length > 0 && entries.every(([key]) => PLACE.test(key))) return placed(live, entries);
  if (patch.$patch === "delete") return {};
  const merged: Record<string, unknown> = isMap(live) && patch.$patch !== "replace" ? { ...live } : {};
  const before = { ...merged };
  for (const [name, value] of entries) {
    if (name.startsWith("$")) continue;
    if (value === null) delete merged[name];
    else
      merged[name] = Array.isArray(value) ? mergedList(name, merged[name], value) : strategicMerge(merged[name], value);
  }
  for (const [name, value] of entries) direct(merged, before, name, value);
  return merged;
}

/** Why the API server would not take a patch; undefined when it would. */
export function patchProblem(patch: unknown): string | undefined {
  if (Array.isArray(patch)) return patch.map((item) => itemProblem(item)).find((found) => found !== undefined);
  if (!isMap(patch)) return undefined;
  for (const [name, value] of Object.entries(patch)) {
    const isOfLists = name === "$retainKeys" || name.startsWith(SET_ORDER) || name.startsWith(DELETE_FROM);
    if (isOfLists && !Array.isArray(value)) return `${name}: expected a list`;
    if (name === "$patch" && !["replace", "delete", "merge"].includes(String(value))) {
      return `unknown patch type found: ${JSON.stringify(value)}`;
    }
    const found = isOfLists ? undefined : patchProblem(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function itemProblem(item: unknown): string | undefined {
  if (isMap(item) && item.$patch === "merge") return "merging lists cannot yet be specified in the patch";
  return patchProblem(item);
}

/** Carries out what a key with `$` says; others say nothing here. */
function direct(merged: Record<string, unknown>, live: Fields, name: string, value: unknown): void {
  if (!Array.isArray(value)) return;
  if (name === "$retainKeys") {
    for (const key of Object.keys(merged)) if (!value.includes(key)) delete merged[key];
  } else if (name.startsWith(DELETE_FROM)) {
    const list = merged[name.slice(DELETE_FROM.length)];
    if (Array.isArray(list)) merged[name.slice(DELETE_FROM.length)] = list.filter((item) => !value.includes(item));
  } else if (name.startsWith(SET_ORDER)) {
    const field = name.slice(SET_ORDER.length);
    const list = merged[field];
    const before = live[field];
    if (Array.isArray(list)) {
      merged[field] = inOrder(list, value, Array.isArray(before) ? before : [], mergeKeyOf(field, value));
    }
  }
}

function placed(live: unknown, entries: readonly (readonly [string, unknown])[]): readonly unknown[] {
  const list: unknown[] = Array.isArray(live) ? [...live] : [];
  for (const [key, value] of entries) {
    const place = Number(PLACE.exec(key)?.[1]);
    while (list.length < place) list.push(null);
    list[place] = value === null ? undefined : strategicMerge(list[place], value);
  }
  return list.filter((item) => item !== undefined);
}

/** The field by which the items of a list are told apart in a merge; undefined where it is taken whole. */
export function mergeKeyOf(name: string, items: readonly unknown[]): string | undefined {
  return MERGE_KEYS.get(name)?.find((one) => items.every((item) => isMap(item) && item[one] !== undefined));
}

/** New items come first, as the API server has it; those that are there stay in their places. */
function mergedList(name: string, live: unknown, patch: readonly unknown[]): readonly unknown[] {
  const given = patch.filter((item) => !hasDirective(item)).map((item) => strategicMerge(undefined, item));
  if (!Array.isArray(live) || patch.some((item) => isMap(item) && item.$patch === "replace")) return given;
  if (MERGED_TEXTS.has(name)) return inOrder([...new Set([...live, ...given])], given, live, undefined);
  const key = mergeKeyOf(name, patch);
  if (key === undefined) return given;
  const deleted = patch.filter((item) => hasDirective(item)).map((item) => (item as Fields)[key]);
  const kept = live.filter((item: unknown) => !deleted.includes(keyOf(item, key)));
  const ofKey = (item: unknown): unknown => patch.find((one) => keyOf(one, key) === keyOf(item, key));
  const added = given.filter((item) => !kept.some((one) => keyOf(one, key) === keyOf(item, key)));
  const all = [...kept.map((item: unknown) => strategicMerge(item, ofKey(item) ?? {})), ...added];
  return inOrder(all, given, kept, key);
}

/**
 * Puts the items of a merged list in order: those that `wanted` names as there, the others as they were `before`, and the
 * two woven together by where they were.
 *
 * @source kubernetes 1.37 apimachinery/pkg/util/strategicpatch normalizeElementOrder, mergeSortedSlice
 */
export function inOrder(
  items: readonly unknown[],
  wanted: readonly unknown[],
  before: readonly unknown[],
  key: string | undefined,
): readonly unknown[] {
  const placeIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((one) => keyOf(one, key) === keyOf(item, key));
  const named = items.filter((item) => placeIn(wanted, item) !== -1);
  named.sort((a, b) => placeIn(wanted, a) - placeIn(wanted, b));
  const others = items.filter((item) => placeIn(wanted, item) === -1);
  others.sort((a, b) => placeIn(before, a) - placeIn(before, b));
  const woven: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const place = placeIn(before, item);
    while (next < others.length && place !== -1 && isBefore(placeIn(before, others[next]), place)) {
      woven.push(others[next]);
      next++;
    }
    woven.push(item);
  }
  return [...woven, ...others.slice(next)];
}

function isBefore(one: number, other: number): boolean {
  return one !== -1 && one < other;
}

function keyOf(item: unknown, key: string | undefined): unknown {
  return key !== undefined && isMap(item) ? item[key] : item;
}

function hasDirective(item: unknown): boolean {
  return isMap(item) && item.$patch !== undefined;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
