import { parse } from "yaml";
import type { LoadedScenario } from "../scenario/index.ts";
import type { Plan } from "../world/plan.ts";

/** One thing that a scenario has otherwise than another. */
export interface Change {
  /** `+` is new, `-` is gone, `~` has another content. */
  readonly sign: "+" | "-" | "~";
  /** `HorizontalPodAutoscaler/shop/web`, `scenario`, or a file. */
  readonly what: string;
  /** The values that differ; empty for what is new or gone as a whole. */
  readonly values: readonly ChangedValue[];
}

export interface ChangedValue {
  /** `spec.metrics[0].resource.target.averageUtilization` */
  readonly path: string;
  /** undefined: was not there. */
  readonly from: unknown;
  /** undefined: is not there any more. */
  readonly to: unknown;
}

/** What of a resolved scenario says how it is run or where its objects stand, not what is simulated. */
const NOT_COMPARED = ["seed", "manifests", "objects", "overlays"];

/** How the second scenario differs from the first: its objects, its own fields, its other files. Both without errors. */
export function changesBetween(base: LoadedScenario, other: LoadedScenario): Change[] {
  return [...objectChanges(base, other), ...scenarioChanges(base, other), ...fileChanges(base, other)];
}

function objectChanges(base: LoadedScenario, other: LoadedScenario): Change[] {
  const before = objectsByName(base.plan);
  const after = objectsByName(other.plan);
  const changes: Change[] = [];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort(compareTexts)) {
    const [from, to] = [before.get(name), after.get(name)];
    if (from === undefined) changes.push({ sign: "+", what: name, values: [] });
    else if (to === undefined) changes.push({ sign: "-", what: name, values: [] });
    else {
      const values = differences(from, to, "");
      if (values.length > 0) changes.push({ sign: "~", what: name, values });
    }
  }
  return changes;
}

/** The objects by kind and name; nodes of manifests among them, those of pools belong to the scenario. */
function objectsByName(plan: Plan | null): Map<string, unknown> {
  const objects = (plan?.objects ?? []).map(({ object }): [string, unknown] => {
    const { namespace, name = "" } = object.metadata;
    return [[object.kind, ...(namespace === undefined ? [] : [namespace]), name].join("/"), object];
  });
  const nodes = (plan?.nodes ?? [])
    .filter(({ pool }) => pool === "")
    .map(({ source: _, ...node }): [string, unknown] => [`Node/${node.name}`, node]);
  return new Map([...objects, ...nodes]);
}

function scenarioChanges(base: LoadedScenario, other: LoadedScenario): Change[] {
  const values = differences(specOf(base), specOf(other), "spec");
  return values.length === 0 ? [] : [{ sign: "~", what: "scenario", values }];
}

function specOf(loaded: LoadedScenario): unknown {
  const document = parse(loaded.resolved) as { readonly spec: Readonly<Record<string, unknown>> };
  return Object.fromEntries(Object.entries(document.spec).filter(([key]) => !NOT_COMPARED.includes(key)));
}

/** Files of equal name and other content that are neither manifests nor compared by what they say: loads and plugins. */
function fileChanges(base: LoadedScenario, other: LoadedScenario): Change[] {
  const before = new Map(base.inputs.map(({ copy, text }) => [copy, text]));
  return other.inputs
    .filter(({ copy }) => !/\.(ya?ml|json)$/.test(copy))
    .filter(({ copy, text }) => before.has(copy) && before.get(copy) !== text)
    .map(({ copy }) => ({ sign: "~", what: copy, values: [] }));
}

/** The innermost values that differ. Items of a list that all have a name are matched by it, others by position. */
function differences(from: unknown, to: unknown, path: string): ChangedValue[] {
  const [left, right] = [entriesOf(from), entriesOf(to)];
  if (left === null || right === null || Array.isArray(from) !== Array.isArray(to)) {
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ path, from, to }];
  }
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  return keys.flatMap((key) => differences(left.get(key), right.get(key), path === "" ? key.slice(1) : path + key));
}

/** The parts of a map or list under what follows the path for them: `.replicas`, `[0]`, `[web]`. */
function entriesOf(value: unknown): Map<string, unknown> | null {
  if (typeof value !== "object" || value === null) return null;
  if (!Array.isArray(value)) return new Map(Object.entries(value).map(([key, inner]) => [`.${key}`, inner]));
  const names = value.map((item: unknown) =>
    typeof item === "object" && item !== null && "name" in item && typeof item.name === "string" ? item.name : null,
  );
  const isNamed = value.length > 0 && !names.includes(null) && new Set(names).size === names.length;
  return new Map(value.map((item: unknown, index) => [`[${isNamed ? names[index] : index}]`, item]));
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
