import { parseDuration, seconds, UnitError } from "../units/index.ts";
import type { Action, Micros, PlannedObject, RollingReplacement } from "../world/plan.ts";
import type { ActionContext } from "./actions.ts";
import type { Field } from "./field.ts";
import { asKubectl, type KubectlCommand, parseKubectl } from "./kubectl.ts";
import { referenceLabel } from "./objects.ts";

/** @source kubectl 1.17 pkg/cmd/rollingupdate */
const DEFAULTS = { "update-period": seconds(60), "poll-interval": seconds(3), timeout: seconds(300) } as const;
const DEPLOYMENT_KEY = "deployment";

type Base = Pick<Action, "index" | "atMicros" | "source">;

/**
 * Reads `kubectl rolling-update OLD ([NEW] --image=IMAGE | -f FILE)`, a command that kubectl had until 1.17; null, with a problem
 * reported, when it cannot be played.
 */
export function readRollingUpdate(place: Field, base: Base, context: ActionContext): Action | null {
  const command = parseKubectl(place.text());
  if ("error" in command) return report(place, command.error);
  const { words, flags } = command;
  const [oldName, newName] = words;
  if (oldName === undefined || words.length > 2) return report(place, "rolling-update needs OLD, and NEW at most");
  if (flags.has("filename") === flags.has("image"))
    return report(place, "rolling-update needs either --filename or --image");
  const namespace = flags.get("namespace") ?? "default";
  const target = { kind: "ReplicationController", namespace, name: oldName };
  if (newName === undefined && context.index.find(target) === null) {
    const hint = context.index.suggest(target.kind, namespace, oldName);
    place.report("E0403", `there is no ${referenceLabel(target)}${hint}`);
    return null;
  }
  if (newName === oldName)
    return report(place, `${newName} cannot have the same name as the existing ReplicationController ${oldName}`);
  const replacement = flags.has("image") ? byImage(command, newName ?? null) : byFile(place, command, context);
  const times = timesOf(place, flags);
  if (replacement === null || times === null) return null;
  return { ...base, kind: "rollingUpdate", text: asKubectl(place.text()), target, replacement, ...times };
}

function byImage({ flags }: KubectlCommand, newName: string | null): RollingReplacement {
  return {
    image: flags.get("image") ?? "",
    container: flags.get("container") ?? null,
    newName,
    deploymentKey: flags.get("deployment-label-key") ?? DEPLOYMENT_KEY,
  };
}

function byFile(place: Field, { words, flags }: KubectlCommand, context: ActionContext): RollingReplacement | null {
  const file = flags.get("filename") ?? "";
  const objects: readonly PlannedObject[] = context.manifests.get(file) ?? [];
  const [first] = objects;
  // What is wrong with the file itself has been reported.
  if (first === undefined) return null;
  if (objects.length > 1) return report(place, `${file} specifies multiple items`);
  const { object, written } = first;
  if (object.kind !== "ReplicationController") {
    return report(place, `${file} contains a ${object.apiVersion}, Kind=${object.kind} not a ReplicationController`);
  }
  const { name } = object.metadata;
  if (name === words[0]) {
    return report(place, `${file} cannot have the same name as the existing ReplicationController ${name}`);
  }
  if (words[1] !== undefined && words[1] !== name) {
    return report(place, `${file} holds ${name}, not ${words[1]}`);
  }
  return { file, object, isReplicasWritten: written?.includes("replicas") ?? true };
}

interface Times {
  readonly updatePeriodMicros: Micros;
  readonly intervalMicros: Micros;
  readonly timeoutMicros: Micros;
}

function timesOf(place: Field, flags: ReadonlyMap<string, string>): Times | null {
  const read = (flag: keyof typeof DEFAULTS): Micros | null => {
    const text = flags.get(flag);
    if (text === undefined) return DEFAULTS[flag];
    try {
      const micros = parseDuration(text);
      return micros > 0 ? micros : report(place, `--${flag} must be greater than 0`);
    } catch (error) {
      if (error instanceof UnitError) return report(place, `--${flag}: ${error.message}`);
      throw error;
    }
  };
  const [period, interval, timeout] = [read("update-period"), read("poll-interval"), read("timeout")];
  if (period === null || interval === null || timeout === null) return null;
  return { updatePeriodMicros: period, intervalMicros: interval, timeoutMicros: timeout };
}

function report(place: Field, message: string): null {
  place.report("E0409", message);
  return null;
}
