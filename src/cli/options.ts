import type { Argv } from "yargs";
import type { parseSeeds } from "../experiment/index.ts";
import { parseDuration, UnitError } from "../units/index.ts";
import { UsageError } from "./terminal.ts";

/** Options that commands share, and how their words are read. */

export type Finish = (command: Promise<number>) => Promise<void>;

export function withOutput<T>(command: Argv<T>): Argv<T & { output: "table" | "json" }> {
  return command.option("output", {
    alias: "o",
    choices: ["table", "json"] as const,
    default: "table" as const,
    describe: "How to print the answer",
  });
}

export function withChanges<T>(command: Argv<T>): Argv<T & { set: string[]; overlay: string[] }> {
  return command
    .option("set", {
      type: "string",
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: "Change a value: path=value, or Kind/name:path=value for a manifest",
    })
    .option("overlay", {
      type: "string",
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: "A file of patches by kind and name over the manifests",
    });
}

export function withThreads<T>(command: Argv<T>): Argv<T & { jobs: string | undefined }> {
  return command.option("jobs", {
    alias: "j",
    type: "string",
    requiresArg: true,
    describe: "Runs at a time; as many as there are processors by default",
  });
}

export function readThreads(jobs: string | string[] | undefined): number | undefined {
  const text = once("jobs", jobs);
  if (text === undefined) return undefined;
  const threads = Number(text);
  if (!/^\d+$/.test(text) || threads < 1 || threads > 1024) {
    throw new UsageError(`-j: expected a whole number of at least 1; got "${text}"`);
  }
  return threads;
}

export async function readSeeds(text: string): Promise<ReturnType<typeof parseSeeds>> {
  const { parseSeeds: parse } = await import("../experiment/index.ts");
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`--seeds: ${error.message}`);
    throw error;
  }
}

/** An option that makes no sense twice. */
export function once(name: string, value: string | string[] | undefined): string | undefined {
  if (Array.isArray(value)) throw new UsageError(`--${name} is given ${value.length} times`);
  return value;
}

/** Simulated time of at least a second; undefined when it is not given. @throws UsageError */
export function readPeriod(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    const micros = parseDuration(text);
    if (micros >= 1_000_000) return micros;
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
  }
  throw new UsageError(`--${option}: expected a duration of at least 1s, such as 6h; got "${text}"`);
}
