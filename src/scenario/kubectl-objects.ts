import type { KubectlCommand } from "./kubectl.ts";

/** The objects that `kubectl run`, `create TYPE` and `autoscale` make of their flags, as they are sent to the API server. */

type Fields = Readonly<Record<string, unknown>>;
/** Or what kubectl says against it. */
type Made = readonly Fields[] | string;

const MAKERS: ReadonlyMap<string, (command: KubectlCommand) => Made> = new Map([
  ["run", run],
  ["create deployment", deployment],
  ["create job", job],
  ["create cronjob", cronJob],
  ["create namespace", namespace],
  ["create service clusterip", (command) => service(command, "ClusterIP")],
  ["create service nodeport", (command) => service(command, "NodePort")],
  ["create service loadbalancer", (command) => service(command, "LoadBalancer")],
  ["create service externalname", externalName],
  ["create quota", quota],
  ["create poddisruptionbudget", disruptionBudget],
  ["create priorityclass", priorityClass],
  ["create configmap", configMap],
]);

/** Flags without which kubectl does nothing. */
const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map([
  ["run", ["image"]],
  ["create deployment", ["image"]],
  ["create cronjob", ["image", "schedule"]],
  ["create service externalname", ["external-name"]],
  ["create priorityclass", ["value"]],
  ["autoscale", ["max"]],
]);

/** What is missing of what kubectl insists on, in its words. */
export function missingFlags({ verb, flags }: KubectlCommand): string | undefined {
  const missing = (REQUIRED.get(verb) ?? []).filter((flag) => !flags.has(flag));
  if (missing.length === 0) return undefined;
  return `required flag(s) ${missing.map((flag) => `"${flag}"`).join(", ")} not set`;
}

/**
 * What a command makes of its flags alone; null for commands that need to see the cluster, or make nothing.
 *
 * @source kubernetes 1.37 kubectl pkg/cmd/run, pkg/cmd/create
 */
export function madeObjects(command: KubectlCommand): Made | null {
  const make = MAKERS.get(command.verb);
  if (make === undefined || command.flags.has("from")) return null;
  const missing = missingFlags(command);
  if (missing !== undefined) return missing;
  if (command.words.length === 0) {
    return command.verb === "run" ? "NAME is required for run" : "exactly one NAME is required, got 0";
  }
  return make(command);
}

/** `a=1,b=2`; a text when kubectl would not take it. */
export function pairsOf(text: string, what: string): Readonly<Record<string, string>> | string {
  const pairs: Record<string, string> = {};
  for (const part of text === "" ? [] : text.split(",")) {
    const equals = part.indexOf("=");
    if (equals < 1) return `unexpected ${what} spec: ${part}`;
    pairs[part.slice(0, equals)] = part.slice(equals + 1);
  }
  return pairs;
}

/** A number where it is one, else the text: a port's number or name, an amount or a share. */
export function numberOrText(text: string): number | string {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

function metadataOf({ words, flags }: KubectlCommand, more: Fields = {}): Fields {
  const namespace = flags.get("namespace");
  return { name: words[0], ...(namespace !== undefined && { namespace }), ...more };
}

/** What stands behind the name, or behind `--`. */
function argumentsOf({ words, behindDashes }: KubectlCommand): readonly string[] {
  return [...words.slice(1), ...behindDashes];
}

function run(command: KubectlCommand): Made {
  const { words, flags, lists } = command;
  const labels = flags.has("labels") ? pairsOf(flags.get("labels") ?? "", "label") : { run: words[0] ?? "" };
  if (typeof labels === "string") return labels;
  const restartPolicy = flags.get("restart") ?? "Always";
  if (!["Always", "OnFailure", "Never"].includes(restartPolicy)) return `invalid restart policy: ${restartPolicy}`;
  const port = flags.get("port");
  if (flags.get("expose") === "true" && port === undefined) return "--port must be set when exposing a service";
  const variables = (lists.get("env") ?? []).map((text) => ({ text, equals: text.indexOf("=") }));
  const wrong = variables.find(({ equals }) => equals < 1);
  if (wrong !== undefined) return `invalid env: ${wrong.text}`;
  const args = argumentsOf(command);
  const container = {
    name: words[0],
    image: flags.get("image"),
    ...(flags.has("image-pull-policy") && { imagePullPolicy: flags.get("image-pull-policy") }),
    ...(args.length > 0 && { [flags.get("command") === "true" ? "command" : "args"]: args }),
    ...(port !== undefined && { ports: [{ containerPort: numberOrText(port) }] }),
    ...(variables.length > 0 && {
      env: variables.map(({ text, equals }) => ({ name: text.slice(0, equals), value: text.slice(equals + 1) })),
    }),
  };
  const spec = { containers: [container], dnsPolicy: "ClusterFirst", restartPolicy };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: metadataOf(command, { labels }), spec };
  if (flags.get("expose") !== "true") return [pod];
  const ports = [{ port: numberOrText(port ?? ""), protocol: "TCP", targetPort: numberOrText(port ?? "") }];
  const exposed = {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataOf(command),
    spec: { selector: labels, ports },
  };
  return [pod, exposed];
}

