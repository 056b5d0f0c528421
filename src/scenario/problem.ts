/** What is wrong with an input, where, and what to do about it. */
export interface Problem {
  /** `E…` error, `W…` warning, `N…` note. Stable; `orrery explain CODE` says more. */
  readonly code: string;
  readonly file: string;
  /** 1-based; 0 when the problem is with the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** How many characters the caret line underlines. */
  readonly length: number;
  readonly message: string;
}

export type Severity = "error" | "warning" | "note";

export function severityOf(problem: Problem): Severity {
  return problem.code.startsWith("E") ? "error" : problem.code.startsWith("W") ? "warning" : "note";
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => severityOf(problem) === "error");
}

/** Sorted by file name, line, column and code; no doubles. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const sorted = [...problems].sort(compareProblems);
  return sorted.filter((problem, index) => {
    const before = sorted[index - 1];
    return before === undefined || compareProblems(before, problem) !== 0;
  });
}

function compareProblems(left: Problem, right: Problem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  if (left.line !== right.line) return left.line - right.line;
  if (left.column !== right.column) return left.column - right.column;
  if (left.code !== right.code) return left.code < right.code ? -1 : 1;
  return left.message === right.message ? 0 : left.message < right.message ? -1 : 1;
}

export interface PrintOptions {
  /** Texts by file, for the lines around an error. */
  readonly texts: ReadonlyMap<string, string>;
  readonly notes: boolean;
  /** Wraps a text in the colour of a severity; the identity without colours. */
  readonly paint: (severity: Severity, text: string) => string;
}

/** The problems as lines, errors with the source line and a caret under it. */
export function printProblems(problems: readonly Problem[], options: PrintOptions): string[] {
  const lines: string[] = [];
  for (const problem of sortProblems(problems)) {
    const severity = severityOf(problem);
    if (severity === "note" && !options.notes) continue;
    const place = problem.line === 0 ? problem.file : `${problem.file}:${problem.line}:${problem.column}`;
    lines.push(`${place}  ${options.paint(severity, `${severity} ${problem.code}`)}  ${problem.message}`);
    if (severity === "error") lines.push(...snippet(problem, options.texts.get(problem.file)));
  }
  return lines;
}

const SNIPPET_WIDTH = 160;

/** The line of the problem, the one before, and a caret line. */
export function snippet(problem: Problem, text: string | undefined): string[] {
  if (text === undefined || problem.line === 0) return [];
  const lines = text.split("\n");
  const shown: string[] = [];
  for (const number of [problem.line - 1, problem.line]) {
    const line = lines[number - 1];
    if (line === undefined || (number !== problem.line && line.trim() === "")) continue;
    shown.push(`${String(number).padStart(5)} | ${line.replaceAll("\t", " ").trimEnd().slice(0, SNIPPET_WIDTH)}`);
  }
  if (problem.column <= SNIPPET_WIDTH) {
    const rest = (lines[problem.line - 1] ?? "").trimEnd().length - problem.column + 1;
    const length = Math.max(1, Math.min(problem.length, rest, SNIPPET_WIDTH));
    shown.push(`      | ${" ".repeat(problem.column - 1)}${"^".repeat(length)}`);
  }
  return shown;
}

/** `2 errors, 1 warning`, or `no problems`. Notes are counted when `notes`. */
export function countProblems(problems: readonly Problem[], notes = false): string {
  const counts = (["error", "warning", "note"] as const)
    .filter((severity) => severity !== "note" || notes)
    .map((severity) => [severity, problems.filter((problem) => severityOf(problem) === severity).length] as const)
    .filter(([, count]) => count > 0)
    .map(([severity, count]) => `${count} ${severity}${count === 1 ? "" : "s"}`);
  return counts.length === 0 ? "no problems" : counts.join(", ");
}
