import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { OutputError, type SummaryDocument, seedFolder } from "../report/index.ts";
import type { InputFile, LoadedScenario } from "../scenario/index.ts";
import type { Seed } from "./comparison.ts";
import type { Variation } from "./variations.ts";

const MARKER = "PARTIAL";
const MARKER_TEXT =
  "Not all runs of this experiment are here. `orrery experiment FILE --resume` makes the missing ones.\n";
/** Ends the name of what is being written and not whole yet. */
const FRESH = ".new";

/** The content of experiment.json: what the runs below belong to. */
export interface ExperimentDocument {
  readonly schema: "kube-orrery/experiment.v1";
  readonly version: string;
  readonly experiment: string;
  /** Hash of everything that the runs depend on. */
  readonly identity: string;
  readonly seeds: readonly Seed[];
  readonly baseline: string;
  /** Measures that were asked for by name. */
  readonly measures: readonly string[];
  /** In order; with `tune`, those known from the start. */
  readonly variants: readonly {
    readonly name: string;
    readonly folder: string;
    readonly values: Variation["values"];
  }[];
}

/**
 * `results/<experiment>/`: `variants/<variant>/` with the resolved scenario, its inputs and `seed=<n>/summary.json`, each
 * written aside and put in place by one renaming, so that a run is there as a whole or not at all.
 * All methods throw OutputError when the folder cannot be written.
 */
export class ExperimentFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** What the folder holds; null when it holds no experiment. */
  document(): ExperimentDocument | null {
    const file = join(this.path, "experiment.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ExperimentDocument) : null;
  }

  /** Whether runs are missing. */
  get isPartial(): boolean {
    return existsSync(join(this.path, MARKER));
  }

  /** Begins anew: what was there is removed. */
  create(document: ExperimentDocument): void {
    this.guarded(() => {
      if (existsSync(this.path)) {
        // Aside first: a folder that is half removed is not taken for an experiment.
        const old = `${this.path}.old`;
        rmSync(old, { recursive: true, force: true });
        renameSync(this.path, old);
        rmSync(old, { recursive: true, force: true });
      }
      mkdirSync(join(this.path, "variants"), { recursive: true });
      writeFileSync(join(this.path, MARKER), MARKER_TEXT);
      this.place("experiment.json", jsonText(document));
    });
  }

  /** Goes on: removes what was not whole when the last start ended. */
  resume(): void {
    this.guarded(() => {
      writeFileSync(join(this.path, MARKER), MARKER_TEXT);
      for (const folder of [this.path, ...this.folders()]) {
        for (const name of readdirSync(folder)) {
          if (name.endsWith(FRESH)) rmSync(join(folder, name), { recursive: true, force: true });
        }
      }
    });
  }

  private folders(): string[] {
    const variants = join(this.path, "variants");
    if (!existsSync(variants)) return [];
    return [variants, ...readdirSync(variants).map((name) => join(variants, name))];
  }

  hasRun(variant: string, seed: Seed): boolean {
    return existsSync(this.summaryPath(variant, seed));
  }

  /** Writes the scenario of a variant, once. */
  putVariant(variant: string, { resolved, inputs }: Pick<LoadedScenario, "resolved" | "inputs">): void {
    const path = join(this.path, "variants", variant);
    if (existsSync(path)) return;
    this.guarded(() => {
      const fresh = `${path}${FRESH}`;
      rmSync(fresh, { recursive: true, force: true });
      mkdirSync(fresh, { recursive: true });
      writeFileSync(join(fresh, "scenario.resolved.yaml"), resolved);
      for (const { copy, text } of inputs) {
        mkdirSync(dirname(join(fresh, copy)), { recursive: true });
        writeFileSync(join(fresh, copy), text);
      }
      renameSync(fresh, path);
    });
  }

  /** Takes over a variant's scenario and a run of it from another folder of the same experiment. */
  copyRun(from: ExperimentFolder, variant: string, seed: Seed): void {
    const resolved = readFileSync(join(from.path, "variants", variant, "scenario.resolved.yaml"), "utf8");
    const summary = from.run(variant, seed);
    const inputs = summary.inputs.map(({ path }) => ({
      copy: path,
      text: readFileSync(join(from.path, "variants", variant, path), "utf8"),
    }));
    this.putVariant(variant, { resolved, inputs });
    this.putRun(variant, seed, summary);
  }

  putRun(variant: string, seed: Seed, summary: SummaryDocument): void {
    this.guarded(() => {
      const path = dirname(this.summaryPath(variant, seed));
      const fresh = `${path}${FRESH}`;
      rmSync(fresh, { recursive: true, force: true });
      mkdirSync(fresh, { recursive: true });
      writeFileSync(join(fresh, "summary.json"), jsonText(summary));
      renameSync(fresh, path);
    });
  }

  run(variant: string, seed: Seed): SummaryDocument {
    return JSON.parse(readFileSync(this.summaryPath(variant, seed), "utf8")) as SummaryDocument;
  }

  /** Where a run lies, relative to the folder. */
  static runPath(variant: string, seed: Seed): string {
    return ["variants", variant, seedFolder(seed)].join("/");
  }

  private summaryPath(variant: string, seed: Seed): string {
    return join(this.path, ExperimentFolder.runPath(variant, seed), "summary.json");
  }

  /** A file of the experiment that is written bit by bit and put in place by `close`. */
  writer(name: string): { add(text: string): void; close(): void } {
    const fresh = join(this.path, `${name}${FRESH}`);
    const handle = this.guarded(() => openSync(fresh, "w"));
    return {
      add: (text) => {
        this.guarded(() => writeFileSync(handle, text));
      },
      close: () => {
        this.guarded(() => {
          closeSync(handle);
          renameSync(fresh, join(this.path, name));
        });
      },
    };
  }

  /** Puts a file in place: `head`, then the content of another file, which goes. */
  putBefore(name: string, head: string, body: string): void {
    this.guarded(() => {
      const fresh = join(this.path, `${name}${FRESH}`);
      writeFileSync(fresh, head);
      const handle = openSync(join(this.path, body), "r");
      const buffer = Buffer.alloc(1 << 20);
      for (let size = readSync(handle, buffer); size > 0; size = readSync(handle, buffer)) {
        appendFileSync(fresh, buffer.subarray(0, size));
      }
      closeSync(handle);
      rmSync(join(this.path, body));
      renameSync(fresh, join(this.path, name));
    });
  }

  /** Puts a file in place, whole. */
  put(name: string, text: string): void {
    this.guarded(() => this.place(name, text));
  }

  /** All runs are there and summed up. */
  complete(): void {
    this.guarded(() => rmSync(join(this.path, MARKER), { force: true }));
  }

  private place(name: string, text: string): void {
    writeFileSync(join(this.path, `${name}${FRESH}`), text);
    renameSync(join(this.path, `${name}${FRESH}`), join(this.path, name));
  }

  private guarded<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new OutputError(`cannot write ${this.path}: ${code}`, { cause: error });
    }
  }
}

/** The inputs of a run as its summary lists them. */
export function hashedInputs(inputs: readonly InputFile[]): { readonly path: string; readonly sha256: string }[] {
  return inputs.map(({ copy, text }) => ({ path: copy, sha256: sha256(text) }));
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
