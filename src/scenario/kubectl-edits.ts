import { parse } from "yaml";
import {
  labelKeyProblems,
  labelValueProblems,
  patchProblem,
  type Quantities,
  type StringMap,
  type Taint,
} from "../kube/index.ts";
import type { JsonPatchOperation } from "../tables/index.ts";
import { tryParseQuantity } from "../units/index.ts";
import type { Action, ObjectReference } from "../world/plan.ts";
import { type Field, isRecord } from "./field.ts";
import { asKubectl, type KubectlCommand, parseKubectl } from "./kubectl.ts";

type Base = Pick<Action, "index" | "atMicros" | "text" | "source">;
type Resolve = (verb: string, target: string, namespace: string) => ObjectReference | null;

/** A command, its words behind the target, and what it is about. */
interface Edit {
  readonly command: KubectlCommand;
  readonly args: readonly string[];
  readonly target: ObjectReference;
  readonly base: Base;
  readonly fail: (message: string) => null;
}

const READERS: ReadonlyMap<string, (edit: Edit) => Action | null> = new Map([
  ["label", labelsOf],
  ["annotate", labelsOf],
  ["taint", taintsOf],
  ["patch", patchOf],
  ["set env", envOf],
  ["set resources", resourcesOf],
]);

const EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
const PATCH_TYPES = ["json", "merge", "strategic"] as const;

/** Whether a line is one of the commands that change parts of an object. */
export function isEdit(line: string): boolean {
  const words = line.replace(/^kubectl\s+/, "").split(/\s+/);
  return READERS.has(words[0] ?? "") || READERS.has(words.slice(0, 2).join(" "));
}

/** Reads `kubectl label`, `annotate`, `taint`, `patch`, `set env` and `set resources`; null when it has been complained of. */
export function readEdit(place: Field, base: Omit<Base, "text">, resolve: Resolve): Action | null {
  const command = parseKubectl(place.text());
  const fail = (message: string): null => {
    place.report("E0409", message);
    return null;
  };
  if ("error" in command) return fail(command.error);
  const { verb, words } = command;
  const length = words[0]?.includes("/") === true ? 1 : 2;
  const name = words.slice(0, length).join("/");
  if (name === "") return fail(`${verb} needs a target`);
  const target = resolve(verb, name, command.flags.get("namespace") ?? "default");
  if (target === null) return null;
  if (target.kind === "Pod") return fail(`${verb} cannot be played on a running pod; change what makes the pod`);
  const edit = { command, args: words.slice(length), target, base: { ...base, text: asKubectl(place.text()) }, fail };
  return READERS.get(verb)?.(edit) ?? null;
}

/** `key=value` sets, `key-` removes. */
function pairsOf(args: readonly string[]): { set: StringMap; remove: readonly string[] } | string {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const arg of args) {
    const equals = arg.indexOf("=");
    if (equals > 0) set[arg.slice(0, equals)] = arg.slice(equals + 1);
    else if (equals === -1 && arg.endsWith("-")) remove.push(arg.slice(0, -1));
    else return `expected key=value or key-; got "${arg}"`;
  }
  return args.length === 0 ? "expected key=value or key-; got nothing" : { set, remove };
}

function labelsOf({ command, args, target, base, fail }: Edit): Action | null {
  const pairs = pairsOf(args);
  if (typeof pairs === "string") return fail(pairs);
  const field = command.verb === "label" ? ("labels" as const) : ("annotations" as const);
  for (const [key, value] of Object.entries(pairs.set)) {
    const problems = labelKeyProblems(field === "labels" ? key : key.toLowerCase());
    if (problems[0] !== undefined) return fail(`"${key}": ${problems[0]}`);
    const wrong = field === "labels" ? labelValueProblems(value)[0] : undefined;
    if (wrong !== undefined) return fail(`invalid label value: "${key}=${value}": ${wrong}`);
  }
  return { ...base, kind: "label", target, field, ...pairs, overwrites: command.flags.get("overwrite") === "true" };
}

