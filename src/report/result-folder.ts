import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { writeToString } from "fast-csv";
import type { DecisionRecord, JsonObject, Plan, ResultSink, RunSummary } from "../world/plan.ts";
import { guarded } from "./output-error.ts";
import { type SummaryDocument, summaryDocument } from "./summary.ts";

export interface ResultOptions {
  /** Folder that holds the results of all scenarios. */
  readonly out: string;
  readonly plan: Plan;
  readonly version: string;
  readonly resolved: string;
  readonly inputs: readonly { readonly copy: string; readonly text: string }[];
  /** Whether `finish` rewrites the index of the scenario's runs. Default true; false where several are written at once. */
  readonly isIndexed?: boolean;
}

const MARKER = "PARTIAL";
const MARKER_TEXT = "The run was not finished. What is here was written before it stopped.\n";
const FLUSH_CHARACTERS = 1 << 20;

type Row = { readonly [column: string]: string | number };

/**
 * `results/<scenario>/seed=<n>/`, written while a world runs.
 *
 * The folder is made beside an older one of the same seed and takes its place once the first files are written. It
 * holds the file PARTIAL until `finish`. All methods throw OutputError when the folder cannot be written.
 */
export class ResultFolder implements ResultSink {
  /** `<out>/<scenario>/seed=<n>` */
  readonly path: string;
  private readonly options: ResultOptions;
  private readonly lines = new Map<string, LineFile>();
  private readonly series = new Map<string, { readonly file: LineFile; rows: Row[]; isHeaded: boolean }>();
  private readonly inputHashes: { readonly path: string; readonly sha256: string }[];

  constructor(options: ResultOptions) {
    this.options = options;
    this.path = join(options.out, options.plan.name, seedFolder(options.plan.seed));
    this.inputHashes = options.inputs.map(({ copy, text }) => ({ path: copy, sha256: sha256(text) }));
    guarded(this.path, () => this.create());
  }

  /** The first files in a folder of their own, which then takes its place. */
  private create(): void {
    const { resolved, inputs, plan } = this.options;
    const fresh = `${this.path}.new`;
    rmSync(fresh, { recursive: true, force: true });
    makeFolders(fresh);
    writeFileSync(join(fresh, MARKER), MARKER_TEXT);
    writeFileSync(join(fresh, "scenario.resolved.yaml"), resolved);
    for (const { copy, text } of inputs) {
      makeFolders(dirname(join(fresh, copy)));
      writeFileSync(join(fresh, copy), text);
    }
    if (inputs.length > 0) writeFileSync(join(fresh, "inputs", "sha256.txt"), hashLines(this.inputHashes));
    writeFileSync(join(fresh, "summary.json"), jsonText(this.document(null)));
    if (plan.record.events) writeFileSync(join(fresh, "events.jsonl"), "");
    if (plan.record.decisions) writeFileSync(join(fresh, "decisions.jsonl"), "");
    mkdirSync(join(fresh, "series"));
    this.swap(fresh);
    if (plan.record.events) this.lines.set("events", new LineFile(join(this.path, "events.jsonl")));
    if (plan.record.decisions) this.lines.set("decisions", new LineFile(join(this.path, "decisions.jsonl")));
  }

  private swap(fresh: string): void {
    const old = `${this.path}.old`;
    rmSync(old, { recursive: true, force: true });
    if (existsSync(this.path)) renameSync(this.path, old);
    renameSync(fresh, this.path);
    rmSync(old, { recursive: true, force: true });
  }

  event(line: JsonObject): void {
    this.lines.get("events")?.add(JSON.stringify(line));
  }

  decision(record: DecisionRecord): void {
    this.lines.get("decisions")?.add(JSON.stringify(record));
  }

  sample(name: string, row: Row): void {
    let series = this.series.get(name);
    if (series === undefined) {
      const file = guarded(this.path, () => new LineFile(join(this.path, "series", `${name}.csv`)));
      series = { file, rows: [], isHeaded: false };
      this.series.set(name, series);
    }
    series.rows.push(row);
  }

