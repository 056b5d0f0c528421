import type { Curve, CurvePoint, Micros, Noise, TimedCurve } from "../world/plan.ts";
import { type CsvTable, pointsFromCsv, type ValueUnit } from "./csv.ts";
import { type Field, isRecord } from "./field.ts";

export interface CurveOptions {
  readonly unit: ValueUnit;
  readonly csv: ReadonlyMap<string, CsvTable>;
  readonly noise: Noise | null;
  /** Whether ramps start with the container unless they say otherwise. */
  readonly isPerContainer: boolean;
}

const SHAPES = ["constant", "steps", "points", "ramp", "sine", "csv"] as const;

/** Reads a curve; what is wrong with it is reported and a curve of 0 returned. */
export function readCurve(field: Field, options: CurveOptions): TimedCurve {
  const { curve, since } = readShape(field, options);
  const given = field.get("since").textOrNull();
  if (given === "container" && !options.isPerContainer) {
    field.get("since").report("E0405", "only curves of pods can start with the container");
  }
  return { curve, since: given === "container" || given === "run" ? given : since, noise: options.noise };
}

function readShape(field: Field, options: CurveOptions): { curve: Curve; since: "run" | "container" } {
  const since = "run";
  if (!isRecord(field.value)) return { curve: { kind: "constant", value: readValue(field, options.unit) }, since };
  const given = SHAPES.filter((shape) => field.get(shape).isPresent);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none of them" : given.join(" and ");
    field.report("E0110", `${field.label}: expected exactly one of ${SHAPES.join(", ")}; got ${found}`);
    return { curve: { kind: "constant", value: 0 }, since };
  }
  const shape = given[0];
  if (shape === "ramp")
    return { curve: readRamp(field.get("ramp"), options.unit), since: options.isPerContainer ? "container" : since };
  if (shape === "sine") return { curve: readSine(field.get("sine"), options.unit), since };
  if (shape === "constant")
    return { curve: { kind: "constant", value: readValue(field.get(shape), options.unit) }, since };
  const isCsv = shape === "csv";
  const points = isCsv
    ? pointsFromCsv(field, options.csv, options.unit)
    : readPoints(field.get(shape ?? "points"), options.unit);
  if (shape === "steps") return { curve: { kind: "steps", steps: points }, since };
  const interpolate = field.get("interpolate").text() === "step" ? "step" : "linear";
  return { curve: { kind: "points", points, interpolate, repeatMicros: readRepeat(field, points) }, since };
}

function readRamp(field: Field, unit: ValueUnit): Curve {
  const overMicros = field.get("over").micros();
  if (overMicros === 0) field.get("over").report("E0405", "over must be greater than 0");
  return { kind: "ramp", from: readValue(field.get("from"), unit), to: readValue(field.get("to"), unit), overMicros };
}

function readSine(field: Field, unit: ValueUnit): Curve {
  const periodMicros = field.get("period").micros();
  if (periodMicros === 0) field.get("period").report("E0405", "period must be greater than 0");
  return {
    kind: "sine",
    mean: readValue(field.get("mean"), unit),
    amplitude: readValue(field.get("amplitude"), unit),
    periodMicros,
    offsetMicros: field.get("offset").micros(),
  };
}

function readPoints(field: Field, unit: ValueUnit): CurvePoint[] {
  let before = -1;
  return field.items().map((item) => {
    const atMicros = item.get("at").micros();
    if (atMicros <= before) item.get("at").report("E0405", `${item.label}.at must be later than the one before`);
    before = atMicros;
    return { atMicros, value: readValue(item.get("value"), unit) };
  });
}

/** The distance after which points start again; it must reach past the last one. */
function readRepeat(field: Field, points: readonly CurvePoint[]): Micros {
  const repeat = field.get("repeat").micros();
  if (repeat > 0 && repeat < (points.at(-1)?.atMicros ?? 0)) {
    field.get("repeat").report("E0405", "repeat is shorter than the points it repeats");
  }
  return repeat;
}

function readValue(field: Field, unit: ValueUnit): number {
  if (unit === "bytes") return field.whole();
  if (unit === "milli") return field.milli();
  return typeof field.value === "number" ? field.value : field.milli() / 1000;
}
