import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from "yaml";
import type { Problem } from "./problem.ts";

export type Path = readonly (string | number)[];

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** One document of a file: its value and a way back from a path in it to the text. */
export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** The place of the value at `path`, or of its nearest ancestor that was written. */
  locate(path: Path): Place;
  /** The place of the key at the end of `path`. */
  locateKey(path: Path): Place;
}

export interface ReadDocuments {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
}

/** Above this many characters a file is refused; a dump of 150,000 pods has about 400 million. */
const MAX_CHARACTERS = 500_000_000;
/** How many nodes all aliases of a document together may stand for. */
const MAX_ALIASES = 10_000;

/**
 * Reads all YAML (or JSON) documents of a text; empty documents are left out.
 *
 * Files of Kubernetes objects are read as kubectl reads them where YAML 1.1 and 1.2 differ in a way that has bitten
 * people: `0644` is octal, and `yes`, `no`, `on`, `off` are booleans (with a warning W0210).
 */
export function readDocuments(file: string, text: string, dialect: "scenario" | "kubernetes"): ReadDocuments {
  if (text.length > MAX_CHARACTERS) {
    return { documents: [], problems: [{ ...WHOLE, code: "E0004", file, message: "the file is too large" }] };
  }
  if (dialect === "kubernetes" && text.trimStart().startsWith("{")) {
    const json = readJson(file, text);
    if (json !== null) return json;
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false, logLevel: "error" });
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  for (const document of parsed as readonly Document.Parsed[]) {
    if (document.errors.length > 0) {
      problems.push(...document.errors.slice(0, 5).map((error) => syntaxProblem(file, lines, error)));
      continue;
    }
    if (document.contents === null) continue;
    if (dialect === "kubernetes") problems.push(...readAsYaml11(file, lines, document));
    const read = toDocument(file, lines, document);
    if ("code" in read) problems.push(read);
    else if (read.value !== null) documents.push(read);
  }
  return { documents, problems };
}

const WHOLE = { line: 0, column: 0, length: 0 } as const;

/** Strict JSON is read by the platform: large dumps come so, and positions are rarely wanted. */
function readJson(file: string, text: string): ReadDocuments | null {
  if (text.length < 1_000_000) return null;
  try {
    const value: unknown = JSON.parse(text);
    const place = (): Place => ({ file, line: 1, column: 1, length: 1 });
    return { documents: [{ file, value, locate: place, locateKey: place }], problems: [] };
  } catch {
    // Not strict JSON: the YAML reader says where it goes wrong.
    return null;
  }
}

function syntaxProblem(
  file: string,
  lines: LineCounter,
  error: { readonly code: string; readonly message: string; readonly pos: readonly [number, number] },
): Problem {
  const { line, col } = lines.linePos(error.pos[0]);
  const length = Math.max(1, error.pos[1] - error.pos[0]);
  const isDouble = error.code === "DUPLICATE_KEY";
  const message = isDouble ? "the same key twice in one map" : `YAML: ${error.message.split("\n")[0] ?? ""}`;
  return { code: isDouble ? "E0003" : "E0002", file, line, column: col, length, message };
}

function toDocument(file: string, lines: LineCounter, document: Document.Parsed): SourceDocument | Problem {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return {
      file,
      value,
      locate: (path) => placeOf(file, lines, nodeAt(document, path)),
      locateKey: (path) => placeOf(file, lines, keyAt(document, path) ?? nodeAt(document, path)),
    };
  } catch (error) {
    const place = placeOf(file, lines, document.contents);
    const message = error instanceof Error ? error.message : String(error);
    return { ...place, code: "E0004", length: 1, message: `the aliases unfold to too much: ${message}` };
  }
}

function placeOf(file: string, lines: LineCounter, node: Node | null): Place {
  const range = node?.range;
  if (!range) return { file, line: 1, column: 1, length: 1 };
  const { line, col } = lines.linePos(range[0]);
  return { file, line, column: col, length: Math.max(1, range[1] - range[0]) };
}

/** The node at a path; where the path leaves what was written, the last node on the way. */
function nodeAt(document: Document.Parsed, path: Path): Node | null {
  let node: Node | null = document.contents;
  for (const step of path) {
    const next = childOf(document, node, step);
    if (next === null) return node;
    node = next;
  }
  return node;
}

function childOf(document: Document.Parsed, parent: Node | null, step: string | number): Node | null {
  const node = isAlias(parent) ? (parent.resolve(document) ?? null) : parent;
  if (!isMap(node) && !isSeq(node)) return null;
  const child: unknown = node.get(step, true);
  return isNode(child) ? child : null;
}

function keyAt(document: Document.Parsed, path: Path): Node | null {
  const key = path.at(-1);
  if (key === undefined) return null;
  const above = nodeAt(document, path.slice(0, -1));
  const parent = isAlias(above) ? (above.resolve(document) ?? null) : above;
  if (!isMap(parent)) return null;
  for (const pair of parent.items) {
    if (isPair(pair) && isScalar(pair.key) && String(pair.key.value) === String(key)) return pair.key;
  }
  return null;
}

const BOOLEANS_OF_YAML_11: ReadonlyMap<string, boolean> = new Map([
  ...["yes", "Yes", "YES", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["no", "No", "NO", "off", "Off", "OFF"].map((word) => [word, false] as const),
]);

/** Turns plain scalars to what kubectl's parser makes of them. */
function readAsYaml11(file: string, lines: LineCounter, document: Document.Parsed): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Scalar(key, scalar) {
      if (scalar.type !== "PLAIN" || scalar.source === undefined) return;
      if (/^0[0-7]+$/.test(scalar.source)) scalar.value = Number.parseInt(scalar.source, 8);
      const meant = key === "key" ? undefined : BOOLEANS_OF_YAML_11.get(scalar.source);
      if (meant === undefined) return;
      scalar.value = meant;
      const message = `kubectl reads ${scalar.source} as ${meant} — put it in quotes if you mean the word`;
      problems.push({ code: "W0210", ...placeOf(file, lines, scalar), message });
    },
  });
  return problems;
}
