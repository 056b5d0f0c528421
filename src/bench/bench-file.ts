import { readFileSync } from "node:fs";

/** What one process measured of a scenario. Times are of the world alone: made, run and summed up. */
export interface Sample {
  readonly wallMillis: number;
  /** User and system time of the process, all its threads. */
  readonly cpuMillis: number;
  /** Put on the heap, whether collected or not. */
  readonly allocatedBytes: number;
  readonly peakRssBytes: number;
  readonly events: number;
  readonly nodes: number;
  readonly pods: number;
  readonly digest: string;
  /** null of a sample that is for timing. */
  readonly behaviour: Behaviour | null;
}

/** What a run decided. */
export interface Behaviour {
  readonly decisions: number;
  /** Of all decisions in order, without the numbers of events. */
  readonly hash: string;
  /** How many by `by/what`. */
  readonly kinds: Readonly<Record<string, number>>;
}

/** One scenario, measured. */
export interface Measured {
  readonly name: string;
  readonly samples: readonly Sample[];
  readonly behaviour: Behaviour;
}

/** What `--export-json` writes and `--baseline` reads. */
export interface BenchFile {
  readonly schema: "kube-orrery/bench.v1";
  readonly version: string;
  readonly node: string;
  readonly cpu: string;
  readonly measuredAt: string;
  readonly scenarios: readonly Measured[];
}

/** The file is not one that `orrery bench --export-json` has written. */
export class BenchFileError extends Error {
  override readonly name = "BenchFileError";
}

/** @throws BenchFileError */
export function readBenchFile(path: string): BenchFile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BenchFileError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const schema = typeof value === "object" && value !== null && "schema" in value ? value.schema : undefined;
  if (schema === "kube-orrery/bench.v1") return value as BenchFile;
  throw new BenchFileError(`${path} is not a file that orrery bench --export-json writes`);
}
