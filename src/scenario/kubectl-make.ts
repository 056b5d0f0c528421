import { findKindByName, resourceText, type StringMap, withDefaults } from "../kube/index.ts";
import { tryParseQuantity } from "../units/index.ts";
import { type ExposeSettings, exposedService } from "../world/index.ts";
import type { Action, ObjectReference, PlannedObject } from "../world/plan.ts";
import type { Field } from "./field.ts";
import { asKubectl, type KubectlCommand, parseKubectl } from "./kubectl.ts";
import { madeObjects, missingFlags, numberOrText, pairsOf } from "./kubectl-objects.ts";
import { kindOfWord, type ObjectIndex } from "./objects.ts";

type Base = Pick<Action, "index" | "atMicros" | "source">;
type Resolve = (verb: string, target: string, namespace: string) => ObjectReference | null;

interface MakingContext {
  readonly manifests: ReadonlyMap<string, readonly PlannedObject[]>;
  /** The object that a word such as `deployment/web` means; null when it has been complained of. */
  readonly resolve: Resolve;
}

const VERB = /^(run|expose|autoscale|replace|create)(\s|$)/;

/** Whether a line is one of the commands that make objects. */
export function isMaking(line: string): boolean {
  return VERB.test(line.replace(/^kubectl\s+/, ""));
}

/** Where the objects that a kubectl line makes are kept among the manifests. */
export function madeKey(index: number): string {
  return `actions[${index}].kubectl`;
}

/**
 * The objects that a line of kubectl makes by its flags alone, as they are sent: those of `run` and `create`, and the
 * autoscaler of `autoscale`. Nothing where there is something wrong, which `readMaking` says.
 */
export function objectsOfLine(line: string): readonly object[] {
  const command = parseKubectl(line);
  if ("error" in command) return [];
  const made = command.verb === "autoscale" ? autoscalerOf(command) : madeObjects(command);
  return made === null || typeof made === "string" ? [] : made;
}

/** Reads `kubectl run`, `create`, `expose`, `autoscale` and `replace`; null when it has been complained of. */
export function readMaking(place: Field, number: number, base: Base, context: MakingContext): Action | null {
  const command = parseKubectl(place.text());
  const fail = (message: string): null => {
    place.report("E0409", message);
    return null;
  };
  if ("error" in command) return fail(command.error);
  const { verb, flags } = command;
  const whole = { ...base, text: asKubectl(place.text()) };
  const missing = missingFlags(command);
  if (missing !== undefined) return fail(missing);
  if (verb === "create" || verb === "replace") {
    const file = flags.get("filename");
    if (file === undefined) return fail("must specify one of -f and -k");
    const objects = context.manifests.get(file) ?? [];
    return verb === "create"
      ? { ...whole, kind: "create", objects, needs: null }
      : replacing(place, whole, command, objects);
  }
  if (verb === "expose") return exposing(place, whole, command, context.resolve);
  if (flags.has("from")) return jobOf(place, whole, command, context.resolve);
  const made = verb === "autoscale" ? autoscalerOf(command) : madeObjects(command);
  if (typeof made === "string") return fail(made);
  const needs = verb === "autoscale" ? context.resolve(verb, targetText(command), namespaceOf(command)) : null;
  if (verb === "autoscale" && needs === null) return null;
  // What the API server would refuse has been reported where the line was read.
  return { ...whole, kind: "create", objects: context.manifests.get(madeKey(number)) ?? [], needs };
}

type Whole = Base & Pick<Action, "text">;

/** The same for the fields `create` and `replace`, which name a file or hold an object. */
export function makingByField(
  verb: "create" | "replace",
  place: Field,
  whole: Whole,
  objects: readonly PlannedObject[],
): Action | null {
  if (verb === "create") return { ...whole, kind: "create", objects, needs: null };
  return refusesPods(place, objects) ? null : { ...whole, kind: "replace", objects, isForced: false };
}

function replacing(
  place: Field,
  whole: Whole,
  { flags }: KubectlCommand,
  objects: readonly PlannedObject[],
): Action | null {
  if (refusesPods(place, objects)) return null;
  return { ...whole, kind: "replace", objects, isForced: flags.get("force") === "true" };
}

function refusesPods(place: Field, objects: readonly PlannedObject[]): boolean {
  const isPod = objects.some(({ object }) => object.kind === "Pod");
  if (isPod) place.report("E0409", "replace cannot be played on a running pod; change what makes the pod");
  return isPod;
}

function targetText({ words }: KubectlCommand): string {
  return words.slice(0, words[0]?.includes("/") === true ? 1 : 2).join("/");
}

function namespaceOf({ flags }: KubectlCommand): string {
  return flags.get("namespace") ?? "default";
}

function jobOf(place: Field, whole: Whole, command: KubectlCommand, resolve: Resolve): Action | null {
  const [name, ...args] = [...command.words, ...command.behindDashes];
  const report = (message: string): null => {
    place.report("E0409", message);
    return null;
  };
  if (command.flags.has("image")) return report("either --image or --from must be specified");
  if (name === undefined) return report("exactly one NAME is required, got 0");
  if (args.length > 0) return report("cannot specify --from and command");
  const target = resolve("create job --from", command.flags.get("from") ?? "", namespaceOf(command));
  return target === null ? null : { ...whole, kind: "createJob", target, name };
}

