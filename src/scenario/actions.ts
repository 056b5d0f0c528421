import { findKindByName, resourceText } from "../kube/index.ts";
import { nodeOfPool } from "../world/index.ts";
import type { Action, Micros, ObjectReference, PlannedNode, PlannedObject, PlannedPool } from "../world/plan.ts";
import { choiceText, nodeNamed, nodesOf, selectorTarget } from "./chosen-nodes.ts";
import { reportIfAfterEnd } from "./failures.ts";
import type { Field } from "./field.ts";
import { asKubectl, parseKubectl } from "./kubectl.ts";
import { isEdit, readEdit } from "./kubectl-edits.ts";
import { cannotScale, isMaking, makingByField, readMaking } from "./kubectl-make.ts";
import { kindOfWord, kindWords, type ObjectIndex, referenceLabel } from "./objects.ts";
import { readRollingUpdate } from "./rolling-update.ts";
import { didYouMean } from "./spelling.ts";

export interface ActionContext {
  readonly index: ObjectIndex;
  readonly nodes: readonly PlannedNode[];
  readonly pools: readonly PlannedPool[];
  readonly durationMicros: Micros;
  /** What the file or object of an `apply` holds; the path as written, or the label of the field for one in place. */
  readonly manifests: ReadonlyMap<string, readonly PlannedObject[]>;
}

/** Everything an action can say, whether it came as fields or as a kubectl line. */
interface Wish {
  readonly verb: string;
  /** `kind/name`, a node's name, the key into the manifests, or nodes in kubectl's words. */
  readonly target: string;
  readonly namespace: string;
  readonly number: number | null;
  readonly images: readonly { readonly container: string; readonly image: string }[];
  /** Of `delete`. */
  readonly cascade?: Cascade;
  /** Of `scale`: only from so many. */
  readonly current?: number;
  readonly text: string;
}

type Cascade = NonNullable<Extract<Action, { kind: "delete" }>["cascade"]>;

const VERBS = [
  "apply",
  "create",
  "replace",
  "scale",
  "setImage",
  "delete",
  "cordon",
  "uncordon",
  "drain",
  "rolloutUndo",
  "rolloutPause",
  "rolloutResume",
  "rolloutRestart",
  "addNodes",
  "removeNodes",
  "restartKubelet",
  "kubectl",
] as const;

/** Reads `spec.actions`, sorted by nothing: two at one instant happen in the order of the file. */
export function readActions(fields: readonly Field[], context: ActionContext): Action[] {
  const named = [...context.nodes, ...laterNodes(fields, context.pools)];
  return fields.map((field, index) => readAction(field, index, { ...context, named })).filter((one) => one !== null);
}

/** The nodes that the actions add to the pools: other actions may name them. */
function laterNodes(fields: readonly Field[], pools: readonly PlannedPool[]): PlannedNode[] {
  return pools.flatMap((pool) => {
    const adding = fields.filter((field) => field.get("addNodes").textOrNull() === pool.name);
    const count = adding.reduce((sum, field) => sum + field.get("count").number(1), 0);
    return Array.from({ length: count }, (_, index) => nodeOfPool(pool, pool.count + index));
  });
}

interface Context extends ActionContext {
  /** The nodes that may be named: those of the start, and those that actions add. */
  readonly named: readonly PlannedNode[];
}

