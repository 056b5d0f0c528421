import type { Argv } from "yargs";
import { cpuMilliOf, parseDuration, UnitError, wholeValueOf } from "../units/index.ts";
import { type Finish, once, readSeeds, readThreads, withChanges, withOutput, withThreads } from "./options.ts";
import type { RunContext } from "./run.ts";
import { UsageError } from "./terminal.ts";

/** The commands that answer a question about a cluster. */

function withCluster<T>(command: Argv<T>): Argv<T & { filename: string[] }> {
  return command.option("filename", {
    alias: "f",
    type: "string",
    array: true,
    nargs: 1,
    demandOption: true,
    describe: "The cluster: a scenario, manifests, or a dump of kubectl get -o yaml; the scenario first",
  }) as Argv<T & { filename: string[] }>;
}

export function addCapacity(parser: Argv, context: RunContext, finish: Finish): void {
  parser.command(
    "capacity",
    "How many pods fit, how few nodes will do, which nodes can go",
    (command) =>
      withChanges(withOutput(withCluster(command)))
        .option("fit", {
          type: "string",
          array: true,
          nargs: 1,
          default: [] as string[],
          describe: "A pod (or a workload, for its pods) that is to fit; may be given several times",
        })
        .option("ratio", { type: "string", requiresArg: true, describe: "Pods of each --fit in a round, such as 4:1" })
        .option("count", { type: "string", requiresArg: true, describe: "Pods of each --fit that are wanted: 60:15" })
        .option("min-nodes", { type: "boolean", default: false, describe: "Fewest nodes for everything" })
        .option("keep-nodes", {
          type: "boolean",
          default: false,
          describe: "With --min-nodes: the present nodes stay, and new ones come beside them",
        })
        .option("max-nodes", {
          type: "string",
          requiresArg: true,
          default: "1000",
          describe: "With --min-nodes: more new nodes than these are no answer",
        })
        .option("catalogue", { type: "string", requiresArg: true, describe: "Node types to choose from" })
        .option("objective", {
          choices: ["cost", "nodes"] as const,
          describe: "What is to be least; cost with a catalogue, else nodes",
        })
        .option("shrink", { type: "boolean", default: false, describe: "Which nodes can go" }),
    async (options) => {
      const { capacity } = await import("./capacity.ts");
      const {
        filename: files,
        set: settings,
        overlay: overlays,
        output,
        fit: fits,
        minNodes,
        keepNodes,
        shrink,
      } = options;
      const catalogue = once("catalogue", options.catalogue);
      await finish(
        capacity(
          {
            ...{ files, settings, overlays, output, fits, minNodes, keepNodes, shrink, catalogue },
            ratio: readNumbers("ratio", once("ratio", options.ratio)),
            counts: readNumbers("count", once("count", options.count)),
            mostNodes: readNumbers("max-nodes", once("max-nodes", options.maxNodes))?.[0] ?? 1000,
            objective: options.objective ?? (catalogue === undefined ? "nodes" : "cost"),
          },
          context,
        ),
      );
    },
  );
}

export function addSurvive(parser: Argv, context: RunContext, finish: Finish): void {
  parser.command(
    "survive",
    "Lose nodes and zones, one after the other or some together: what is down, how long, what never comes back",
    (command) =>
      withThreads(withChanges(withOutput(withCluster(command))))
        .option("nodes", { type: "string", requiresArg: true, describe: "So many nodes at a time" })
        .option("zones", {
          type: "string",
          requiresArg: true,
          describe: "So many zones at a time; without either, 1 of each",
        })
        .option("sample", {
          type: "string",
          requiresArg: true,
          default: "200",
          describe: "Where there are more choices of nodes (or zones) than these, so many are drawn",
        })
        .option("seeds", { type: "string", requiresArg: true, default: "1..5", describe: "Seeds, such as 1..20" })
        .option("at", { type: "string", requiresArg: true, describe: "When; 10m or the end of the warm-up by default" })
        .option("for", {
          type: "string",
          requiresArg: true,
          default: "30m",
          describe: "How long is looked at afterwards",
        })
        .option("within", {
          type: "string",
          requiresArg: true,
          describe: "The answer is no when p95 is longer than this",
        })
        .option("quiet", { alias: "q", type: "boolean", default: false, describe: "No progress" }),
    async (options) => {
      const { survive } = await import("./survive.ts");
      const { filename: files, set: settings, overlay: overlays, output, quiet } = options;
      const number = (name: string, text: string | undefined): number | null =>
        readNumbers(name, once(name, text))?.[0] ?? null;
      const [nodes, zones] = [number("nodes", options.nodes), number("zones", options.zones)];
      await finish(
        survive(
          {
            ...{ files, settings, overlays, output, quiet, nodes, zones },
            sample: number("sample", options.sample) ?? 200,
            seeds: await readSeeds(once("seeds", options.seeds) ?? ""),
            at: readSpan("at", once("at", options.at)),
            horizonMicros: readSpan("for", once("for", options.for)) ?? 0,
            within: readSpan("within", once("within", options.within)),
            threads: readThreads(options.jobs),
          },
          context,
        ),
      );
    },
  );
}