  /** Writes what has gathered. To be called between slices of the run. */
  async flush(): Promise<void> {
    for (const series of this.series.values()) {
      if (series.rows.length === 0) continue;
      const { rows } = series;
      series.rows = [];
      const text = await writeToString(rows, {
        headers: true,
        writeHeaders: !series.isHeaded,
        includeEndRowDelimiter: true,
      });
      series.isHeaded = true;
      guarded(this.path, () => series.file.write(text));
    }
    guarded(this.path, () => {
      for (const file of this.lines.values()) file.flush();
    });
  }

  /** Writes the rest and closes the files. The folder stays marked unless the run reached its end. */
  async finish(summary: RunSummary, isPartial: boolean): Promise<SummaryDocument> {
    await this.flush();
    const document = this.document(summary, isPartial);
    guarded(this.path, () => {
      this.close();
      writeFileSync(join(this.path, "summary.json.tmp"), jsonText(document));
      renameSync(join(this.path, "summary.json.tmp"), join(this.path, "summary.json"));
      if (!isPartial) rmSync(join(this.path, MARKER));
      if (this.options.isIndexed !== false) writeIndex(dirname(this.path), this.options.plan.name);
    });
    return document;
  }

  /** Closes the files as they are: the run has failed, the folder stays marked. */
  abandon(): void {
    this.close();
  }

  /** Facts of this machine and hour, kept out of everything else. */
  writeHost(facts: JsonObject): void {
    guarded(this.path, () => writeFileSync(join(this.path, "host.json"), jsonText(facts)));
  }

  private close(): void {
    for (const file of this.lines.values()) file.close();
    for (const { file } of this.series.values()) file.close();
  }

  private document(summary: RunSummary | null, isPartial = true): SummaryDocument {
    const { plan, version } = this.options;
    return summaryDocument({ plan, version, summary, isPartial, inputs: this.inputHashes });
  }
}

/** Makes a folder and those above it. (Node's own way never ends below /proc, where making a folder is "not found".) */
function makeFolders(path: string): void {
  const missing: string[] = [];
  for (let at = path; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  for (const folder of missing) mkdirSync(folder);
}

/** A file that grows by lines. */
class LineFile {
  private handle: number | null;
  private parts: string[] = [];
  private size = 0;

  constructor(path: string) {
    this.handle = openSync(path, "a");
  }

  add(line: string): void {
    this.parts.push(line, "\n");
    this.size += line.length + 1;
    if (this.size > FLUSH_CHARACTERS) guarded("the result folder", () => this.flush());
  }

  flush(): void {
    if (this.size === 0) return;
    const text = this.parts.join("");
    this.parts = [];
    this.size = 0;
    this.write(text);
  }

  write(text: string): void {
    if (this.handle === null) return;
    const bytes = Buffer.from(text, "utf8");
    for (let done = 0; done < bytes.length; ) done += writeSync(this.handle, bytes, done, bytes.length - done);
  }

  close(): void {
    if (this.handle === null) return;
    closeSync(this.handle);
    this.handle = null;
  }
}

/** The name of a seed's folder; characters that a file system may not like are escaped. */
export function seedFolder(seed: string | number): string {
  return `seed=${encodeURIComponent(String(seed)).replaceAll("*", "%2A")}`;
}

/** Rewrites index.json from the summaries beside it. @param folder `<out>/<scenario>` */
export function writeIndex(folder: string, scenario: string): void {
  const runs: JsonObject[] = [];
  for (const name of readdirSync(folder).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const file = join(folder, name, "summary.json");
    if (!name.startsWith("seed=") || name.endsWith(".new") || name.endsWith(".old") || !existsSync(file)) continue;
    const { seed, partial, digest, assertions } = JSON.parse(readFileSync(file, "utf8")) as SummaryDocument;
    const failed = assertions.filter((assertion) => !assertion.holds).length;
    runs.push({ seed, path: name, partial, digest, assertions: { total: assertions.length, failed } });
  }
  const text = jsonText({ schema: "kube-orrery/index.v1", scenario, runs });
  writeFileSync(join(folder, "index.json.tmp"), text);
  renameSync(join(folder, "index.json.tmp"), join(folder, "index.json"));
}

function hashLines(hashes: readonly { readonly path: string; readonly sha256: string }[]): string {
  return hashes.map(({ path, sha256: hash }) => `${hash}  ${path.slice("inputs/".length)}\n`).join("");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
