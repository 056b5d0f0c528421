import { parseString } from "fast-csv";
import type { CsvTable } from "./csv.ts";
import type { SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";
import { parseKubectl } from "./kubectl.ts";

/** A path in a scenario, and where it stands. */
export interface FileReference {
  readonly path: string;
  readonly at: readonly (string | number)[];
}

/** All files that a scenario names, by what they are for. */
export interface FileReferences {
  readonly manifests: readonly FileReference[];
  readonly overlays: readonly FileReference[];
  readonly applied: readonly FileReference[];
  /** Pods of arrivals. */
  readonly templates: readonly FileReference[];
  readonly csv: readonly FileReference[];
}

/** Finds the files that a scenario names. */
export function referencesOf(document: SourceDocument): FileReferences {
  const spec = isRecord(document.value) && isRecord(document.value.spec) ? document.value.spec : {};
  return {
    manifests: textsOf(spec.manifests, ["spec", "manifests"]),
    overlays: textsOf(spec.overlays, ["spec", "overlays"]),
    applied: listOf(spec.actions).flatMap((action, index) => appliedBy(action, ["spec", "actions", index])),
    templates: listOf(spec.arrivals).flatMap((one, index) => fileOf(one, "templates", ["spec", "arrivals", index])),
    csv: [
      ...listOf(spec.arrivals).flatMap((one, index) => fileOf(one, "csv", ["spec", "arrivals", index])),
      ...listOf(spec.loads).flatMap((load, index) => csvOf(load, ["spec", "loads", index])),
      ...listOf(spec.metrics).flatMap((metric, index) => csvOf(metric, ["spec", "metrics", index])),
    ],
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(value: unknown, at: readonly (string | number)[]): FileReference[] {
  return listOf(value).flatMap((path, index) => (typeof path === "string" ? [{ path, at: [...at, index] }] : []));
}

function fileOf(value: unknown, key: string, at: readonly (string | number)[]): FileReference[] {
  return isRecord(value) && typeof value[key] === "string" ? [{ path: value[key], at: [...at, key] }] : [];
}

function appliedBy(action: unknown, at: readonly (string | number)[]): FileReference[] {
  if (!isRecord(action)) return [];
  for (const verb of ["apply", "create", "replace"]) {
    const path = action[verb];
    if (typeof path === "string") return [{ path, at: [...at, verb] }];
  }
  if (typeof action.kubectl !== "string") return [];
  const command = parseKubectl(action.kubectl);
  const path = "error" in command ? undefined : command.flags.get("filename");
  return path === undefined ? [] : [{ path, at: [...at, "kubectl"] }];
}

/** The CSV files of a load or metric. */
function csvOf(load: unknown, at: readonly (string | number)[]): FileReference[] {
  if (!isRecord(load)) return [];
  const found: FileReference[] = [];
  const look = (curve: unknown, path: readonly (string | number)[]): void => {
    if (isRecord(curve) && typeof curve.csv === "string") found.push({ path: curve.csv, at: [...path, "csv"] });
  };
  look(isRecord(load.demand) ? load.demand.rps : undefined, [...at, "demand", "rps"]);
  look(load.cpu, [...at, "cpu"]);
  look(load.memory, [...at, "memory"]);
  look(load.value, [...at, "value"]);
  look(isRecord(load.queue) ? load.queue.arrivals : undefined, [...at, "queue", "arrivals"]);
  return found;
}

/** Reads a CSV text with a heading row; lines that start with `#` are comments. @throws Error as fast-csv words it */
export function readCsv(file: string, text: string): Promise<CsvTable> {
  return new Promise((resolve, reject) => {
    let columns: readonly string[] = [];
    const rows: { line: number; cells: Record<string, string> }[] = [];
    const lines = text.replace(/^\uFEFF/, "").split("\n");
    const kept = lines
      .map((line, index) => ({ line, number: index + 1 }))
      .filter(({ line }) => line.trim() !== "" && !line.startsWith("#"));
    parseString<Record<string, string>, Record<string, string>>(kept.map(({ line }) => line).join("\n"), {
      headers: (found) => found.map((name) => name?.trim() ?? ""),
      trim: true,
      strictColumnHandling: false,
    })
      .on("headers", (found: readonly string[]) => {
        columns = found;
      })
      .on("error", reject)
      .on("data", (cells: Record<string, string>) => rows.push({ line: kept[rows.length + 1]?.number ?? 0, cells }))
      .on("end", () => resolve({ file, columns, rows }));
  });
}
