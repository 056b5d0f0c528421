import { didYouMean } from "./spelling.ts";

/** A kubectl command line, taken apart. `words` are what is neither flag nor value of one. */
export interface KubectlCommand {
  readonly verb: string;
  readonly words: readonly string[];
  /** The last value of each flag. */
  readonly flags: ReadonlyMap<string, string>;
  /** All its values. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** What stands behind `--`. */
  readonly behindDashes: readonly string[];
}

/** Flags that take a value, by the verbs that know them. */
const FLAGS: ReadonlyMap<string, readonly string[]> = new Map([
  ["apply", ["filename"]],
  ["create", ["filename"]],
  ["replace", ["filename", "force"]],
  ["create deployment", ["image", "replicas", "port"]],
  ["create job", ["image", "from"]],
  ["create cronjob", ["image", "schedule", "restart"]],
  ["create namespace", []],
  ["create service clusterip", ["tcp", "clusterip"]],
  ["create service nodeport", ["tcp", "node-port"]],
  ["create service loadbalancer", ["tcp"]],
  ["create service externalname", ["external-name"]],
  ["create quota", ["hard", "scopes"]],
  ["create poddisruptionbudget", ["selector", "min-available", "max-unavailable"]],
  ["create priorityclass", ["value", "global-default", "description", "preemption-policy"]],
  ["create configmap", ["from-literal"]],
  ["run", ["image", "port", "labels", "env", "restart", "command", "expose", "image-pull-policy"]],
  [
    "expose",
    [
      "port",
      "target-port",
      "name",
      "protocol",
      "type",
      "selector",
      "labels",
      "external-ip",
      "load-balancer-ip",
      "session-affinity",
      "cluster-ip",
    ],
  ],
  ["autoscale", ["min", "max", "cpu-percent", "cpu", "memory", "name"]],
  ["scale", ["replicas", "current-replicas"]],
  ["set image", []],
  ["delete", ["grace-period", "cascade", "force", "now"]],
  ["cordon", ["selector"]],
  ["uncordon", ["selector"]],
  ["drain", ["selector", "grace-period", "ignore-daemonsets", "delete-emptydir-data", "force"]],
  [
    "rolling-update",
    ["filename", "image", "container", "deployment-label-key", "update-period", "poll-interval", "timeout"],
  ],
  ["label", ["overwrite"]],
  ["annotate", ["overwrite"]],
  ["taint", ["overwrite"]],
  ["patch", ["type", "patch"]],
  ["set env", ["containers"]],
  ["set resources", ["containers", "requests", "limits"]],
  ["rollout undo", ["to-revision"]],
  ["rollout pause", []],
  ["rollout resume", []],
  ["rollout restart", []],
]);

/** Flags that may stand without a value. */
const SWITCHES: readonly string[] = [
  "ignore-daemonsets",
  "delete-emptydir-data",
  "force",
  "overwrite",
  "command",
  "expose",
  "global-default",
  "now",
];

/** What kubectl calls kinds besides, behind `create`. */
const CREATE_ALIASES: ReadonlyMap<string, string> = new Map([
  ["deploy", "deployment"],
  ["cj", "cronjob"],
  ["ns", "namespace"],
  ["svc", "service"],
  ["resourcequota", "quota"],
  ["pdb", "poddisruptionbudget"],
  ["pc", "priorityclass"],
  ["cm", "configmap"],
]);

const SHORT_FLAGS: ReadonlyMap<string, string> = new Map([
  ["n", "namespace"],
  ["f", "filename"],
  ["p", "patch"],
  ["c", "containers"],
  ["l", "labels"],
  ["r", "replicas"],
]);

/** Reads a command line such as `kubectl scale deployment/web --replicas=3 -n shop`; a message when it cannot. */
export function parseKubectl(line: string): KubectlCommand | { readonly error: string } {
  const words = splitWords(line);
  if (words === null) return { error: "a quote is not closed" };
  if (words[0] === "kubectl") words.shift();
  const verb = verbOf(words);
  const known = FLAGS.get(verb);
  if (known === undefined) {
    return {
      error: `"${verb}" cannot be played${didYouMean(verb, FLAGS.keys())} It can be ${[...FLAGS.keys()].join(", ")}`,
    };
  }
  return readFlags(verb, words, ["namespace", ...known]);
}

/** Takes the verb off the words: one word, or two or three, as in `create service nodeport`. */
function verbOf(words: string[]): string {
  const first = words.shift() ?? "";
  if (first === "rollout" || first === "set") return [first, ...words.splice(0, 1)].join(" ");
  const second = words[0];
  if (first !== "create" || second === undefined || second.startsWith("-")) return first;
  const kind = CREATE_ALIASES.get(second) ?? second;
  words.shift();
  return kind === "service" ? [first, kind, ...words.splice(0, 1)].join(" ") : `${first} ${kind}`;
}

function readFlags(
  verb: string,
  words: readonly string[],
  known: readonly string[],
): KubectlCommand | { error: string } {
  const lists = new Map<string, string[]>();
  const rest: string[] = [];
  const end = words.indexOf("--") === -1 ? words.length : words.indexOf("--");
  for (let index = 0; index < end; index++) {
    const word = words[index] ?? "";
    const match = /^--?([A-Za-z][-a-z]*)(?:=(.*))?$/.exec(word);
    if (match === null) {
      rest.push(word);
      continue;
    }
    // `-l` names labels that are given, or chosen by.
    const isSelector = match[1] === "l" && !known.includes("labels");
    const name = isSelector ? "selector" : (SHORT_FLAGS.get(match[1] ?? "") ?? match[1] ?? "");
    if (!known.includes(name)) return { error: `unknown flag "${word}" for ${verb}${didYouMean(name, known)}` };
    const value = match[2] ?? (SWITCHES.includes(name) ? "true" : words[++index]);
    if (value === undefined) return { error: `flag "${word}" needs a value` };
    lists.set(name, [...(lists.get(name) ?? []), value]);
  }
  const flags = new Map([...lists].map(([name, values]) => [name, values.at(-1) ?? ""]));
  return { verb, words: rest, flags, lists, behindDashes: words.slice(end + 1) };
}

/** The line with its program. */
export function asKubectl(line: string): string {
  return line.startsWith("kubectl ") ? line : `kubectl ${line}`;
}

/** Words of a shell-like line: single and double quotes group, a backslash takes the next character; null when open. */
function splitWords(line: string): string[] | null {
  const words: string[] = [];
  const pattern = /\s*((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)/gy;
  let end = 0;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    words.push((match[1] ?? "").replace(/\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/g, unquote));
    end = pattern.lastIndex;
  }
  return line.slice(end).trim() === "" ? words : null;
}

function unquote(_whole: string, escaped?: string, single?: string, double?: string): string {
  return escaped ?? single ?? (double ?? "").replaceAll(/\\(.)/g, "$1");
}
