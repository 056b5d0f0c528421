import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import type { Checkpoint } from "../engine/index.ts";
import type { Runner, Seed } from "../experiment/index.ts";
import {
  headerLines,
  hostFacts,
  ResultFolder,
  type ResultOptions,
  ResumeRefusal,
  refill,
  Screen,
  type SummaryDocument,
  speedLine,
} from "../report/index.ts";
import { type LoadedScenario, loadScenario, severityOf } from "../scenario/index.ts";
import type { Plan, ResultSink, RunnableWorld } from "../world/plan.ts";
import { type OtherFiles, writeJunitOf, writeOtherFiles } from "./other-files.ts";
import { problemLines, refuse } from "./problems.ts";
import { startProgress } from "./progress.ts";
import { EXIT, painter, type Terminal, UsageError } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface RunOptions {
  readonly scenarios: readonly string[];
  readonly seed: string | undefined;
  readonly until: string | undefined;
  readonly settings: readonly string[];
  readonly overlays: readonly string[];
  readonly out: string;
  readonly output: "table" | "json";
  readonly quiet: boolean;
  /** Several seeds, in worker threads; undefined: the one of the scenario. */
  readonly seeds?: readonly Seed[] | undefined;
  /** Runs at a time, with several seeds. */
  readonly threads?: number | undefined;
  /** Files besides those of every run. */
  readonly files: OtherFiles;
  /** Simulated time between two checkpoints; none are written when undefined. */
  readonly checkpointEveryMicros?: number | undefined;
  /** Whether to go on from the newest checkpoint in the result folder. */
  readonly isResumed?: boolean;
}

/** What a run needs from its surroundings; tests put their own. */
export interface RunContext {
  readonly terminal: Terminal;
  /** @param from what the world goes on from; its start when undefined */
  readonly makeWorld: (
    plan: Plan,
    sink: ResultSink,
    plugins: LoadedScenario["plugins"],
    from?: Checkpoint,
  ) => Promise<RunnableWorld>;
  /** Makes runs in worker threads: so many at a time, or as many as there are processors. */
  readonly makeRunner: (threads: number | undefined) => Promise<Runner>;
  /** Makes runs on the machines that take them from a Redis. */
  readonly makeRedisRunner: (url: string) => Promise<Runner>;
  /** Calls back on an interrupt, once; gives back what undoes it. */
  readonly onInterrupt: (stop: () => void) => () => void;
}

/** Events between two looks at the outside: files, progress, an interrupt. About 20 ms. */
const SLICE_EVENTS = 20_000;

/**
 * A world makes much short-lived data beside little that stays: collected early, a run of 30,000 pods peaks at two thirds of the
 * memory that V8 would take by itself, at no cost in time (`npm run bench -- world/hour`). Not before the first slice is over:
 * a start would be mostly collections.
 */
const COLLECT_EARLY = "--heap-growing-percent=20";

let isCollectedEarly = false;

function collectEarly(): void {
  if (!isCollectedEarly) setFlagsFromString(COLLECT_EARLY);
  isCollectedEarly = true;
}

/** `orrery run`: one scenario after the other. Bad input runs and writes nothing at all. */
export async function run(options: RunOptions, context: RunContext): Promise<number> {
  const loaded: LoadedScenario[] = [];
  for (const file of options.scenarios) loaded.push(await load(file, options));
  const bad = loaded.filter(({ plan }) => plan === null);
  for (const one of bad) refuse(context.terminal, one);
  if (bad.length > 0) return EXIT.usage;
  let exit: number = EXIT.done;
  for (const one of loaded) {
    const result = await (options.seeds === undefined
      ? runOne(one, options, context)
      : runMany(one, options.seeds, options, context));
    exit = Math.max(exit, result);
    if (result === EXIT.interrupted) break;
    const written = await writeOtherFiles(one.plan, options);
    if (options.output === "table" && !options.quiet) for (const path of written) context.terminal.out(`${path}\n`);
  }
  if (exit !== EXIT.interrupted) writeJunitOf(loaded, options);
  return exit;
}

async function runMany(
  loaded: LoadedScenario,
  seeds: readonly Seed[],
  options: RunOptions,
  context: RunContext,
): Promise<number> {
  const { plan } = loaded;
  if (plan === null) return EXIT.usage;
  const { runWithSeeds } = await import("./run-seeds.ts");
  return runWithSeeds({ ...loaded, plan }, seeds, options, context);
}

async function load(file: string, options: RunOptions): Promise<LoadedScenario> {
  const settings = [
    ...options.settings,
    ...(options.seed === undefined ? [] : [`spec.seed=${options.seed}`]),
    ...(options.until === undefined ? [] : [`spec.duration=${options.until}`]),
  ];
  const loaded = await loadScenario(file, { version: packageVersion(), settings, overlays: options.overlays });
  if (options.until === undefined) return loaded;
  // Who shortens a run knows that its end is missing.
  return { ...loaded, problems: loaded.problems.filter(({ code }) => code !== "W0208") };
}