/** `key=value:effect`, `key:effect`, and with a `-` behind it, or `key-`, those to remove. */
function taintsOf({ command, args, target, base, fail }: Edit): Action | null {
  if (target.kind !== "Node") return fail(`taint works on nodes, not on ${target.kind}`);
  if (args.length === 0) return fail("taint needs key=value:effect");
  const set: Taint[] = [];
  const remove: { key: string; effect: string | null }[] = [];
  for (const arg of args) {
    const match = /^([^=:]+?)(?:=([^:]*))?(?::([A-Za-z]+))?(-)?$/.exec(arg);
    const [, key = "", value = "", effect = "", minus] = match ?? [];
    if (match === null || (effect === "" && minus === undefined)) return fail(`invalid taint spec: ${arg}`);
    if (effect !== "" && !EFFECTS.includes(effect)) {
      return fail(`invalid taint effect: ${effect}, unsupported taint effect`);
    }
    const problem = labelKeyProblems(key)[0] ?? labelValueProblems(value)[0];
    if (problem !== undefined) return fail(`invalid taint spec: ${arg}, ${problem}`);
    if (minus !== undefined) remove.push({ key, effect: effect === "" ? null : effect });
    else set.push({ key, ...(value === "" ? {} : { value }), effect: effect as NonNullable<Taint["effect"]> });
  }
  const overwrites = command.flags.get("overwrite") === "true";
  return { ...base, kind: "taint", nodes: [target.name], set, remove, overwrites };
}

function patchOf({ command, target, base, fail }: Edit): Action | null {
  const type = command.flags.get("type") ?? "strategic";
  if (!isPatchType(type)) return fail(`--type must be one of [${PATCH_TYPES.join(" ")}], not ${JSON.stringify(type)}`);
  const text = command.flags.get("patch");
  if (text === undefined) return fail("must specify --patch or --patch-file containing the contents of the patch");
  const patch = parsedOf(text);
  if (type === "json") {
    const operations = operationsOf(patch);
    return typeof operations === "string"
      ? fail(`unable to parse "${text}": ${operations}`)
      : { ...base, kind: "patch", target, type, operations };
  }
  if (!isRecord(patch)) return fail(`unable to parse "${text}": expected a map in JSON or YAML`);
  const problem = type === "strategic" ? patchProblem(patch) : undefined;
  return problem === undefined ? { ...base, kind: "patch", target, type, patch } : fail(problem);
}

function parsedOf(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    // Not even YAML; the caller says so.
    return undefined;
  }
}

function isPatchType(type: string): type is (typeof PATCH_TYPES)[number] {
  return (PATCH_TYPES as readonly string[]).includes(type);
}

const OPERATIONS: readonly string[] = ["add", "remove", "replace", "move", "copy", "test"];

/** The operations of a JSON patch (RFC 6902), or what is wrong with them. */
function operationsOf(patch: unknown): readonly JsonPatchOperation[] | string {
  if (!Array.isArray(patch))
    return "expected a list of operations, such as [{op: replace, path: /spec/replicas, value: 3}]";
  for (const [index, one] of patch.entries()) {
    const { op, path, from } = isRecord(one) ? one : {};
    if (typeof op !== "string" || !OPERATIONS.includes(op))
      return `[${index}].op: expected one of ${OPERATIONS.join(", ")}`;
    if (typeof path !== "string" || (path !== "" && !path.startsWith("/")))
      return `[${index}].path: expected a path such as /spec/replicas`;
    if ((op === "move" || op === "copy") && typeof from !== "string")
      return `[${index}].from: expected a path such as /spec/replicas`;
  }
  return patch as readonly JsonPatchOperation[];
}

function envOf({ command, args, target, base, fail }: Edit): Action | null {
  const pairs = pairsOf(args);
  if (typeof pairs === "string") return fail(pairs);
  return { ...base, kind: "setEnv", target, container: command.flags.get("containers") ?? "*", ...pairs };
}

function resourcesOf({ command, target, base, fail }: Edit): Action | null {
  const [requests, limits] = [
    quantitiesOf(command.flags.get("requests") ?? ""),
    quantitiesOf(command.flags.get("limits") ?? ""),
  ];
  if (typeof requests === "string") return fail(requests);
  if (typeof limits === "string") return fail(limits);
  if (Object.keys(requests).length + Object.keys(limits).length === 0) {
    return fail("you must specify an update to requests or limits (in the form of --requests/--limits)");
  }
  return { ...base, kind: "setResources", target, container: command.flags.get("containers") ?? "*", requests, limits };
}

/** `cpu=100m,memory=1Gi`. */
function quantitiesOf(text: string): Quantities | string {
  const list: Record<string, string> = {};
  for (const part of text === "" ? [] : text.split(",")) {
    const [name = "", quantity = "", ...rest] = part.split("=");
    if (name === "" || quantity === "" || rest.length > 0)
      return `invalid argument syntax ${part}, expected <resource>=<value>`;
    const parsed = tryParseQuantity(quantity);
    if ("error" in parsed) return `${part}: ${parsed.error}`;
    list[name] = quantity;
  }
  return list;
}
