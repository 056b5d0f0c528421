import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type BenchFile,
  BenchFileError,
  findInstalled,
  type Installed,
  keepHistory,
  type Measured,
  measurePair,
  type Pair,
  processSampler,
  readBenchFile,
  SampleError,
  type Verdict,
  verdictOf,
} from "../bench/index.ts";
import { formatCount } from "../report/index.ts";
import { tableLines } from "./table.ts";
import { EXIT, painter, type Terminal, UsageError } from "./terminal.ts";

export interface BenchOptions {
  /** Scenario files; those of bench/scenarios here when there are none. */
  readonly files: readonly string[];
  /** A file that an earlier --export-json wrote. */
  readonly baseline: string | undefined;
  /** Another version: the folder of its package, or a path in it. */
  readonly against: string | undefined;
  readonly samples: number;
  readonly exportJson: string | undefined;
  /** Least speed as a share of the one before. */
  readonly failBelow: number | null;
  /** Folder of history.csv and the page. */
  readonly out: string;
  readonly output: "table" | "json";
  readonly quiet: boolean;
  /** The words of the command line, for the history. */
  readonly words: readonly string[];
}

const OWN = join("bench", "scenarios");

/** `orrery bench`: how fast scenarios run here, and against another version or an earlier measurement. */
export async function bench(options: BenchOptions, terminal: Terminal): Promise<number> {
  const scenarios = scenariosOf(options.files);
  const now = thisVersion();
  const before = options.against === undefined ? null : otherVersion(options.against);
  const baseline = options.baseline === undefined ? null : readBaseline(options.baseline);
  const pairs: Pair[] = [];
  for (const scenario of scenarios) {
    if (!options.quiet) terminal.err(`${scenario.name} …\n`);
    pairs.push(await measure(now, before, baseline, scenario, options.samples));
  }
  const verdicts = pairs.map((pair) => verdictOf(pair, options.failBelow));
  const label = before === null ? basename(options.baseline ?? "") : nameBeside(before, now);
  await keepHistory(options.out, verdicts, {
    ...facts(now),
    command: ["orrery", ...options.words].join(" "),
    against: label,
  });
  if (options.exportJson !== undefined) exportTo(options.exportJson, now, pairs);
  const isBad = verdicts.some(({ against }) => against?.isTooSlow === true);
  if (options.output === "json") {
    terminal.out(`${JSON.stringify({ schema: "kube-orrery/bench-verdicts.v1", against: label, verdicts }, null, 2)}\n`);
  } else if (!options.quiet) {
    terminal.out(`${verdictLines(verdicts, label, options.failBelow, painter(terminal.outHasColour)).join("\n")}\n`);
  }
  for (const line of warnings(verdicts, baseline)) terminal.err(`${line}\n`);
  return isBad ? EXIT.assertion : EXIT.done;
}

async function measure(
  now: Installed,
  before: Installed | null,
  baseline: BenchFile | null,
  scenario: { readonly name: string; readonly file: string },
  samples: number,
): Promise<Pair> {
  try {
    const pair = await measurePair(processSampler, { now, before }, scenario, samples);
    const recorded: Measured | undefined = baseline?.scenarios.find(({ name }) => name === scenario.name);
    return before === null && recorded !== undefined ? { ...pair, before: recorded } : pair;
  } catch (error) {
    if (error instanceof SampleError) throw new UsageError(error.message);
    throw error;
  }
}

function scenariosOf(files: readonly string[]): { readonly name: string; readonly file: string }[] {
  const found = files.length > 0 ? files : ownScenarios();
  const missing = found.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new UsageError(`bench: cannot read ${missing.join(", ")}`);
  const named = found.map((file) => ({ name: basename(file).replace(/\.ya?ml$/, ""), file }));
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined)
    throw new UsageError(`bench: two scenarios are called ${twice.name}; the history knows them by name`);
  return named;
}

function ownScenarios(): string[] {
  const names = existsSync(OWN) ? readdirSync(OWN).filter((name) => name.endsWith(".yaml")) : [];
  if (names.length === 0) throw new UsageError(`bench: give scenario files (there are none in ${OWN})`);
  return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(OWN, name));
}

function thisVersion(): Installed {
  const found = findInstalled(fileURLToPath(import.meta.url));
  if (found === null) throw new UsageError("bench: this version is not built (npm run build)");
  return found;
}

function otherVersion(path: string): Installed {
  const found = findInstalled(path);
  if (found !== null) return found;
  throw new UsageError(
    `--against: there is no built kube-orrery at ${path} — give the folder of its package, or a path in it`,
  );
}

/** Two builds of one version are told apart by their folders. */
function nameBeside({ version, folder }: Installed, now: Installed): string {
  return version === now.version ? folder : `orrery ${version}`;
}

