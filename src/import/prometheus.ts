import { readFileSync } from "node:fs";
import { isRecord } from "./clean-object.ts";
import type { OutputFolder } from "./output.ts";
import type { ImportReport } from "./report.ts";

/** A series of a range query: what it is of, and its points. */
interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [seconds: number, value: number])[];
}

/** More series than this are rarely loads of their own. */
const MOST_SERIES = 200;

/**
 * Imports the answer of Prometheus to a range query (`/api/v1/query_range`): a CSV file a series, and a scenario in which
 * each is the demand of a Service.
 */
export function importPrometheus(
  files: readonly string[],
  output: OutputFolder,
  report: ImportReport,
  { isAnonymized }: { readonly isAnonymized: boolean },
): Record<string, unknown> | null {
  const all = files.flatMap((file) => readSeries(file, report));
  if (!report.hasErrors && all.length === 0) report.add("E0005", files[0] ?? "", 0, "the answer holds no series");
  if (all.length > MOST_SERIES) {
    const message = `${all.length} series: sum them in the query, such as sum by (service) (rate(…[5m]))`;
    report.add("E0405", files[0] ?? "", 0, message);
  }
  if (report.hasErrors) return null;
  const names = new Set<string>();
  const loads = all.map((series) => {
    const name = isAnonymized ? `load-${names.size + 1}` : freeName(nameOf(series.labels), names);
    names.add(name);
    const labels = isAnonymized ? {} : series.labels;
    const [first] = series.points[0] as readonly [number, number];
    const rows = series.points.map(([at, value]) => `${round(at - first)},${value}`);
    output.write(`loads/${name}.csv`, `# ${JSON.stringify(labels)}\nat,value\n${rows.join("\n")}\n`);
    return { name, labels, rows: rows.length, seconds: round((series.points.at(-1)?.[0] ?? first) - first) };
  });
  for (const { name, labels, rows } of loads) report.note(`${name}: ${rows} points of ${JSON.stringify(labels)}`);
  report.note("each series drives a Service with 2 replicas that stand for yours: put your manifests in place of them");
  return {
    duration: `${Math.max(60, ...loads.map(({ seconds }) => seconds))}s`,
    objects: loads.flatMap(({ name }) => standIn(name)),
    loads: loads.map(({ name }) => ({
      service: name,
      demand: { rps: { csv: `loads/${name}.csv`, time: "at", value: "value" } },
      perRequest: { cpu: "5ms", latency: "20ms" },
    })),
  };
}

function standIn(name: string): object[] {
  const labels = { app: name };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [{ name: "app", image: "app:1", resources: { requests: { cpu: "500m", memory: "256Mi" } } }],
          },
        },
      },
    },
    { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { selector: labels, ports: [{ port: 80 }] } },
  ];
}

function readSeries(file: string, report: ImportReport): Series[] {
  let answer: unknown;
  try {
    answer = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) report.add("E0005", file, 0, `not JSON: ${error.message}`);
    else report.unreadable(file, error as NodeJS.ErrnoException);
    return [];
  }
  const top = isRecord(answer) ? answer : {};
  if (top.status === "error") {
    report.add("E0005", file, 0, `Prometheus answered with an error: ${String(top.error)}`);
    return [];
  }
  const data = isRecord(top.data) ? top.data : top;
  if (data.resultType !== "matrix" || !Array.isArray(data.result)) {
    const found = typeof data.resultType === "string" ? `a ${data.resultType}` : "something else";
    report.add("E0005", file, 0, `expected the matrix of a range query (/api/v1/query_range); got ${found}`);
    return [];
  }
  return data.result.flatMap((one: unknown, index) => readOne(file, one, index, report));
}

function readOne(file: string, value: unknown, index: number, report: ImportReport): Series[] {
  const place = `data.result[${index}]`;
  const fail = (message: string): Series[] => {
    if (!report.isFull) report.add("E0404", file, 0, `${place}${message}`);
    return [];
  };
  if (!isRecord(value) || !Array.isArray(value.values)) return fail(": expected metric and values");
  const points: (readonly [number, number])[] = [];
  for (const [row, point] of (value.values as unknown[]).entries()) {
    const [at, text] = Array.isArray(point) ? (point as unknown[]) : [];
    const amount = typeof text === "string" && text !== "" ? Number(text) : Number.NaN;
    if (typeof at !== "number" || typeof text !== "string") {
      return fail(`.values[${row}]: expected [seconds, "value"]; got ${JSON.stringify(point)}`);
    }
    if (at <= (points.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY)) return fail(`.values[${row}]: the time does not rise`);
    // What Prometheus does not know is no load.
    if (text === "NaN") continue;
    if (!Number.isFinite(amount) || amount < 0) return fail(`.values[${row}]: a load of "${text}"`);
    points.push([at, amount]);
  }
  if (points.length === 0) return fail(": no points");
  const labels = isRecord(value.metric) ? value.metric : {};
  return [{ labels: Object.fromEntries(Object.entries(labels).map(([key, text]) => [key, String(text)])), points }];
}

/** Labels that name what is served, the most telling first. */
const TELLING = ["service", "svc", "app", "deployment", "job", "handler", "__name__"];

function nameOf(labels: Readonly<Record<string, string>>): string {
  const found = TELLING.map((label) => labels[label]).find((text) => text !== undefined && text !== "") ?? "load";
  const name = found
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 50)
    .replaceAll(/^-+|-+$/g, "");
  return /^[a-z]/.test(name) ? name : `load-${name}`.replace(/-$/, "");
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}-${number}`;
  return name;
}

/** Milliseconds are enough for a load. */
function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
