import { type ExportFormat, exportRun, RunFolderError, writeReport } from "../report/index.ts";
import { EXIT, type Terminal, UsageError } from "./terminal.ts";

export interface ReportOptions {
  readonly folder: string;
  readonly file: string | undefined;
  readonly base: string | undefined;
  /** Files for other tools besides the page. */
  readonly formats: readonly ExportFormat[];
  readonly junit: string | undefined;
  readonly quiet: boolean;
}

/** `orrery report`: the page and files for other tools, from a finished run. */
export async function report(options: ReportOptions, terminal: Terminal): Promise<number> {
  const { folder, file, base, formats, junit } = options;
  try {
    const page = await writeReport({
      folder,
      ...(file === undefined ? {} : { file }),
      ...(base === undefined ? {} : { base }),
    });
    const others = await exportRun({ folder, formats, ...(junit === undefined ? {} : { junit }) });
    if (!options.quiet) for (const path of [page, ...others]) terminal.out(`${path}\n`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof RunFolderError) throw new UsageError(error.message);
    throw error;
  }
}
