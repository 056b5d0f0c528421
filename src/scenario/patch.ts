import { parse } from "yaml";
import { strategicMerge } from "../kube/index.ts";
import { mergePatch } from "../tables/index.ts";
import type { Path, Place, SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";
import type { Problem } from "./problem.ts";

/** A document with a patch over it; what the patch says is located in the patch. */
export function patched(base: SourceDocument, patch: SourceDocument): SourceDocument {
  return {
    file: base.file,
    value: strategicMerge(base.value, patch.value),
    locate: (path) => (holds(patch.value, path) ? patch : base).locate(path),
    locateKey: (path) => (holds(patch.value, path) ? patch : base).locateKey(path),
  };
}

function holds(value: unknown, path: Path): boolean {
  let at = value;
  for (const step of path) {
    if (!isRecord(at) && !Array.isArray(at)) return false;
    const key = typeof step === "number" && isRecord(at) ? `[${step}]` : step;
    at = (at as Record<string | number, unknown>)[key];
    if (at === undefined) return false;
  }
  return path.length > 0;
}

/** What `--set` says, taken apart: into the scenario, or (with `object`) into one of the manifests. */
interface Setting {
  readonly text: string;
  readonly object: { readonly kind: string; readonly namespace: string | null; readonly name: string } | null;
  readonly path: Path;
  readonly value: unknown;
}

export interface AppliedSettings {
  readonly document: SourceDocument;
  /** Patches for the manifests. */
  readonly overlays: readonly SourceDocument[];
  readonly problems: readonly Problem[];
}

/** Applies `path=value` settings to a scenario, in order. A path may leave out the leading `spec`. */
export function applySettings(document: SourceDocument, settings: readonly string[]): AppliedSettings {
  const problems: Problem[] = [];
  const overlays: SourceDocument[] = [];
  let value = document.value;
  const places: { readonly path: Path; readonly place: Place }[] = [];
  for (const text of settings) {
    const setting = parseSetting(text);
    const place = { file: `--set ${text}`, line: 0, column: 0, length: 0 };
    if (setting === null) {
      problems.push({
        ...place,
        code: "E0411",
        message: "expected path=value, such as spec.duration=2h or Deployment/web:spec.replicas=3",
      });
      continue;
    }
    if (setting.object !== null) {
      overlays.push(overlayOf(setting, place));
      continue;
    }
    value = withValue(value, setting.path, setting.value);
    places.push({ path: setting.path, place });
  }
  const locate = (path: Path): Place | null =>
    places.findLast((one) => one.path.every((step, index) => step === path[index]))?.place ?? null;
  const set: SourceDocument = {
    file: document.file,
    value,
    locate: (path) => locate(path) ?? document.locate(path),
    locateKey: (path) => locate(path) ?? document.locateKey(path),
  };
  return { document: set, overlays, problems };
}

/** A scenario with more assertions behind its own. What is wrong with them is said of the line, not of the file. */
export function withAssertions(document: SourceDocument, lines: readonly string[]): SourceDocument {
  if (lines.length === 0) return document;
  const spec = isRecord(document.value) && isRecord(document.value.spec) ? document.value.spec : {};
  const own: unknown[] = Array.isArray(spec.assertions) ? spec.assertions : [];
  const locate = (path: Path): Place | null => {
    const index = path[0] === "spec" && path[1] === "assertions" ? Number(path[2]) - own.length : -1;
    const line = lines[index];
    return line === undefined ? null : { file: `measure ${line}`, line: 0, column: 0, length: 0 };
  };
  return {
    file: document.file,
    value: mergePatch(document.value, { spec: { assertions: [...own, ...lines] } }),
    locate: (path) => locate(path) ?? document.locate(path),
    locateKey: (path) => locate(path) ?? document.locateKey(path),
  };
}

function parseSetting(text: string): Setting | null {
  const match = /^(?:([A-Za-z]+)\/(?:([^/:=]+)\/)?([^/:=]+):)?([^=]+)=(.*)$/s.exec(text);
  if (match === null) return null;
  const [, kind, namespace, name, rawPath = "", rawValue = ""] = match;
  const path = parsePath(rawPath);
  if (path === null) return null;
  const value = parseValue(rawValue);
  if (kind !== undefined && name !== undefined) {
    return { text, object: { kind, namespace: namespace ?? null, name }, path, value };
  }
  const isWhole = ["spec", "metadata", "apiVersion", "kind"].includes(String(path[0]));
  return { text, object: null, path: isWhole ? path : ["spec", ...path], value };
}

function parsePath(text: string): Path | null {
  const path: (string | number)[] = [];
  for (const part of text.trim().split(".")) {
    const match = /^([^[\]]*)((?:\[[0-9]+\])*)$/.exec(part);
    if (match === null || (match[1] === "" && match[2] === "")) return null;
    if (match[1] !== undefined && match[1] !== "") path.push(/^[0-9]+$/.test(match[1]) ? Number(match[1]) : match[1]);
    for (const index of (match[2] ?? "").matchAll(/[0-9]+/g)) path.push(Number(index[0]));
  }
  return path;
}

function parseValue(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    // Not YAML: taken as it is, and the schema will say if that is not what it should be.
    return text;
  }
}

/** A copy of `root` with `value` at `path`; maps and lists on the way are made when they are missing. */
function withValue(root: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === "number") {
    const list: unknown[] = Array.isArray(root) ? [...root] : [];
    list[step] = withValue(list[step], rest, value);
    return list;
  }
  const map: Record<string, unknown> = isRecord(root) ? { ...root } : {};
  map[step] = withValue(map[step], rest, value);
  return map;
}

function overlayOf(setting: Setting, place: Place): SourceDocument {
  const { kind, namespace, name } = setting.object ?? { kind: "", namespace: null, name: "" };
  const metadata = namespace === null ? { name } : { name, namespace };
  // An index names an item of a list that is there already: `strategicMerge` takes "[0]" for its place.
  const path = setting.path.map((step) => (typeof step === "number" ? `[${step}]` : step));
  const value = withValue({ kind, metadata }, path, setting.value);
  return { file: place.file, value, locate: () => place, locateKey: () => place };
}
