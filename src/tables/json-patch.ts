/** One operation of a JSON patch (RFC 6902). */
export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

type Json = Readonly<Record<string, unknown>> | readonly unknown[];
/** A new document, or why there is none. */
type Patched = { readonly value: unknown } | { readonly error: string };

/**
 * JSON patch (RFC 6902): the operations one after the other, all or none. Inputs are untouched; parts that no operation is about
 * stay the same objects. `same` compares data. Errors are worded as github.com/evanphx/json-patch does.
 */
export function jsonPatch(
  document: unknown,
  operations: readonly JsonPatchOperation[],
  same: (a: unknown, b: unknown) => boolean,
): Patched {
  let value = document;
  for (const operation of operations) {
    const done = applyOperation(value, operation, same);
    if ("error" in done) return done;
    value = done.value;
  }
  return { value };
}

function applyOperation(
  document: unknown,
  { op, path, from = "", value }: JsonPatchOperation,
  same: (a: unknown, b: unknown) => boolean,
): Patched {
  const keys = keysOf(path);
  switch (op) {
    case "test": {
      const found = valueAt(document, keys);
      const isSame = same("value" in found ? found.value : null, value ?? null);
      return isSame ? { value: document } : { error: `testing value ${path} failed: test failed` };
    }
    case "add":
      return withValue(document, keys, value, "add", path);
    case "replace":
      return withValue(document, keys, value, "replace", path);
    case "remove":
      return withValue(document, keys, undefined, "remove", path);
    case "copy":
    case "move": {
      const source = valueAt(document, keysOf(from));
      if ("error" in source)
        return { error: `${op} operation does not apply: doc is missing from path: ${from}: missing value` };
      if (op === "copy") return withValue(document, keys, source.value, "add", path);
      const without = withValue(document, keysOf(from), undefined, "remove", from);
      return "error" in without ? without : withValue(without.value, keys, source.value, "add", path);
    }
  }
}

function keysOf(pointer: string): string[] {
  return pointer === ""
    ? []
    : pointer
        .slice(1)
        .split("/")
        .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function valueAt(document: unknown, keys: readonly string[]): Patched {
  let value = document;
  for (const key of keys) {
    if (!isJson(value)) return { error: "missing value" };
    const inner: unknown = Array.isArray(value)
      ? value[indexOf(key)]
      : (value as Readonly<Record<string, unknown>>)[key];
    if (inner === undefined) return { error: "missing value" };
    value = inner;
  }
  return { value };
}

/** The document with one value put in, put in the place of another, or taken out. */
function withValue(
  document: unknown,
  [key, ...rest]: readonly string[],
  value: unknown,
  how: "add" | "replace" | "remove",
  path: string,
): Patched {
  if (key === undefined) return { value };
  const missing = { error: `${how} operation does not apply: doc is missing path: "${path}": missing value` };
  if (!isJson(document)) return missing;
  if (rest.length > 0) {
    const found = valueAt(document, [key]);
    if ("error" in found) return missing;
    const inner = withValue(found.value, rest, value, how, path);
    return "error" in inner ? inner : { value: replaced(document, key, inner.value) };
  }
  if (Array.isArray(document)) return { ...(inList(document, key, value, how) ?? missing) };
  const fields = document as Readonly<Record<string, unknown>>;
  if (how !== "add" && fields[key] === undefined) return missing;
  if (how !== "remove") return { value: { ...fields, [key]: value } };
  const { [key]: _removed, ...others } = fields;
  return { value: others };
}

function inList(
  list: readonly unknown[],
  key: string,
  value: unknown,
  how: "add" | "replace" | "remove",
): { readonly value: unknown } | undefined {
  const index = how === "add" && key === "-" ? list.length : indexOf(key);
  const last = how === "add" ? list.length : list.length - 1;
  if (!(index >= 0 && index <= last)) return undefined;
  const behind = how === "add" ? index : index + 1;
  return { value: [...list.slice(0, index), ...(how === "remove" ? [] : [value]), ...list.slice(behind)] };
}

function replaced(document: Json, key: string, value: unknown): unknown {
  if (!Array.isArray(document)) return { ...document, [key]: value };
  return document.map((item, index) => (index === indexOf(key) ? value : item));
}

/** NaN when it is no index. */
function indexOf(key: string): number {
  return /^(0|[1-9]\d*)$/.test(key) ? Number(key) : Number.NaN;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null;
}
