import { createReadStream, createWriteStream, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { format, parse } from "fast-csv";
import { trendPage } from "./trend-page.ts";
import type { Verdict } from "./verdict.ts";

/** One measurement in history.csv; all cells are texts. */
export type HistoryRow = Readonly<Record<(typeof COLUMNS)[number], string>>;

const COLUMNS = [
  ...(["measured_at", "version", "commit", "scenario", "nodes", "pods", "events", "events_per_cpu_second"] as const),
  ...(["cpu_ms", "wall_ms", "allocated_bytes", "peak_rss_bytes", "samples", "digest", "decisions"] as const),
  ...(["against", "speed_ratio", "speed_low", "speed_high", "node", "cpu", "load", "command"] as const),
] as const;

/** Where and when the rows were measured. */
export interface Circumstances {
  readonly measuredAt: string;
  readonly version: string;
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  /** Processes that waited for a processor, over the last minute. */
  readonly load: number;
  readonly command: string;
  /** What the ratios are to; empty without. */
  readonly against: string;
}

/** Appends to `history.csv` in a folder, and writes the page `index.html` with the trend beside it. */
export async function keepHistory(
  folder: string,
  verdicts: readonly Verdict[],
  circumstances: Circumstances,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "history.csv");
  const old = await readHistory(file);
  const rows = [...old, ...verdicts.map((verdict) => rowOf(verdict, circumstances))];
  const stream = format({ headers: [...COLUMNS], includeEndRowDelimiter: true });
  const written = pipeline(stream, createWriteStream(file));
  for (const row of rows) stream.write(row);
  stream.end();
  await written;
  writeFileSync(join(folder, "index.html"), trendPage(rows));
}

async function readHistory(file: string): Promise<HistoryRow[]> {
  if (!existsSync(file)) return [];
  const rows: HistoryRow[] = [];
  for await (const row of createReadStream(file).pipe(parse({ headers: true }))) rows.push(row as HistoryRow);
  return rows;
}

function rowOf(verdict: Verdict, at: Circumstances): HistoryRow {
  const ratio = (value: number | undefined): string => value?.toFixed(3) ?? "";
  const { speed } = verdict.against ?? {};
  return {
    measured_at: at.measuredAt,
    version: at.version,
    commit: at.commit,
    scenario: verdict.name,
    nodes: String(verdict.nodes),
    pods: String(verdict.pods),
    events: String(verdict.events),
    events_per_cpu_second: verdict.eventsPerCpuSecond.toFixed(0),
    cpu_ms: verdict.cpuMillis.toFixed(1),
    wall_ms: verdict.wallMillis.toFixed(1),
    allocated_bytes: verdict.allocatedBytes.toFixed(0),
    peak_rss_bytes: verdict.peakRssBytes.toFixed(0),
    samples: String(verdict.samples),
    digest: verdict.digest,
    decisions: String(verdict.decisions),
    against: verdict.against === null ? "" : at.against,
    speed_ratio: ratio(speed?.ratio),
    speed_low: ratio(speed?.low),
    speed_high: ratio(speed?.high),
    node: at.node,
    cpu: at.cpu,
    load: String(at.load),
    command: at.command,
  };
}
