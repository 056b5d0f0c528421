import { deepFreeze } from "../../tables/index.ts";
import { seconds } from "../../units/index.ts";
import { ConfigField } from "./config-field.ts";
import { DEFAULT_POINTS } from "./default-plugins.ts";
import { ARGS_READERS, DEFAULT_ARGS } from "./plugin-args.ts";
import { resolvePlugins } from "./plugin-sets.ts";
import type { ConfigProblem, PluginPoints, ProfileArgs, ProfileConfig, SchedulerConfig } from "./types.ts";

const API_VERSION = "kubescheduler.config.k8s.io/v1";
const KIND = "KubeSchedulerConfiguration";
const DEFAULT_NAME = "default-scheduler";
/** Fields about the process of the scheduler, not about what it decides. */
const OF_THE_PROCESS = [
  "parallelism",
  "leaderElection",
  "clientConnection",
  "healthzBindAddress",
  "metricsBindAddress",
  "enableProfiling",
  "enableContentionProfiling",
  "delayCacheUntilActive",
];

export interface ReadConfig {
  readonly config: SchedulerConfig;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Reads a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1) as kube-scheduler does: defaults are filled in,
 * multiPoint is expanded. Everything that is wrong is reported, with its path.
 *
 * DEVIATION(extenders): extenders are not asked; a configuration that has any gets a warning.
 *
 * @param value the parsed file
 * @param own plugins of the user's own, with their extension points; they run where the configuration enables them
 * @source kubernetes 1.37 scheduler apis/config/v1 defaults.go, apis/config/validation
 */
export function readSchedulerConfig(value: unknown, own: PluginPoints = new Map()): ReadConfig {
  const problems: ConfigProblem[] = [];
  const root = new ConfigField(problems, [], value);
  root.only([
    "apiVersion",
    "kind",
    "profiles",
    "percentageOfNodesToScore",
    "podInitialBackoffSeconds",
    "podMaxBackoffSeconds",
    "extenders",
    ...OF_THE_PROCESS,
  ]);
  checkType(root);
  const percentage = readPercentage(root, 0);
  const initial = root.get("podInitialBackoffSeconds").integer(1, { min: 1 });
  const longest = root.get("podMaxBackoffSeconds");
  const most = longest.integer(10, { min: 1 });
  if (most < initial) longest.error(`podMaxBackoffSeconds (${most}) is below podInitialBackoffSeconds (${initial})`);
  for (const key of OF_THE_PROCESS) {
    if (root.get(key).isPresent) root.get(key).note(`${key} is about the scheduler's process and changes no decision`);
  }
  if (root.get("extenders").items().length > 0) {
    root.get("extenders").warning("extenders are not simulated: pods are placed as if there were none");
  }
  const pointsOf: PluginPoints = new Map([...DEFAULT_POINTS, ...own]);
  const profiles = readProfiles(root.get("profiles"), percentage, pointsOf, problems);
  const config: SchedulerConfig = {
    profiles,
    podInitialBackoffMicros: seconds(initial),
    podMaxBackoffMicros: seconds(most),
  };
  return { config: deepFreeze(config), problems };
}

function checkType(root: ConfigField): void {
  for (const [key, wanted] of [
    ["apiVersion", API_VERSION],
    ["kind", KIND],
  ] as const) {
    const field = root.get(key);
    if (field.text(wanted) !== wanted || !field.isPresent) {
      field.error(`${key}: expected ${wanted}; got ${field.isPresent ? JSON.stringify(field.value) : "nothing"}`);
    }
  }
}

function readPercentage(field: ConfigField, otherwise: number): number {
  return field.get("percentageOfNodesToScore").integer(otherwise, { min: 0, max: 100 });
}

function readProfiles(
  field: ConfigField,
  percentage: number,
  pointsOf: PluginPoints,
  problems: ConfigProblem[],
): ProfileConfig[] {
  const items = field.items();
  const fields = items.length > 0 ? items : [new ConfigField(problems, field.path, {})];
  const seen = new Map<string, ProfileConfig>();
  let first: ProfileConfig | undefined;
  return fields.map((item) => {
    item.only(["schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig"]);
    const name = item.get("schedulerName");
    const schedulerName = name.text(fields.length === 1 ? DEFAULT_NAME : "");
    if (schedulerName === "") item.error(`${item.label}: a profile needs a schedulerName`);
    if (seen.has(schedulerName)) name.error(`there is another profile for "${schedulerName}"`);
    const profile: ProfileConfig = {
      schedulerName,
      percentageOfNodesToScore: readPercentage(item, percentage),
      points: resolvePlugins(item.get("plugins"), pointsOf),
      args: readArgs(item.get("pluginConfig"), pointsOf),
    };
    seen.set(schedulerName, profile);
    first ??= profile;
    const [sort, others] = [profile.points.queueSort[0]?.name, first.points.queueSort[0]?.name];
    if (sort !== others) {
      item
        .get("plugins")
        .error(`all profiles share one queue: they need the same queueSort plugin (${others ?? "none"})`);
    }
    return profile;
  });
}

function readArgs(field: ConfigField, pointsOf: PluginPoints): ProfileArgs {
  let args = DEFAULT_ARGS;
  const others: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const item of field.items()) {
    item.only(["name", "args"]);
    const name = item.get("name");
    const plugin = name.text("");
    if (seen.has(plugin)) name.error(`there is another pluginConfig for "${plugin}"`);
    seen.add(plugin);
    const read = ARGS_READERS.get(plugin);
    if (read !== undefined) {
      const field = item.get("args");
      checkKind(field, `${plugin}Args`);
      args = { ...args, ...read(field) };
    } else if (!pointsOf.has(plugin)) {
      name.unknown(plugin, `there is no plugin "${plugin}"`, [...pointsOf.keys()]);
    } else if (DEFAULT_POINTS.has(plugin)) {
      name.error(`plugin "${plugin}" has no args`);
    } else {
      others[plugin] = item.get("args").value ?? {};
    }
  }
  return { ...args, others };
}

/** Type fields of args may be left out. */
function checkKind(args: ConfigField, kind: string): void {
  const version = args.get("apiVersion");
  if (version.text(API_VERSION) !== API_VERSION) version.error(`${version.label}: expected ${API_VERSION}`);
  const given = args.get("kind");
  if (given.text(kind) !== kind) given.error(`${given.label}: expected ${kind}`);
}

/** A scheduler without any configuration. */
export const DEFAULT_CONFIG: SchedulerConfig = readSchedulerConfig({ apiVersion: API_VERSION, kind: KIND }).config;
