import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type FinishedRun, readFinishedRun, readSummary, runFoldersOf } from "../finished-run.ts";
import { guarded } from "../output-error.ts";
import { pageText } from "./page.ts";
import { storyOf } from "./story.ts";

export interface ReportRequest {
  /** Folder of a run, or of a scenario with several seeds: then the first is drawn, and all are in the section on seeds. */
  readonly folder: string;
  /** Where the page goes; `report.html` in the folder by default. */
  readonly file?: string;
  /** Folder of a run whose scenario this one is held against. */
  readonly base?: string;
}

/**
 * Writes report.html from what a result folder holds, and from nothing else: the same folder gives the same bytes.
 * @returns the path of the page
 * @throws RunFolderError when there is no run in a folder; OutputError when the page cannot be written
 */
export async function writeReport(request: ReportRequest): Promise<string> {
  const folders = runFoldersOf(request.folder);
  const run: FinishedRun = await readFinishedRun(folders[0] ?? request.folder);
  const base = request.base === undefined ? null : resolvedOf(request.base);
  const others = folders.filter((folder) => scenarioBesidesSeed(folder) === scenarioBesidesSeed(run.folder));
  const seeds = others.length < 2 ? [] : others.map(readSummary);
  const text = pageText({ run, story: await storyOf(run), seeds, base });
  const file = request.file ?? join(request.folder, "report.html");
  guarded(file, () => writeFileSync(file, text));
  return file;
}

/** A folder may hold seeds of the scenario as it was before it was edited: they are no repetitions of this one. */
function scenarioBesidesSeed(folder: string): string {
  return readFileSync(join(folder, "scenario.resolved.yaml"), "utf8").replace(/^ {2}seed: .*$/m, "");
}

function resolvedOf(folder: string): string {
  const run = runFoldersOf(folder)[0] ?? folder;
  readSummary(run);
  return readFileSync(join(run, "scenario.resolved.yaml"), "utf8");
}
