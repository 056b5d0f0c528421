import yargs, { type Argv } from "yargs";
import { addCapacity, addRightsize, addSurvive } from "./answer-commands.ts";
import { addBench } from "./bench-command.ts";
import { addInit } from "./init-command.ts";
import {
  type Finish,
  once,
  readPeriod,
  readSeeds,
  readThreads,
  withChanges,
  withOutput,
  withThreads,
} from "./options.ts";
import type { OtherFiles } from "./other-files.ts";
import type { RunContext } from "./run.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";
import { versionText } from "./version.ts";

const EXIT_CODES =
  "Exit codes: 0 done, 1 fault of orrery or the machine, 2 wrong usage or input, 3 an assertion failed, 4 differs, 130 interrupted";

/** Reads the words of a command line and carries the command out. @throws UsageError */
export async function runCommandLine(
  words: readonly string[],
  terminal: Terminal,
  context: RunContext,
): Promise<number> {
  let exit: number = EXIT.done;
  const finish = async (command: Promise<number>): Promise<void> => {
    exit = await command;
  };
  const parser = yargs()
    .scriptName("orrery")
    .usage(
      "$0 <command>\n\nSimulates a Kubernetes cluster: what it will do with your manifests and your load, and why.",
    )
    .version(false)
    .option("debug", { type: "boolean", default: false, describe: "Show where a fault happened" })
    .option("version", { type: "boolean", default: false, describe: "Show the version" })
    .parserConfiguration({
      "duplicate-arguments-array": true,
      "parse-numbers": false,
      "parse-positional-numbers": false,
    })
    .strict()
    .demandCommand(1, "Give a command.")
    .recommendCommands()
    .exitProcess(false)
    .help()
    .wrap(110)
    .epilogue(EXIT_CODES)
    .fail((message, error) => {
      // What yargs itself throws is about the words of the command line.
      if (error !== undefined && error !== null && error.name !== "YError") throw error;
      throw new UsageError(`${message}\nTry orrery --help.`);
    });
  addRun(parser, context, finish);
  addReport(parser, terminal, finish);
  addCompare(parser, context, finish);
  addExperiment(parser, context, finish);
  addWorker(parser, context, finish);
  addReplay(parser, terminal, finish);
  addFork(parser, terminal, finish);
  addCapacity(parser, context, finish);
  addSurvive(parser, context, finish);
  addRightsize(parser, context, finish);
  addCheck(parser, terminal, finish);
  addExplain(parser, terminal, finish);
  addImport(parser, terminal, finish);
  addInit(parser, terminal, finish);
  addBench(parser, terminal, finish, words);
  parser.command(
    "version",
    "Show the version",
    (command) => withOutput(command),
    (options) => terminal.out(versionText(options.output)),
  );
  const isAlone = words.length === 0;
  await parser.parseAsync(isAlone ? ["--help"] : [...words], {}, (_error, _options, text) => {
    if (text !== "") terminal.out(`${text}\n`);
  });
  return exit;
}

function addRun(parser: Argv, context: RunContext, finish: Finish): void {
  parser.command(
    "run <scenario..>",
    "Simulate",
    (command) =>
      withFiles(withThreads(withChanges(withOutput(command))))
        .positional("scenario", {
          type: "string",
          array: true,
          demandOption: true,
          describe: "Scenario or manifest files",
        })
        .option("seed", { type: "string", requiresArg: true, describe: "Seed in place of the scenario's" })
        .option("seeds", { type: "string", requiresArg: true, describe: "Many seeds, such as 1..20, in threads" })
        .option("shard", { type: "string", requiresArg: true, describe: "Only a part of the seeds, such as 2/4" })
        .option("until", {
          type: "string",
          requiresArg: true,
          describe: "Simulated time in place of the scenario's, such as 2h",
        })
        .option("out", { type: "string", requiresArg: true, default: "results", describe: "Folder for the results" })
        .option("html", { type: "boolean", default: false, describe: "Write report.html, one file without network" })
        .option("checkpoint-every", {
          type: "string",
          requiresArg: true,
          describe: "Simulated time between checkpoints that --resume goes on from, such as 6h",
        })
        .option("resume", { type: "boolean", default: false, describe: "Go on with a run that was killed" })
        .option("quiet", {
          alias: "q",
          type: "boolean",
          default: false,
          describe: "Write the results and print nothing",
        }),
    async (options) => {
      const { run } = await import("./run.ts");
      const { scenario: scenarios, set: settings, overlay: overlays, output } = options;
      const { seed, until, out, quiet } = {
        ...options,
        seed: once("seed", options.seed),
        until: once("until", options.until),
      };
      const threads = readThreads(options.jobs);
      const seeds = await seedsOfRun(once("seeds", options.seeds), seed, readShard(once("shard", options.shard)));
      const [folder, files] = [once("out", out) ?? "results", { html: options.html, ...filesOf(options) }];
      const [checkpointEveryMicros, isResumed] = [
        readPeriod("checkpoint-every", once("checkpoint-every", options.checkpointEvery)),
        options.resume,
      ];
      if (seeds !== undefined && (isResumed || checkpointEveryMicros !== undefined)) {
        throw new UsageError(
          "--checkpoint-every and --resume are for one seed; `orrery experiment --resume` takes many",
        );
      }
      const given = { scenarios, settings, overlays, output, seed, until, out: folder, quiet, seeds, threads, files };
      await finish(run({ ...given, checkpointEveryMicros, isResumed }, context));
    },
  );
}