async function runOne(loaded: LoadedScenario, options: RunOptions, context: RunContext): Promise<number> {
  const { plan, problems, resolved, inputs, plugins } = loaded;
  if (plan === null) return EXIT.usage;
  const { terminal } = context;
  const version = packageVersion();
  const isTable = options.output === "table" && !options.quiet;
  const warnings = problems.filter((problem) => severityOf(problem) === "warning");
  for (const line of problemLines(loaded, warnings, { notes: false, hasColour: terminal.errHasColour }))
    terminal.err(`${line}\n`);
  const { out, isResumed = false } = options;
  const folder = openFolder({ out, plan, version, resolved, inputs, isResumed });
  const screen = new Screen();
  const notes = problems.filter((problem) => severityOf(problem) === "note").length;
  if (isTable) terminal.out(`${headerLines(plan, version, notes).join("\n")}\n`);
  const startedAt = new Date();
  const outcome = await play(plan, folder, screen, { options, context, plugins });
  const wallSeconds = (Date.now() - startedAt.getTime()) / 1000;
  const { summary, isInterrupted, fault } = outcome;
  folder.writeHost(hostFacts(startedAt, wallSeconds, summary.events));
  if (fault !== null) terminal.err(`orrery: ${fault}\nThe run ended there; its result is partial.\n`);
  const exit = isInterrupted
    ? EXIT.interrupted
    : fault !== null
      ? EXIT.usage
      : summary.assertions.some(({ holds }) => !holds)
        ? EXIT.assertion
        : EXIT.done;
  if (options.output === "json") {
    const timeline = {
      timeline: screen.happenings(),
      ...(screen.leftOut > 0 && { timelineLeftOut: screen.leftOut }),
    };
    terminal.out(`${JSON.stringify({ ...summary, folder: folder.path, ...timeline, exit }, null, 2)}\n`);
  } else if (isTable) {
    terminal.out(`${screen.lines(summary, folder.path, painter(terminal.outHasColour)).join("\n")}\n`);
  }
  if (!options.quiet) terminal.err(`${speedLine(summary.events, wallSeconds)}\n`);
  return exit;
}

function openFolder(options: ResultOptions): ResultFolder {
  try {
    return new ResultFolder(options);
  } catch (error) {
    if (error instanceof ResumeRefusal) throw new UsageError(error.message);
    throw error;
  }
}

interface Outcome {
  readonly summary: SummaryDocument;
  readonly isInterrupted: boolean;
  /** What a plugin of the user's did wrong; the run ends there, and its result is partial. */
  readonly fault: string | null;
}

interface PlayContext {
  readonly options: RunOptions;
  readonly context: RunContext;
  readonly plugins: LoadedScenario["plugins"];
}

async function play(
  plan: Plan,
  folder: ResultFolder,
  screen: Screen,
  { options, context, plugins }: PlayContext,
): Promise<Outcome> {
  let isInterrupted = false;
  const release = context.onInterrupt(() => {
    isInterrupted = true;
  });
  const progress = await startProgress(context.terminal, plan.durationMicros, options.quiet);
  try {
    const from = folder.resumedFrom;
    if (from !== null) await refill(screen, folder.path);
    const world = await context.makeWorld(plan, both(folder, screen), plugins, from?.state);
    const everyMicros = options.checkpointEveryMicros ?? from?.everyMicros ?? Number.POSITIVE_INFINITY;
    let checkpointAt = (Math.floor((from?.atMicros ?? 0) / everyMicros) + 1) * everyMicros;
    let isDone = false;
    while (!isDone && !isInterrupted) {
      const until = Math.min(checkpointAt, plan.durationMicros);
      let isThere: boolean;
      try {
        isThere = world.runSlice(until, SLICE_EVENTS);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "PluginError") throw error;
        return { summary: await folder.finish(world.finish(), true), isInterrupted: false, fault: error.message };
      }
      collectEarly();
      await folder.flush();
      isDone = isThere && until === plan.durationMicros;
      if (isThere && !isDone) {
        await folder.checkpoint(world.checkpoint(), checkpointAt, everyMicros);
        checkpointAt += everyMicros;
      }
      progress.update(world.nowMicros, world.eventCount);
      await nextTurn();
    }
    const isPartial = !isDone;
    return { summary: await folder.finish(world.finish(), isPartial), isInterrupted: isPartial, fault: null };
  } catch (error) {
    folder.abandon();
    throw error;
  } finally {
    progress.stop();
    release();
  }
}

/** Hands everything to two sinks. */
function both(first: ResultSink, second: ResultSink): ResultSink {
  return {
    event: (line) => {
      first.event(line);
      second.event(line);
    },
    decision: (record) => {
      first.decision(record);
      second.decision(record);
    },
    sample: (series, row) => {
      first.sample(series, row);
      second.sample(series, row);
    },
  };
}
