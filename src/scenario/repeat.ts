import type { Path, Place, SourceDocument } from "./documents.ts";
import { isRecord } from "./field.ts";
import type { FileReference } from "./files.ts";
import type { Problem } from "./problem.ts";

/** What the variables of a group stand for in one of its copies. */
export type Copy = ReadonlyMap<string, unknown>;

/** Files of a group, whose objects are there once a copy. */
export interface RepeatedFiles {
  readonly files: readonly FileReference[];
  readonly copies: readonly Copy[];
}

export interface Unfolded {
  /** The scenario with the copies of `spec.repeat` behind the entries of its lists. */
  readonly document: SourceDocument;
  readonly manifests: readonly RepeatedFiles[];
  readonly problems: readonly Problem[];
  /** A document of such a file with the values of one copy in it. */
  readonly copyOf: (document: SourceDocument, copy: Copy) => SourceDocument;
  /** Leaves one problem of those that copies have in common. */
  readonly once: (problems: readonly Problem[]) => Problem[];
}

/** The lists of a group; what they hold comes behind that of the lists of the same name in `spec`. */
export const REPEATED_LISTS = ["objects", "loads", "metrics", "failures", "actions", "assertions"] as const;

/** So many entries all copies may have together. */
const MAX_ENTRIES = 1_000_000;

/**
 * Writes out `spec.repeat`: each group of entries so many times over, with the numbers of the copy in place of `${i}`. What is said
 * about a copy is located where the entry was written. A group that is not as the schema wants it is left out: the
 * check of the schema, which follows, says why.
 */
export function unfoldRepeats(document: SourceDocument): Unfolded {
  const problems: Problem[] = [];
  const spec = isRecord(document.value) && isRecord(document.value.spec) ? document.value.spec : {};
  const groups = readGroups(document, spec.repeat, problems);
  const seen = new Set<string>();
  const noted = (place: Place): Place => {
    seen.add(`${place.file}:${place.line}:${place.column}`);
    return place;
  };
  const unfolded = groups.length === 0 ? document : withCopies(document, spec, groups, noted);
  const manifests = groups.map(({ at, value, copies }) => ({ files: filesOf(value.manifests, at), copies }));
  const copyOf = (one: SourceDocument, copy: Copy): SourceDocument => ({
    file: one.file,
    value: filledIn(one.value, copy),
    locate: (path) => noted(one.locate(path)),
    locateKey: (path) => noted(one.locateKey(path)),
  });
  return { document: unfolded, manifests, problems, copyOf, once: (all) => onceOf(all, seen) };
}

interface Group {
  readonly at: Path;
  readonly value: Readonly<Record<string, unknown>>;
  readonly copies: readonly Copy[];
}

function readGroups(document: SourceDocument, repeat: unknown, problems: Problem[]): Group[] {
  const groups: Group[] = [];
  let entries = 0;
  for (const [index, value] of (Array.isArray(repeat) ? repeat : []).entries()) {
    const at = ["spec", "repeat", index];
    if (!isRecord(value) || !Number.isInteger(value.count)) continue;
    const count = Number(value.count);
    const size = REPEATED_LISTS.reduce((sum, list) => sum + listOf(value[list]).length, 0);
    entries += Math.max(1, size) * count;
    if (entries > MAX_ENTRIES) {
      const message = `repeat[${index}] makes more than ${MAX_ENTRIES} entries`;
      problems.push({ ...document.locate([...at, "count"]), code: "E0116", message });
      break;
    }
    const counters = countersOf(document, value, at, problems);
    groups.push({ at, value, copies: Array.from({ length: count }, (_, k) => copyNumber(k, counters)) });
  }
  return groups;
}

type Counter = (k: number) => unknown;

function countersOf(
  document: SourceDocument,
  group: Readonly<Record<string, unknown>>,
  at: Path,
  problems: Problem[],
): ReadonlyMap<string, Counter> {
  const own = typeof group.as === "string" ? group.as : "i";
  const counters = new Map<string, Counter>([[own, counter(group)]]);
  for (const [name, values] of isRecord(group.values) ? Object.entries(group.values) : []) {
    const place = [...at, "values", name];
    if (name === own || !/^[a-z][A-Za-z0-9]*$/.test(name)) {
      const why = name === own ? "is the name of the counter" : "is no name: letters and digits, a small letter first";
      problems.push({ ...document.locateKey(place), code: "E0116", message: `"${name}" ${why}` });
    } else if (Array.isArray(values) && values.length > 0) counters.set(name, (k) => values[k % values.length]);
    else if (isRecord(values)) counters.set(name, counter(values));
    else problems.push({ ...document.locate(place), code: "E0116", message: `there are no values of "${name}"` });
  }
  return counters;
}

