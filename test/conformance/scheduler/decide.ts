import {
  CODE_NAMES,
  type Placement,
  runPostFilters,
  type ScoreTable,
  scheduleOne,
} from "../../../src/scheduler/index.ts";
import { RecordedCluster } from "./cluster.ts";
import {
  type DecideCase,
  type FailGroup,
  type FamilyResult,
  type RecordedDecision,
  type RecordedScores,
  Tally,
} from "./document.ts";

/** All nodes are looked at in these recordings. */
const EVERY_NODE = { percentage: 100, start: 0 };

/** Decides every pending pod of every case and compares all that was recorded of it. */
export function runDecide(family: string, cases: readonly DecideCase[]): FamilyResult {
  const tally = new Tally();
  for (const one of cases) {
    const cluster = new RecordedCluster(one.nodes, one.objects ?? [], one.pods ?? []);
    for (const [index, pending] of one.pending.entries()) {
      const expected = one.decisions[index] as RecordedDecision;
      const pod = cluster.compile(pending);
      const placement = scheduleOne(cluster.framework, cluster.cache, cluster.nominated, pod, EVERY_NODE);
      tally.compare(one.name, expected.pod, normalized(expected), describe(cluster, placement));
      if (expected.chosen === undefined) continue;
      const bound = { ...pending, spec: { ...pending.spec, nodeName: expected.chosen } };
      cluster.cache.addPod(cluster.compile(bound));
    }
  }
  return tally.result(family, cases.length);
}

/** Columns of equal scores are recorded as one number. */
export function normalized(decision: RecordedDecision): RecordedDecision {
  if (decision.scores === undefined) return decision;
  const spread = (value: number | readonly number[]) =>
    typeof value === "number" ? decision.feasible.map(() => value) : value;
  const scores = Object.entries(decision.scores).map(([plugin, { raw, weighted }]) => [
    plugin,
    { raw: spread(raw), weighted: spread(weighted) },
  ]);
  return { ...decision, scores: Object.fromEntries(scores) as Record<string, RecordedScores> };
}

/** A placement in the words of the recordings. */
export function describe(cluster: RecordedCluster, placement: Placement): RecordedDecision {
  const { state, diagnosis, allowedNodes } = placement;
  const indexOf = (name: string) => cluster.nodeIndex.get(name) as number;
  const order = placement.feasible.map((node, at) => ({ at, index: indexOf(node.name) }));
  order.sort((a, b) => a.index - b.index);
  const feasible = order.map(({ index }) => index);
  const rejection = diagnosis.preFilterStatus;
  const failed = failGroups(cluster, placement);
  const allowed = [...(allowedNodes ?? [])].map(indexOf).filter((index) => index !== undefined);
  return {
    pod: placement.pod.key,
    feasible,
    ...(failed.length > 0 ? { failed } : {}),
    ...(rejection === undefined
      ? {}
      : { preFilter: { plugin: rejection.plugin, code: CODE_NAMES[rejection.code], reasons: rejection.reasons } }),
    ...(allowedNodes === undefined || rejection !== undefined ? {} : { preFilterNodes: allowed.sort(byNumber) }),
    ...names("skippedFilters", state.skippedFilters),
    ...names("skippedScores", state.skippedScores),
    ...(placement.scores === undefined ? {} : scoresOf(placement.scores, order)),
    ...(placement.node === undefined ? failure(cluster, placement) : choice(cluster, placement, feasible)),
  };
}

function byNumber(a: number, b: number): number {
  return a - b;
}

function names(field: string, set: ReadonlySet<string>): Record<string, readonly string[]> {
  return set.size === 0 ? {} : { [field]: [...set].sort() };
}

function scoresOf(table: ScoreTable, order: readonly { readonly at: number }[]): Partial<RecordedDecision> {
  const scores: Record<string, RecordedScores> = {};
  for (const { plugin, weight, raw, normalized: values } of table.columns) {
    scores[plugin] = {
      raw: order.map(({ at }) => raw[at] as number),
      weighted: order.map(({ at }) => (values[at] as number) * weight),
    };
  }
  return { scores, total: order.map(({ at }) => table.totals[at] as number) };
}

function choice(
  cluster: RecordedCluster,
  { feasible, scores, node }: Placement,
  indices: readonly number[],
): Partial<RecordedDecision> {
  if (scores === undefined) return { top: indices, ...(feasible[0] === undefined ? {} : { chosen: feasible[0].name }) };
  const best = Math.max(...scores.totals);
  const top = feasible.filter((_node, at) => scores.totals[at] === best).map((node) => node.name);
  // Which of the best the original takes depends on its workers; the recordings name the first by name.
  const first = node !== undefined && top.includes(node.name) ? [...top].sort()[0] : node?.name;
  const positions = top.map((name) => cluster.nodeIndex.get(name) as number).sort(byNumber);
  return { top: positions, ...(first === undefined ? {} : { chosen: first }) };
}

function failure(cluster: RecordedCluster, placement: Placement): Partial<RecordedDecision> {
  const { diagnosis } = placement;
  const fitMessage = diagnosis.message();
  runPostFilters(cluster.framework, placement);
  return { ...names("unschedulablePlugins", diagnosis.plugins), fitMessage, message: diagnosis.message() };
}

function failGroups(cluster: RecordedCluster, { diagnosis }: Placement): FailGroup[] {
  const nodes = cluster.cache.snapshot();
  const groups = diagnosis.statuses.map(({ plugin, code, reasons }) => ({
    plugin,
    code: CODE_NAMES[code],
    reasons,
    nodes: [] as number[],
  }));
  for (const position of diagnosis.failed) {
    const group = groups[(diagnosis.statusOf[position] as number) - 1];
    group?.nodes.push(cluster.nodeIndex.get(nodes[position]?.name ?? "") as number);
  }
  for (const group of groups) group.nodes.sort(byNumber);
  return groups.sort((a, b) => (a.nodes[0] as number) - (b.nodes[0] as number));
}