/** @source kubernetes 1.37 kubectl pkg/cmd/autoscale */
function autoscalerOf(command: KubectlCommand): readonly object[] | string {
  const { flags } = command;
  const missing = missingFlags(command);
  if (missing !== undefined) return missing;
  const [max, min] = [Number(flags.get("max")), Number(flags.get("min") ?? -1)];
  if (!(max >= 1)) return `--max=MAXPODS is required and must be at least 1, max: ${flags.get("max")}`;
  if (!(max >= min))
    return `--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${flags.get("min")}`;
  const percent = flags.get("cpu-percent");
  if (percent !== undefined && flags.has("cpu")) return "--cpu-percent and --cpu are mutually exclusive";
  const cpu = targetOf("cpu", percent === undefined ? flags.get("cpu") : `${percent}%`);
  const memory = targetOf("memory", flags.get("memory"));
  if (typeof cpu === "string") return cpu;
  if (typeof memory === "string") return memory;
  const [word = "", name = ""] = targetText(command).split("/");
  const kind = kindOfWord(word) ?? word;
  const info = findKindByName(kind);
  const namespace = flags.get("namespace");
  const metrics = [...cpu, ...memory];
  const spec = {
    scaleTargetRef: { apiVersion: info?.apiVersion ?? "v1", kind, name },
    ...(min > 0 && { minReplicas: min }),
    maxReplicas: max,
    ...(metrics.length > 0 && { metrics }),
  };
  const metadata = { name: flags.get("name") ?? name, ...(namespace !== undefined && { namespace }) };
  return [{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata, spec }];
}

/** `70%` of the request, or an amount: a number alone is millicores or mebibytes. */
function targetOf(name: "cpu" | "memory", text: string | undefined): readonly object[] | string {
  if (text === undefined) return [];
  if (text.endsWith("%")) {
    const percent = text.slice(0, -1);
    if (!/^\d+$/.test(percent)) return `invalid percentage value: ${percent}`;
    return [
      { type: "Resource", resource: { name, target: { type: "Utilization", averageUtilization: Number(percent) } } },
    ];
  }
  const averageValue = /^\d+(\.\d+)?$/.test(text) ? `${text}${name === "cpu" ? "m" : "Mi"}` : text;
  if ("error" in tryParseQuantity(averageValue)) return `invalid resource ${name} value: ${text}`;
  return [{ type: "Resource", resource: { name, target: { type: "AverageValue", averageValue } } }];
}

function exposing(place: Field, whole: Whole, command: KubectlCommand, resolve: Resolve): Action | null {
  const settings = exposeSettings(command);
  if (typeof settings === "string") {
    place.report("E0409", settings);
    return null;
  }
  const target = resolve("expose", targetText(command), namespaceOf(command));
  return target === null ? null : { ...whole, kind: "expose", target, settings };
}

function exposeSettings({ flags }: KubectlCommand): ExposeSettings | string {
  const pairs = (flag: string): StringMap | string | null =>
    flags.has(flag) ? pairsOf(flags.get(flag) ?? "", "label") : null;
  const [selector, labels] = [pairs("selector"), pairs("labels")];
  if (typeof selector === "string") return selector;
  if (typeof labels === "string") return labels;
  const port = flags.get("port") ?? null;
  if (port !== null && !/^\d+(,\d+)*$/.test(port)) return `--port: expected a number; got "${port}"`;
  const affinity = flags.get("session-affinity");
  if (affinity !== undefined && !["None", "ClientIP"].includes(affinity))
    return `unknown session affinity: ${affinity}`;
  const target = flags.get("target-port");
  const spec = {
    ...(flags.has("type") && { type: flags.get("type") }),
    ...(flags.has("external-ip") && { externalIPs: [flags.get("external-ip")] }),
    ...(flags.get("type") === "LoadBalancer" &&
      flags.has("load-balancer-ip") && { loadBalancerIP: flags.get("load-balancer-ip") }),
    ...(affinity !== undefined && { sessionAffinity: affinity }),
    ...(flags.has("cluster-ip") && { clusterIP: flags.get("cluster-ip") }),
  };
  return {
    name: flags.get("name") ?? null,
    port,
    targetPort: target === undefined ? null : numberOrText(target),
    protocol: flags.get("protocol") ?? null,
    selector,
    labels,
    spec,
  };
}

/** The Services that lines of `kubectl expose` would make of the objects as they are planned: for who names them. */
export function exposedBy(lines: readonly Field[], index: ObjectIndex): PlannedObject[] {
  return lines.flatMap((place) => {
    const command = parseKubectl(place.text());
    if ("error" in command || command.verb !== "expose") return [];
    const settings = exposeSettings(command);
    const [word = "", name = ""] = targetText(command).split("/");
    const kind = kindOfWord(word);
    const source = kind === null ? null : index.find({ kind, namespace: namespaceOf(command), name });
    if (typeof settings === "string" || source === null) return [];
    const made = exposedService(source.object, settings);
    return typeof made === "string" ? [] : [{ object: withDefaults(made), source: place.place, simulated: true }];
  });
}

/** What kubectl says of kinds that cannot be exposed or autoscaled. */
export function cannotScale(kind: string): string {
  const info = findKindByName(kind);
  const resource = `${info?.group ?? ""}/${info?.version ?? ""}, Resource=${resourceText(kind).split(".")[0]}`;
  return `cannot autoscale a ${kind}: could not find scale subresource for ${resource} in discovery information`;
}
