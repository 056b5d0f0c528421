import {
  parseDuration,
  parseQuantity,
  parseRfc3339,
  quantityMilliValue,
  quantityValue,
  UnitError,
} from "../units/index.ts";
import type { CurvePoint, Micros } from "../world/plan.ts";
import type { Field } from "./field.ts";
import { didYouMean } from "./spelling.ts";

/** A CSV file as read: cells by column, and the line on which each row began. */
export interface CsvTable {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly cells: Readonly<Record<string, string>> }[];
}

/** In what a curve's values are written and kept: milli-CPU, bytes, or plain numbers. */
export type ValueUnit = "milli" | "bytes" | "number";

/**
 * The points of two columns of a CSV file; none when there is a problem with it. Complains about missing columns,
 * bad cells, and times that go back.
 */
export function pointsFromCsv(field: Field, tables: ReadonlyMap<string, CsvTable>, unit: ValueUnit): CurvePoint[] {
  const table = tables.get(field.get("csv").text());
  // A file that cannot be read has been complained about by whoever read it.
  if (table === undefined) return [];
  const time = column(field, "time", table);
  const value = column(field, "value", table);
  if (time === null || value === null) return [];
  if (table.rows.length === 0) field.get("csv").report("E0404", `${table.file} has no rows`);
  return readRows(field, table, { time, value, unit });
}

function column(field: Field, key: "time" | "value", table: CsvTable): string | null {
  const name = field.get(key).text(key);
  if (table.columns.includes(name)) return name;
  const where = field.get(key).isPresent ? field.get(key) : field.get("csv");
  const hint = didYouMean(name, table.columns);
  where.report(
    "E0404",
    `${table.file} has no column "${name}"${hint === "" ? ` — it has ${table.columns.join(", ")}` : hint}`,
  );
  return null;
}

interface Columns {
  readonly time: string;
  readonly value: string;
  readonly unit: ValueUnit;
}

function readRows(field: Field, table: CsvTable, columns: Columns): CurvePoint[] {
  const points: CurvePoint[] = [];
  let first: Micros | null = null;
  for (const { line, cells } of table.rows) {
    try {
      const instant = timeOf(cells[columns.time] ?? "");
      first ??= instant.isAbsolute ? instant.micros : 0;
      const atMicros = instant.micros - first;
      if (atMicros <= (points.at(-1)?.atMicros ?? -1)) throw new UnitError("the time is not later than the row before");
      points.push({ atMicros, value: amountOf(cells[columns.value] ?? "", columns.unit) });
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      field.get("csv").report("E0404", `${table.file}:${line}: ${error.message}`);
      return points;
    }
  }
  return points;
}

/** Numbers above this many seconds are taken for Unix time: 2001. */
const UNIX_TIME_FROM = 1_000_000_000;

function timeOf(text: string): { readonly micros: Micros; readonly isAbsolute: boolean } {
  const trimmed = text.trim();
  if (/^[0-9]+(\.[0-9]+)?$/.test(trimmed)) {
    return { micros: Math.round(Number(trimmed) * 1_000_000), isAbsolute: Number(trimmed) >= UNIX_TIME_FROM };
  }
  if (/^\d{4}-/.test(trimmed)) return { micros: parseRfc3339(trimmed), isAbsolute: true };
  return { micros: parseDuration(trimmed), isAbsolute: false };
}

function amountOf(text: string, unit: ValueUnit): number {
  const trimmed = text.trim();
  if (unit === "number" && /^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(trimmed)) return Number(trimmed);
  const quantity = parseQuantity(trimmed);
  const value = unit === "bytes" ? quantityValue(quantity) : quantityMilliValue(quantity);
  if (value < 0) throw new UnitError(`"${trimmed}" is below 0`);
  return unit === "number" ? value / 1000 : value;
}