/** Counts from `from` in steps of `step`; with `digits` as a text of at least so many. */
function counter({ from, step, digits }: Readonly<Record<string, unknown>>): Counter {
  const [first, distance] = [numberOr(from, 0), numberOr(step, 1)];
  return (k) => {
    // Steps such as 0.1 are not to add up to 0.30000000000000004.
    const value = Math.round((first + k * distance) * 1e6) / 1e6;
    return typeof digits === "number" ? String(value).padStart(digits, "0") : value;
  };
}

function copyNumber(k: number, counters: ReadonlyMap<string, Counter>): Copy {
  return new Map([...counters].map(([name, at]) => [name, at(k)]));
}

/** `value` with the variables filled in; parts without any are shared, not copied. */
function filledIn(value: unknown, copy: Copy): unknown {
  if (typeof value === "string") return value.includes("${") ? textIn(value, copy) : value;
  if (Array.isArray(value)) {
    const filled = value.map((item) => filledIn(item, copy));
    return filled.some((item, index) => item !== value[index]) ? filled : value;
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, filledIn(inner, copy)]);
  return entries.some(([key, inner]) => inner !== value[key]) ? Object.fromEntries(entries) : value;
}

/** A text that is nothing but one variable is its value, a number for instance. Other names than those of the group stay. */
function textIn(text: string, copy: Copy): unknown {
  const whole = /^\$\{([A-Za-z0-9]+)\}$/.exec(text)?.[1];
  if (whole !== undefined && copy.has(whole)) return copy.get(whole);
  return text.replace(/\$(\$?)\{([A-Za-z0-9]+)\}/g, (found, escaped: string, name: string) =>
    !copy.has(name) ? found : escaped === "$" ? found.slice(1) : String(copy.get(name)),
  );
}

function withCopies(
  document: SourceDocument,
  spec: Readonly<Record<string, unknown>>,
  groups: readonly Group[],
  noted: (place: Place) => Place,
): SourceDocument {
  const lists = new Map<string, unknown[]>();
  /** By list: how many entries are its own, and where each other one was written. */
  const origins = new Map<string, { readonly own: number; readonly at: Path[] }>();
  for (const list of REPEATED_LISTS) {
    const own = listOf(spec[list]);
    const all = [...own];
    const at: Path[] = [];
    for (const group of groups) {
      const entries = listOf(group.value[list]);
      for (const copy of group.copies) {
        for (const [index, entry] of entries.entries()) {
          all.push(filledIn(entry, copy));
          at.push([...group.at, list, index]);
        }
      }
    }
    if (at.length === 0) continue;
    lists.set(list, all);
    origins.set(list, { own: own.length, at });
  }
  const origin = (path: Path): Path | null => {
    const found = path[0] === "spec" ? origins.get(String(path[1])) : undefined;
    const written = found?.at[Number(path[2]) - found.own];
    return written === undefined ? null : [...written, ...path.slice(3)];
  };
  const through = (locate: (path: Path) => Place) => (path: Path) => {
    const written = origin(path);
    return written === null ? locate(path) : noted(locate(written));
  };
  const root = isRecord(document.value) ? document.value : {};
  return {
    file: document.file,
    value: { ...root, spec: { ...spec, ...Object.fromEntries(lists) } },
    locate: through(document.locate),
    locateKey: through(document.locateKey),
  };
}

function filesOf(manifests: unknown, at: Path): FileReference[] {
  return listOf(manifests).flatMap((path, index) =>
    typeof path === "string" ? [{ path, at: [...at, "manifests", index] }] : [],
  );
}

function onceOf(problems: readonly Problem[], places: ReadonlySet<string>): Problem[] {
  const kept = new Map<string, Problem & { readonly copies: number }>();
  for (const [index, problem] of problems.entries()) {
    const place = `${problem.file}:${problem.line}:${problem.column}`;
    const key = places.has(place) ? `${place} ${problem.code}` : String(index);
    const first = kept.get(key);
    kept.set(key, first === undefined ? { ...problem, copies: 1 } : { ...first, copies: first.copies + 1 });
  }
  return [...kept.values()].map(({ copies, ...problem }) =>
    copies === 1 ? problem : { ...problem, message: `${problem.message} (and ${copies - 1} more of the copies)` },
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}
