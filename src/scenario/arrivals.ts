import { parseDuration, UnitError } from "../units/index.ts";
import { requestOf } from "../world/index.ts";
import type { Micros, PlannedArrivals, PlannedNode, PlannedObject } from "../world/plan.ts";
import type { CsvTable } from "./csv.ts";
import type { Field } from "./field.ts";
import { didYouMean } from "./spelling.ts";

export interface ArrivalContext {
  readonly csv: ReadonlyMap<string, CsvTable>;
  /** The objects of the files of templates, by path. */
  readonly templates: ReadonlyMap<string, readonly PlannedObject[]>;
  readonly nodes: readonly PlannedNode[];
  readonly durationMicros: Micros;
}

/** Reads `spec.arrivals`. */
export function readArrivals(fields: readonly Field[], context: ArrivalContext): PlannedArrivals[] {
  const all: PlannedArrivals[] = [];
  const seen = new Set<string>();
  for (const field of fields) {
    const one = readOne(field, context);
    if (one === null) continue;
    if (seen.has(one.name)) field.get("name").report("E0406", `there are two arrivals "${one.name}"`);
    seen.add(one.name);
    all.push(one);
  }
  return all;
}

function readOne(field: Field, context: ArrivalContext): PlannedArrivals | null {
  const every = field.get("every");
  const everyMicros = every.isPresent ? every.micros() : null;
  const order = field.get("order").text() === "shuffled" ? "shuffled" : "listed";
  const needsEvery = order === "shuffled" ? "order: shuffled" : field.get("fill").isPresent ? "fill" : null;
  if (everyMicros === null && needsEvery !== null) {
    field.report("E0111", `"every" is missing in ${field.label}: ${needsEvery} needs a distance of two arrivals`);
  }
  const table = context.csv.get(field.get("csv").text());
  const templates = context.templates.get(field.get("templates").text());
  // What cannot be read has been complained about by whoever read it.
  if (table === undefined || templates === undefined) return null;
  for (const { object, source } of templates) {
    if (object.kind === "Pod") continue;
    const message = `${source.file}:${source.line} is a ${object.kind}; templates of arrivals are Pods`;
    field.get("templates").report("E0005", message);
  }
  const rows = readRows(field, table, templates, everyMicros !== null);
  if (rows === null) return null;
  const last = rows.atMicros.at(-1);
  if (last !== undefined && last > context.durationMicros) {
    field.get("csv").report("W0208", `the last rows of ${table.file} come after the end of the run`);
  }
  const fill = readFill(field.get("fill"), { ...context, used: rows.template.map((index) => templates[index]) });
  return { name: field.get("name").text(), templates, ...rows, everyMicros, order, fill, source: field.place };
}

type Rows = Pick<PlannedArrivals, "template" | "atMicros" | "lastsMicros">;

function readRows(
  field: Field,
  { file, columns, rows }: CsvTable,
  templates: readonly PlannedObject[],
  hasEvery: boolean,
): Rows | null {
  const csv = field.get("csv");
  const missing = ["template", ...(hasEvery ? [] : ["at"])].filter((column) => !columns.includes(column));
  for (const column of missing) csv.report("E0404", `${file} has no column "${column}" — it has ${columns.join(", ")}`);
  if (missing.length > 0) return null;
  if (rows.length === 0) csv.report("E0404", `${file} has no rows`);
  const names = templates.map(({ object }) => object.metadata.name ?? "");
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const read = { template: [] as number[], atMicros: [] as Micros[], lastsMicros: [] as (Micros | null)[] };
  for (const { line, cells } of rows) {
    try {
      const name = cells.template ?? "";
      const index = indexOf.get(name);
      if (index === undefined)
        throw new UnitError(`there is no Pod "${name}" among the templates${didYouMean(name, names)}`);
      read.template.push(index);
      if (!hasEvery) {
        const at = spanOf(cells.at ?? "");
        if (at < (read.atMicros.at(-1) ?? 0)) throw new UnitError("the time is before that of the row above");
        read.atMicros.push(at);
      }
      if (columns.includes("for")) read.lastsMicros.push((cells.for ?? "") === "" ? null : spanOf(cells.for ?? ""));
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      csv.report("E0404", `${file}:${line}: ${error.message}`);
      return null;
    }
  }
  return read;
}

const SECONDS = /^[0-9]+(\.[0-9]+)?$/;

/** `90`, `90.5` and `1m30s`. */
function spanOf(text: string): Micros {
  return SECONDS.test(text) ? Math.round(Number(text) * 1_000_000) : parseDuration(text);
}

function readFill(
  field: Field,
  { nodes, used }: ArrivalContext & { readonly used: readonly (PlannedObject | undefined)[] },
): PlannedArrivals["fill"] {
  if (!field.isPresent) return null;
  const resource = field.get("resource").text();
  const hasSome = nodes.some(({ allocatable }) => (allocatable[resource] ?? "0") !== "0");
  if (!hasSome) field.get("resource").report("E0405", `no node has "${resource}"`);
  const isAsked = [...new Set(used)].some((pod) => pod?.object.kind === "Pod" && requestOf(pod.object, resource) > 0);
  if (hasSome && !isAsked) field.get("resource").report("E0405", `no pod of the list asks for "${resource}"`);
  return { resource, share: field.get("share").number() };
}
