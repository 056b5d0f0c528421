import type { ConfigField } from "./config-field.ts";
import { DEFAULT_MULTI_POINT } from "./default-plugins.ts";
import { EXTENSION_POINTS, type ExtensionPoint, type PluginPoints, type PluginUse } from "./types.ts";

/** What a profile says about one extension point. */
interface PluginSet {
  readonly enabled: readonly PluginUse[];
  /** The fields that `enabled` came from; absent for those that the defaults put there. */
  readonly fields: ReadonlyMap<string, ConfigField>;
  readonly disabled: ReadonlySet<string>;
}

type Points = Readonly<Record<ExtensionPoint, readonly PluginUse[]>>;

/** Points whose plugins work on what the same plugin noted at another point. */
const NEEDS: readonly (readonly [ExtensionPoint, ExtensionPoint])[] = [
  ["filter", "preFilter"],
  ["score", "preScore"],
];

/**
 * Works out which plugins run at which extension point, and in what order.
 *
 * Defaults and the profile's multiPoint are merged first: a default that is enabled again keeps its place, the others
 * follow. At each point come first the plugins that multiPoint enables too (in the order of the point), then the rest
 * of multiPoint, then plugins that only the point enables. "*" among the disabled leaves out all that multiPoint says.
 *
 * @param plugins `plugins` of a profile; what is wrong in it is reported there
 * @source kubernetes 1.37 apis/config/v1 default_plugins.go mergePlugins, framework runtime expandMultiPointPlugins
 */
export function resolvePlugins(plugins: ConfigField, pointsOf: PluginPoints): Points {
  plugins.only(["multiPoint", ...EXTENSION_POINTS]);
  const custom = readSet(plugins.get("multiPoint"), pointsOf, null);
  const multiPoint = mergeDefaults(custom);
  checkDoubles(plugins.get("multiPoint"));
  const sets = new Map(EXTENSION_POINTS.map((point) => [point, readSet(plugins.get(point), pointsOf, point)]));
  const weightOf = weights(sets.get("score")?.enabled ?? [], multiPoint);
  const points = Object.fromEntries(
    EXTENSION_POINTS.map((point) => {
      const names = expand(
        sets.get(point) as PluginSet,
        multiPoint,
        (name) => pointsOf.get(name)?.includes(point) === true,
      );
      return [point, names.map((name) => ({ name, weight: weightOf(name) }))];
    }),
  ) as unknown as Points;
  checkPoints(plugins, points, pointsOf);
  return points;
}

function readSet(field: ConfigField, pointsOf: PluginPoints, point: ExtensionPoint | null): PluginSet {
  field.only(["enabled", "disabled"]);
  const enabled: PluginUse[] = [];
  const fields = new Map<string, ConfigField>();
  for (const item of field.get("enabled").items()) {
    item.only(["name", "weight"]);
    const name = item.get("name").text("");
    const weight = item.get("weight").integer(0, { min: 0, max: MOST_WEIGHT });
    const has = pointsOf.get(name);
    if (has === undefined) {
      item.get("name").unknown(name, `there is no plugin "${name}"`, [...pointsOf.keys()]);
    } else if (point !== null && !has.includes(point)) {
      item.get("name").error(`plugin "${name}" has no ${point}; it has ${has.join(", ")}`);
    } else {
      if (point !== null && fields.has(name)) item.get("name").error(`plugin "${name}" is enabled twice`);
      enabled.push({ name, weight });
      fields.set(name, item);
    }
  }
  const disabled = new Set<string>();
  for (const item of field.get("disabled").items()) {
    item.only(["name", "weight"]);
    const name = item.get("name").text("");
    if (name !== "*" && !pointsOf.has(name)) {
      item.get("name").unknown(name, `there is no plugin "${name}"`, [...pointsOf.keys()]);
    }
    disabled.add(name);
  }
  return { enabled, fields, disabled };
}

/** Total scores are 64-bit integers in the original; a weight above this could overflow them. */
const MOST_WEIGHT = 1_000_000;

function mergeDefaults({ enabled, disabled }: PluginSet): PluginUse[] {
  const again = new Map(enabled.map((use) => [use.name, use]));
  const replaced = new Set<PluginUse>();
  const merged: PluginUse[] = [];
  for (const standard of disabled.has("*") ? [] : DEFAULT_MULTI_POINT) {
    if (disabled.has(standard.name)) continue;
    const own = again.get(standard.name);
    if (own !== undefined) replaced.add(own);
    merged.push(own ?? standard);
  }
  return [...merged, ...enabled.filter((use) => !replaced.has(use))];
}

function checkDoubles(multiPoint: ConfigField): void {
  const seen = new Set<string>();
  for (const item of multiPoint.get("enabled").items()) {
    const name = item.get("name");
    if (typeof name.value !== "string") continue;
    if (seen.has(name.value)) name.error(`plugin "${name.value}" is enabled twice`);
    seen.add(name.value);
  }
}

/** The weight given at the score point, else that of multiPoint, else 1. */
function weights(score: readonly PluginUse[], multiPoint: readonly PluginUse[]): (name: string) => number {
  const known = new Map<string, number>();
  for (const { name, weight } of [...score, ...multiPoint]) if (!known.has(name)) known.set(name, weight || 1);
  return (name) => known.get(name) ?? 1;
}

function expand(own: PluginSet, multiPoint: readonly PluginUse[], has: (name: string) => boolean): string[] {
  const names = [...new Set(own.enabled.map(({ name }) => name))];
  if (own.disabled.has("*")) return names;
  const multi = new Set(multiPoint.map(({ name }) => name).filter((name) => has(name) && !own.disabled.has(name)));
  const overriding = names.filter((name) => multi.has(name));
  const others = names.filter((name) => !multi.has(name));
  return [...overriding, ...[...multi].filter((name) => !overriding.includes(name)), ...others];
}

function checkPoints(plugins: ConfigField, points: Points, pointsOf: PluginPoints): void {
  const sorts = points.queueSort.map(({ name }) => name);
  if (sorts.length !== 1) {
    const what = sorts.length === 0 ? "none is enabled" : `${sorts.length} are enabled: ${sorts.join(", ")}`;
    plugins.get("queueSort").error(`exactly one queueSort plugin is needed; ${what}`);
  }
  if (points.bind.length === 0) plugins.get("bind").error("at least one bind plugin is needed; none is enabled");
  for (const [later, earlier] of NEEDS) {
    const before = new Set(points[earlier].map(({ name }) => name));
    for (const { name } of points[later]) {
      if (!pointsOf.get(name)?.includes(earlier) || before.has(name)) continue;
      plugins.get(earlier).error(`plugin "${name}" cannot ${later} without its ${earlier}: disable both or neither`);
    }
  }
}
