import {
  comparisonLines,
  type Divergence,
  type DivergingEvent,
  firstDivergence,
  fork,
  type RecordedRun,
  readRun,
  replay,
} from "../experiment/index.ts";
import { plural } from "../report/index.ts";
import type { LoadedScenario } from "../scenario/index.ts";
import { formatClock } from "../units/index.ts";
import { refuse } from "./problems.ts";
import { EXIT, painter, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface ReplayCommandOptions {
  readonly folder: string;
  /** Another run: say where the two part. */
  readonly other: string | undefined;
  readonly output: "table" | "json";
}

/** `orrery replay DIR`: makes a run again from its own folder; `--diff OTHER` finds the first event that two runs differ in. */
export async function replayCommand(options: ReplayCommandOptions, terminal: Terminal): Promise<number> {
  return refusing(terminal, async () => {
    const run = await readRun(options.folder, { version: packageVersion() });
    if (options.other !== undefined) {
      const other = await readRun(options.other, { version: packageVersion() });
      return tellDivergence(run, other, options, terminal);
    }
    const result = await replay(run, packageVersion());
    const exit = result.isSame ? EXIT.done : EXIT.differs;
    if (options.output === "json") {
      terminal.out(
        `${JSON.stringify({ schema: "kube-orrery/replay.v1", folder: options.folder, ...result, exit }, null, 2)}\n`,
      );
      return exit;
    }
    const version =
      result.otherVersion === null ? "" : ` (recorded by ${result.otherVersion}, this is ${packageVersion()})`;
    if (result.isSame) terminal.out(`same   digest ${result.now}${version}\n`);
    else {
      const lines = result.changed
        .slice(0, 20)
        .map(({ measure, was }) => `  ${measure.measure}: ${was ?? "—"} → ${measure.value ?? "—"}`);
      terminal.out(`${[`differs   digest ${result.recorded} → ${result.now}${version}`, ...lines].join("\n")}\n`);
    }
    return exit;
  });
}

async function tellDivergence(
  run: RecordedRun,
  other: RecordedRun,
  options: ReplayCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const divergence = await firstDivergence(run, other);
  const exit = divergence === null ? EXIT.done : EXIT.differs;
  if (options.output === "json") {
    terminal.out(`${JSON.stringify({ schema: "kube-orrery/divergence.v1", divergence, exit }, null, 2)}\n`);
  } else if (divergence === null) terminal.out("The two runs are the same, event for event.\n");
  else terminal.out(`${divergenceLines(divergence, run.folder, other.folder).join("\n")}\n`);
  return exit;
}

function divergenceLines({ number, last, left, right }: Divergence, first: string, second: string): string[] {
  const after = last === null ? "" : `, after ${last.kind} at ${exactClock(last.time)}`;
  return [
    `The runs part at event ${number}${after}:`,
    ...eventLines("-", first, left),
    ...eventLines("+", second, right),
  ];
}

function eventLines(sign: string, folder: string, { event, causes, decisions }: DivergingEvent): string[] {
  if (event === null) return [`${sign} ${folder}`, "    the run has ended"];
  return [
    `${sign} ${folder}`,
    `    ${exactClock(event.time)}  ${event.kind} (subject ${event.subject})`,
    ...causes.map(({ time, kind, subject }) => `      because of ${exactClock(time)}  ${kind} (subject ${subject})`),
    ...decisions.map((text) => `      decided: ${text}`),
  ];
}

/** Clock time and the microseconds within the second. */
function exactClock(micros: number): string {
  return `${formatClock(micros)}.${String(micros % 1_000_000).padStart(6, "0")}`;
}

export interface ForkCommandOptions {
  readonly folder: string;
  readonly atMicros: number;
  readonly settings: readonly string[];
  readonly overlays: readonly string[];
  readonly output: "table" | "json";
}

/** `orrery fork RUN --at T`: two futures of one past, compared. */
export async function forkCommand(options: ForkCommandOptions, terminal: Terminal): Promise<number> {
  return refusing(terminal, async () => {
    const { folder, atMicros, settings, overlays } = options;
    if (settings.length + overlays.length === 0) throw new UsageError("fork: nothing changes: give --set or --overlay");
    const version = packageVersion();
    const run = await readRun(folder, { version });
    const changed = await readRun(folder, { version, settings, overlays });
    const { comparison, digests } = await fork(run, changed, atMicros);
    if (options.output === "json") {
      const document = {
        schema: "kube-orrery/fork.v1",
        at: atMicros / 1_000_000,
        digests,
        comparison,
        exit: EXIT.done,
      };
      terminal.out(`${JSON.stringify(document, null, 2)}\n`);
      return EXIT.done;
    }
    const head = `seed ${run.summary.seed}, from ${formatClock(atMicros)} on; ${plural(comparison.changes.length, "change")}`;
    const lines = comparisonLines(comparison, run.plan.currency, painter(terminal.outHasColour));
    terminal.out(`${[head, ...lines].join("\n")}\n`);
    return EXIT.done;
  });
}

/** What is wrong with a folder is the user's to mend. */
async function refusing(terminal: Terminal, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (error.name === "RerunRefusal") {
      const loaded = "loaded" in error ? (error.loaded as LoadedScenario | null) : null;
      if (loaded === null) throw new UsageError(error.message);
      refuse(terminal, loaded);
      return EXIT.usage;
    }
    if (error.name === "PluginError") throw new UsageError(error.message);
    throw error;
  }
}
