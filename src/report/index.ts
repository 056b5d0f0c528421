/** The face of the room `report`: result folders, the screen of a run, and answers from a finished run. */
export { ExplainError, type ExplainRequest, type Explanation, explain, explanationLines } from "./explain.ts";
export { EXPORT_FORMATS, type ExportFormat, exportRun } from "./export/export-run.ts";
export { writeJunit } from "./export/junit.ts";
export { RunFolderError, readSummary } from "./finished-run.ts";
export { hostFacts } from "./host.ts";
export { type ExperimentPage, experimentPageText } from "./html/experiment-page.ts";
export { writeReport } from "./html/write-report.ts";
export { OutputError, ResumeRefusal } from "./output-error.ts";
export { refill } from "./refill.ts";
export { ResultFolder, type ResultOptions, seedFolder, writeIndex } from "./result-folder.ts";
export { headerLines, type Paint, Screen, speedLine } from "./screen.ts";
export { type SummaryDocument, summaryDocument } from "./summary.ts";
export { atText, formatCount, formatValue, plural } from "./text.ts";
