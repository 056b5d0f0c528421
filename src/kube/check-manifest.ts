import { convertToServed, findOldVersion, OLD_VERSIONS } from "./convert.ts";
import { withDefaults } from "./defaults.ts";
import { findKind, findKindByName, groupVersion, KINDS, type KindInfo, SERVED_API_VERSIONS } from "./kinds.ts";
import { manifestWarnings } from "./manifest-warnings.ts";
import { isObject, type JsonObject, type Problem, problem } from "./problems.ts";
import { schemaOf } from "./schema-kinds.ts";
import { checkShape } from "./shape-check.ts";
import { nearestSpelling } from "./spelling.ts";
import type { KubeObject } from "./types.ts";
import { validateObject } from "./validation.ts";

export interface CheckedManifest {
  /** In the order in which the document should be read: type first, then fields, then values. */
  readonly problems: readonly Problem[];
  /** The object in its served version with defaults; absent when there is an error. */
  readonly object?: KubeObject;
}

/**
 * Reads one manifest, as parsed from YAML or JSON, the way a helpful API server would: says what is misspelt,
 * misplaced, outdated or refused, and gives back the object with defaults when nothing is wrong.
 *
 * Values that the API server would refuse are looked for only when the fields themselves are right.
 */
export function checkManifest(raw: unknown): CheckedManifest {
  if (!isObject(raw)) {
    const hint = "begin with apiVersion, kind and metadata";
    return { problems: [problem("E0108", [], "the document is not a Kubernetes object", { hint })] };
  }
  const document = withoutNulls(raw) as JsonObject;
  const { problems, typed } = checkType(document);
  if (typed === undefined) return { problems };
  problems.push(...fieldProblems(typed));
  const { object, notes } = convertToServed(typed);
  problems.push(...notes);
  if (problems.some(({ severity }) => severity === "error")) return { problems };
  const { metadata } = object;
  const complete = withDefaults({ ...object, metadata: metadata ?? {} } as unknown as KubeObject);
  for (const { path, text } of validateObject(complete)) problems.push(problem("E0109", path, text));
  problems.push(...manifestWarnings(complete));
  return problems.some(({ severity }) => severity === "error") ? { problems } : { problems, object: complete };
}

/**
 * Misspelt, misplaced and mistyped fields. Old versions are compared after conversion; what autoscaling/v1 allows is
 * not what it is stored as, so it has a table of its own.
 */
function fieldProblems(typed: JsonObject): Problem[] {
  const { apiVersion, kind } = typed as { apiVersion: string; kind: string };
  const isServed = findKind(apiVersion, kind) !== undefined;
  const compared = isServed ? typed : convertToServed(typed).object;
  return checkShape(compared, schemaOf(String(compared.apiVersion), kind));
}

interface Typed {
  readonly problems: Problem[];
  /** The document with apiVersion and kind as they were probably meant; absent when they cannot be made out. */
  readonly typed?: JsonObject;
}

function checkType(document: JsonObject): Typed {
  const problems: Problem[] = [];
  const rest: Record<string, unknown> = { ...document };
  for (const field of ["apiVersion", "kind"] as const) {
    if (rest[field] === undefined || rest[field] === "") problems.push(missingType(field, rest));
  }
  const { apiVersion, kind } = rest;
  for (const field of ["apiVersion", "kind"] as const) {
    const value = rest[field];
    if (value !== undefined && typeof value !== "string") {
      problems.push(problem("E0106", [field], `${field}: expected a text`, { hint: `put it in quotes` }));
    }
  }
  if (typeof kind !== "string") return { problems };
  const byName = findKindByName(kind);
  if (apiVersion === undefined && byName !== undefined) {
    return { problems, typed: { ...rest, apiVersion: byName.apiVersion } };
  }
  if (typeof apiVersion !== "string") return { problems };
  const isKnown = findKind(apiVersion, kind) !== undefined || findOldVersion(apiVersion, kind) !== undefined;
  if (isKnown) {
    problems.push(...kindRemarks(apiVersion, kind));
    return { problems, typed: { ...rest, apiVersion, kind } };
  }
  return unknownType(rest, { apiVersion, kind }, problems);
}

/** The complaint about a missing apiVersion or kind; takes the value from a key that is nearly spelt so. */
function missingType(field: "apiVersion" | "kind", rest: Record<string, unknown>): Problem {
  const others = Object.keys(rest).filter((key) => !["apiVersion", "kind", "metadata", "spec", "status"].includes(key));
  const misspelt = others.find((key) => nearestSpelling(key, [field]) !== undefined);
  if (misspelt === undefined) {
    const example = field === "kind" ? "kind: Deployment" : "apiVersion: apps/v1";
    return problem("E0101", [field], `${field} is missing`, { hint: `write for example ${example}` });
  }
  rest[field] = rest[misspelt];
  delete rest[misspelt];
  const message = `${field} is missing, and there is an unknown field ${JSON.stringify(misspelt)}`;
  return problem("E0101", [misspelt], message, { hint: `did you mean ${JSON.stringify(field)}?`, onKey: true });
}

function kindRemarks(apiVersion: string, kind: string): Problem[] {
  if (apiVersion === "v1" && kind === "Endpoints") {
    const message = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice";
    return [problem("W0205", ["apiVersion"], message)];
  }
  if (findKind(apiVersion, kind)?.support !== "kept") return [];
  return [problem("N0303", ["kind"], `${kind} is kept but not simulated`)];
}