type Files = { parquet: boolean; trace: boolean; openmetrics: boolean; junit: string | undefined };

function withFiles<T>(command: Argv<T>): Argv<T & Files> {
  return command
    .option("parquet", { type: "boolean", default: false, describe: "Write the series as Parquet too" })
    .option("trace", { type: "boolean", default: false, describe: "Write trace.json for ui.perfetto.dev" })
    .option("openmetrics", { type: "boolean", default: false, describe: "Write metrics.om for promtool" })
    .option("junit", { type: "string", requiresArg: true, describe: "File for the assertions as JUnit XML" });
}

function filesOf({ parquet, trace, openmetrics, junit }: Files): Omit<OtherFiles, "html"> {
  const wanted = { parquet, trace, openmetrics };
  const formats = (["parquet", "trace", "openmetrics"] as const).filter((format) => wanted[format]);
  return { formats, junit: once("junit", junit) };
}

function addReport(parser: Argv, terminal: Terminal, finish: Finish): void {
  parser.command(
    "report <folder>",
    "Write report.html, and files for other tools, from a finished run",
    (command) =>
      withFiles(command)
        .positional("folder", {
          type: "string",
          demandOption: true,
          describe: "Folder of a run, or of a scenario with the folders of its seeds",
        })
        .option("file", {
          type: "string",
          requiresArg: true,
          describe: "The page; report.html in the folder by default",
        })
        .option("base", { type: "string", requiresArg: true, describe: "Folder of a run to hold the scenario against" })
        .option("quiet", { alias: "q", type: "boolean", default: false, describe: "Print no names of files" }),
    async (options) => {
      const { report } = await import("./report.ts");
      const { folder, quiet } = options;
      const [file, base] = [once("file", options.file), once("base", options.base)];
      await finish(report({ folder, file, base, quiet, ...filesOf(options) }, terminal));
    },
  );
}

function addCompare(parser: Argv, context: RunContext, finish: Finish): void {
  parser.command(
    "compare <base> [other..]",
    "Run scenarios with the same seeds and say what differs",
    (command) =>
      withThreads(withChanges(command))
        .positional("base", {
          type: "string",
          demandOption: true,
          describe: "Scenario that the others are held against",
        })
        .positional("other", {
          type: "string",
          array: true,
          default: [] as string[],
          describe: "Scenarios; --set and --overlay make one more of the base",
        })
        .option("output", {
          alias: "o",
          choices: ["table", "markdown", "json"] as const,
          default: "table" as const,
          describe: "How to print the answer",
        })
        .option("seeds", { type: "string", requiresArg: true, default: "1..10", describe: "Seeds, such as 1..20" })
        .option("until", { type: "string", requiresArg: true, describe: "Simulated time in place of the scenarios'" })
        .option("exit-code", { type: "boolean", default: false, describe: "Exit with 4 when any measure differs" })
        .option("quiet", { alias: "q", type: "boolean", default: false, describe: "No progress" }),
    async (options) => {
      const { compare } = await import("./compare.ts");
      const { base, other: others, set: settings, overlay: overlays, output, exitCode, quiet } = options;
      const seeds = await readSeeds(once("seeds", options.seeds) ?? "");
      const [until, threads] = [once("until", options.until), readThreads(options.jobs)];
      await finish(
        compare({ base, others, seeds, until, settings, overlays, threads, output, exitCode, quiet }, context),
      );
    },
  );
}

