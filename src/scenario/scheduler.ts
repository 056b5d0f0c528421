import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { pointsOf, type SchedulerPlugin } from "../plugin/index.ts";
import { type ExtensionPoint, readSchedulerConfig } from "../scheduler/index.ts";
import type { PlannedPlugin, SchedulerPlan } from "../world/plan.ts";
import type { Path, SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";
import type { FileReference } from "./files.ts";
import type { Problem } from "./problem.ts";

/** What a scenario says about the scheduler, and where. */
export interface SchedulerSource {
  /** The file of the configuration; null when it is written in the scenario. */
  readonly config: FileReference | null;
  readonly inline: unknown;
  readonly plugins: readonly (FileReference & { readonly name: string })[];
}

export interface SchedulerReading {
  readonly plan: SchedulerPlan;
  /** The code of the plugins, by name. */
  readonly modules: ReadonlyMap<string, SchedulerPlugin>;
  readonly problems: readonly Problem[];
}

/** What `spec.scheduler` names; null when the scenario has none. */
export function schedulerSource(document: SourceDocument): SchedulerSource | null {
  const spec = isRecord(document.value) ? document.value.spec : undefined;
  const given: unknown = isRecord(spec) ? spec.scheduler : undefined;
  if (typeof given === "string") return { config: { path: given, at: AT }, inline: {}, plugins: [] };
  if (!isRecord(given)) return null;
  const { config, plugins, ...inline } = given;
  const list: readonly unknown[] = Array.isArray(plugins) ? plugins : [];
  return {
    config: typeof config === "string" ? { path: config, at: [...AT, "config"] } : null,
    inline,
    plugins: list.flatMap((one, index) =>
      isRecord(one) && typeof one.path === "string" && typeof one.name === "string"
        ? [{ name: one.name, path: one.path, at: [...AT, "plugins", index, "path"] }]
        : [],
    ),
  };
}

const AT: Path = ["spec", "scheduler"];

/**
 * Loads the plugins and reads the configuration.
 * @param config the document of the configuration's file; null when it is written in the scenario
 * @param pathOf where a file of the scenario lies
 */
export async function readScheduler(
  scenario: SourceDocument,
  source: SchedulerSource,
  config: SourceDocument | null,
  pathOf: (name: string) => string,
): Promise<SchedulerReading> {
  const problems: Problem[] = [];
  const modules = new Map<string, SchedulerPlugin>();
  const plugins: PlannedPlugin[] = [];
  for (const { name, path, at } of source.plugins) {
    const report = (message: string) => problems.push({ code: "E0414", ...scenario.locate(at), message });
    if (modules.has(name)) report(`there are two plugins "${name}"`);
    const loaded = await load(pathOf(path));
    const points = "error" in loaded ? loaded.error : pointsOf(loaded.plugin, name);
    if (typeof points === "string" || "error" in loaded) {
      report(`"${path}": ${String(points)}`);
      continue;
    }
    const { file, line, column } = scenario.locate(at);
    plugins.push({ name, path, points, source: { file, line, column } });
    modules.set(name, loaded.plugin as SchedulerPlugin);
  }
  if (source.config !== null && Object.keys(source.inline as object).length > 0) {
    const message = "the configuration is in a file: its fields cannot be written here too";
    problems.push({ code: "E0413", ...scenario.locateKey(source.config.at), message });
  }
  const own = new Map(plugins.map(({ name, points }): [string, readonly ExtensionPoint[]] => [name, points]));
  const value = config === null ? { ...TYPE, ...(source.inline as object) } : config.value;
  const read = readSchedulerConfig(value, own);
  for (const { kind, path, isKey, message } of read.problems) {
    const [document, at] = config === null ? [scenario, [...AT, ...path]] : [config, path];
    const place = isKey ? document.locateKey(at) : document.locate(at);
    problems.push({ code: CODES[kind], ...place, length: Math.min(place.length, LONGEST), message });
  }
  const enabled = new Set(
    read.config.profiles.flatMap(({ points }) => Object.values(points).flatMap((uses) => uses.map(({ name }) => name))),
  );
  for (const { name, source: place } of plugins) {
    if (enabled.has(name)) continue;
    const message = `no profile enables the plugin "${name}": it does nothing`;
    problems.push({ code: "W0212", ...place, length: 1, message });
  }
  return { plan: { config: read.config, plugins }, modules, problems };
}

/**
 * The code of plugins that a plan names, for a world in another thread or on another machine.
 * @param files absolute paths of modules that `readScheduler` has accepted
 * @throws Error when one cannot be loaded here
 */
export async function loadPlugins(
  files: readonly { readonly name: string; readonly path: string }[],
): Promise<Map<string, SchedulerPlugin>> {
  const modules = new Map<string, SchedulerPlugin>();
  for (const { name, path } of files) {
    const loaded = await load(path);
    const points = "error" in loaded ? loaded.error : pointsOf(loaded.plugin, name);
    if (typeof points === "string" || "error" in loaded) throw new Error(`scheduler plugin "${name}": ${points}`);
    modules.set(name, loaded.plugin as SchedulerPlugin);
  }
  return modules;
}

const TYPE = { apiVersion: "kubescheduler.config.k8s.io/v1", kind: "KubeSchedulerConfiguration" };
const CODES = { error: "E0413", warning: "W0211", note: "N0306" } as const;
const LONGEST = 40;

type Loaded = { readonly plugin: unknown } | { readonly error: string };

async function load(file: string): Promise<Loaded> {
  const path = resolve(file);
  try {
    const module: unknown = await import(pathToFileURL(path).href);
    return { plugin: isModule(module) ? (module.default ?? module.plugin) : undefined };
  } catch (error) {
    const text = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    if (isRecord(error) && error.code === "ERR_UNKNOWN_FILE_EXTENSION") {
      return { error: `this Node does not load ${extname(path)} files: build it to .mjs, or use Node 22.18 or newer` };
    }
    return { error: `cannot be loaded: ${text.replaceAll(dirname(path), ".")}` };
  }
}

function isModule(module: unknown): module is { readonly default?: unknown; readonly plugin?: unknown } {
  return typeof module === "object" && module !== null;
}
