import { isRecord } from "./field.ts";
import type { JsonSchema } from "./schema.ts";

/**
 * Whether a value certainly obeys a schema; false when it does not, and also where the schema says something that this check does
 * not know. Only who is not accepted needs the compiled validator, which takes longer to make than a small scenario to read.
 * Cost: one visit a value.
 * @source JSON Schema 2020-12, the words in RULES
 */
export function accepts(value: unknown, schema: JsonSchema, root: JsonSchema): boolean {
  if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) return false;
  for (const word in schema) {
    if (SILENT.has(word)) continue;
    const rule = RULES.get(word);
    if (rule === undefined || !rule(value, schema[word], { schema, root })) return false;
  }
  return true;
}

interface Around {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

type Rule = (value: unknown, wanted: unknown, around: Around) => boolean;

/** Words that describe, and forbid nothing. */
const SILENT: ReadonlySet<string> = new Set([
  ...["$schema", "$id", "$defs", "title", "description", "default", "examples", "x-expects", "x-fill"],
]);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["type", (value, types) => (Array.isArray(types) ? types : [types]).some((type) => isOfType(value, type))],
  ["const", (value, wanted) => isPlain(wanted) && value === wanted],
  ["enum", (value, all) => Array.isArray(all) && isPlain(value) && all.includes(value)],
  ["pattern", (value, pattern) => typeof value !== "string" || patternOf(String(pattern)).test(value)],
  ["maxLength", (value, limit) => typeof value !== "string" || [...value].length <= Number(limit)],
  ["minimum", (value, limit) => typeof value !== "number" || value >= Number(limit)],
  ["maximum", (value, limit) => typeof value !== "number" || value <= Number(limit)],
  ["exclusiveMinimum", (value, limit) => typeof value !== "number" || value > Number(limit)],
  ["minItems", (value, limit) => !Array.isArray(value) || value.length >= Number(limit)],
  ["minProperties", (value, limit) => !isRecord(value) || Object.keys(value).length >= Number(limit)],
  ["maxProperties", (value, limit) => !isRecord(value) || Object.keys(value).length <= Number(limit)],
  ["required", (value, names) => !isRecord(value) || (names as string[]).every((name) => Object.hasOwn(value, name))],
  ["$ref", (value, name, { root }) => acceptsNamed(value, name, root)],
  ["items", (value, items, { root }) => !Array.isArray(value) || value.every((item) => obeys(item, items, root))],
  ["properties", (value, properties, { root }) => !isRecord(value) || obeysEach(value, properties, root)],
  ["additionalProperties", (value, others, around) => !isRecord(value) || obeyOthers(value, others, around)],
]);

const TYPES: ReadonlyMap<unknown, (value: unknown) => boolean> = new Map<unknown, (value: unknown) => boolean>([
  ["object", isRecord],
  ["array", Array.isArray],
  ["string", (value) => typeof value === "string"],
  ["number", (value) => typeof value === "number"],
  ["integer", Number.isInteger],
  ["boolean", (value) => typeof value === "boolean"],
  ["null", (value) => value === null],
]);

function isOfType(value: unknown, type: unknown): boolean {
  return TYPES.get(type)?.(value) ?? false;
}

function isPlain(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function obeys(value: unknown, schema: unknown, root: JsonSchema): boolean {
  return isRecord(schema) && accepts(value, schema, root);
}

function acceptsNamed(value: unknown, reference: unknown, root: JsonSchema): boolean {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return false;
  let target: unknown = root;
  for (const step of reference.slice(2).split("/")) target = isRecord(target) ? target[step] : undefined;
  return obeys(value, target, root);
}

function obeysEach(value: Record<string, unknown>, properties: unknown, root: JsonSchema): boolean {
  if (!isRecord(properties)) return false;
  return Object.keys(value).every(
    (name) => !Object.hasOwn(properties, name) || obeys(value[name], properties[name], root),
  );
}

function obeyOthers(value: Record<string, unknown>, others: unknown, { schema, root }: Around): boolean {
  const known = isRecord(schema.properties) ? schema.properties : {};
  const names = Object.keys(value).filter((name) => !Object.hasOwn(known, name));
  return names.length === 0 || (others !== false && names.every((name) => obeys(value[name], others, root)));
}

const patterns = new Map<string, RegExp>();

function patternOf(text: string): RegExp {
  const known = patterns.get(text) ?? new RegExp(text, "u");
  patterns.set(text, known);
  return known;
}