function addExperiment(parser: Argv, context: RunContext, finish: Finish): void {
  parser.command(
    "experiment <file..>",
    "Run a scenario in many variants (an Experiment file), or `experiment merge DIR…` the shards of one",
    (command) =>
      withThreads(withOutput(command))
        .positional("file", { type: "string", array: true, demandOption: true, describe: "Experiment file" })
        .option("out", { type: "string", requiresArg: true, default: "results", describe: "Folder for the results" })
        .option("resume", { type: "boolean", default: false, describe: "Go on with what was not finished" })
        .option("restart", { type: "boolean", default: false, describe: "Give up what was not finished" })
        .option("shard", { type: "string", requiresArg: true, describe: "Only a part of the runs, such as 2/4" })
        .option("redis", { type: "string", requiresArg: true, describe: "Runs go to `orrery worker`s at this Redis" })
        .option("quiet", { alias: "q", type: "boolean", default: false, describe: "No progress, no table" }),
    async (options) => {
      const { experimentCommand, mergeCommand } = await import("./experiment.ts");
      const { file: words, output, quiet } = options;
      const out = once("out", options.out) ?? "results";
      const [first = "", ...rest] = words;
      if (first === "merge") {
        if (rest.length === 0) throw new UsageError("experiment merge: give the result folders of the shards");
        return finish(mergeCommand({ folders: rest, out, output, quiet }, context.terminal));
      }
      if (rest.length > 0) throw new UsageError("experiment takes one file");
      if (options.resume && options.restart) throw new UsageError("--resume and --restart exclude each other");
      const mode = options.resume ? "resume" : options.restart ? "restart" : "start";
      const [shard, threads] = [readShard(once("shard", options.shard)), readThreads(options.jobs)];
      const redis = once("redis", options.redis);
      await finish(experimentCommand({ file: first, out, mode, shard, threads, redis, output, quiet }, context));
    },
  );
}

function addWorker(parser: Argv, context: RunContext, finish: Finish): void {
  parser.command(
    "worker",
    "Make runs of experiments that another machine has started with --redis",
    (command) =>
      withThreads(command)
        .option("redis", { type: "string", demandOption: true, requiresArg: true, describe: "redis://host:port" })
        .option("quiet", { alias: "q", type: "boolean", default: false, describe: "Say nothing of the runs" }),
    async ({ redis, jobs, quiet }) => {
      const { worker } = await import("./worker.ts");
      await finish(worker({ url: once("redis", redis) ?? "", threads: readThreads(jobs), quiet }, context));
    },
  );
}

/** `2/4`: the second of four parts. */
function readShard(text: string | undefined): { readonly index: number; readonly count: number } | null {
  if (text === undefined) return null;
  const [index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text)?.slice(1) ?? []).map(Number);
  if (index === undefined || count === undefined || index < 1 || index > count) {
    throw new UsageError(`--shard: expected a part such as 2/4; got "${text}"`);
  }
  return { index, count };
}

/** The seeds of this part of a run; undefined for the one of the scenario. */
async function seedsOfRun(
  text: string | undefined,
  seed: string | undefined,
  shard: ReturnType<typeof readShard>,
): Promise<Awaited<ReturnType<typeof readSeeds>> | undefined> {
  if (text === undefined) {
    if (shard !== null) throw new UsageError("--shard divides the seeds of --seeds");
    return undefined;
  }
  if (seed !== undefined) throw new UsageError("--seed and --seeds exclude each other");
  const seeds = await readSeeds(text);
  return shard === null ? seeds : seeds.filter((_, index) => index % shard.count === shard.index - 1);
}

function addReplay(parser: Argv, terminal: Terminal, finish: Finish): void {
  parser.command(
    "replay <run>",
    "Make a finished run again from its own folder and verify it",
    (command) =>
      withOutput(command)
        .positional("run", { type: "string", demandOption: true, describe: "Folder of the run" })
        .option("diff", {
          type: "string",
          requiresArg: true,
          describe: "Folder of another run: find the first event that the two differ in",
        }),
    async ({ run: folder, diff, output }) => {
      const { replayCommand } = await import("./replay.ts");
      await finish(replayCommand({ folder, other: once("diff", diff), output }, terminal));
    },
  );
}

