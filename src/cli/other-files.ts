import { join } from "node:path";
import { type ExportFormat, exportRun, readSummary, seedFolder, writeJunit, writeReport } from "../report/index.ts";
import type { LoadedScenario } from "../scenario/index.ts";
import type { RunOptions } from "./run.ts";

/** Files for people and other tools, made from what runs have written. */
export interface OtherFiles {
  /** report.html in the folder of the run, or of the scenario when it has several seeds. */
  readonly html: boolean;
  readonly formats: readonly ExportFormat[];
  /** Where the assertions of all runs go as JUnit XML. */
  readonly junit: string | undefined;
}

type Written = Pick<RunOptions, "out" | "seeds" | "files">;

/** Writes what was asked for of one scenario's runs. @returns the paths, in order */
export async function writeOtherFiles(plan: LoadedScenario["plan"], options: Written): Promise<string[]> {
  if (plan === null) return [];
  const { html, formats } = options.files;
  const folders = foldersOf(plan, options);
  const written: string[] = [];
  if (html) {
    const folder = options.seeds === undefined ? folders[0] : join(options.out, plan.name);
    if (folder !== undefined) written.push(await writeReport({ folder }));
  }
  for (const folder of folders) written.push(...(await exportRun({ folder, formats })));
  return written;
}

/** Writes the assertions of all runs into one file, if that was asked for. */
export function writeJunitOf(loaded: readonly LoadedScenario[], options: Written): void {
  const { junit } = options.files;
  if (junit === undefined) return;
  const folders = loaded.flatMap(({ plan }) => (plan === null ? [] : foldersOf(plan, options)));
  writeJunit(folders.map(readSummary), junit);
}

function foldersOf(plan: NonNullable<LoadedScenario["plan"]>, { out, seeds }: Written): string[] {
  return (seeds ?? [plan.seed]).map((seed) => join(out, plan.name, seedFolder(seed)));
}
