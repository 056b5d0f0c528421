import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ImportOptions, importFiles } from "../import/index.ts";
import { countProblems, printProblems } from "../scenario/index.ts";
import { EXIT, painter, type Terminal } from "./terminal.ts";

/** Above this many characters the line of an error is not shown: the file was not read as a whole, and is not now. */
const SHOWN_BYTES = 4_000_000;

/** `orrery import`: makes a scenario's folder from files of another tool. */
export async function importCommand(options: ImportOptions, terminal: Terminal): Promise<number> {
  const { report, files } = await importFiles(options);
  const texts = new Map(
    [...new Set(report.problems.filter(({ line }) => line > 0).map(({ file }) => file))].map((file) => [
      file,
      shortText(file),
    ]),
  );
  const known = new Map([...texts].filter((entry): entry is [string, string] => entry[1] !== null));
  const paint = painter(terminal.errHasColour);
  for (const line of printProblems(report.problems, { texts: known, notes: true, paint })) terminal.err(`${line}\n`);
  if (report.hasErrors) {
    const first = report.problems.find(({ code }) => code.startsWith("E"))?.code ?? "";
    terminal.err(`${countProblems(report.problems)}. Nothing was written.   orrery explain ${first}\n`);
    return EXIT.usage;
  }
  for (const note of report.notes) terminal.err(`${note}\n`);
  for (const file of files) terminal.out(`${join(options.out, file)}\n`);
  terminal.err(`next: orrery check ${join(options.out, "scenario.yaml")}\n`);
  return EXIT.done;
}

function shortText(file: string): string | null {
  const text = readFileSync(file, "utf8");
  return text.length > SHOWN_BYTES ? null : text;
}