function deployment(command: KubectlCommand): Made {
  const { words, flags, lists } = command;
  const images = (lists.get("image") ?? []).flatMap((text) => text.split(","));
  const args = argumentsOf(command);
  if (images.length > 1 && args.length > 0) return "cannot specify multiple --image options and command";
  const port = flags.get("port");
  const containers = images.map((image, index) => ({
    name: containerName(image),
    image,
    ...(args.length > 0 && { command: args }),
    ...(index === 0 && port !== undefined && { ports: [{ containerPort: numberOrText(port) }] }),
  }));
  const labels = { app: words[0] };
  const template = { metadata: { labels }, spec: { containers } };
  const spec = { replicas: numberOrText(flags.get("replicas") ?? "1"), selector: { matchLabels: labels }, template };
  return [{ apiVersion: "apps/v1", kind: "Deployment", metadata: metadataOf(command, { labels }), spec }];
}

/** The last part of the image's name, which kubectl makes unique by chance where it holds `_` or `.`; here it is left as it is. */
function containerName(image: string): string {
  const name = (image.split("/").at(-1) ?? "").split(":")[0]?.split("@")[0] ?? "";
  return name.replaceAll(/[_.]/g, "-");
}

function jobSpec(command: KubectlCommand, restartPolicy: string): Fields {
  const args = argumentsOf(command);
  const container = {
    name: command.words[0],
    image: command.flags.get("image"),
    ...(args.length > 0 && { command: args }),
  };
  return { template: { spec: { containers: [container], restartPolicy } } };
}

function job(command: KubectlCommand): Made {
  if (!command.flags.has("image")) return "either --image or --from must be specified";
  return [{ apiVersion: "batch/v1", kind: "Job", metadata: metadataOf(command), spec: jobSpec(command, "Never") }];
}

function cronJob(command: KubectlCommand): Made {
  const { words, flags } = command;
  const jobTemplate = { metadata: { name: words[0] }, spec: jobSpec(command, flags.get("restart") ?? "OnFailure") };
  const spec = { schedule: flags.get("schedule"), jobTemplate };
  return [{ apiVersion: "batch/v1", kind: "CronJob", metadata: metadataOf(command), spec }];
}

function namespace({ words }: KubectlCommand): Made {
  return [{ apiVersion: "v1", kind: "Namespace", metadata: { name: words[0] } }];
}

function service(command: KubectlCommand, type: string): Made {
  const { words, flags, lists } = command;
  const texts = (lists.get("tcp") ?? []).flatMap((text) => text.split(","));
  const clusterIP = flags.get("clusterip");
  if (clusterIP !== "None" && texts.length === 0) return "at least one tcp port specifier must be provided";
  const nodePort = flags.get("node-port");
  const ports = texts.map((text) => {
    const [port = "", target = port] = text.split(":");
    return {
      name: text.replaceAll(":", "-"),
      port: numberOrText(port),
      protocol: "TCP",
      targetPort: numberOrText(target),
      ...(nodePort !== undefined && { nodePort: numberOrText(nodePort) }),
    };
  });
  const labels = { app: words[0] };
  const spec = { type, selector: labels, ports, ...(clusterIP !== undefined && { clusterIP }) };
  return [{ apiVersion: "v1", kind: "Service", metadata: metadataOf(command, { labels }), spec }];
}

function externalName(command: KubectlCommand): Made {
  const labels = { app: command.words[0] };
  const spec = { type: "ExternalName", selector: labels, externalName: command.flags.get("external-name") };
  return [{ apiVersion: "v1", kind: "Service", metadata: metadataOf(command, { labels }), spec }];
}

function quota(command: KubectlCommand): Made {
  const hard = pairsOf(command.flags.get("hard") ?? "", "resource");
  if (typeof hard === "string") return hard;
  const scopes = command.flags.get("scopes")?.split(",");
  const spec = { hard, ...(scopes !== undefined && { scopes }) };
  return [{ apiVersion: "v1", kind: "ResourceQuota", metadata: metadataOf(command), spec }];
}

function disruptionBudget(command: KubectlCommand): Made {
  const { flags } = command;
  const [least, most] = [flags.get("min-available"), flags.get("max-unavailable")];
  if (!flags.has("selector")) return "a selector must be specified";
  if (least === undefined && most === undefined) return "one of min-available or max-unavailable must be specified";
  if (least !== undefined && most !== undefined) return "min-available and max-unavailable cannot be both specified";
  const matchLabels = pairsOf(flags.get("selector") ?? "", "label");
  if (typeof matchLabels === "string") return matchLabels;
  const spec = {
    selector: { matchLabels },
    ...(least !== undefined ? { minAvailable: numberOrText(least) } : { maxUnavailable: numberOrText(most ?? "") }),
  };
  return [{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: metadataOf(command), spec }];
}

function priorityClass({ words, flags }: KubectlCommand): Made {
  const object = {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: words[0] },
    value: numberOrText(flags.get("value") ?? ""),
    ...(flags.get("global-default") === "true" && { globalDefault: true }),
    ...(flags.has("description") && { description: flags.get("description") }),
    ...(flags.has("preemption-policy") && { preemptionPolicy: flags.get("preemption-policy") }),
  };
  return [object];
}

function configMap(command: KubectlCommand): Made {
  const data: Record<string, string> = {};
  for (const text of command.lists.get("from-literal") ?? []) {
    const equals = text.indexOf("=");
    if (equals < 1) return `invalid literal source ${text}, expected key=value`;
    data[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return [{ apiVersion: "v1", kind: "ConfigMap", metadata: metadataOf(command), data }];
}