function addFork(parser: Argv, terminal: Terminal, finish: Finish): void {
  parser.command(
    "fork <run>",
    "Two futures of one past: a finished run from an instant on, as it was and changed",
    (command) =>
      withChanges(withOutput(command))
        .positional("run", { type: "string", demandOption: true, describe: "Folder of the run" })
        .option("at", {
          type: "string",
          demandOption: true,
          requiresArg: true,
          describe: "Simulated instant, such as 2h",
        }),
    async ({ run: folder, at, set: settings, overlay: overlays, output }) => {
      const [{ forkCommand }, { parseAt }] = await Promise.all([import("./replay.ts"), import("./explain.ts")]);
      const atMicros = parseAt(once("at", at) ?? "");
      await finish(forkCommand({ folder, atMicros, settings, overlays, output }, terminal));
    },
  );
}

function addCheck(parser: Argv, terminal: Terminal, finish: Finish): void {
  parser.command(
    "check <file..>",
    "Validate scenarios and manifests without running them; `check rollouts|hpa|pdb FILE…` says what will not work",
    (command) =>
      withChanges(withOutput(command))
        .positional("file", { type: "string", array: true, demandOption: true, describe: "Scenario or manifest files" })
        .option("strict", { type: "boolean", default: false, describe: "Take warnings for errors" }),
    async ({ file: files, set: settings, overlay: overlays, strict, output }) => {
      const [topic = "", ...others] = files;
      if (topic === "rollouts" || topic === "hpa" || topic === "pdb") {
        const { checkTopic } = await import("./check-topic.ts");
        return finish(checkTopic({ topic, files: others, settings, overlays, output }, terminal));
      }
      const { check } = await import("./check.ts");
      await finish(check({ files, settings, overlays, strict, output }, terminal));
    },
  );
}

function addExplain(parser: Argv, terminal: Terminal, finish: Finish): void {
  parser.command(
    "explain <target>",
    "Say why: pod/NAME, hpa/NAME or node/NAME of a finished run, or what a code means",
    (command) =>
      withOutput(command)
        .positional("target", {
          type: "string",
          demandOption: true,
          describe: "pod/web-1, hpa/shop/web, node/n1, or E0107",
        })
        .option("at", {
          type: "string",
          requiresArg: true,
          describe: "Simulated instant, such as 2h4m15s; the end by default",
        })
        .option("run", {
          type: "string",
          requiresArg: true,
          describe: "Folder of the run; the newest below results/ by default",
        })
        .option("namespace", { alias: "n", type: "string", requiresArg: true, describe: "Namespace of the object" })
        .option("status", {
          type: "boolean",
          default: false,
          describe: "How it was: rollout status, replicas, conditions, what it owns",
        })
        .option("network", {
          type: "boolean",
          default: false,
          describe: "Of a pod or service: addresses, routes, variables; the run is made again up to --at",
        })
        .option("dns", {
          type: "string",
          requiresArg: true,
          describe: "What a name means to the pod; goes with --network",
        }),
    async ({ target, at, run, namespace, status, network, dns, output }) => {
      const { explainCommand } = await import("./explain.ts");
      const options = {
        target,
        at,
        run,
        namespace,
        isNetwork: network || dns !== undefined,
        isStatus: status,
        dns,
        output,
      };
      await finish(explainCommand(options, terminal));
    },
  );
}

function addImport(parser: Argv, terminal: Terminal, finish: Finish): void {
  parser.command(
    "import",
    "Make a scenario's folder from a dump of a live cluster, measurements or a trace",
    (command) =>
      command
        .option("file", {
          alias: "f",
          type: "string",
          array: true,
          nargs: 1,
          demandOption: true,
          describe: "File to be read; several times for lists that belong together",
        })
        .option("format", {
          choices: ["kubectl", "prometheus", "csv", "gpu-trace"] as const,
          demandOption: true,
          describe: "What the files are",
        })
        .option("out", {
          type: "string",
          requiresArg: true,
          describe: "Folder to be made; the scenario's name by default",
        })
        .option("name", { type: "string", requiresArg: true, default: "imported", describe: "Name of the scenario" })
        .option("map", {
          type: "string",
          array: true,
          nargs: 1,
          default: [] as string[],
          describe: "csv: which column holds what, such as cpu=cores",
        })
        .option("anonymize", {
          type: "boolean",
          default: false,
          describe: "Replace names, labels, images and annotations, the same by the same",
        }),
    async (options) => {
      const { importCommand } = await import("./import.ts");
      const { file: files, format, map, anonymize } = options;
      const name = once("name", options.name) ?? "";
      const out = once("out", options.out) ?? name;
      await finish(importCommand({ files, format, map, isAnonymized: anonymize, out, name }, terminal));
    },
  );
}
