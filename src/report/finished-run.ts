import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseFile } from "fast-csv";
import { type LoadedScenario, loadScenario } from "../scenario/index.ts";
import type { DecisionRecord } from "../world/plan.ts";
import { decisionsOf } from "./decisions.ts";
import type { SummaryDocument } from "./summary.ts";

/** The folder is no finished run, or one of a version that this one cannot read. The user's to mend. */
export class RunFolderError extends Error {
  override readonly name = "RunFolderError";
}

/** A result folder, read back. */
export interface FinishedRun {
  readonly folder: string;
  readonly summary: SummaryDocument;
  readonly series: ReadonlyMap<string, SeriesTable>;
  /** The scenario as the folder keeps it: the plan, and what was noted about it. */
  readonly scenario: LoadedScenario;
  readonly resolved: string;
  /** Reads decisions.jsonl from its start; nothing when none were recorded. */
  decisions(): AsyncIterable<DecisionRecord>;
}

/** A series by columns. An empty cell is NaN as a number. */
export class SeriesTable {
  readonly names: readonly string[];
  readonly rowCount: number;
  readonly #columns: ReadonlyMap<string, readonly string[]>;

  constructor(names: readonly string[], rows: readonly (readonly string[])[]) {
    this.names = names;
    this.rowCount = rows.length;
    this.#columns = new Map(names.map((name, index) => [name, rows.map((row) => row[index] ?? "")]));
  }

  texts(name: string): readonly string[] {
    return this.#columns.get(name) ?? [];
  }

  /** The column as numbers; a column that there is not is all NaN. */
  numbers(name: string): number[] {
    const texts = this.#columns.get(name);
    if (texts === undefined) return Array.from({ length: this.rowCount }, () => Number.NaN);
    return texts.map((text) => (text === "" ? Number.NaN : Number(text)));
  }

  /** The rows of each object, by the texts in the columns that name it, in the order of their first row. */
  groups(...keys: readonly string[]): Map<string, number[]> {
    const columns = keys.map((key) => this.texts(key));
    const groups = new Map<string, number[]>();
    for (let row = 0; row < this.rowCount; row++) {
      const key = columns.map((column) => column[row] ?? "").join("/");
      const rows = groups.get(key);
      if (rows === undefined) groups.set(key, [row]);
      else rows.push(row);
    }
    return groups;
  }
}

/** @throws RunFolderError when the folder holds no run */
export async function readFinishedRun(folder: string): Promise<FinishedRun> {
  const summary = readSummary(folder);
  const resolvedFile = join(folder, "scenario.resolved.yaml");
  if (!existsSync(resolvedFile)) throw new RunFolderError(`no scenario.resolved.yaml in ${folder}`);
  const decisions = join(folder, "decisions.jsonl");
  return {
    folder,
    summary,
    series: await readSeries(join(folder, "series")),
    scenario: await loadScenario(resolvedFile, { version: summary.version }),
    resolved: readFileSync(resolvedFile, "utf8"),
    decisions: () => (existsSync(decisions) ? decisionsOf(decisions) : nothing()),
  };
}

async function* nothing(): AsyncGenerator<DecisionRecord> {}

/** @throws RunFolderError when the folder holds no run */
export function readSummary(folder: string): SummaryDocument {
  const file = join(folder, "summary.json");
  if (!existsSync(file)) {
    const there = existsSync(join(folder, "index.json")) ? "; give one of its seed=… folders" : "";
    throw new RunFolderError(`no run in ${folder}: there is no summary.json${there}`);
  }
  try {
    const summary = JSON.parse(readFileSync(file, "utf8")) as SummaryDocument;
    if (summary.schema === "kube-orrery/summary.v1") return summary;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new RunFolderError(`${file} is no summary of this version`);
}

/** The folders of the seeds of a scenario, in the order of the index; the folder itself when it is a run. */
export function runFoldersOf(folder: string): string[] {
  if (existsSync(join(folder, "summary.json"))) return [folder];
  const index = join(folder, "index.json");
  if (!existsSync(index)) throw new RunFolderError(`no run in ${folder}: there is no summary.json and no index.json`);
  const { runs } = JSON.parse(readFileSync(index, "utf8")) as { readonly runs: readonly { readonly path: string }[] };
  if (runs.length === 0) throw new RunFolderError(`no runs in ${index}`);
  return runs.map(({ path }) => join(folder, basename(path)));
}

/** The same scenario's other seeds are beside a run; this names the run among them. */
export function runName(folder: string): string {
  return `${basename(dirname(folder))}/${basename(folder)}`;
}

async function readSeries(folder: string): Promise<ReadonlyMap<string, SeriesTable>> {
  const series = new Map<string, SeriesTable>();
  if (!existsSync(folder)) return series;
  const names = readdirSync(folder).filter((name) => name.endsWith(".csv"));
  for (const name of names.sort()) series.set(name.slice(0, -".csv".length), await readTable(join(folder, name)));
  return series;
}

function readTable(file: string): Promise<SeriesTable> {
  return new Promise((resolve, reject) => {
    const rows: string[][] = [];
    parseFile<string[], string[]>(file)
      .on("error", reject)
      .on("data", (row: string[]) => rows.push(row))
      .on("end", () => resolve(new SeriesTable(rows[0] ?? [], rows.slice(1))));
  });
}
