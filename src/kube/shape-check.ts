import { tryParseQuantity } from "../units/index.ts";
import { isObject, type Problem, problem } from "./problems.ts";
import type { Leaf, ObjectShape, Shape } from "./schema.ts";
import { nearestSpelling } from "./spelling.ts";

type Path = readonly (string | number)[];

interface Visit {
  readonly value: unknown;
  readonly shape: Shape;
  readonly path: Path;
  /** The shape of the nearest object around, and that object's path. */
  readonly outer?: { readonly shape: ObjectShape; readonly path: Path };
}

/**
 * Compares a document with the known fields: misspelt and misplaced fields, unknown ones and wrong types, in document
 * order. The value of a misspelt field is looked at as if it were spelt well.
 */
export function checkShape(value: unknown, shape: Shape): Problem[] {
  const problems: Problem[] = [];
  const open: Visit[] = [{ value, shape, path: [] }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const inner = checkOne(visit, problems);
    // Taken from the end, so that the document's first comes first.
    for (const next of inner.reverse()) open.push(next);
  }
  return problems;
}

function checkOne({ value, shape, path, outer }: Visit, problems: Problem[]): Visit[] {
  if (value === null || value === undefined || shape === "any") return [];
  if (typeof shape === "string") {
    const complaint = leafComplaint(value, shape);
    if (complaint !== undefined)
      problems.push(problem("E0106", path, `${fieldName(path)}: ${complaint.message}`, complaint));
    return [];
  }
  if (shape.type === "list") {
    if (!Array.isArray(value)) {
      const hint = "begin each item with a dash";
      problems.push(problem("E0106", path, `${fieldName(path)}: expected a list, got ${describe(value)}`, { hint }));
      return [];
    }
    const empty = shape.item === "any" ? -1 : value.indexOf(null);
    if (empty !== -1) {
      const hint = "take the empty item out, or say what it is";
      problems.push(problem("E0106", [...path, empty], `${fieldName([...path, empty])}: there is nothing`, { hint }));
    }
    return value.map((item: unknown, i) => ({
      value: item,
      shape: shape.item,
      path: [...path, i],
      ...(outer && { outer }),
    }));
  }
  if (!isObject(value)) {
    problems.push(problem("E0106", path, `${fieldName(path)}: expected a map of fields, got ${describe(value)}`));
    return [];
  }
  if (shape.type === "map") {
    return Object.entries(value).map(([key, item]) => ({ value: item, shape: shape.item, path: [...path, key] }));
  }
  const here = { shape, path };
  return Object.entries(value).flatMap(([key, item]) => {
    const known = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
    if (known !== undefined) return [{ value: item, shape: known, path: [...path, key], outer: here }];
    return checkUnknown({ key, item, here, outer }, problems);
  });
}

interface Unknown {
  readonly key: string;
  readonly item: unknown;
  readonly here: { readonly shape: ObjectShape; readonly path: Path };
  readonly outer: { readonly shape: ObjectShape; readonly path: Path } | undefined;
}

function checkUnknown({ key, item, here, outer }: Unknown, problems: Problem[]): Visit[] {
  const path = [...here.path, key];
  const parentName = fieldName(here.path);
  const outerShape =
    outer !== undefined && Object.hasOwn(outer.shape.fields, key) ? outer.shape.fields[key] : undefined;
  if (outer !== undefined && outerShape !== undefined) {
    const place = outer.path.length === 0 ? "at the top of the document" : `under ${fieldName(outer.path)}`;
    const hint = `indent it less, so that it stands ${place}, beside ${String(here.path[outer.path.length])}`;
    problems.push(problem("E0105", path, `${key} stands one level too deep, in ${parentName}`, { hint, onKey: true }));
    return [{ value: item, shape: outerShape, path, outer }];
  }
  const below = placeBelow(key, here.shape);
  const meant = nearestSpelling(key, Object.keys(here.shape.fields));
  if (meant !== undefined && (below === undefined || key.length > 3)) {
    const where = here.path.length === 0 ? "" : ` in ${parentName}`;
    const message = `unknown field ${JSON.stringify(key)}${where}`;
    problems.push(problem("E0104", path, message, { hint: `did you mean ${JSON.stringify(meant)}?`, onKey: true }));
    const shape = here.shape.fields[meant];
    return shape === undefined ? [] : [{ value: item, shape, path, outer: here }];
  }
  if (below !== undefined) {
    const hint = `move it under ${fieldName([...here.path, ...below])}`;
    const message = `${key} stands too high, ${here.path.length === 0 ? "at the top of the document" : `in ${parentName}`}`;
    problems.push(problem("E0105", path, message, { hint, onKey: true }));
    return [];
  }
  if (here.shape.isOpen === true) return [];
  problems.push(problem("N0302", path, `${fieldName(path)} is unknown; it is kept but not simulated`, { onKey: true }));
  return [];
}

const LEVELS_BELOW = 3;

/** Where below an object a field of this name exists, if there is exactly one such place at its level. */
function placeBelow(key: string, shape: ObjectShape): Path | undefined {
  const found: Path[] = [];
  let level: { readonly shape: ObjectShape; readonly path: Path }[] = [{ shape, path: [] }];
  for (let depth = 0; depth < LEVELS_BELOW; depth += 1) {
    const next: typeof level = [];
    for (const one of level) {
      for (const [name, field] of Object.entries(one.shape.fields)) {
        if (typeof field === "string" || field.type !== "object") continue;
        const path = [...one.path, name];
        if (Object.hasOwn(field.fields, key)) found.push(path);
        next.push({ shape: field, path });
      }
    }
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
    level = next;
  }
  return undefined;
}

function leafComplaint(value: unknown, leaf: Leaf): { readonly message: string; readonly hint?: string } | undefined {
  const got = describe(value);
  switch (leaf) {
    case "any":
      return undefined;
    case "string":
      if (typeof value === "string") return undefined;
      return typeof value === "number" || typeof value === "boolean"
        ? { message: `expected a text, got ${got}`, hint: `put it in quotes: "${String(value)}"` }
        : { message: `expected a text, got ${got}` };
    case "integer":
      if (Number.isSafeInteger(value)) return undefined;
      return typeof value === "string" && /^-?[0-9]+$/.test(value)
        ? { message: `expected a whole number, got ${got}`, hint: `leave the quotes out: ${value}` }
        : { message: `expected a whole number, got ${got}` };
    case "number":
      return typeof value === "number" ? undefined : { message: `expected a number, got ${got}` };
    case "boolean":
      return typeof value === "boolean" ? undefined : { message: `expected true or false, got ${got}` };
    case "intOrString":
      if (typeof value === "string" || Number.isSafeInteger(value)) return undefined;
      return { message: `expected a whole number or a text, got ${got}` };
    case "quantity": {
      if (typeof value !== "string" && typeof value !== "number") return { message: `expected a quantity, got ${got}` };
      const parsed = tryParseQuantity(value);
      if (!("error" in parsed)) return undefined;
      return {
        message: `${JSON.stringify(value)} is no quantity: ${parsed.error}`,
        hint: "write 250m, 2, 128Mi or 1Gi",
      };
    }
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return `the text ${JSON.stringify(value)}`;
  if (typeof value === "boolean") return String(value);
  return `the number ${String(value)}`;
}

/** A path as people write it: `spec.template.spec.containers[0]`. */
export function fieldName(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z0-9_-]+$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${step}]`;
  }
  return text === "" ? "the document" : text;
}