function readAction(field: Field, index: number, context: Context): Action | null {
  const given = VERBS.filter((verb) => field.get(verb).isPresent);
  const verb = given[0];
  if (verb === undefined || given.length > 1) {
    const found = given.length === 0 ? "none" : given.join(" and ");
    field.report("E0110", `${field.label}: expected exactly one of ${VERBS.join(", ")}; got ${found}`);
    return null;
  }
  reportIfAfterEnd(field.get("at"), context.durationMicros);
  if (verb === "kubectl" && /^(kubectl\s+)?rolling-update\s/.test(field.get("kubectl").text())) {
    const base = { index, atMicros: field.get("at").micros(), source: field.place };
    return readRollingUpdate(field.get("kubectl"), base, context);
  }
  if (verb === "kubectl" && isMaking(field.get("kubectl").text())) {
    const base = { index, atMicros: field.get("at").micros(), source: field.place };
    const line = field.get("kubectl");
    const resolve = (made: string, target: string, namespace: string): ObjectReference | null =>
      targetOf(line, { verb: made, target, namespace }, context.index);
    return readMaking(line, index, base, { manifests: context.manifests, resolve });
  }
  if (verb === "kubectl" && isEdit(field.get("kubectl").text())) {
    const base = { index, atMicros: field.get("at").micros(), source: field.place };
    const edited = field.get("kubectl");
    return readEdit(edited, base, (edit, target, namespace) =>
      editedBy(edited, { verb: edit, target, namespace }, context),
    );
  }
  const wish = verb === "kubectl" ? wishOfKubectl(field.get("kubectl")) : wishOfFields(field, verb);
  if (wish === null) return null;
  const place = field.get(verb);
  const base = { index, atMicros: field.get("at").micros(), text: wish.text, source: field.place };
  return carryOut(wish, place, base, context);
}

type Base = Pick<Action, "index" | "atMicros" | "text" | "source">;

function carryOut(wish: Wish, place: Field, base: Base, context: Context): Action | null {
  if (wish.verb === "apply") {
    const objects = context.manifests.get(wish.target);
    return objects === undefined ? null : { ...base, kind: "apply", objects };
  }
  if (wish.verb === "create" || wish.verb === "replace") {
    const objects = context.manifests.get(wish.target);
    return objects === undefined ? null : makingByField(wish.verb, place, base, objects);
  }
  if (wish.verb === "addNodes" || wish.verb === "removeNodes") return machines(wish, place, base, context);
  if (ON_NODES.has(wish.verb)) {
    const chosen = nodesOf(place, wish.target, context);
    if (wish.verb === "drain") return { ...base, kind: "drain", ...chosen, gracePeriodSeconds: wish.number };
    if (wish.verb === "restartKubelet") return { ...base, kind: "restartKubelet", ...chosen };
    return { ...base, kind: wish.verb as "cordon" | "uncordon", ...chosen };
  }
  const target = targetOf(place, wish, context.index);
  if (target === null) return null;
  switch (wish.verb) {
    case "scale":
      if (wish.number === null) place.report("E0111", "scale needs replicas");
      return {
        ...base,
        kind: "scale",
        target,
        replicas: wish.number ?? 0,
        ...(wish.current !== undefined && { current: wish.current }),
      };
    case "setImage":
      if (wish.images.length === 0) place.report("E0111", "setImage needs image");
      return { ...base, kind: "setImage", target, images: wish.images };
    case "delete":
      return {
        ...base,
        kind: "delete",
        target,
        gracePeriodSeconds: wish.number,
        ...(wish.cascade !== undefined && { cascade: wish.cascade }),
      };
    case "rolloutUndo":
      return { ...base, kind: "rolloutUndo", target, toRevision: wish.number };
    default:
      return { ...base, kind: wish.verb as "rolloutPause" | "rolloutResume" | "rolloutRestart", target };
  }
}

/** Verbs whose target is a node by name, or nodes by what they are. */
const ON_NODES: ReadonlySet<string> = new Set(["cordon", "uncordon", "drain", "restartKubelet"]);

