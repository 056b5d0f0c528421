/** Lists of a strategic merge patch that are merged, and by which field of their items. @source kubernetes 1.37 patchMergeKey of the API types */
const MERGE_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["containers", ["name"]],
  ["initContainers", ["name"]],
  ["env", ["name"]],
  ["volumes", ["name"]],
  ["imagePullSecrets", ["name"]],
  ["schedulingGates", ["name"]],
  ["volumeMounts", ["mountPath"]],
  ["hostAliases", ["ip"]],
  ["topologySpreadConstraints", ["topologyKey"]],
  ["ports", ["containerPort", "port"]],
]);

type Fields = Readonly<Record<string, unknown>>;

const PLACE = /^\[(\d{1,6})\]$/;

/**
 * A strategic merge patch: as a JSON merge patch, but lists that have a merge key are merged by it. Inputs are untouched.
 *
 * A map of which every key is a place (`"[0]"`) changes the items at these places of a list, which is what settings by path are
 * made of; null takes the item out. Kubernetes has no such keys.
 */
export function strategicMerge(live: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const entries = Object.entries(patch);
  if (entries.length > 0 && entries.every(([key]) => PLACE.test(key))) return placed(live, entries);
  const merged: Record<string, unknown> = isMap(live) ? { ...live } : {};
  for (const [name, value] of entries) {
    if (value === null) delete merged[name];
    else
      merged[name] = Array.isArray(value) ? mergedList(name, merged[name], value) : strategicMerge(merged[name], value);
  }
  return merged;
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

function mergedList(name: string, live: unknown, patch: readonly unknown[]): readonly unknown[] {
  const key = MERGE_KEYS.get(name)?.find((one) => patch.every((item) => isMap(item) && item[one] !== undefined));
  if (key === undefined || !Array.isArray(live)) return patch.filter((item) => !isDeletion(item));
  const given = patch as readonly Fields[];
  const ofKey = (value: unknown): Fields | undefined => given.find((item) => item[key] === value);
  const kept = (live as readonly Fields[]).filter((item) => !isDeletion(ofKey(item[key])));
  const added = given.filter((item) => !isDeletion(item) && !kept.some((one) => one[key] === item[key]));
  return [...kept.map((item) => strategicMerge(item, ofKey(item[key]) ?? {})), ...added];
}

function isDeletion(item: unknown): boolean {
  return isMap(item) && item.$patch === "delete";
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
