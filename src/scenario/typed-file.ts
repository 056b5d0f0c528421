import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type Path, readDocuments, type SourceDocument } from "./documents.ts";
import { hasErrors, type Problem, sortProblems } from "./problem.ts";
import { checkSchema, fillDefaults, type JsonSchema } from "./schema.ts";

/** A file of one document that a schema describes. */
export interface TypedFile {
  /** With every default written out; null when there are errors. */
  readonly value: unknown;
  /** The same with its places in the text; null when there are errors. */
  readonly document: SourceDocument | null;
  /** Sorted. */
  readonly problems: readonly Problem[];
  readonly texts: ReadonlyMap<string, string>;
  readonly folder: string;
  /** A problem at the value of a path. */
  problemAt(path: Path, code: string, message: string): Problem;
}

/** Reads a file and checks it by its schema. Problems are returned, never thrown. */
export function readTypedFile(file: string, schema: JsonSchema): TypedFile {
  const name = basename(file);
  const folder = dirname(file);
  const nowhere = { file: name, line: 0, column: 0, length: 0 };
  const texts = new Map<string, string>();
  const bad = (problems: readonly Problem[]): TypedFile => ({
    value: null,
    document: null,
    problems: sortProblems(problems),
    texts,
    folder,
    problemAt: (_path, code, message) => ({ ...nowhere, code, message }),
  });
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const why = code === "ENOENT" ? "no such file or folder" : code === "EISDIR" ? "it is a folder" : code;
    return bad([{ ...nowhere, code: "E0001", message: `cannot read the file: ${why}` }]);
  }
  texts.set(name, text);
  const { documents, problems } = readDocuments(name, text, "scenario");
  const [document] = documents;
  if (document === undefined || documents.length > 1) {
    const message = `the file holds ${documents.length} documents — expected one`;
    return bad(problems.length > 0 ? problems : [{ ...nowhere, code: "E0005", message }]);
  }
  const all = [...problems, ...checkSchema(document, schema)];
  const value = hasErrors(all) ? null : fillDefaults(document.value, schema);
  return {
    ...bad(all),
    value,
    document: value === null ? null : { ...document, value },
    problemAt: (path, code, message) => ({ code, ...document.locate(path), message }),
  };
}
