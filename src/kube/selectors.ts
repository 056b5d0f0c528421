import { labelKeyProblems, labelValueProblems } from "./labels.ts";
import type { LabelSelector, StringMap } from "./types.ts";

export type SelectorOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

/** One term of a selector; all terms must hold. `values` are sorted. */
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator;
  readonly values: readonly string[];
}

/** A selector made ready for matching. */
export interface Matcher {
  matches(labels: StringMap | undefined): boolean;
  /** As the API prints it (`app=web,tier in (a,b)`); empty for the selectors of everything and of nothing. */
  readonly text: string;
  readonly selectsEverything: boolean;
  readonly selectsNothing: boolean;
  /** A label that all must have, where the selector asks for one; to look for candidates by. */
  readonly label?: RequiredLabel;
}

export interface RequiredLabel {
  readonly key: string;
  readonly value: string;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/**
 * Makes a matcher of an object selector: `undefined` matches nothing, `{}` everything. An operator or value that
 * validation would refuse matches nothing.
 *
 * @source kubernetes 1.37 metav1.LabelSelectorAsSelector
 */
export function compileSelector(selector: LabelSelector | undefined): Matcher {
  if (selector === undefined) return NOTHING;
  const requirements = mapRequirements(selector.matchLabels);
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const mapped = OBJECT_OPERATORS.get(operator);
    if (mapped === undefined) return NOTHING;
    requirements.push({ key, operator: mapped, values: sortedUnique(values ?? []) });
  }
  return compileRequirements(requirements);
}

/** Makes a matcher of the plain map of a Service or ReplicationController; a missing or empty map matches nothing. */
export function compileMapSelector(selector: StringMap | undefined): Matcher {
  const requirements = mapRequirements(selector);
  return requirements.length === 0 ? NOTHING : compileRequirements(requirements);
}

/** Makes a matcher of requirements; an empty list matches everything. */
export function compileRequirements(requirements: readonly Requirement[]): Matcher {
  const sorted = sortedByKey(requirements);
  const isEquality = ({ operator }: Requirement): boolean => operator === "=" || operator === "==";
  const isEqualityOnly = sorted.every(isEquality);
  const equality = sorted.find(isEquality);
  return {
    ...(equality === undefined ? {} : { label: { key: equality.key, value: equality.values[0] ?? "" } }),
    matches: isEqualityOnly ? equalityMatch(sorted) : (labels) => matchesAll(sorted, labels ?? {}),
    text: formatRequirements(sorted),
    selectsEverything: sorted.length === 0,
    selectsNothing: false,
  };
}

const NOTHING: Matcher = { matches: () => false, text: "", selectsEverything: false, selectsNothing: true };

const OBJECT_OPERATORS: ReadonlyMap<string, SelectorOperator> = new Map([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
]);

function mapRequirements(map: StringMap | undefined): Requirement[] {
  return Object.entries(map ?? {}).map(([key, value]) => ({ key, operator: "=", values: [value] }));
}

function equalityMatch(requirements: readonly Requirement[]): (labels: StringMap | undefined) => boolean {
  const keys = requirements.map(({ key }) => key);
  const values = requirements.map((requirement) => requirement.values[0] ?? "");
  return (labels) => {
    if (labels === undefined) return keys.length === 0;
    for (let i = 0; i < keys.length; i += 1) {
      if (labels[keys[i] ?? ""] !== values[i]) return false;
    }
    return true;
  };
}

function matchesAll(requirements: readonly Requirement[], labels: StringMap): boolean {
  for (const requirement of requirements) {
    if (!matchesRequirement(requirement, labels)) return false;
  }
  return true;
}

/** Whether labels satisfy one term. `!=` and `notin` hold when the key is absent. */
export function matchesRequirement(requirement: Requirement, labels: StringMap): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && requirement.values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !requirement.values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
    case "lt":
      return comparesInteger(requirement.operator, value, requirement.values[0]);
  }
}

function comparesInteger(operator: "gt" | "lt", value: string | undefined, bound: string | undefined): boolean {
  if (value === undefined || bound === undefined || !isInteger(value) || !isInteger(bound)) return false;
  return operator === "gt" ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
}

export function isInteger(text: string): boolean {
  return /^[+-]?[0-9]+$/.test(text);
}

/** Prints requirements as the API does: sorted by key, values sorted; empty for no requirement. */
export function formatRequirements(requirements: readonly Requirement[]): string {
  return sortedByKey(requirements).map(formatRequirement).join(",");
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const list = values.length > 1 ? [...values].sort(byText).join(",") : (values[0] ?? "");
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${list})`;
    case "gt":
      return `${key}>${list}`;
    case "lt":
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}

/** Prints an object selector as tables and `describe` do: `<none>` when it has no requirement. */
export function formatSelector(selector: LabelSelector | undefined): string {
  const { text } = compileSelector(selector);
  return text === "" ? "<none>" : text;
}

function sortedByKey(requirements: readonly Requirement[]): Requirement[] {
  return [...requirements].sort((a, b) => byText(a.key, b.key));
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort(byText);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Makes a requirement or says, with the API's text, what is wrong with it. */
export function makeRequirement(
  key: string,
  operator: SelectorOperator,
  values: readonly string[],
): Parsed<Requirement> {
  const problems: string[] = [];
  const keyProblems = labelKeyProblems(key);
  if (keyProblems.length > 0) problems.push(`key: Invalid value: ${JSON.stringify(key)}: ${keyProblems.join("; ")}`);
  values.forEach((value, i) => {
    if ((operator === "gt" || operator === "lt") && !isInteger(value)) {
      const rule = "for 'Gt', 'Lt' operators, the value must be an integer";
      problems.push(`values[${i}]: Invalid value: ${JSON.stringify(value)}: ${rule}`);
    }
  });
  values.forEach((value, i) => {
    const valueProblems = labelValueProblems(value);
    if (valueProblems.length === 0) return;
    problems.push(`values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${valueProblems.join("; ")}`);
  });
  if (problems.length === 0) return { ok: true, value: { key, operator, values: sortedUnique(values) } };
  return { ok: false, error: problems.length === 1 ? (problems[0] ?? "") : `[${problems.join(", ")}]` };
}