/** Neither served nor of old: the version or the kind is misspelt, the two do not belong together, or it is custom. */
function unknownType(
  rest: JsonObject,
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  problems: Problem[],
): Typed {
  const quoted = JSON.stringify(apiVersion);
  const isVersion = isKnownVersion(apiVersion);
  const kindsThere = kindsOf(apiVersion);
  const byName = findKindByName(kind);
  const meantKind = nearestSpelling(kind, isVersion ? kindsThere : KINDS.map((info) => info.kind));
  if (isVersion && byName === undefined) {
    const hint = meantKind === undefined ? undefined : `did you mean ${JSON.stringify(meantKind)}?`;
    problems.push(problem("E0103", ["kind"], `no kind ${JSON.stringify(kind)} in ${apiVersion}`, { hint }));
    return meantKind === undefined ? { problems } : { problems, typed: { ...rest, kind: meantKind } };
  }
  const meantVersion = isVersion ? undefined : nearestVersion(apiVersion, kind);
  if (meantVersion === undefined && isCustomGroup(apiVersion)) {
    problems.push(problem("N0303", ["kind"], `${apiVersion} ${kind} is a custom kind; it is kept but not simulated`));
    return { problems, typed: rest };
  }
  if (isVersion && byName !== undefined) {
    const hint = `write apiVersion: ${byName.apiVersion}`;
    problems.push(problem("E0102", ["apiVersion"], `${apiVersion} has no kind ${kind}`, { hint }));
    return { problems, typed: { ...rest, apiVersion: byName.apiVersion } };
  }
  const hint = versionHint(meantVersion, kind, byName);
  problems.push(problem("E0102", ["apiVersion"], `there is no API version ${quoted}`, { hint }));
  const guess = meantVersion !== undefined && isPair(meantVersion, kind) ? meantVersion : byName?.apiVersion;
  return guess === undefined ? { problems } : { problems, typed: { ...rest, apiVersion: guess } };
}

function versionHint(meant: string | undefined, kind: string, byName: KindInfo | undefined): string | undefined {
  if (meant === undefined) return byName === undefined ? undefined : `${kind} is in ${byName.apiVersion}`;
  const question = `did you mean ${JSON.stringify(meant)}?`;
  const old = findOldVersion(meant, kind);
  if (old !== undefined) {
    const instead = old.to === undefined ? "nothing took its place" : `write apiVersion: ${old.to}`;
    return `${question} It was removed in ${old.removedIn}; ${instead}`;
  }
  if (findKind(meant, kind) === undefined && byName !== undefined) return `${kind} is in ${byName.apiVersion}`;
  return question;
}

/** Versions that the kind has, or had, come before versions that merely exist. */
function nearestVersion(apiVersion: string, kind: string): string | undefined {
  const all = [...SERVED_API_VERSIONS, ...OLD_VERSIONS.map((old) => old.apiVersion)];
  const ofKind = all.filter((one) => isPair(one, kind));
  return nearestSpelling(apiVersion, ofKind) ?? nearestSpelling(apiVersion, all);
}

function isPair(apiVersion: string, kind: string): boolean {
  return findKind(apiVersion, kind) !== undefined || findOldVersion(apiVersion, kind) !== undefined;
}

function isKnownVersion(apiVersion: string): boolean {
  return SERVED_API_VERSIONS.includes(apiVersion) || OLD_VERSIONS.some((old) => old.apiVersion === apiVersion);
}

function kindsOf(apiVersion: string): string[] {
  const all: readonly { readonly apiVersion: string; readonly kind: string }[] = [...KINDS, ...OLD_VERSIONS];
  return all.filter((one) => one.apiVersion === apiVersion).map((one) => one.kind);
}

/** Custom kinds live in groups with a dot that Kubernetes does not own. */
function isCustomGroup(apiVersion: string): boolean {
  const { group } = groupVersion(apiVersion);
  return group.includes(".") && !KINDS.some((info) => info.group === group);
}

/** Null means absent, wherever a field may be left out. */
function withoutNulls(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (!isObject(part)) return part;
    return Object.fromEntries(Object.entries(part).filter(([, item]) => item !== null && item !== undefined));
  });
  return JSON.parse(text) as unknown;
}

/** One document of a list, with the way to it. */
export interface ListedDocument {
  readonly raw: unknown;
  readonly path: readonly (string | number)[];
}

/**
 * The documents in a document: the items of a `List` (or `PodList` and the like, whose items may leave out what they
 * are), or the document itself. Lists in lists are opened too.
 */
export function expandList(raw: unknown): ListedDocument[] {
  const found: ListedDocument[] = [];
  const open: ListedDocument[] = [{ raw, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { raw: one, path } = next;
    const kind = isObject(one) ? one.kind : undefined;
    if (!isObject(one) || typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(one.items)) {
      found.push(next);
      continue;
    }
    const ofItems = kind === "List" ? {} : { apiVersion: one.apiVersion, kind: kind.slice(0, -"List".length) };
    const items = one.items.map((item: unknown, i) => ({
      raw: isObject(item) ? { ...ofItems, ...item } : item,
      path: [...path, "items", i],
    }));
    open.push(...items.reverse());
  }
  return found;
}
