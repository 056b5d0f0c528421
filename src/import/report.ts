import type { Problem } from "../scenario/index.ts";

/** So many errors are collected; a file of another format would otherwise give one for every row. */
const MOST_ERRORS = 20;

/** What is wrong with the files, and what was made of them. */
export class ImportReport {
  readonly problems: Problem[] = [];
  /** What was found and what was left out, a sentence each. */
  readonly notes: string[] = [];

  /** @param line 1-based; 0 for the file as a whole */
  add(code: string, file: string, line: number, message: string, column = 1): void {
    this.problems.push({ code, file, line, column: line === 0 ? 0 : column, length: 1, message });
  }

  unreadable(file: string, { code, message }: NodeJS.ErrnoException): void {
    const why = code === "ENOENT" ? "no such file or folder" : code === "EISDIR" ? "it is a folder" : message;
    this.add("E0001", file, 0, `cannot read the file: ${why}`);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  get hasErrors(): boolean {
    return this.problems.some(({ code }) => code.startsWith("E"));
  }

  /** Whether to go on looking for errors. */
  get isFull(): boolean {
    return this.problems.length >= MOST_ERRORS;
  }
}
