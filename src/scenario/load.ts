import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, normalize, relative, sep } from "node:path";
import type { SchedulerPlugin } from "../plugin/index.ts";
import type { Plan, PlannedObject } from "../world/plan.ts";
import { OF_MANIFESTS } from "./actions.ts";
import { buildPlan, defaultPools } from "./build.ts";
import type { CsvTable } from "./csv.ts";
import { type Path, readDocuments, type SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";
import { type FileReference, readCsv, referencesOf } from "./files.ts";
import { objectsOfLine } from "./kubectl-make.ts";
import { checkObjects, type ManifestReading, readManifests } from "./manifests.ts";
import { applySettings, withAssertions } from "./patch.ts";
import { levelsUp, moduleFiles } from "./plugin-imports.ts";
import { hasErrors, type Problem, sortProblems } from "./problem.ts";
import { type Unfolded, unfoldRepeats } from "./repeat.ts";
import { renderResolved } from "./resolved.ts";
import { readScheduler, type SchedulerReading, schedulerSource } from "./scheduler.ts";
import { checkSchema, fillDefaults, type JsonSchema } from "./schema.ts";

export interface LoadOptions {
  /** `path=value` settings, in order. */
  readonly settings?: readonly string[];
  /** Files with more patches, relative to the working folder. */
  readonly overlays?: readonly string[];
  /** Manifests besides those that the file names, relative to the working folder. */
  readonly manifests?: readonly string[];
  readonly run?: number;
  /** Assertions behind those of the scenario. */
  readonly assertions?: readonly string[];
  /** Version of kube-orrery, for the resolved scenario. */
  readonly version: string;
}

export interface InputFile {
  /** Where its copy belongs, relative to the result: `inputs/k8s/web.yaml`. */
  readonly copy: string;
  readonly text: string;
}

export interface LoadedScenario {
  /** null when there are errors. */
  readonly plan: Plan | null;
  /** Sorted. Files are named relative to `folder`. */
  readonly problems: readonly Problem[];
  /** Texts of all files read, by the name that problems use. */
  readonly texts: ReadonlyMap<string, string>;
  /** The folder of the scenario. */
  readonly folder: string;
  readonly inputs: readonly InputFile[];
  /** Text of scenario.resolved.yaml, rendered when first asked for; empty when there are errors. */
  readonly resolved: string;
  /** The code of the plan's scheduler plugins, by name: a world of the plan needs it. */
  readonly plugins: ReadonlyMap<string, SchedulerPlugin>;
}

/**
 * Reads a scenario (or a plain manifest, which becomes a scenario of its own) with all files it names, checks
 * everything, and makes the plan. Nothing is written. Problems are returned, never thrown.
 */
export async function loadScenario(file: string, options: LoadOptions): Promise<LoadedScenario> {
  const loader = new Loader(dirname(file), options);
  return loader.load(basename(file));
}

/** Name of a resolved scenario in a result folder. */
const RESOLVED = "scenario.resolved.yaml";

const SCHEMA_FILE = new URL("../../schema/scenario.v1alpha1.json", import.meta.url);

/** The JSON Schema of a scenario, as shipped. */
export function scenarioSchema(): JsonSchema {
  schemaRead ??= JSON.parse(readFileSync(SCHEMA_FILE, "utf8")) as JsonSchema;
  return schemaRead;
}

let schemaRead: JsonSchema | undefined;

const NOWHERE = { line: 0, column: 0, length: 0 } as const;

class Loader {
  private readonly folder: string;
  private readonly options: LoadOptions;
  private readonly problems: Problem[] = [];
  private readonly texts = new Map<string, string>();
  /** Files to be copied into `inputs/`; the scenario itself is not among them. */
  private readonly inputNames = new Set<string>();
  private copyOf: (path: string) => string = copyOf;
  private plugins: ReadonlyMap<string, SchedulerPlugin> = new Map();
  private once: (problems: readonly Problem[]) => readonly Problem[] = (problems) => problems;

  constructor(folder: string, options: LoadOptions) {
    this.folder = folder;
    this.options = options;
  }

  async load(name: string): Promise<LoadedScenario> {
    // The inputs of a resolved scenario are copies already.
    if (name === RESOLVED) this.copyOf = (path) => (path.startsWith("inputs/") ? path : copyOf(path));
    const document = this.isFolder(name) ? manifestScenario(name) : this.readScenario(name);
    if (document === null) return this.result(null, () => "");
    const set = applySettings(document, this.options.settings ?? []);
    this.problems.push(...set.problems);
    const schema = scenarioSchema();
    const written = withAssertions(set.document, this.options.assertions ?? []);
    const unfolded = unfoldRepeats(written);
    const given = unfolded.document;
    this.once = unfolded.once;
    const schemaProblems = checkSchema(given, schema);
    this.problems.push(...schemaProblems, ...unfolded.problems);
    const filled: SourceDocument = { ...given, value: fillDefaults(given.value, schema) };
    const references = referencesOf(filled);
    const overlays = [
      ...this.readOverlays(filled, references.overlays),
      ...this.commandLineOverlays(),
      ...set.overlays,
    ];
    const manifests = this.readAll(filled, references.manifests);
    manifests.push(...inPlace(filled, ["spec", "objects"]), ...this.readRepeated(filled, unfolded));
    manifests.push(...this.commandLineManifests(filled));
    const reading = checkObjects(manifests, overlays);
    const applied = this.readApplied(filled, references.applied);
    const templates = this.readApart(filled, references.templates);
    const csv = await this.readTables(filled, references.csv);
    this.problems.push(...reading.problems);
    const scheduler = await this.readScheduler(filled);
    if (schemaProblems.length > 0) return this.result(null, () => "");
    const hasDefaultNodes = this.needsNodes(filled, reading);
    const whole = hasDefaultNodes ? withDefaultNodes(filled, schema) : filled;
    const run = this.options.run ?? 0;
    const { objects } = reading;
    const built = buildPlan({ document: whole, objects, applied, templates, csv, run, scheduler });
    this.problems.push(...built.problems);
    const commandLine = [...this.commandLineOverlays(), ...set.overlays];
    const { version } = this.options;
    const { copyOf: nameOfCopy } = this;
    const render = () => {
      const folded = { ...written, value: fillDefaults(written.value, schema) };
      const document = hasDefaultNodes ? withDefaultNodes(folded, schema) : folded;
      return renderResolved({ document, copyOf: nameOfCopy, overlays: commandLine, version });
    };
    return this.result(built.plan, render);
  }

  private result(plan: Plan | null, render: () => string): LoadedScenario {
    const problems = sortProblems(this.once(this.problems));
    const inputs = [...this.inputNames].map((name) => ({ copy: this.copyOf(name), text: this.texts.get(name) ?? "" }));
    const isBad = hasErrors(problems);
    const { folder, texts, plugins } = this;
    let rendered: string | undefined;
    return {
      plan: isBad ? null : plan,
      problems,
      texts,
      folder,
      inputs,
      plugins,
      get resolved() {
        rendered ??= isBad ? "" : render();
        return rendered;
      },
    };
  }

  private isFolder(name: string): boolean {
    return statSync(this.pathOf(name), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** The scenario in a file; a file of plain manifests stands for a scenario that has only these. */
  private readScenario(name: string): SourceDocument | null {
    const text = this.readText(name, null);
    if (text === null) return null;
    const { documents, problems } = readDocuments(name, text, "scenario");
    const scenario = documents.find((document) => isScenario(document.value));
    if (scenario === undefined && documents.length > 0) return manifestScenario(name);
    this.problems.push(...problems);
    if (scenario === undefined) {
      if (problems.length === 0)
        this.problems.push({ ...NOWHERE, code: "E0005", file: name, message: "the file is empty" });
      return null;
    }
    for (const other of documents) {
      if (other === scenario) continue;
      const message = "a scenario file holds one document — put objects into spec.objects or a file of their own";
      this.problems.push({ ...other.locate([]), code: "E0005", length: 1, message });
    }
    return scenario;
  }

  /** Reads a file relative to the folder of the scenario; a problem at `reference` when it cannot. */
  private readText(
    name: string,
    reference: { readonly document: SourceDocument; readonly at: Path } | null,
  ): string | null {
    const known = this.texts.get(name);
    if (known !== undefined) return known;
    try {
      const text = readFileSync(this.pathOf(name), "utf8");
      this.texts.set(name, text);
      return text;
    } catch (error) {
      const place = reference === null ? { ...NOWHERE, file: name } : reference.document.locate(reference.at);
      const what = reference === null ? "the file" : `"${name}"`;
      this.problems.push({ ...place, code: "E0001", message: `cannot read ${what}: ${reasonOf(error)}` });
      return null;
    }
  }

  private pathOf(name: string): string {
    return isAbsolute(name) ? name : join(this.folder, name);
  }

  private readOverlays(document: SourceDocument, references: readonly FileReference[]): SourceDocument[] {
    const fromFiles = this.readAll(document, references);
    return [...fromFiles, ...inPlace(document, ["spec", "overlays"])];
  }

  private commandLineManifests(document: SourceDocument): SourceDocument[] {
    const references = (this.options.manifests ?? []).map((path) => ({ path: this.nameOf(path), at: ["spec"] }));
    return this.readAll(document, references);
  }

  /** The objects of the files of `spec.repeat`, once a copy. */
  private readRepeated(document: SourceDocument, { manifests, copyOf }: Unfolded): SourceDocument[] {
    return manifests.flatMap(({ files, copies }) => {
      const documents = this.readAll(document, files);
      return copies.flatMap((copy) => documents.map((one) => copyOf(one, copy)));
    });
  }

  /** A path of the command line as seen from the folder of the scenario. */
  private nameOf(path: string): string {
    return isAbsolute(path) ? path : relative(this.folder, path);
  }

  private commandLineOverlays(): SourceDocument[] {
    return (this.options.overlays ?? []).flatMap((path) => {
      const name = this.nameOf(path);
      const text = this.readText(name, null);
      if (text === null) return [];
      return this.documentsOf(name, text);
    });
  }

  private documentsOf(name: string, text: string): SourceDocument[] {
    const { documents, problems } = readDocuments(name, text, "kubernetes");
    this.problems.push(...problems);
    return [...documents];
  }

  /** All documents of the files and folders named, in order. */
  private readAll(document: SourceDocument, references: readonly FileReference[]): SourceDocument[] {
    return references.flatMap(({ path, at }) => {
      const names = this.filesOf(path, { document, at });
      return names.flatMap((name) => {
        const text = this.readText(name, { document, at });
        if (text === null) return [];
        this.inputNames.add(name);
        return this.documentsOf(name, text);
      });
    });
  }

  /** The file itself, or the manifests of a folder and the folders in it, sorted by name. */
  private filesOf(path: string, reference: { readonly document: SourceDocument; readonly at: Path }): string[] {
    const name = normalize(path);
    try {
      if (!statSync(this.pathOf(name)).isDirectory()) return [name];
      const files = readdirSync(this.pathOf(name), { recursive: true, encoding: "utf8" })
        .filter((file) => [".yaml", ".yml", ".json"].includes(extname(file)))
        .sort((a, b) => compareTexts(a.split(sep).join("\0"), b.split(sep).join("\0")));
      if (files.length > 0) return files.map((file) => join(name, file));
      this.report(reference, "E0001", `"${path}" holds no .yaml, .yml or .json file`);
    } catch (error) {
      this.report(reference, "E0001", `cannot read "${path}": ${reasonOf(error)}`);
    }
    return [];
  }

  private report(
    reference: { readonly document: SourceDocument; readonly at: Path },
    code: string,
    message: string,
  ): void {
    this.problems.push({ ...reference.document.locate(reference.at), code, message });
  }

  private readApplied(
    document: SourceDocument,
    references: readonly FileReference[],
  ): Map<string, readonly PlannedObject[]> {
    const applied = this.readApart(document, references);
    const spec = isRecord(document.value) ? document.value.spec : undefined;
    const actions: unknown = isRecord(spec) ? spec.actions : undefined;
    const keep = (index: number, key: string, objects: readonly object[]): void => {
      const at = ["spec", "actions", index, key];
      const reading = readManifests(objects.map((object) => within(document, at, object)));
      this.problems.push(...reading.problems);
      applied.set(`actions[${index}].${key}`, reading.objects);
    };
    for (const [index, action] of Array.isArray(actions) ? actions.entries() : []) {
      if (!isRecord(action)) continue;
      for (const verb of OF_MANIFESTS) if (isRecord(action[verb])) keep(index, verb, [action[verb]]);
      const made = typeof action.kubectl === "string" ? objectsOfLine(action.kubectl) : [];
      if (made.length > 0) keep(index, "kubectl", made);
    }
    return applied;
  }

  /** Objects that are not among those of the start, by the path of their file. */
  private readApart(
    document: SourceDocument,
    references: readonly FileReference[],
  ): Map<string, readonly PlannedObject[]> {
    const read = new Map<string, readonly PlannedObject[]>();
    for (const reference of references) {
      if (read.has(reference.path)) continue;
      const reading = readManifests(this.readAll(document, [reference]));
      this.problems.push(...reading.problems);
      read.set(reference.path, reading.objects);
    }
    return read;
  }

  private async readScheduler(document: SourceDocument): Promise<SchedulerReading["plan"] | null> {
    const source = schedulerSource(document);
    if (source === null) return null;
    const config = source.config === null ? [] : this.readAll(document, [source.config]);
    if (source.config !== null && config[0] === undefined) return null;
    for (const { path, at } of source.plugins) {
      if (this.readText(normalize(path), { document, at }) === null) return null;
      if (!this.readModules(normalize(path))) return null;
    }
    const read = await readScheduler(document, source, config[0] ?? null, (path) => this.pathOf(normalize(path)));
    this.problems.push(...read.problems);
    this.plugins = read.modules;
    return read.plan;
  }

  /** A plugin and all that it imports by relative paths: run folders and workers need them beside it. False if some
   *  cannot be read. */
  private readModules(name: string): boolean {
    const { files, missing } = moduleFiles(name, (file) => this.texts.get(file) ?? this.textOf(file));
    for (const [file, text] of files) {
      this.texts.set(file, text);
      this.inputNames.add(file);
      if (levelsUp(file) === levelsUp(name)) continue;
      const message = `"${file}" lies further up than the plugin "${name}": copies of the two do not find each other`;
      this.problems.push({ ...NOWHERE, file, code: "W0240", message });
    }
    for (const { specifier, file, line, column } of missing) {
      const place = { file, line, column, length: specifier.length + 2 };
      this.problems.push({ ...place, code: "E0414", message: `cannot read "${specifier}", which is imported here` });
    }
    return missing.length === 0;
  }

  private textOf(name: string): string | undefined {
    const path = this.pathOf(name);
    return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, "utf8") : undefined;
  }

  private async readTables(
    document: SourceDocument,
    references: readonly FileReference[],
  ): Promise<Map<string, CsvTable>> {
    const tables = new Map<string, CsvTable>();
    for (const { path, at } of references) {
      const name = normalize(path);
      const text = this.readText(name, { document, at });
      if (text === null) continue;
      this.inputNames.add(name);
      try {
        tables.set(path, await readCsv(name, text));
      } catch (error) {
        this.report({ document, at }, "E0404", `${name}: ${reasonOf(error)}`);
      }
    }
    return tables;
  }

  /** Whether the three nodes are wanted that a scenario without any gets. */
  private needsNodes(document: SourceDocument, reading: ManifestReading): boolean {
    const hasNodes = reading.objects.some(({ object }) => object.kind === "Node");
    const { nodePools } = clusterOf(document);
    if (hasNodes || !isRecord(document.value) || (Array.isArray(nodePools) && nodePools.length > 0)) return false;
    this.problems.push({
      ...document.locate(["spec"]),
      code: "N0304",
      length: 1,
      message: "no nodes are given: simulated with three nodes of 4 CPU and 16Gi",
    });
    return true;
  }
}

function clusterOf({ value }: SourceDocument): Readonly<Record<string, unknown>> {
  const spec = isRecord(value) && isRecord(value.spec) ? value.spec : {};
  return isRecord(spec.cluster) ? spec.cluster : {};
}

function withDefaultNodes(document: SourceDocument, schema: JsonSchema): SourceDocument {
  const value = isRecord(document.value) ? document.value : {};
  const spec = isRecord(value.spec) ? value.spec : {};
  const withPools = { ...value, spec: { ...spec, cluster: { ...clusterOf(document), nodePools: defaultPools() } } };
  return { ...document, value: fillDefaults(withPools, schema) };
}

function isScenario(value: unknown): boolean {
  if (!isRecord(value)) return true;
  return value.kind === "Scenario" || String(value.apiVersion ?? "").startsWith("kube-orrery");
}

function manifestScenario(name: string): SourceDocument {
  const place = { file: name, line: 1, column: 1, length: 1 };
  const title = basename(name, extname(name))
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  const metadata = { name: title === "" ? "manifests" : title };
  const value = { apiVersion: "kube-orrery/v1alpha1", kind: "Scenario", metadata, spec: { manifests: [name] } };
  return { file: name, value, locate: () => place, locateKey: () => place };
}

/** The maps in a list of a document, each as a document of its own. */
function inPlace(document: SourceDocument, path: readonly [string, string]): SourceDocument[] {
  const spec = isRecord(document.value) ? document.value[path[0]] : undefined;
  const list: unknown = isRecord(spec) ? spec[path[1]] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) => (isRecord(value) ? [within(document, [...path, index], value)] : []));
}

function within(document: SourceDocument, at: Path, value: unknown): SourceDocument {
  return {
    file: document.file,
    value,
    locate: (path) => document.locate([...at, ...path]),
    locateKey: (path) => document.locateKey([...at, ...path]),
  };
}

/** Where the copy of an input lies: `../x.yaml` becomes `inputs/up/x.yaml`. */
function copyOf(path: string): string {
  const parts = normalize(path)
    .split(sep)
    .filter((part) => part !== "" && part !== "." && !part.endsWith(":"));
  return ["inputs", ...parts.map((part) => (part === ".." ? "up" : part))].join("/");
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** What the system says, without the path that the message has anyway. */
function reasonOf(error: unknown): string {
  const code = isRecord(error) ? error.code : undefined;
  if (code === "ENOENT") return "no such file or folder";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}
