import { stringify } from "yaml";
import { importCsvTrace } from "./csv-trace.ts";
import { importGpuTrace } from "./gpu-trace.ts";
import { importKubectl } from "./kubectl.ts";
import { OutputFolder } from "./output.ts";
import { importPrometheus } from "./prometheus.ts";
import { ImportReport } from "./report.ts";

export const FORMATS = ["kubectl", "prometheus", "csv", "gpu-trace"] as const;
export type Format = (typeof FORMATS)[number];

export interface ImportOptions {
  readonly files: readonly string[];
  readonly format: Format;
  /** Which column of a csv holds what: `cpu=cores`. */
  readonly map: readonly string[];
  readonly isAnonymized: boolean;
  /** Folder to be made. */
  readonly out: string;
  /** Name of the scenario. */
  readonly name: string;
}

export interface Imported {
  readonly report: ImportReport;
  /** Written, below `out`; none when there are errors. */
  readonly files: readonly string[];
}

/** Makes the folder of a scenario from files of another tool. What is wrong with these is reported, never thrown. @throws OutputError */
export async function importFiles(options: ImportOptions): Promise<Imported> {
  const report = new ImportReport();
  const output = new OutputFolder(options.out);
  try {
    const spec = await specOf(options, output, report);
    if (spec === null || report.hasErrors) {
      await output.abandon();
      return { report, files: [] };
    }
    const scenario = { apiVersion: "kube-orrery/v1alpha1", kind: "Scenario", metadata: { name: options.name }, spec };
    output.write("scenario.yaml", stringify(scenario, { lineWidth: 120, aliasDuplicateObjects: false }));
    await output.finish();
    return { report, files: output.files };
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

/** Writes what the scenario needs besides itself, and gives its spec; null when there are errors. */
async function specOf(
  { files, format, map, isAnonymized }: ImportOptions,
  output: OutputFolder,
  report: ImportReport,
): Promise<Record<string, unknown> | null> {
  switch (format) {
    case "kubectl":
      return importKubectl(files, output, report, { isAnonymized });
    case "prometheus":
      return importPrometheus(files, output, report, { isAnonymized });
    case "csv":
      return importCsvTrace(files, output, report, { map, isAnonymized });
    case "gpu-trace":
      return importGpuTrace(files, output, report);
  }
}
