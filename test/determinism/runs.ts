import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { loadScenario } from "../../src/scenario/index.ts";
import { parseDuration } from "../../src/units/index.ts";
import { type Plan, type ResultSink, World } from "../../src/world/index.ts";
import { MAIN, ROOT } from "../built.ts";

/** Longer scenarios are played to here: their first hours show what there is to show. */
const LONGEST = "90m";
/** Of this machine and hour, and meant to be. */
const HOST_FILE = "host.json";

/** The scenarios of the project, as `quick/hpa-burst`; those of `regression/` have a test of their own. */
/** Folders whose scenarios are not played here: their own tests play them; a day of the largest cluster takes too long. */
const ELSEWHERE = /^(regression|scale)\b/;

export function scenarioNames(): string[] {
  const folder = join(ROOT, "scenarios");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml") && !ELSEWHERE.test(name) && isScenario(join(folder, name)))
    .map((name) => name.slice(0, -".yaml".length).replaceAll("\\", "/"))
    .sort();
}

function isScenario(file: string): boolean {
  return /^kind: Scenario$/m.test(readFileSync(file, "utf8"));
}

export function scenarioFile(name: string): string {
  return join(ROOT, "scenarios", `${name}.yaml`);
}

export async function planOfScenario(name: string): Promise<Plan> {
  const { plan, problems } = await loadScenario(scenarioFile(name), { version: "test", settings: settingsOf(name) });
  if (plan === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  return plan;
}

function settingsOf(name: string): string[] {
  const duration = /^ {2}duration: (\S+)$/m.exec(readFileSync(scenarioFile(name), "utf8"))?.[1] ?? LONGEST;
  return parseDuration(duration) > parseDuration(LONGEST) ? [`spec.duration=${LONGEST}`] : [];
}

export function digestOf(plan: Plan, sink?: ResultSink, sliceEvents = Number.POSITIVE_INFINITY): string {
  const world = World.from(plan, sink);
  while (!world.runSlice(plan.durationMicros, sliceEvents));
  return world.finish().digest;
}

export interface ProcessRun {
  readonly digest: string;
  /** Hash of every file of the result folder but the host's, by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** Runs a scenario in a process of its own, with its results in `out`. */
export async function runInProcess(name: string, out: string, node = process.execPath): Promise<ProcessRun> {
  const settings = settingsOf(name).flatMap((setting) => ["--set", setting]);
  const words = [MAIN, "run", scenarioFile(name), "--out", out, "--output", "json", ...settings];
  const { stdout } = await promisify(execFile)(node, words, { maxBuffer: 1 << 28 }).catch(passFailedAssertions);
  const { digest, folder } = JSON.parse(stdout) as { digest: string; folder: string };
  return { digest, files: hashesOf(folder) };
}

/** Exit code 3 only says that an assertion of the scenario does not hold. */
function passFailedAssertions(error: { readonly code?: unknown; readonly stdout?: string }): { stdout: string } {
  if (error.code === 3 && error.stdout !== undefined) return { stdout: error.stdout };
  throw error;
}

function hashesOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== HOST_FILE)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [relative(folder, file), createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );
}
