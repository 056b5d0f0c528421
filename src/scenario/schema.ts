import { createRequire } from "node:module";
import type { ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import type { Path, Place, SourceDocument } from "./documents.ts";
import { isRecord, pathLabel } from "./field.ts";
import type { Problem } from "./problem.ts";
import { accepts } from "./schema-accepts.ts";
import { didYouMean } from "./spelling.ts";

/** A JSON Schema as parsed. Besides the standard words: `x-expects` (what to say instead) and `x-fill` (see `fillDefaults`). */
export type JsonSchema = { readonly [word: string]: unknown };

/** Checks a document against the schema; every complaint is located and says what was expected. */
export function checkSchema(document: SourceDocument, schema: JsonSchema): Problem[] {
  if (accepts(document.value, schema, schema)) return [];
  const validate = validatorOf(schema);
  if (validate(document.value)) return [];
  const byPlace = new Map<string, Problem>();
  for (const error of validate.errors ?? []) {
    const problem = problemOf(document, error);
    const key = `${problem.code} ${problem.line}:${problem.column} ${error.keyword === "required" ? problem.message : error.instancePath}`;
    const known = error.keyword === "additionalProperties" ? `${key} ${problem.message}` : key;
    if (!byPlace.has(known)) byPlace.set(known, problem);
  }
  return [...byPlace.values()];
}

/** Loading and compiling take longer than all else in reading a scenario: only for one that is not simply accepted, and once. */
const validators = new WeakMap<JsonSchema, ValidateFunction>();

function validatorOf(schema: JsonSchema): ValidateFunction {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const { Ajv2020 } = createRequire(import.meta.url)("ajv/dist/2020.js") as typeof import("ajv/dist/2020.js");
  const validate = new Ajv2020({ allErrors: true, verbose: true, strict: false }).compile(schema);
  validators.set(schema, validate);
  return validate;
}

function problemOf(document: SourceDocument, error: ErrorObject): Problem {
  const path = pathOf(document.value, error.instancePath);
  const inside = path.length === 0 ? "at the top" : `in ${pathLabel(path)}`;
  if (error.keyword === "additionalProperties") {
    const name = String((error.params as { additionalProperty: unknown }).additionalProperty);
    const message = `unknown field "${name}" ${inside}${didYouMean(name, propertiesOf(error))}`;
    return at(document.locateKey([...path, name]), "E0107", message, name.length);
  }
  if (error.keyword === "required") {
    const name = String((error.params as { missingProperty: unknown }).missingProperty);
    return at(document.locateKey(path), "E0111", `"${name}" is missing ${inside}`);
  }
  return at(document.locate(path), "E0110", `${pathLabel(path)}: ${expectation(error)}; got ${shown(error.data)}`);
}

function at(place: Place, code: string, message: string, length = place.length): Problem {
  return { ...place, code, length, message };
}

function propertiesOf(error: ErrorObject): string[] {
  const properties: unknown = error.parentSchema?.properties;
  return isRecord(properties) ? Object.keys(properties) : [];
}

function expectation(error: ErrorObject): string {
  const said: unknown = error.parentSchema?.["x-expects"];
  if (typeof said === "string") return `expected ${said}`;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case "enum": {
      const allowed = (params.allowedValues as unknown[]).map(String);
      return `expected ${allowed.join(", ")}${didYouMean(String(error.data), allowed)}`;
    }
    case "const":
      return `expected ${shown(params.allowedValue)}`;
    case "type": {
      const types = Array.isArray(params.type) ? params.type.map(String) : [String(params.type)];
      return `expected ${types.map((type) => TYPE_NAMES.get(type) ?? type).join(" or ")}`;
    }
    default:
      return error.message ?? "is not allowed";
  }
}

const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ["object", "a map"],
  ["array", "a list"],
  ["string", "a string"],
  ["integer", "a whole number"],
  ["number", "a number"],
  ["boolean", "true or false"],
]);

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** A JSON pointer as a path; steps into arrays become numbers. */
function pathOf(root: unknown, pointer: string): Path {
  const path: (string | number)[] = [];
  let value = root;
  for (const raw of pointer.split("/").slice(1)) {
    const step = raw.replaceAll("~1", "/").replaceAll("~0", "~");
    path.push(Array.isArray(value) ? Number(step) : step);
    value = Array.isArray(value) ? value[Number(step)] : isRecord(value) ? value[step] : undefined;
  }
  return path;
}

/**
 * A copy of `value` with every `default` of the schema written out. Maps that are absent are made when their schema
 * says `x-fill`.
 */
export function fillDefaults(value: unknown, schema: JsonSchema, root: JsonSchema = schema): unknown {
  const own = resolve(schema, root);
  if (Array.isArray(value)) {
    const items = own.items;
    return isRecord(items) ? value.map((item) => fillDefaults(item, items, root)) : value;
  }
  const properties = isRecord(own.properties) ? own.properties : {};
  if (!isRecord(value)) return value;
  const filled: Record<string, unknown> = {};
  for (const [key, property] of Object.entries(properties)) {
    if (!isRecord(property)) continue;
    const given = value[key] ?? startingValue(property);
    if (given !== undefined) filled[key] = fillDefaults(given, property, root);
  }
  const others = own.additionalProperties;
  for (const [key, given] of Object.entries(value)) {
    if (!(key in filled)) filled[key] = isRecord(others) ? fillDefaults(given, others, root) : given;
  }
  return filled;
}

function startingValue(property: JsonSchema): unknown {
  if (property.default !== undefined) return structuredClone(property.default);
  return property["x-fill"] === true ? {} : undefined;
}

/** Follows `$ref` within the schema; words beside the reference are kept. */
export function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const reference = schema.$ref;
  if (typeof reference !== "string") return schema;
  let target: unknown = root;
  for (const step of reference.replace("#/", "").split("/")) target = isRecord(target) ? target[step] : undefined;
  return isRecord(target) ? { ...resolve(target, root), ...schema } : schema;
}
