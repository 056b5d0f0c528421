import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseRfc3339 } from "../../units/index.ts";
import type { FinishedRun, SeriesTable } from "../finished-run.ts";
import { guarded } from "../output-error.ts";

/** Columns that only grow, and become counters. */
const COUNTERS: ReadonlySet<string> = new Set(["services/unserved_requests"]);
/** Columns that name the object of a row, and become labels. */
const LABELS: readonly string[] = ["namespace", "kind", "name", "zone"];
const UNITS: readonly string[] = ["cores", "ratio", "percent", "seconds", "bytes"];

/**
 * Writes `metrics.om`: every series as OpenMetrics text with explicit timestamps of simulated time, ready for
 * `promtool tsdb create-blocks-from openmetrics`.
 *
 * @source https://prometheus.io/docs/specs/om/open_metrics_spec/ 1.0: families are not interleaved, a metric's samples
 * are together and in order of time, the unit ends the name, `# EOF` ends the text.
 */
export async function writeOpenMetrics(run: FinishedRun): Promise<string[]> {
  const file = join(run.folder, "metrics.om");
  const start = run.scenario.plan?.startEpochMicros ?? parseRfc3339("2026-01-01T00:00:00Z");
  const families = [...run.series].flatMap(([name, table]) => familiesOf(name, table, start));
  guarded(file, () => writeFileSync(file, `${families.join("")}# EOF\n`));
  return [file];
}

function familiesOf(series: string, table: SeriesTable, startMicros: number): string[] {
  const labels = LABELS.filter((label) => table.names.includes(label));
  const times = table.numbers("at_s").map((at) => timestamp(startMicros, at));
  const groups = [...table.groups(...labels).values()].map((rows) => ({
    rows,
    text: labelText(table, labels, rows[0] ?? 0),
  }));
  const columns = table.names.filter((name) => name !== "at_s" && !labels.includes(name));
  return columns.map((column) => {
    const isCounter = COUNTERS.has(`${series}/${column}`);
    // A name that ends in _total is a counter's.
    const family = `orrery_${series}_${column === "total" ? "all" : column}`;
    const unit = UNITS.find((one) => column.endsWith(`_${one}`));
    const sample = isCounter ? `${family}_total` : family;
    const values = table.texts(column);
    const lines = [
      `# TYPE ${family} ${isCounter ? "counter" : "gauge"}`,
      ...(unit === undefined ? [] : [`# UNIT ${family} ${unit}`]),
      `# HELP ${family} Column ${column} of the series ${series}.`,
    ];
    for (const { rows, text } of groups) {
      for (const row of rows) if (values[row] !== "") lines.push(`${sample}${text} ${values[row]} ${times[row]}`);
    }
    return `${lines.join("\n")}\n`;
  });
}

function labelText(table: SeriesTable, labels: readonly string[], row: number): string {
  const pairs = labels.map((label) => `${label}="${escapeLabel(table.texts(label)[row] ?? "")}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Unix seconds, with as many digits as there are. */
function timestamp(startMicros: number, atSeconds: number): string {
  const micros = startMicros + Math.round(atSeconds * 1_000_000);
  const whole = Math.floor(micros / 1_000_000);
  const rest = micros % 1_000_000;
  return rest === 0 ? String(whole) : `${whole}.${String(rest).padStart(6, "0").replace(/0+$/, "")}`;
}