/** `addNodes` and `removeNodes`: a pool and how many, or for the latter a node. */
function machines(wish: Wish, place: Field, base: Base, context: Context): Action | null {
  const count = wish.number ?? 1;
  const isPool = context.pools.some(({ name }) => name === wish.target);
  if (wish.verb === "addNodes" && isPool) return { ...base, kind: "addNodes", pool: wish.target, count };
  if (wish.verb === "removeNodes" && isPool) return { ...base, kind: "removeNodes", pool: wish.target, count };
  const names = context.pools.map(({ name }) => name);
  if (wish.verb === "addNodes") {
    const known = names.length === 0 ? " — there are none" : ` — there are ${names.slice(0, 5).join(", ")}`;
    const hint = didYouMean(wish.target, names);
    place.report("E0401", `there is no node pool "${wish.target}"${hint === "" ? known : hint}`);
    return null;
  }
  if (!context.named.some(({ name }) => name === wish.target)) {
    const hint = didYouMean(wish.target, [...names, ...context.named.map(({ name }) => name)]);
    place.report("E0401", `there is no node or node pool "${wish.target}"${hint}`);
    return null;
  }
  return { ...base, kind: "removeNodes", nodes: [wish.target] };
}

/** The object that a line such as `kubectl label` is about: a node must be one that may be named. */
function editedBy(
  place: Field,
  { verb, target, namespace }: Pick<Wish, "verb" | "target" | "namespace">,
  context: Context,
): ObjectReference | null {
  const found = targetOf(place, { verb, target, namespace }, context.index);
  if (found?.kind !== "Node") return found;
  return nodeNamed(place, found.name, context.named).length === 0 ? null : found;
}

