import type { PluginPoint } from "./types.ts";

const POINTS: readonly PluginPoint[] = [
  "preEnqueue",
  "preFilter",
  "filter",
  "postFilter",
  "preScore",
  "score",
  "reserve",
  "permit",
  "preBind",
];
const OTHERS = ["normalize", "unreserve", "memoKey"];

/** The extension points of what a module exports; a sentence when it is no plugin of that name. */
export function pointsOf(plugin: unknown, name: string): readonly PluginPoint[] | string {
  if (typeof plugin !== "object" || plugin === null) return "it exports no plugin: export one as default, or as plugin";
  const fields = plugin as Readonly<Record<string, unknown>>;
  if (fields.name !== name) return `its plugin is named ${JSON.stringify(fields.name)}, not "${name}"`;
  for (const method of [...POINTS, ...OTHERS]) {
    if (fields[method] !== undefined && typeof fields[method] !== "function") return `its ${method} is not a function`;
  }
  if (fields.normalize !== undefined && fields.score === undefined) return "it has normalize, but no score";
  const has = (point: string) => fields[point] !== undefined || (point === "reserve" && fields.unreserve !== undefined);
  const points = POINTS.filter(has);
  return points.length === 0 ? `it has no method of a plugin: ${POINTS.join(", ")}` : points;
}
