import { parseDuration, parseQuantity, quantityValue, UnitError } from "../units/index.ts";
import type { CsvRow } from "./csv-rows.ts";
import type { ImportReport } from "./report.ts";

/** Reads the cells of a row; what they should not be is reported with file, line and column. */
export class CellReader {
  readonly #file: string;
  readonly #row: CsvRow;
  readonly #report: ImportReport;
  hasFailed = false;

  constructor(file: string, row: CsvRow, report: ImportReport) {
    this.#file = file;
    this.#row = row;
    this.#report = report;
  }

  fail(column: string, message: string): void {
    this.hasFailed = true;
    this.#report.add("E0404", this.#file, this.#row.line, `${column}: ${message}`);
  }

  text(column: string): string {
    return this.#row.cell(column);
  }

  /** A whole number of at least 0; an empty cell is 0. */
  whole(column: string): number {
    const text = this.text(column);
    if (/^[0-9]{0,15}(\.0+)?$/.test(text)) return Number(text);
    this.fail(column, `expected a whole number of at least 0; got "${text}"`);
    return 0;
  }

  number(column: string): number {
    const text = this.text(column);
    if (/^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text)) return Number(text);
    this.fail(column, `expected a number; got "${text}"`);
    return 0;
  }

  /** Seconds: a number, an instant, or a duration such as `5m`. */
  seconds(column: string): number {
    const text = this.text(column);
    if (/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text);
    const instant = /^\d{4}-\d\d-\d\d[T ]/.test(text) ? Date.parse(text.replace(" ", "T")) : Number.NaN;
    if (!Number.isNaN(instant)) return instant / 1000;
    try {
      return parseDuration(text) / 1_000_000;
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      this.fail(column, `expected seconds, a duration or an instant; got "${text}"`);
      return 0;
    }
  }

  /** A quantity as it stands, or null when the cell is empty. */
  quantity(column: string, unit: string): string | null {
    const text = this.text(column);
    if (text === "") return null;
    const written = /^[0-9.]+$/.test(text) ? `${text}${unit}` : text;
    try {
      if (quantityValue(parseQuantity(written)) >= 0) return written;
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
    }
    this.fail(column, `expected a quantity such as 250m or 1Gi; got "${text}"`);
    return null;
  }
}
