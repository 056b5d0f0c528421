import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { writeToString } from "fast-csv";
import type { DecisionRecord, JsonObject, Plan, ResultSink, RunSummary } from "../world/plan.ts";
import { guarded, ResumeRefusal } from "./output-error.ts";
import { CHECKPOINTS, type RunCheckpoint, readRunCheckpoint, writeRunCheckpoint } from "./run-checkpoint.ts";
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
  /** Whether to go on with the folder as it was at its newest checkpoint. @throws ResumeRefusal when there is none of this run */
  readonly isResumed?: boolean;
}

const MARKER = "PARTIAL";
const RESOLVED = "scenario.resolved.yaml";
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
  /** What the run goes on from; null for one from its start. */
  readonly resumedFrom: RunCheckpoint | null;

  constructor(options: ResultOptions) {
    this.options = options;
    this.path = join(options.out, options.plan.name, seedFolder(options.plan.seed));
    this.inputHashes = options.inputs.map(({ copy, text }) => ({ path: copy, sha256: sha256(text) }));
    this.resumedFrom = guarded(this.path, () => (options.isResumed === true ? this.reopen() : this.create()));
  }

  /** Cuts the files back to what they were at the newest checkpoint. */
  private reopen(): RunCheckpoint {
    const { path } = this;
    this.refuseOther();
    const checkpoint = readRunCheckpoint(path);
    if (checkpoint === null)
      throw new ResumeRefusal(`nothing to resume: ${path} holds no checkpoint — run without --resume`);
    if (checkpoint.version !== this.options.version) {
      throw new ResumeRefusal(`the checkpoint in ${path} is of orrery ${checkpoint.version} — go on with that version`);
    }
    for (const [file, bytes] of Object.entries(checkpoint.files)) {
      const size = statSync(join(path, file), { throwIfNoEntry: false })?.size ?? 0;
      if (size < bytes)
        throw new ResumeRefusal(`${join(path, file)} has lost what it had at the checkpoint — run without --resume`);
    }
    for (const [file, bytes] of Object.entries(checkpoint.files)) truncateSync(join(path, file), bytes);
    for (const name of readdirSync(join(path, "series"))) {
      if (checkpoint.files[`series/${name}`] === undefined) rmSync(join(path, "series", name));
    }
    this.openLines();
    for (const [file, bytes] of Object.entries(checkpoint.files)) {
      const name = /^series\/(.*)\.csv$/.exec(file)?.[1];
      if (name !== undefined)
        this.series.set(name, { file: new LineFile(join(path, file)), rows: [], isHeaded: bytes > 0 });
    }
    return checkpoint;
  }

  /** A folder that is finished, or of another scenario, is left alone. */
  private refuseOther(): void {
    const { path, options } = this;
    if (!existsSync(path)) throw new ResumeRefusal(`nothing to resume: there is no ${path} — run without --resume`);
    if (!existsSync(join(path, MARKER))) throw new ResumeRefusal(`nothing to resume: the run in ${path} is finished`);
    const same = (file: string, text: string): boolean =>
      existsSync(join(path, file)) && readFileSync(join(path, file), "utf8") === text;
    if (same(RESOLVED, options.resolved) && options.inputs.every(({ copy, text }) => same(copy, text))) return;
    throw new ResumeRefusal(
      `${path} is of another scenario: it, its inputs or the settings have changed — run without --resume`,
    );
  }

  /**
   * Writes everything that has gathered, and a checkpoint beside it. The one before it goes; the last one goes when the run ends.
   * @param state of the world, between two slices
   */
  async checkpoint(state: RunCheckpoint["state"], atMicros: number, everyMicros: number): Promise<void> {
    await this.flush();
    guarded(this.path, () => {
      const files: Record<string, number> = {};
      for (const [name, file] of this.lines) files[`${name}.jsonl`] = file.sync();
      for (const [name, { file }] of this.series) files[`series/${name}.csv`] = file.sync();
      writeRunCheckpoint(this.path, { version: this.options.version, atMicros, everyMicros, files, state });
    });
  }

  /** The first files in a folder of their own, which then takes its place. */
  private create(): null {
    const { resolved, inputs, plan } = this.options;
    const fresh = `${this.path}.new`;
    rmSync(fresh, { recursive: true, force: true });
    makeFolders(fresh);
    writeFileSync(join(fresh, MARKER), MARKER_TEXT);
    writeFileSync(join(fresh, RESOLVED), resolved);
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
    this.openLines();
    return null;
  }

  private openLines(): void {
    const { plan } = this.options;
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
      if (!isPartial) {
        rmSync(join(this.path, CHECKPOINTS), { recursive: true, force: true });
        rmSync(join(this.path, MARKER));
      }
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

  /** Waits until what was written is on the disk. @returns the bytes of the file */
  sync(): number {
    if (this.handle === null) return 0;
    fsyncSync(this.handle);
    return fstatSync(this.handle).size;
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
