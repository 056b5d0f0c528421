import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasErrors, type JsonSchema, type Problem, readTypedFile } from "../scenario/index.ts";
import type { Seed } from "./comparison.ts";
import { parseSeeds } from "./seeds.ts";
import { axesOf, type RawAxis, rounded, type Variation, variationsOf } from "./variations.ts";

/** What an Experiment file asks for. */
export interface Experiment {
  readonly name: string;
  /** Path of the scenario. */
  readonly base: string;
  readonly seeds: readonly Seed[];
  /** The variants of the axes; with `tune`, the scenario as it is. */
  readonly variations: readonly Variation[];
  readonly tune: Tune | null;
  /** Name of the variation that the others are compared with. */
  readonly baseline: string;
  /** Measures that the file names: each is an assertion without its comparison. */
  readonly measures: readonly string[];
}

export interface Tune {
  readonly parameters: readonly Parameter[];
  readonly objective: { readonly measure: string; readonly isMinimized: boolean };
  readonly constraints: readonly string[];
  readonly budget: number;
}

export interface Parameter {
  readonly path: string;
  /** In rising order. */
  readonly values: readonly number[];
}

export interface ReadExperiment {
  /** null when there are errors. */
  readonly experiment: Experiment | null;
  readonly problems: readonly Problem[];
  readonly texts: ReadonlyMap<string, string>;
  readonly folder: string;
}

const SCHEMA_FILE = new URL("../../schema/experiment.v1alpha1.json", import.meta.url);

/** The JSON Schema of an experiment, as shipped. */
export function experimentSchema(): JsonSchema {
  return JSON.parse(readFileSync(SCHEMA_FILE, "utf8")) as JsonSchema;
}

interface RawExperiment {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly base: string;
    readonly seeds: string | number | readonly Seed[];
    readonly axes: Readonly<Record<string, RawAxis>>;
    readonly tune?: {
      readonly parameters: Readonly<
        Record<string, { readonly min: number; readonly max: number; readonly step: number }>
      >;
      readonly objective: { readonly minimize?: string; readonly maximize?: string };
      readonly constraints: readonly string[];
      readonly budget: number;
    };
    readonly report: { readonly baseline?: string; readonly measures: readonly string[] };
  };
}

/** Reads an Experiment file. Problems are returned, never thrown; those of the scenario are found when it is loaded. */
export function readExperiment(file: string): ReadExperiment {
  const typed = readTypedFile(file, experimentSchema());
  const { texts, folder } = typed;
  if (typed.value === null) return { experiment: null, problems: typed.problems, texts, folder };
  const { metadata, spec } = typed.value as RawExperiment;
  const found: Problem[] = [];
  const report = (path: readonly (string | number)[], message: string): void => {
    found.push(typed.problemAt(["spec", ...path], "E0415", message));
  };
  const seeds = readSeeds(spec.seeds, report);
  const axes = axesOf(spec.axes, report);
  const tune = spec.tune === undefined ? null : readTune(spec.tune, report);
  if (tune !== null && axes.length > 0) report(["tune"], "an experiment has axes or tunes, not both");
  if (tune === null && axes.length === 0) report(["axes"], "nothing is varied — give axes, or tune");
  const variations = variationsOf(axes, folder);
  const baseline = spec.report.baseline ?? variations[0]?.name ?? "";
  if (!variations.some(({ name }) => name === baseline)) {
    const names = variations.slice(0, 5).map(({ name }) => name);
    report(
      ["report", "baseline"],
      `there is no variant "${baseline}" — there are ${names.join(", ")}${variations.length > 5 ? ", …" : ""}`,
    );
  }
  const problems = [...typed.problems, ...found];
  const experiment: Experiment = {
    name: metadata.name,
    base: join(folder, spec.base),
    seeds,
    variations,
    tune,
    baseline,
    measures: [...spec.report.measures, ...(tune === null ? [] : [tune.objective.measure])],
  };
  return { experiment: hasErrors(problems) ? null : experiment, problems, texts, folder };
}

type Report = (path: readonly (string | number)[], message: string) => void;

function readSeeds(given: RawExperiment["spec"]["seeds"], report: Report): readonly Seed[] {
  if (typeof given === "number") return [given];
  if (typeof given !== "string") {
    if (new Set(given.map(String)).size < given.length) report(["seeds"], "the same seed twice");
    return given;
  }
  try {
    return parseSeeds(given);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(["seeds"], error.message);
    return [];
  }
}

/** A grid of more values than this is a typing error. */
const MOST_VALUES = 100_000;

function readTune(given: NonNullable<RawExperiment["spec"]["tune"]>, report: Report): Tune {
  const parameters = Object.entries(given.parameters).map(([path, { min, max, step }]) => {
    const count = Math.floor((max - min) / step + 1e-9) + 1;
    const isPossible = count >= 1 && count <= MOST_VALUES;
    if (!isPossible) report(["tune", "parameters", path], count < 1 ? "max is below min" : "the step is too small");
    const values = isPossible ? Array.from({ length: count }, (_, index) => rounded(min + index * step)) : [];
    return { path, values };
  });
  const { minimize, maximize } = given.objective;
  return {
    parameters,
    objective: { measure: minimize ?? maximize ?? "", isMinimized: minimize !== undefined },
    constraints: given.constraints,
    budget: given.budget,
  };
}
