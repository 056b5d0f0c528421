import { compileSelector, type LabelSelector, type Matcher } from "../kube/index.ts";
import { nodeOfPool } from "../world/index.ts";
import type {
  ControlPlaneComponent,
  ControlPlaneFailure,
  Distribution,
  Failure,
  FailureSchedule,
  Micros,
  NodeChoice,
  PlannedNode,
  PlannedPool,
} from "../world/plan.ts";
import { nodeLabelPairs } from "./cluster.ts";
import type { Field } from "./field.ts";
import { nearestLabels, reportIfNothing } from "./loads.ts";
import type { ObjectIndex } from "./objects.ts";
import { didYouMean } from "./spelling.ts";

export interface FailureContext {
  readonly index: ObjectIndex;
  readonly nodes: readonly PlannedNode[];
  readonly pools: readonly PlannedPool[];
  readonly durationMicros: Micros;
}

/** Reads `spec.failures`. */
export function readFailures(fields: readonly Field[], context: FailureContext): Failure[] {
  const failures = fields
    .map((field, index) => readFailure(field, index, context))
    .filter((failure) => failure !== null);
  const seen = new Set<string>();
  for (const failure of failures) {
    if (seen.has(failure.name))
      fields[failure.index]?.get("name").report("E0406", `there are two failures "${failure.name}"`);
    seen.add(failure.name);
  }
  return failures;
}

const POD_KEYS = ["pods", "namespace", "container", "exitCode"] as const;
const NODE_KEYS = ["nodes", "node", "zone", "for"] as const;

function readFailure(field: Field, index: number, context: FailureContext): Failure | null {
  const schedule = readSchedule(field, context.durationMicros);
  if (schedule === null) return null;
  const kind = field.get("kind").text();
  const isContainer = kind === "containerExit";
  for (const key of isContainer ? NODE_KEYS : POD_KEYS) {
    if (field.get(key).isPresent)
      field.get(key).reportKey("E0110", `"${key}" does not go with kind ${kind} in ${field.label}`);
  }
  if (kind !== "controlPlaneDown" && field.get("components").isPresent) {
    field.get("components").reportKey("E0110", `"components" does not go with kind ${kind} in ${field.label}`);
  }
  const base = { index, name: field.get("name").text(`failures[${index}]`), source: field.place, schedule };
  if (kind === "controlPlaneDown") return readControlPlane(field, base, context.pools);
  const count = field.get("count").numberOrNull();
  if (isContainer) {
    if (!field.get("pods").isPresent) {
      field.report("E0111", `"pods" is missing in ${field.label}`);
      return null;
    }
    const namespace = field.get("namespace").textOrNull();
    const selector = field.get("pods").value as LabelSelector;
    const sources = context.index.podSources.filter((source) => namespace === null || source.namespace === namespace);
    reportIfNothing(field.get("pods"), selector, sources, "the selector");
    const container = field.get("container").textOrNull();
    return {
      ...base,
      kind: "containerExit",
      namespace,
      selector,
      container,
      count,
      exitCode: field.get("exitCode").number(1),
    };
  }
  const nodes = targetNodes(field, context);
  const later = choiceOf(field);
  const mayGrow = later !== null && context.pools.some(({ autoscale }) => autoscale !== undefined);
  if (count !== null && count > nodes.length && nodes.length > 0 && !mayGrow) {
    field.get("count").report("E0405", `count is ${count}, but only ${nodes.length} nodes are selected`);
  }
  return {
    ...base,
    kind: kind as "crash" | "partition" | "recover",
    nodes,
    ...(later === null ? {} : { later }),
    count,
    lasts: readLasts(field, kind, schedule),
  };
}

const COMPONENTS: readonly ControlPlaneComponent[] = ["apiServer", "etcd", "scheduler", "controllerManager"];
const AUTOSCALER: ControlPlaneComponent = "clusterAutoscaler";

function readControlPlane(
  field: Field,
  base: Omit<ControlPlaneFailure, "kind" | "components" | "lasts">,
  pools: readonly PlannedPool[],
): Failure {
  for (const key of ["nodes", "node", "zone", "count"]) {
    if (field.get(key).isPresent)
      field.get(key).reportKey("E0110", `"${key}" does not go with kind controlPlaneDown in ${field.label}`);
  }
  const given = field.get("components").texts() as ControlPlaneComponent[];
  const hasAutoscaler = pools.some(({ autoscale }) => autoscale !== undefined);
  if (given.includes(AUTOSCALER) && !hasAutoscaler) {
    field.get("components").report("E0405", `there is no ${AUTOSCALER}: no node pool has "autoscale"`);
  }
  const everything = hasAutoscaler ? [...COMPONENTS, AUTOSCALER] : COMPONENTS;
  const components = given.length === 0 ? everything : [...new Set(given)];
  return { ...base, kind: "controlPlaneDown", components, lasts: readLasts(field, "controlPlaneDown", base.schedule) };
}

function readLasts(field: Field, kind: string, schedule: FailureSchedule): Distribution | null {
  const lasts = field.get("for").distribution();
  if (kind === "recover" && lasts !== null) field.get("for").reportKey("E0110", `"for" does not go with kind recover`);
  if ("every" in schedule && kind === "recover")
    field.get("every").reportKey("E0110", `"every" does not go with kind recover`);
  if ("every" in schedule && kind !== "recover" && lasts === null) {
    field.report("E0111", `"for" is missing in ${field.label}: a failure that comes again has to end`);
  }
  return lasts;
}