export function addRightsize(parser: Argv, context: RunContext, finish: Finish): void {
  parser.command(
    "rightsize <scenario..>",
    "Requests from what containers use, and what the cluster does with them: played again with the same seeds",
    (command) =>
      withThreads(withChanges(command))
        .positional("scenario", {
          type: "string",
          array: true,
          demandOption: true,
          describe: "A scenario (and manifests), or the folder of a finished run",
        })
        .option("quantile", {
          type: "string",
          requiresArg: true,
          default: "0.95",
          describe: "CPU: share of all looks that the request covers; 1 is the most that was seen",
        })
        .option("memory-quantile", { type: "string", requiresArg: true, default: "1", describe: "The same of memory" })
        .option("headroom", {
          alias: "margin",
          type: "string",
          requiresArg: true,
          default: "15%",
          describe: "Added to what is used",
        })
        .option("min-cpu", { type: "string", requiresArg: true, default: "25m", describe: "No request is below this" })
        .option("min-memory", { type: "string", requiresArg: true, default: "32Mi", describe: "The same of memory" })
        .option("limits", {
          choices: ["keep", "proportional"] as const,
          default: "keep" as const,
          describe: "Limits stay unless the request is above, or change as the request does",
        })
        .option("size-hpa", {
          type: "boolean",
          default: false,
          describe: "Size also what a HorizontalPodAutoscaler takes the percentage of",
        })
        .option("count-nodes", {
          type: "boolean",
          default: true,
          describe: "Look for the fewest nodes; --no-count-nodes saves the time",
        })
        .option("seeds", { type: "string", requiresArg: true, describe: "Seeds; 1..5, or that of the finished run" })
        .option("write", {
          type: "string",
          requiresArg: true,
          describe: "File for the patches, to be used with --overlay",
        })
        .option("output", {
          alias: "o",
          choices: ["table", "json", "patch"] as const,
          default: "table" as const,
          describe: "How to print the answer",
        })
        .option("quiet", { alias: "q", type: "boolean", default: false, describe: "No progress" }),
    async (options) => {
      const { rightsize } = await import("./rightsize.ts");
      const { scenario: files, set: settings, overlay: overlays, output, quiet, limits, sizeHpa, countNodes } = options;
      const seeds = once("seeds", options.seeds);
      const share = (name: string, text: string | string[]): number => readShare(name, once(name, text) ?? "");
      await finish(
        rightsize(
          {
            ...{
              files,
              settings,
              overlays,
              output,
              quiet,
              countsNodes: countNodes,
              write: once("write", options.write),
            },
            seeds: seeds === undefined ? undefined : await readSeeds(seeds),
            threads: readThreads(options.jobs),
            policy: {
              cpuQuantile: readQuantile("quantile", share("quantile", options.quantile)),
              memoryQuantile: readQuantile("memory-quantile", share("memory-quantile", options.memoryQuantile)),
              headroom: share("headroom", options.headroom),
              leastCpuMilli: readAmount("min-cpu", once("min-cpu", options.minCpu), cpuMilliOf),
              leastMemoryBytes: readAmount("min-memory", once("min-memory", options.minMemory), wholeValueOf),
              limits,
              sizesHpa: sizeHpa,
            },
          },
          context,
        ),
      );
    },
  );
}

/** `0.95` or `95%`. @throws UsageError */
function readShare(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  if (match === null) throw new UsageError(`--${name}: expected a share such as 0.95 or 15%; got "${text}"`);
  return Number(match[1]) / (match[2] === "%" ? 100 : 1);
}

/** @throws UsageError */
function readQuantile(name: string, share: number): number {
  if (share > 0 && share <= 1) return share;
  throw new UsageError(`--${name}: expected a share above 0 and up to 1, such as 0.95; got ${share}`);
}

/** @throws UsageError */
function readAmount(name: string, text: string | undefined, read: (text: string) => number): number {
  try {
    const amount = read(text ?? "");
    if (amount >= 0) return amount;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
  }
  throw new UsageError(`--${name}: expected a quantity such as 25m or 32Mi; got "${text}"`);
}

/** @throws UsageError */
function readSpan(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof UnitError) throw new UsageError(`--${name}: ${error.message}`);
    throw error;
  }
}

/** `4:1`. @throws UsageError */
function readNumbers(name: string, text: string | undefined): readonly number[] | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,5}([:,][1-9]\d{0,5})*$/.test(text)) {
    throw new UsageError(`--${name}: expected whole numbers from 1 on, such as 4:1; got "${text}"`);
  }
  return text.split(/[:,]/).map(Number);
}
