import { readFileSync } from "node:fs";
import { dirname, extname, join, normalize, sep } from "node:path";

/** A relative import in the text of a module. */
export interface RelativeImport {
  /** As written: `./devices.mjs`. */
  readonly specifier: string;
  readonly line: number;
  readonly column: number;
}

/** Comments and templates, to be passed over, and texts with the word before them. */
const TOKENS =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|`(?:\\[\s\S]|[^`\\])*`|(?<before>\b(?:from|import)\s*\(?\s*)?(?<quote>["'])(?<text>(?:\\.|(?!\k<quote>)[^\\\n])*)\k<quote>/g;
const SCANNED: ReadonlySet<string> = new Set([".js", ".mjs", ".cjs", ".ts", ".mts"]);

/** The relative imports of a module, `export … from` and `import()` of a text among them. Packages are left out. */
export function relativeImports(source: string): RelativeImport[] {
  return [...source.matchAll(TOKENS)].flatMap(({ index, 0: whole, groups }) => {
    const { before, text = "" }: Record<string, string | undefined> = groups ?? {};
    if (before === undefined || !/^\.\.?\//.test(text)) return [];
    const at = index + whole.length - text.length - 2;
    const lines = source.slice(0, at).split("\n");
    return [{ specifier: text, line: lines.length, column: (lines.at(-1) ?? "").length + 1 }];
  });
}

/** A module imports a file that cannot be read. */
export interface MissingImport extends RelativeImport {
  readonly file: string;
}

/**
 * All files that a module needs, itself first: what it imports by a relative path, what those import, and so on.
 * @param read gives the text of a file; `undefined` when it cannot be read
 */
export function moduleFiles(
  name: string,
  read: (name: string) => string | undefined,
): { readonly files: ReadonlyMap<string, string>; readonly missing: readonly MissingImport[] } {
  const files = new Map<string, string>();
  const missing: MissingImport[] = [];
  const look = (file: string): boolean => {
    if (files.has(file)) return true;
    const text = read(file);
    if (text === undefined) return false;
    files.set(file, text);
    if (!SCANNED.has(extname(file))) return true;
    for (const one of relativeImports(text)) {
      const imported = join(dirname(file), one.specifier.replace(/[?#].*$/, ""));
      if (!look(imported)) missing.push({ ...one, file });
    }
    return true;
  };
  look(normalize(name));
  return { files, missing };
}

/** How many folders above the folder of the scenario a path begins. */
export function levelsUp(path: string): number {
  return normalize(path)
    .split(sep)
    .filter((part) => part === "..").length;
}

/** A set of modules that another machine can be given: paths from a folder that they have in common, and texts. */
export interface ModuleBundle {
  /** The modules asked for, in their order. */
  readonly entries: readonly string[];
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The files of modules, with all that they import by relative paths.
 * @param paths absolute
 */
export function bundleModules(paths: readonly string[]): ModuleBundle {
  const texts = new Map(paths.flatMap((path) => [...moduleFiles(path, textOf).files]));
  const sorted = [...texts.keys()].sort();
  const common = commonFolder(sorted);
  const shared = (path: string): string => path.split(sep).slice(common).join("/");
  return {
    entries: paths.map((path) => shared(normalize(path))),
    files: Object.fromEntries(sorted.map((path) => [shared(path), texts.get(path) ?? ""])),
  };
}

/** How many leading folders all paths share. */
function commonFolder(paths: readonly string[]): number {
  const folders = paths.map((path) => dirname(path).split(sep));
  const [first = []] = folders;
  const different = first.findIndex((part, index) => folders.some((folder) => folder[index] !== part));
  return different === -1 ? first.length : different;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
