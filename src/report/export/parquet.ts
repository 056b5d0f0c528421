import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ColumnSource } from "hyparquet-writer";
import type { FinishedRun, SeriesTable } from "../finished-run.ts";
import { guarded } from "../output-error.ts";

/** Writes `series/NAME.parquet` beside each `NAME.csv`: numbers as doubles (empty cells are null), the rest as text. */
export async function writeParquet(run: FinishedRun): Promise<string[]> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const written: string[] = [];
  for (const [name, table] of run.series) {
    const file = join(run.folder, "series", `${name}.parquet`);
    const bytes = parquetWriteBuffer({ columnData: table.names.map((column) => columnOf(table, column)) });
    guarded(file, () => writeFileSync(file, Buffer.from(bytes)));
    written.push(file);
  }
  return written;
}

/** Names of objects stay text even where they look like numbers. */
const TEXT_COLUMNS: readonly string[] = ["namespace", "kind", "name", "zone"];

function columnOf(table: SeriesTable, name: string): ColumnSource {
  const texts = table.texts(name);
  const isText = TEXT_COLUMNS.includes(name) || texts.some((text) => text !== "" && Number.isNaN(Number(text)));
  if (isText) return { name, data: [...texts], type: "STRING", nullable: false };
  const data = table.numbers(name).map((value) => (Number.isNaN(value) ? null : value));
  return { name, data, type: "DOUBLE", nullable: true };
}
