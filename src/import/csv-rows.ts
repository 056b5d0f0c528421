import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { parse } from "fast-csv";
import type { ImportReport } from "./report.ts";

/** One row of a CSV file: its cells by column, and the line it begins on. */
export interface CsvRow {
  readonly line: number;
  cell(column: string): string;
}

/**
 * The rows of a CSV file with a heading row, one at a time: of a file of any size only a few are in memory. Blank lines
 * and lines that begin with `#` are no rows. What cannot be read is reported, and ends the rows.
 * @param onColumns sees the heading row; false ends it there
 */
export async function* csvRows(
  file: string,
  report: ImportReport,
  onColumns: (columns: readonly string[]) => boolean = () => true,
  input: Readable = createReadStream(file, "utf8"),
): AsyncGenerator<CsvRow> {
  const parser = parse({ headers: false, ignoreEmpty: false, trim: true });
  input.on("error", (error) => parser.destroy(error));
  let line = 1;
  let indexOf: Map<string, number> | null = null;
  try {
    for await (const cells of input.pipe(parser) as AsyncIterable<string[]>) {
      const at = line;
      line += 1 + cells.reduce((count, cell) => count + newlinesIn(cell), 0);
      if (cells.every((cell) => cell === "") || cells[0]?.startsWith("#") === true) continue;
      if (indexOf === null) {
        const columns = cells.map((name) => name.replace(/^\uFEFF/, ""));
        indexOf = new Map(columns.map((name, index) => [name, index]));
        if (!onColumns(columns)) return;
        continue;
      }
      if (cells.length !== indexOf.size) {
        report.add("E0404", file, at, `expected ${indexOf.size} cells as in the heading row; got ${cells.length}`);
        continue;
      }
      const columns = indexOf;
      yield { line: at, cell: (column) => cells[columns.get(column) ?? -1] ?? "" };
    }
  } catch (error) {
    const reason = error as NodeJS.ErrnoException;
    if (reason.code === "ENOENT" || reason.code === "EISDIR" || reason.code === "EACCES") {
      report.unreadable(file, reason);
    } else report.add("E0404", file, line, `not CSV: ${reason.message}`);
    return;
  } finally {
    input.destroy();
  }
  if (indexOf === null) report.add("E0404", file, 0, `${basename(file)} has no heading row`);
}

function newlinesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
