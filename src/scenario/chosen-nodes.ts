import { compileSelector, type LabelSelector, parseSelector, type Requirement } from "../kube/index.ts";
import type { ChosenNodes, PlannedNode, PlannedPool } from "../world/plan.ts";
import { choiceAt, labelledNodes, selectNodes } from "./failures.ts";
import type { Field } from "./field.ts";
import { didYouMean } from "./spelling.ts";

/** The nodes that an action may be about. */
export interface NodeContext {
  readonly nodes: readonly PlannedNode[];
  readonly pools: readonly PlannedPool[];
  /** Those that may be named: the nodes of the start, and those that actions add. */
  readonly named: readonly PlannedNode[];
}

const POOL_LABEL = "kube-orrery/pool";
const ZONE_LABEL = "topology.kubernetes.io/zone";
const SELECTOR_FLAG = "-l ";

/** A node by name, also one that joins by then; or all that are what is said, in place or by kubectl's selector. */
export function nodesOf(place: Field, target: string, context: NodeContext): ChosenNodes {
  const { nodes, named, pools } = context;
  if (place.textOrNull() === null) {
    const later = choiceAt(place);
    const ofStart = selectNodes(place, "nodes", nodes, pools);
    return later === null ? { nodes: ofStart } : { nodes: ofStart, later };
  }
  if (!target.startsWith(SELECTOR_FLAG)) return { nodes: nodeNamed(place, target, named) };
  const labels = labelsOf(place, target.slice(SELECTOR_FLAG.length));
  if (labels === null) return { nodes: [] };
  return { nodes: labelledNodes(place, labels, nodes, pools), later: { zone: null, pool: null, labels } };
}

export function nodeNamed(place: Field, name: string, nodes: readonly PlannedNode[]): string[] {
  if (nodes.some((node) => node.name === name)) return [name];
  const hint = didYouMean(
    name,
    nodes.map((node) => node.name),
  );
  place.report("E0401", `there is no node "${name}"${hint}`);
  return [];
}

/** What stands for nodes chosen by `kubectl … -l SELECTOR`, in the place of a name. */
export function selectorTarget(selector: string): string {
  return `${SELECTOR_FLAG}${selector}`;
}

/** Chosen nodes as kubectl's words: a selector, or names. */
export function choiceText(place: Field): string {
  const choice = choiceAt(place);
  if (choice === null) return place.get("names").texts().join(" ");
  const { pool, zone, labels } = choice;
  const parts = [
    ...(pool === null ? [] : [`${POOL_LABEL}=${pool}`]),
    ...(zone === null ? [] : [`${ZONE_LABEL}=${zone}`]),
    ...(labels === null ? [] : [compileSelector(labels).text]),
  ];
  return selectorTarget(parts.length === 0 ? "''" : parts.join(","));
}

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number];

const EXPRESSIONS: ReadonlyMap<Requirement["operator"], Expression["operator"]> = new Map([
  ["=", "In"],
  ["==", "In"],
  ["in", "In"],
  ["!=", "NotIn"],
  ["notin", "NotIn"],
  ["exists", "Exists"],
  ["!", "DoesNotExist"],
]);

/** A selector in kubectl's words; null when it has been complained of. */
function labelsOf(place: Field, text: string): LabelSelector | null {
  const parsed = parseSelector(text);
  if (!parsed.ok) {
    place.report("E0409", parsed.error);
    return null;
  }
  const matchLabels: Record<string, string> = {};
  const matchExpressions: Expression[] = [];
  for (const { key, operator, values } of parsed.value) {
    const known = EXPRESSIONS.get(operator);
    const isEqual = (operator === "=" || operator === "==") && !Object.hasOwn(matchLabels, key);
    if (isEqual) matchLabels[key] = values[0] ?? "";
    else if (known !== undefined) matchExpressions.push({ key, operator: known, ...(values.length > 0 && { values }) });
    else return asNumber(place, text);
  }
  return { matchLabels, ...(matchExpressions.length > 0 && { matchExpressions }) };
}

function asNumber(place: Field, text: string): null {
  place.report("E0409", `labels of nodes are not compared as numbers; got "${text}"`);
  return null;
}
