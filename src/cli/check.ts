import { countProblems, loadScenario, type Problem, severityOf } from "../scenario/index.ts";
import { problemLines } from "./problems.ts";
import { EXIT, type Terminal } from "./terminal.ts";
import { packageVersion } from "./version.ts";

export interface CheckOptions {
  readonly files: readonly string[];
  readonly settings: readonly string[];
  readonly overlays: readonly string[];
  /** Warnings count as errors. */
  readonly strict: boolean;
  readonly output: "table" | "json";
}

/** `orrery check`: reads and validates, runs nothing, writes nothing. */
export async function check(options: CheckOptions, terminal: Terminal): Promise<number> {
  const all: Problem[] = [];
  const { settings, overlays } = options;
  for (const file of options.files) {
    const loaded = await loadScenario(file, { version: packageVersion(), settings, overlays });
    all.push(...loaded.problems);
    if (options.output === "json") continue;
    const lines = problemLines(loaded, loaded.problems, { notes: true, hasColour: terminal.outHasColour });
    for (const line of lines) terminal.out(`${line}\n`);
  }
  const has = (severity: string): boolean => all.some((problem) => severityOf(problem) === severity);
  const exit = has("error") || (options.strict && has("warning")) ? EXIT.usage : EXIT.done;
  if (options.output === "json") {
    terminal.out(`${JSON.stringify({ files: options.files, problems: all, exit }, null, 2)}\n`);
    return exit;
  }
  const first = all.find((problem) => severityOf(problem) === "error");
  const hint = first === undefined ? "" : `   orrery explain ${first.code}`;
  const files = options.files.length === 1 ? "1 file" : `${options.files.length} files`;
  terminal.out(`${countProblems(all, true)} in ${files}.${hint}\n`);
  return exit;
}
