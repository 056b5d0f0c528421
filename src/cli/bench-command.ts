import type { Argv } from "yargs";
import { type Finish, once, withOutput } from "./options.ts";
import { type Terminal, UsageError } from "./terminal.ts";

/** The command line of `orrery bench`. @param words all of it, for the history */
export function addBench(parser: Argv, terminal: Terminal, finish: Finish, words: readonly string[]): void {
  parser.command(
    "bench [file..]",
    "How fast scenarios run here, and whether another version ran them faster or decided otherwise",
    (command) =>
      withOutput(command)
        .positional("file", {
          type: "string",
          array: true,
          default: [] as string[],
          describe: "Scenario files; those in bench/scenarios by default",
        })
        .option("against", { type: "string", requiresArg: true, describe: "Folder of another version's package" })
        .option("baseline", { type: "string", requiresArg: true, describe: "A file that --export-json wrote" })
        .option("samples", { type: "string", requiresArg: true, default: "5", describe: "Processes a version, each" })
        .option("export-json", { type: "string", requiresArg: true, describe: "Write all samples to a file" })
        .option("fail-below", {
          type: "string",
          requiresArg: true,
          describe: "Exit with 3 below this share of the speed, such as 0.95, beyond noise",
        })
        .option("out", {
          type: "string",
          requiresArg: true,
          default: "results/bench",
          describe: "Folder of history.csv and index.html",
        })
        .option("quiet", { alias: "q", type: "boolean", default: false, describe: "Print warnings alone" }),
    async (options) => {
      const { bench } = await import("./bench.ts");
      const { file: files, output, quiet } = options;
      const [against, baseline] = [once("against", options.against), once("baseline", options.baseline)];
      if (against !== undefined && baseline !== undefined) {
        throw new UsageError("--against and --baseline exclude each other");
      }
      const samples = numberOf("samples", once("samples", options.samples) ?? "", /^[1-9]\d{0,3}$/);
      const limit = once("fail-below", options.failBelow);
      if (limit !== undefined && against === undefined && baseline === undefined) {
        throw new UsageError("--fail-below needs --against or --baseline");
      }
      const failBelow = limit === undefined ? null : numberOf("fail-below", limit, /^\d*\.?\d+$/);
      if (failBelow !== null && samples < 3) {
        throw new UsageError("--fail-below tells slowness from noise, which takes --samples 3 at least");
      }
      const exportJson = once("export-json", options.exportJson);
      const out = once("out", options.out) ?? "results/bench";
      const wanted = { files, against, baseline, samples, failBelow, exportJson, out, output, quiet, words };
      await finish(bench(wanted, terminal));
    },
  );
}

function numberOf(option: string, text: string, pattern: RegExp): number {
  if (pattern.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(
    `--${option}: expected a number above 0, such as ${option === "samples" ? "5" : "0.95"}; got "${text}"`,
  );
}
