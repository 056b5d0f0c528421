import { Anonymizer } from "./anonymize.ts";
import { CellReader } from "./cells.ts";
import { csvRows } from "./csv-rows.ts";
import type { OutputFolder } from "./output.ts";
import { PodListWriter, type PodShape } from "./pod-list.ts";
import type { ImportReport } from "./report.ts";

/** What a column can hold, and in what unit a bare number is. */
const UNITS: Readonly<Record<string, string>> = { cpu: "", memory: "", "ephemeral-storage": "" };
const OTHER_FIELDS = ["at", "end", "for"] as const;
const LABEL = "label.";

/** `cpu=cores` taken apart: by field of a pod the column, and the unit that is put behind a bare number. */
interface Mapping {
  readonly column: string;
  readonly unit: string;
}

/**
 * Imports a list of pods from any CSV file: `--map` says which column holds `cpu`, `memory` (or any other resource), `at`
 * (when the pod comes), `for` or `end` (how long it stays, or until when) and `label.<key>`. `cpu=plan_cpu:m` puts a unit
 * behind bare numbers. Without `--map`, columns of these names are taken.
 */
export async function importCsvTrace(
  files: readonly string[],
  output: OutputFolder,
  report: ImportReport,
  { map, isAnonymized }: { readonly map: readonly string[]; readonly isAnonymized: boolean },
): Promise<Record<string, unknown> | null> {
  const [file = "", ...rest] = files;
  if (rest.length > 0) report.add("E0404", rest[0] ?? "", 0, "a list of pods is one file");
  const given = readMap(map, file, report);
  const pods = new PodListWriter(output);
  let fields = given;
  const rows = csvRows(file, report, (columns) => {
    if (given.size === 0) fields = namesakes(columns);
    for (const { column } of fields.values()) {
      if (!columns.includes(column))
        report.add("E0404", file, 1, `no column "${column}" — there are ${columns.join(", ")}`);
    }
    if (![...fields.keys()].some(isResource)) {
      report.add("E0404", file, 1, `no column is a request: say --map cpu=COLUMN — there are ${columns.join(", ")}`);
    }
    return !report.hasErrors;
  });
  const anonymizer = isAnonymized ? new Anonymizer() : null;
  await readRows(file, rows, () => fields, { pods, report, anonymizer });
  if (report.hasErrors) return null;
  if (pods.count === 0) {
    report.add("E0404", file, 0, "there are no rows");
    return null;
  }
  pods.finish();
  report.note(`${pods.count} pods of ${pods.templateCount} kinds; the nodes are for you to choose (cluster.nodePools)`);
  return {
    duration: `${Math.floor(pods.lastAt) + 60}s`,
    cluster: { nodePools: [{ name: "general", count: 3, capacity: { cpu: "16", memory: "64Gi" } }] },
    images: { preloaded: true },
    arrivals: [{ templates: "templates.yaml", csv: "pods.csv", ...(fields.has("at") ? {} : { every: "1s" }) }],
  };
}

interface Targets {
  readonly pods: PodListWriter;
  readonly report: ImportReport;
  readonly anonymizer: Anonymizer | null;
}

async function readRows(
  file: string,
  rows: ReturnType<typeof csvRows>,
  fieldsOf: () => ReadonlyMap<string, Mapping>,
  { pods, report, anonymizer }: Targets,
): Promise<void> {
  const seconds = (cells: CellReader, field: string): number | null => {
    const mapping = fieldsOf().get(field);
    return mapping === undefined || cells.text(mapping.column) === "" ? null : cells.seconds(mapping.column);
  };
  let firstAt: number | null = null;
  let lastAt = 0;
  for await (const row of rows) {
    const cells = new CellReader(file, row, report);
    // Known once the heading row has been read.
    const fields = fieldsOf();
    const came = seconds(cells, "at");
    firstAt ??= came;
    const at = came === null ? lastAt : came - (firstAt ?? 0);
    if (at < lastAt) cells.fail(fields.get("at")?.column ?? "", "the rows are not in the order of their arrival");
    const end = seconds(cells, "end");
    const lasts = seconds(cells, "for") ?? (end === null || came === null ? null : end - came);
    if (lasts !== null && lasts < 0)
      cells.fail(fields.get("end")?.column ?? fields.get("for")?.column ?? "", "it ends before it begins");
    const { requests, labels: read } = shapeOf(cells, fields);
    const shape = { requests, labels: anonymizer?.labels(read) ?? read };
    if (!cells.hasFailed) {
      lastAt = at;
      if (!(await pods.add(shape, at, lasts))) {
        report.add("E0404", file, row.line, "too many kinds of pods: the requests or labels differ from row to row");
        return;
      }
    }
    if (report.isFull) return;
  }
}

function shapeOf(cells: CellReader, fields: ReadonlyMap<string, Mapping>): PodShape {
  const requests: Record<string, string> = {};
  const labels: Record<string, string> = {};
  for (const [field, { column, unit }] of fields) {
    if (field.startsWith(LABEL)) {
      const value = cells
        .text(column)
        .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
        .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
      if (value !== "") labels[field.slice(LABEL.length)] = value.slice(0, 63);
    } else if (isResource(field)) {
      const quantity = cells.quantity(column, unit);
      if (quantity !== null) requests[field] = quantity;
    }
  }
  return { requests, labels };
}

function isResource(field: string): boolean {
  return field in UNITS || (field.includes("/") && !field.startsWith(LABEL));
}

function namesakes(columns: readonly string[]): Map<string, Mapping> {
  const isField = (name: string): boolean => isResource(name) || (OTHER_FIELDS as readonly string[]).includes(name);
  return new Map(columns.filter(isField).map((column) => [column, { column, unit: "" }]));
}

function readMap(map: readonly string[], file: string, report: ImportReport): Map<string, Mapping> {
  const fields = new Map<string, Mapping>();
  for (const text of map) {
    const [, field = "", column = "", unit = ""] = /^([^=]+)=([^:]+)(?::(.*))?$/.exec(text) ?? [];
    const isKnown = isResource(field) || (OTHER_FIELDS as readonly string[]).includes(field) || /^label\../.test(field);
    if (isKnown) fields.set(field, { column, unit });
    else {
      const wanted = `${Object.keys(UNITS).join(", ")}, a resource such as example.com/gpu, ${OTHER_FIELDS.join(", ")}, label.<key>`;
      report.add("E0404", file, 0, `--map ${text}: expected FIELD=COLUMN with one of the fields ${wanted}`);
    }
  }
  return fields;
}
