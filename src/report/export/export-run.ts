import { type FinishedRun, readFinishedRun, runFoldersOf } from "../finished-run.ts";
import type { SummaryDocument } from "../summary.ts";
import { writeJunit } from "./junit.ts";
import { writeOpenMetrics } from "./open-metrics.ts";
import { writeParquet } from "./parquet.ts";
import { writeTrace } from "./trace.ts";

export const EXPORT_FORMATS = ["parquet", "trace", "openmetrics"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportRequest {
  /** Folder of a run, or of a scenario: then each of its seeds is exported. */
  readonly folder: string;
  readonly formats: readonly ExportFormat[];
  /** Where the assertions go as JUnit XML; all seeds in one file. */
  readonly junit?: string;
}

const WRITERS: Readonly<Record<ExportFormat, (run: FinishedRun) => Promise<string[]>>> = {
  parquet: writeParquet,
  trace: writeTrace,
  openmetrics: writeOpenMetrics,
};

/**
 * Writes files for other tools beside what a run has written, from nothing but its folder.
 * @returns the paths of the files
 * @throws RunFolderError when there is no run in the folder; OutputError when a file cannot be written
 */
export async function exportRun({ folder, formats, junit }: ExportRequest): Promise<string[]> {
  if (formats.length === 0 && junit === undefined) return [];
  const written: string[] = [];
  const summaries: SummaryDocument[] = [];
  for (const one of runFoldersOf(folder)) {
    const run = await readFinishedRun(one);
    for (const format of EXPORT_FORMATS) if (formats.includes(format)) written.push(...(await WRITERS[format](run)));
    summaries.push(run.summary);
  }
  if (junit !== undefined) written.push(writeJunit(summaries, junit));
  return written;
}
