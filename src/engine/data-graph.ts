import { InvariantError } from "./assert.ts";
import { Digest } from "./digest.ts";

/**
 * Plain data as JSON that keeps what JSON loses: `undefined`, NaN and the like, whether a value is frozen, and which values are one and
 * the same object. The text is a list of objects, the first being the root; inside them, primitives stand for themselves and
 * everything else is a mark: {"o": index of an object}, {"u": 0} for undefined, {"n": "NaN"} for a number JSON has not.
 */
export function encodeData(root: unknown): string {
  const ids = new Map<object, number>();
  const found: object[] = [];
  const mark = (value: unknown): unknown => {
    if (!isObject(value)) return markPrimitive(value);
    let id = ids.get(value);
    if (id === undefined) {
      id = found.length;
      ids.set(value, id);
      found.push(value);
    }
    return { o: id };
  };
  const objects: unknown[] = [];
  const rootMark = mark(root);
  // `found` grows while it is walked: breadth first, no recursion.
  for (let i = 0; i < found.length; i += 1) objects.push(describe(found[i] as object, mark));
  return JSON.stringify([rootMark, objects]);
}

/** The data in a text written by `encodeData`. */
export function decodeData(text: string): unknown {
  const [rootMark, described] = JSON.parse(text) as [unknown, Described[]];
  const objects = described.map((given) => ("a" in given ? [] : {}));
  const read = (marked: unknown): unknown => {
    if (marked === null || typeof marked !== "object") return marked;
    if ("o" in marked) return objects[marked.o as number];
    if ("n" in marked) return NUMBERS.get(marked.n as string);
    return undefined;
  };
  described.forEach((given, i) => {
    const object = objects[i] as object;
    if ("a" in given) for (const item of given.a) (object as unknown[]).push(read(item));
    else for (const [key, item] of given.r) define(object, key, read(item));
    if (given.f === 1) Object.freeze(object);
  });
  return read(rootMark);
}

/** Hash of plain data by value: shared or repeated, frozen or not, equal data hash alike. Cost: each object once. */
export function hashData(root: unknown): string {
  const hashes = new Map<object, string>();
  const mark = (value: unknown): unknown => (isObject(value) ? { o: hashes.get(value) } : markPrimitive(value));
  const opened = new Set<object>();
  const stack: object[] = isObject(root) ? [root] : [];
  for (let object = stack.at(-1); object !== undefined; object = stack.at(-1)) {
    const missing = hashes.has(object)
      ? []
      : Object.values(object).filter((part) => isObject(part) && !hashes.has(part));
    if (missing.length > 0) {
      if (opened.has(object)) throw new InvariantError("a cell holds an object that contains itself");
      opened.add(object);
      for (const part of missing) stack.push(part as object);
      continue;
    }
    if (!hashes.has(object)) hashes.set(object, digestOf(describe(object, mark, false)));
    stack.pop();
  }
  return digestOf(mark(root));
}

function digestOf(value: unknown): string {
  const digest = new Digest();
  digest.text(JSON.stringify(value));
  return digest.toString();
}

/** An array or a record, with `f` when it is frozen. */
type Described = { readonly f?: 1 } & ({ readonly a: unknown[] } | { readonly r: [string, unknown][] });

const NUMBERS = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["-0", -0],
]);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function markPrimitive(value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return markNumber(value);
  if (value === undefined) return { u: 0 };
  throw new InvariantError(`a cell holds a ${typeof value}, which cannot be saved`);
}

function markNumber(value: number): unknown {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { n: Object.is(value, -0) ? "-0" : String(value) };
}

function describe(object: object, mark: (value: unknown) => unknown, withFrozen = true): Described {
  const frozen = withFrozen && Object.isFrozen(object) ? ({ f: 1 } as const) : {};
  if (Array.isArray(object)) return { a: object.map(mark), ...frozen };
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new InvariantError(`a cell holds a ${object.constructor.name}, which cannot be saved: only plain data can`);
  }
  return { r: Object.entries(object).map(([key, value]) => [key, mark(value)]), ...frozen };
}

/** Sets a key of any name, also "__proto__", as an own property. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