function readBaseline(path: string): BenchFile {
  try {
    return readBenchFile(path);
  } catch (error) {
    if (error instanceof BenchFileError) throw new UsageError(`--baseline: ${error.message}`);
    throw error;
  }
}

function facts({ version, folder }: Installed): Omit<Parameters<typeof keepHistory>[2], "command" | "against"> {
  const load = Math.round((loadavg()[0] ?? 0) * 100) / 100;
  const cpu = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
  return { measuredAt: new Date().toISOString(), version, commit: commitOf(folder), node: process.version, cpu, load };
}

/** The commit of a checkout; empty for an installed package. */
function commitOf(folder: string): string {
  if (!existsSync(join(folder, ".git"))) return "";
  try {
    return execFileSync("git", ["-C", folder, "rev-parse", "--short", "HEAD"], {
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  } catch {
    // No git here: the history says the version alone.
    return "";
  }
}

function exportTo(path: string, now: Installed, pairs: readonly Pair[]): void {
  const { measuredAt, version, node, cpu } = facts(now);
  const scenarios = pairs.map((pair) => pair.now);
  const file: BenchFile = { schema: "kube-orrery/bench.v1", version, node, cpu, measuredAt, scenarios };
  writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
}

type Paint = ReturnType<typeof painter>;

function verdictLines(verdicts: readonly Verdict[], label: string, failBelow: number | null, paint: Paint): string[] {
  const hasRatios = verdicts.some(({ against }) => against !== null);
  const head = ["  scenario", "nodes", "pods", "events/s", "CPU", "wall", "allocated", "peak RSS"];
  const rows = verdicts.map((one) => [
    `  ${one.name}`,
    String(one.nodes),
    String(one.pods),
    `${formatCount(Math.round(one.eventsPerCpuSecond))} ± ${formatCount(Math.round(one.eventsPerCpuSecondSpread))}`,
    seconds(one.cpuMillis),
    seconds(one.wallMillis),
    mebibytes(one.allocatedBytes),
    mebibytes(one.peakRssBytes),
    ...(hasRatios ? [ratioText(one)] : []),
  ]);
  const lines = tableLines([[...head, ...(hasRatios ? [`vs ${label}`] : [])], ...rows]);
  return lines.map((line, index) => {
    const against = verdicts[index - 1]?.against ?? null;
    const notes = against === null ? [] : notesOf(against, failBelow, paint);
    return [line, ...notes].join("   ");
  });
}

function ratioText({ against }: Verdict): string {
  if (against === null) return "-";
  const { ratio, low, high } = against.speed;
  return `${ratio.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}

function notesOf(against: NonNullable<Verdict["against"]>, failBelow: number | null, paint: Paint): string[] {
  const notes: string[] = [];
  if (against.isTooSlow) notes.push(paint("bad", `✗ below ${failBelow}`));
  if (!against.isSameDigest) notes.push("another program (digest)");
  const { change, kinds } = against;
  if (change !== null && change.first !== null) {
    notes.push(`decisions: ${change.onlyBefore} gone, ${change.onlyNow} new; first at ${instantOf(change.first)}`);
  } else if (change === null && !against.hasSameDecisions) {
    const counts = Object.entries(kinds).map(([kind, [before, now]]) => `${kind} ${before} → ${now}`);
    notes.push(`decisions changed${counts.length === 0 ? "" : `: ${counts.slice(0, 3).join(", ")}`}`);
  }
  return notes;
}

function instantOf({ before, now }: { readonly before: string | null; readonly now: string | null }): string {
  const { t, object } = JSON.parse(now ?? before ?? "{}") as { readonly t?: number; readonly object?: string };
  return `${((t ?? 0) / 1e6).toFixed(3)}s, ${object ?? ""}`;
}

function warnings(verdicts: readonly Verdict[], baseline: BenchFile | null): string[] {
  const lines = verdicts
    .filter(({ outliers }) => outliers > 0)
    .map(
      ({ name, outliers }) =>
        `warning: ${outliers} outlier${outliers === 1 ? "" : "s"} in ${name}; other programs may be running`,
    );
  const cpu = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
  if (baseline !== null && (baseline.cpu !== cpu || baseline.node !== process.version)) {
    lines.push(
      `warning: the baseline was measured on ${baseline.cpu} with Node ${baseline.node}; times do not compare`,
    );
  }
  const unknown = verdicts.filter(({ against }) => against === null);
  if (baseline !== null && unknown.length > 0) {
    lines.push(`warning: the baseline knows nothing of ${unknown.map(({ name }) => name).join(", ")}`);
  }
  return lines;
}

function seconds(millis: number): string {
  return `${(millis / 1000).toFixed(2)}s`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)}Mi`;
}