function readSchedule(field: Field, durationMicros: Micros): FailureSchedule | null {
  const [at, every] = [field.get("at"), field.get("every")];
  if (at.isPresent === every.isPresent) {
    field.report("E0110", `${field.label}: expected either at or every; got ${at.isPresent ? "both" : "neither"}`);
    return null;
  }
  const distribution = every.distribution();
  if (distribution !== null) {
    if ("constant" in distribution && distribution.constant === 0)
      every.report("E0405", "every must be greater than 0");
    return { every: distribution };
  }
  reportIfAfterEnd(at, durationMicros);
  return { at: at.micros() };
}

/** Warns about an instant that the run does not reach. */
export function reportIfAfterEnd(field: Field, durationMicros: Micros): void {
  if (field.micros() > durationMicros) field.report("W0208", `${field.label} is after the end of the run`);
}

/** Names of the nodes that `nodes`, `node` or `zone` of a failure select; an error when there are none. */
function targetNodes(field: Field, { nodes, pools }: FailureContext): string[] {
  const given = ["nodes", "node", "zone"].filter((key) => field.get(key).isPresent);
  const key = given[0];
  if (given.length !== 1 || key === undefined) {
    const found = given.length === 0 ? "none" : given.join(" and ");
    field.report("E0110", `${field.label}: expected one of nodes, node and zone; got ${found}`);
    return [];
  }
  return selectNodes(field.get(key), key, nodes, pools);
}

/** What nodes that join later have to be for a failure to strike them; null where nodes are named. */
function choiceOf(field: Field): NodeChoice | null {
  const zone = field.get("zone").textOrNull();
  return zone === null ? choiceAt(field.get("nodes")) : { zone, pool: null, labels: null };
}

/** The same of nodes as in `failures[].nodes`. */
export function choiceAt(place: Field): NodeChoice | null {
  if (!place.isPresent || place.textOrNull() !== null || place.get("names").isPresent) return null;
  const hasLabels = place.get("matchLabels").isPresent || place.get("matchExpressions").isPresent;
  return {
    zone: place.get("zone").textOrNull(),
    pool: place.get("pool").textOrNull(),
    labels: hasLabels ? selectorOf(place) : null,
  };
}

/**
 * Nodes by a name (`node`), a zone (`zone`) or a map as of `failures[].nodes`. `pools` are those whose later nodes may be meant:
 * their names and zones are known though they have no node yet.
 */
export function selectNodes(
  field: Field,
  key: string,
  nodes: readonly PlannedNode[],
  pools: readonly PlannedPool[] = [],
): string[] {
  const name = key === "zone" ? null : field.textOrNull();
  const zone = key === "zone" ? field.textOrNull() : field.get("zone").textOrNull();
  const pool = field.get("pool").textOrNull();
  const names = name !== null ? [name] : field.get("names").isPresent ? field.get("names").texts() : null;
  const known = [...nodes, ...pools.flatMap(nextNodes)];
  checkWords(field, { zone, pool, names }, known);
  const hasLabels = field.get("matchLabels").isPresent || field.get("matchExpressions").isPresent;
  const matcher = hasLabels ? compileSelector(selectorOf(field)) : null;
  const selected = nodes.filter(
    (node) =>
      (names === null || names.includes(node.name)) &&
      (zone === null || node.zone === zone) &&
      (pool === null || node.pool === pool) &&
      (matcher === null || matcher.matches(node.labels)),
  );
  if (matcher !== null && selected.length === 0) reportIfUnknown(field, matcher, nodes, known);
  return selected.map((node) => node.name);
}

/** Names of the nodes with these labels; an error when neither they nor the next ones of the pools have any. */
export function labelledNodes(
  field: Field,
  labels: LabelSelector,
  nodes: readonly PlannedNode[],
  pools: readonly PlannedPool[],
): string[] {
  const matcher = compileSelector(labels);
  const selected = nodes.filter((node) => matcher.matches(node.labels));
  if (selected.length === 0) reportIfUnknown(field, matcher, nodes, [...nodes, ...pools.flatMap(nextNodes)]);
  return selected.map((node) => node.name);
}

function reportIfUnknown(
  field: Field,
  matcher: Matcher,
  nodes: readonly PlannedNode[],
  known: readonly PlannedNode[],
): void {
  if (known.some(({ labels }) => matcher.matches(labels))) return;
  field.report("E0401", `${matcher.text} matches no nodes${nearestLabels(matcher.text, nodeLabelPairs(nodes))}`);
}

function selectorOf(field: Field): LabelSelector {
  const expressions = field.get("matchExpressions").value as LabelSelector["matchExpressions"];
  return {
    matchLabels: field.get("matchLabels").textMap(),
    ...(expressions === undefined ? {} : { matchExpressions: expressions }),
  };
}

interface Words {
  readonly zone: string | null;
  readonly pool: string | null;
  readonly names: readonly string[] | null;
}

/** The nodes that a pool would get next, one a zone. */
function nextNodes(pool: PlannedPool): PlannedNode[] {
  return Array.from({ length: Math.max(1, pool.zones.length) }, (_, index) => nodeOfPool(pool, pool.count + index));
}

function checkWords(field: Field, words: Words, nodes: readonly PlannedNode[]): void {
  const check = (word: string | null, what: string, known: readonly (string | null)[]): void => {
    const there = [...new Set(known.filter((value) => value !== null && value !== ""))] as string[];
    if (word === null || there.includes(word)) return;
    const hint = didYouMean(word, there);
    const list = there.length === 0 ? " — there are none" : ` — there are ${there.slice(0, 5).join(", ")}`;
    field.report("E0401", `there is no ${what} "${word}"${hint === "" ? list : hint}`);
  };
  check(
    words.zone,
    "zone",
    nodes.map((node) => node.zone),
  );
  check(
    words.pool,
    "node pool",
    nodes.map((node) => node.pool),
  );
  for (const name of words.names ?? [])
    check(
      name,
      "node",
      nodes.map((node) => node.name),
    );
}
