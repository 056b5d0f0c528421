import { didYouMean } from "./spelling.ts";

/** A kubectl command line, taken apart. `words` are what is neither flag nor value of one. */
export interface KubectlCommand {
  readonly verb: string;
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, string>;
}

/** Flags that take a value, by the verbs that know them. */
const FLAGS: ReadonlyMap<string, readonly string[]> = new Map([
  ["apply", ["filename"]],
  ["scale", ["replicas"]],
  ["set image", []],
  ["delete", ["grace-period"]],
  ["cordon", []],
  ["uncordon", []],
  ["drain", ["grace-period", "ignore-daemonsets", "delete-emptydir-data", "force"]],
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
const SWITCHES: readonly string[] = ["ignore-daemonsets", "delete-emptydir-data", "force", "overwrite"];

const SHORT_FLAGS: ReadonlyMap<string, string> = new Map([
  ["n", "namespace"],
  ["f", "filename"],
  ["p", "patch"],
  ["c", "containers"],
]);

/** Reads a command line such as `kubectl scale deployment/web --replicas=3 -n shop`; a message when it cannot. */
export function parseKubectl(line: string): KubectlCommand | { readonly error: string } {
  const words = splitWords(line);
  if (words === null) return { error: "a quote is not closed" };
  if (words[0] === "kubectl") words.shift();
  const verb = words[0] === "rollout" || words[0] === "set" ? words.splice(0, 2).join(" ") : (words.shift() ?? "");
  const known = FLAGS.get(verb);
  if (known === undefined) {
    return {
      error: `"${verb}" cannot be played${didYouMean(verb, FLAGS.keys())} It can be ${[...FLAGS.keys()].join(", ")}`,
    };
  }
  return readFlags(verb, words, ["namespace", ...known]);
}

function readFlags(
  verb: string,
  words: readonly string[],
  known: readonly string[],
): KubectlCommand | { error: string } {
  const flags = new Map<string, string>();
  const rest: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const match = /^--?([A-Za-z][-a-z]*)(?:=(.*))?$/.exec(word);
    if (match === null) {
      rest.push(word);
      continue;
    }
    const name = SHORT_FLAGS.get(match[1] ?? "") ?? match[1] ?? "";
    if (!known.includes(name)) return { error: `unknown flag "${word}" for ${verb}${didYouMean(name, known)}` };
    const value = match[2] ?? (SWITCHES.includes(name) ? "true" : words[++index]);
    if (value === undefined) return { error: `flag "${word}" needs a value` };
    flags.set(name, value);
  }
  return { verb, words: rest, flags };
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