/** Kinds that a verb works on. */
const KINDS_OF_VERB: ReadonlyMap<string, readonly string[]> = new Map([
  ["scale", ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"]],
  ["setImage", ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Pod"]],
  ["set env", ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet"]],
  ["set resources", ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet"]],
  ["autoscale", ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"]],
  ["expose", ["Pod", "Service", "ReplicationController", "Deployment", "ReplicaSet"]],
  ["create job --from", ["CronJob"]],
  ["rolloutUndo", ["Deployment", "StatefulSet", "DaemonSet"]],
  ["rolloutPause", ["Deployment"]],
  ["rolloutResume", ["Deployment"]],
  ["rolloutRestart", ["Deployment", "StatefulSet", "DaemonSet"]],
]);

type Words = (kind: string, name: string) => string;
/** What kubectl says about the others. @source kubernetes 1.37 kubectl pkg/polymorphichelpers, pkg/cmd/rollout */
const KUBECTL_WORDS: ReadonlyMap<string, Words> = new Map<string, Words>([
  ["scale", () => "the server could not find the requested resource"],
  ["autoscale", cannotScale],
  ["expose", (kind) => `cannot expose a ${groupKind(kind)}`],
  ["create job --from", () => "from must be an existing cronjob"],
  ["rolloutUndo", (kind) => `no rollbacker has been implemented for "${groupKind(kind)}"`],
  ["rolloutPause", (kind, name) => `${resourceText(kind)} "${name}" pausing is not supported`],
  ["rolloutResume", (kind, name) => `${resourceText(kind)} "${name}" resuming is not supported`],
  ["rolloutRestart", (kind, name) => `${resourceText(kind)} "${name}" restarting is not supported`],
]);

function groupKind(kind: string): string {
  const group = findKindByName(kind)?.group ?? "";
  return group === "" ? kind : `${kind}.${group}`;
}

/** Kinds whose names controllers, or actions before, make while the run goes on: they cannot be known here. */
const MADE_IN_THE_RUN: ReadonlySet<string> = new Set([
  "Pod",
  "ReplicaSet",
  "Node",
  "Namespace",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "ControllerRevision",
  "EndpointSlice",
]);

function isMadeInTheRun({ kind, namespace, name }: ObjectReference, index: ObjectIndex): boolean {
  if (kind !== "Job") return MADE_IN_THE_RUN.has(kind);
  return index.namesOf("CronJob").some((one) => `${namespace}/${name}`.startsWith(`${one}-`));
}

function targetOf(
  place: Field,
  wish: Pick<Wish, "verb" | "target" | "namespace">,
  index: ObjectIndex,
): ObjectReference | null {
  const slash = wish.target.indexOf("/");
  const word = slash < 0 ? wish.target : wish.target.slice(0, slash);
  const name = slash < 0 ? "" : wish.target.slice(slash + 1);
  const kind = kindOfWord(word);
  if (kind === null || name === "") {
    const hint = kind === null ? didYouMean(word, kindWords()) : "";
    place.report("E0403", `"${wish.target}" is not kind/name, such as deployment/web${hint}`);
    return null;
  }
  const kinds = KINDS_OF_VERB.get(wish.verb);
  if (kinds !== undefined && !kinds.includes(kind)) {
    const words = KUBECTL_WORDS.get(wish.verb)?.(kind, name);
    const said = words === undefined ? "" : `: ${words}`;
    place.report("E0403", `${wish.verb} works on ${kinds.join(", ")}, not on ${kind}${said}`);
    return null;
  }
  const isNamespaced = findKindByName(kind)?.isNamespaced !== false;
  const target = { kind, namespace: isNamespaced ? wish.namespace : "", name };
  if (!isMadeInTheRun(target, index) && index.find(target) === null) {
    const hint = index.suggest(kind, target.namespace, name);
    place.report("E0403", `there is no ${referenceLabel(target)}${hint}`);
    return null;
  }
  return target;
}

function wishOfFields(field: Field, verb: string): Wish {
  const place = field.get(verb);
  const namespace = field.get("namespace").text("default");
  const isChoice = ON_NODES.has(verb) && place.textOrNull() === null;
  const target = OF_MANIFESTS.has(verb) ? applyKey(place) : isChoice ? choiceText(place) : place.text();
  const container = field.get("container").text("*");
  const image = field.get("image").textOrNull();
  const grace = field.get("gracePeriod");
  const number =
    verb === "scale"
      ? field.get("replicas").numberOrNull()
      : verb === "rolloutUndo"
        ? field.get("toRevision").numberOrNull()
        : verb === "addNodes" || verb === "removeNodes"
          ? field.get("count").numberOrNull()
          : (verb === "delete" || verb === "drain") && grace.isPresent
            ? Math.floor(grace.micros() / 1_000_000)
            : null;
  const wish = { verb, target, namespace, number, images: image === null ? [] : [{ container, image }] };
  return { ...wish, text: asCommand(wish) };
}

/** Verbs whose field is a file or an object. */
export const OF_MANIFESTS: ReadonlySet<string> = new Set(["apply", "create", "replace"]);

/** The key of an action's manifests in `ActionContext.manifests`. */
export function applyKey(place: Field): string {
  return place.textOrNull() ?? place.label;
}

function asCommand(wish: Omit<Wish, "text">): string {
  const { verb, target, namespace, number, images } = wish;
  const inside = namespace === "default" ? "" : ` -n ${namespace}`;
  switch (verb) {
    case "apply":
    case "create":
    case "replace":
      return `kubectl ${verb} -f ${target}`;
    case "scale":
      return `kubectl scale ${target} --replicas=${number ?? 0}${inside}`;
    case "setImage":
      return `kubectl set image ${target} ${images.map((one) => `${one.container}=${one.image}`).join(" ")}${inside}`;
    case "delete":
      return `kubectl delete ${target}${number === null ? "" : ` --grace-period=${number}`}${inside}`;
    case "drain":
      return `kubectl drain ${target} --ignore-daemonsets --delete-emptydir-data --force${number === null ? "" : ` --grace-period=${number}`}`;
    case "addNodes":
      return `add ${number ?? 1} to node pool ${target}`;
    case "removeNodes":
      return `remove ${number === null ? "" : `${number} of `}${target}`;
    case "restartKubelet":
      return `systemctl restart kubelet on ${target}`;
    case "rolloutUndo":
      return `kubectl rollout undo ${target}${number === null ? "" : ` --to-revision=${number}`}${inside}`;
    default:
      return `kubectl ${verb.startsWith("rollout") ? `rollout ${verb.slice(7).toLowerCase()}` : verb} ${target}${inside}`;
  }
}

const NUMBER_FLAG: ReadonlyMap<string, string> = new Map([
  ["scale", "replicas"],
  ["delete", "grace-period"],
  ["drain", "grace-period"],
  ["rollout undo", "to-revision"],
]);

function wishOfKubectl(place: Field): Wish | null {
  const command = parseKubectl(place.text());
  if ("error" in command) {
    place.report("E0409", command.error);
    return null;
  }
  const words = [...command.words];
  const images = command.verb === "set image" ? imagesOf(words) : [];
  const selector = ON_NODES.has(command.verb) ? command.flags.get("selector") : undefined;
  if (selector !== undefined && words.length > 0) {
    place.report("E0409", "cannot specify both a node name and a --selector option");
    return null;
  }
  const named = command.verb === "apply" ? (command.flags.get("filename") ?? "") : words.slice(0, 2).join("/");
  const target = selector === undefined ? named : selectorTarget(selector);
  if (target === "" || words.length > 2) {
    place.report(
      "E0409",
      target === "" ? `${command.verb} needs a target` : `one target at a time; got ${words.join(" ")}`,
    );
    return null;
  }
  const flag = command.flags.get(NUMBER_FLAG.get(command.verb) ?? "");
  const current = command.flags.get("current-replicas");
  const wrong = [flag, current].find((one) => one !== undefined && !isInt32(one));
  if (wrong !== undefined) {
    place.report("E0409", `expected a whole number; got "${wrong}"`);
    return null;
  }
  const deletion = command.verb === "delete" ? deletionOf(command.flags) : {};
  if (typeof deletion === "string") {
    place.report("E0409", deletion);
    return null;
  }
  const verb = command.verb.replace(/ ([a-z])/, (_, letter: string) => letter.toUpperCase());
  const namespace = command.flags.get("namespace") ?? "default";
  const text = asKubectl(place.text());
  const wish = { verb, target, namespace, number: flag === undefined ? null : Number(flag), images, text };
  return { ...wish, ...deletion, ...(current !== undefined && { current: Number(current) }) };
}

function isInt32(text: string): boolean {
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= 2_147_483_647;
}

const CASCADES: ReadonlyMap<string, Cascade> = new Map([
  ["background", "Background"],
  ["foreground", "Foreground"],
  ["orphan", "Orphan"],
]);

/** What the flags of `kubectl delete` come to; a text when kubectl would not. @source kubernetes 1.37 kubectl pkg/cmd/delete */
function deletionOf(flags: ReadonlyMap<string, string>): { number: number | null; cascade?: Cascade } | string {
  const cascade = flags.get("cascade");
  const policy = CASCADES.get(cascade ?? "");
  if (cascade !== undefined && policy === undefined) {
    return `invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`;
  }
  const isForced = flags.get("force") === "true";
  const given = flags.get("grace-period");
  const grace = given === undefined ? null : Number(given);
  if (flags.get("now") === "true" && grace !== null) return "--now and --grace-period cannot be specified together";
  if (isForced && grace !== null && grace > 0) {
    return "--force and --grace-period greater than 0 cannot be specified together";
  }
  const number = flags.get("now") === "true" ? 1 : isForced ? 0 : grace === 0 ? 1 : grace;
  return { number, ...(policy !== undefined && { cascade: policy }) };
}

/** Takes the `container=image` words out of `words`. */
function imagesOf(words: string[]): { container: string; image: string }[] {
  const images: { container: string; image: string }[] = [];
  for (let index = words.length - 1; index >= 0; index--) {
    const match = /^([^=/]+)=(.+)$/.exec(words[index] ?? "");
    if (match === null) continue;
    images.unshift({ container: match[1] ?? "", image: match[2] ?? "" });
    words.splice(index, 1);
  }
  return images;
}
