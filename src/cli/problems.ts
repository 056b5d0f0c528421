import { join } from "node:path";
import { countProblems, type LoadedScenario, type Problem, printProblems, severityOf } from "../scenario/index.ts";
import { painter, type Terminal } from "./terminal.ts";

/** Problems with their files named as seen from the working folder, ready to be clicked. */
export function problemLines(
  loaded: LoadedScenario,
  problems: readonly Problem[],
  options: { notes: boolean; hasColour: boolean },
): string[] {
  const shown = (file: string): string =>
    loaded.texts.has(file) && !file.startsWith("/") ? join(loaded.folder, file) : file;
  const texts = new Map([...loaded.texts].map(([file, text]) => [shown(file), text]));
  const named = problems.map((problem) => ({ ...problem, file: shown(problem.file) }));
  return printProblems(named, { texts, notes: options.notes, paint: painter(options.hasColour) });
}

/** Prints problems of an input that cannot be run, and the closing line. */
export function refuse(terminal: Terminal, loaded: LoadedScenario): void {
  const problems = loaded.problems.filter((problem) => severityOf(problem) !== "note");
  const first = problems.find((problem) => severityOf(problem) === "error");
  const lines = problemLines(loaded, problems, { notes: false, hasColour: terminal.errHasColour });
  const hint = first === undefined ? "" : `   orrery explain ${first.code}`;
  terminal.err([...lines, `${countProblems(problems)}. Nothing was run.${hint}`, ""].join("\n"));
}
