import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ExplainError, explain, explanationLines } from "../report/index.ts";
import { parseDuration, UnitError } from "../units/index.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface ExplainOptions {
  readonly target: string;
  readonly at: string | undefined;
  readonly run: string | undefined;
  readonly namespace: string | undefined;
  /** Not why it is so, but what it sees of the network. */
  readonly isNetwork: boolean;
  /** Not why it is so, but how it is: as kubectl would show it. */
  readonly isStatus: boolean;
  /** A name that the pod looks up. */
  readonly dns: string | undefined;
  readonly output: "table" | "json";
}

/** `orrery explain`: what a code means, or why an object of a finished run is as it is. */
export async function explainCommand(options: ExplainOptions, terminal: Terminal): Promise<number> {
  if (/^[EWN]\d{4}$/i.test(options.target)) return explainCodeCommand(options, terminal);
  const run = options.run ?? newestRun("results");
  const atMicros = options.at === undefined ? null : parseAt(options.at);
  const [kind = "", ...rest] = options.target.split("/");
  const isQualified = options.namespace !== undefined && rest.length === 1 && kind !== "node";
  const target = isQualified ? `${kind}/${options.namespace}/${rest[0] ?? ""}` : options.target;
  if (options.isNetwork && options.isStatus) throw new UsageError("--status and --network exclude each other");
  if (options.isNetwork || options.isStatus) return explainView(options, { run, atMicros, target }, terminal);
  try {
    const explanation = await explain({ run, target, atMicros });
    if (options.output === "json") terminal.out(`${JSON.stringify({ ...explanation, exit: EXIT.done }, null, 2)}\n`);
    else terminal.out(`${explanationLines(explanation).join("\n")}\n`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof ExplainError) throw new UsageError(error.message);
    throw error;
  }
}

interface Asked {
  readonly run: string;
  readonly atMicros: number | null;
  readonly target: string;
}

/** What was there at an instant, from the run made again up to it. */
async function explainView(
  { dns, output, isNetwork }: ExplainOptions,
  { run, target, atMicros }: Asked,
  terminal: Terminal,
): Promise<number> {
  const made = await import("../experiment/index.ts");
  try {
    const recorded = await made.readRun(run, { version: packageVersion() });
    const shown = isNetwork
      ? withLines(await made.networkView(recorded, target, atMicros, dns), made.networkLines)
      : withLines(await made.statusView(recorded, target, atMicros), made.statusLines);
    if (output === "json") terminal.out(`${JSON.stringify({ ...shown.view, exit: EXIT.done }, null, 2)}\n`);
    else terminal.out(`${shown.lines.join("\n")}\n`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof made.ViewRefusal || error instanceof made.RerunRefusal) throw new UsageError(error.message);
    throw error;
  }
}

function withLines<T extends object>(view: T, linesOf: (view: T) => string[]): { view: object; lines: string[] } {
  return { view, lines: linesOf(view) };
}

async function explainCodeCommand(options: ExplainOptions, terminal: Terminal): Promise<number> {
  const { CODES, didYouMean, explainCode } = await import("../scenario/index.ts");
  const lines = explainCode(options.target);
  const code = options.target.toUpperCase();
  if (lines === null) throw new UsageError(`there is no code ${code}${didYouMean(code, CODES.keys())}`);
  if (options.output === "json")
    terminal.out(`${JSON.stringify({ code, ...CODES.get(code), exit: EXIT.done }, null, 2)}\n`);
  else terminal.out(`${lines.join("\n")}\n`);
  return EXIT.done;
}

/** `2h4m15s` or `02:04:15`, in microseconds. @throws UsageError */
export function parseAt(text: string): number {
  const clock = /^(?:(\d+)d)?(\d+):(\d\d)(?::(\d\d))?$/.exec(text);
  if (clock !== null) {
    const [days, hours, minutes, seconds] = clock.slice(1).map((part) => Number(part ?? 0));
    return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1_000_000;
  }
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof UnitError) throw new UsageError(`--at: ${error.message}`);
    throw error;
  }
}

/** The run below `results/` that was finished last. */
function newestRun(results: string): string {
  const runs: { readonly path: string; readonly at: number }[] = [];
  for (const scenario of existsSync(results) ? readdirSync(results) : []) {
    const folder = join(results, scenario);
    if (!statSync(folder).isDirectory()) continue;
    for (const seed of readdirSync(folder)) {
      const summary = join(folder, seed, "summary.json");
      if (seed.startsWith("seed=") && existsSync(summary))
        runs.push({ path: join(folder, seed), at: statSync(summary).mtimeMs });
    }
  }
  runs.sort((a, b) => b.at - a.at || (a.path < b.path ? -1 : 1));
  const newest = runs[0];
  if (newest === undefined) throw new UsageError("there is no run below results/: give one with --run DIR");
  return newest.path;
}
