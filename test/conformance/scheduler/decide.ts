import {
  CODE_NAMES,
  detailsOf,
  type NodeDetail,
  type Placement,
  runPostFilters,
  type Status,
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
  const indexOf = ({ node }: NodeDetail) => cluster.nodeIndex.get(node) as number;
  const details = detailsOf(cluster.cache.snapshot(), placement).sort((a, b) => indexOf(a) - indexOf(b));
  const feasible = details.filter(({ outcome }) => outcome === "feasible");
  const failed = failGroups(
    details.filter(({ outcome }) => outcome === "rejected"),
    indexOf,
  );
  const rejection = diagnosis.preFilterStatus;
  const allowed = details.filter(({ node }) => allowedNodes?.has(node));
  return {
    pod: placement.pod.key,
    feasible: feasible.map(indexOf),
    ...(failed.length > 0 ? { failed } : {}),
    ...(rejection === undefined
      ? {}
      : { preFilter: { plugin: rejection.plugin, code: CODE_NAMES[rejection.code], reasons: rejection.reasons } }),
    ...(allowedNodes === undefined || rejection !== undefined ? {} : { preFilterNodes: allowed.map(indexOf) }),
    ...names("skippedFilters", state.skippedFilters),
    ...names("skippedScores", state.skippedScores),
    ...scoresOf(feasible),
    ...(placement.node === undefined ? failure(cluster, placement) : choice(feasible, placement.node.name, indexOf)),
  };
}

function names(field: string, set: ReadonlySet<string>): Record<string, readonly string[]> {
  return set.size === 0 ? {} : { [field]: [...set].sort() };
}

function scoresOf(feasible: readonly NodeDetail[]): Partial<RecordedDecision> {
  const columns = feasible[0]?.scores ?? [];
  if (columns.length === 0) return {};
  const scores: Record<string, RecordedScores> = {};
  for (const [index, { plugin }] of columns.entries()) {
    scores[plugin] = {
      raw: feasible.map((detail) => detail.scores[index]?.raw as number),
      weighted: feasible.map((detail) => detail.scores[index]?.weighted as number),
    };
  }
  return { scores, total: feasible.map(({ total }) => total as number) };
}

/** Which of the best the original takes depends on its workers; the recordings name the first by name. */
function choice(
  feasible: readonly NodeDetail[],
  taken: string,
  indexOf: (detail: NodeDetail) => number,
): Partial<RecordedDecision> {
  const best = Math.max(...feasible.map(({ total }) => total ?? 0));
  const top = feasible.filter(({ total }) => (total ?? 0) === best);
  const first = top.map(({ node }) => node).sort()[0] as string;
  return { top: top.map(indexOf), chosen: top.some(({ node }) => node === taken) ? first : taken };
}

function failure(cluster: RecordedCluster, placement: Placement): Partial<RecordedDecision> {
  const { diagnosis } = placement;
  const fitMessage = diagnosis.message();
  runPostFilters(cluster.framework, cluster.nominated, placement);
  return { ...names("unschedulablePlugins", diagnosis.plugins), fitMessage, message: diagnosis.message() };
}

function failGroups(rejected: readonly NodeDetail[], indexOf: (detail: NodeDetail) => number): FailGroup[] {
  const groups = new Map<Status, number[]>();
  for (const detail of rejected) {
    const status = detail.status as Status;
    groups.set(status, [...(groups.get(status) ?? []), indexOf(detail)]);
  }
  return [...groups].map(([{ plugin, code, reasons }, nodes]) => ({ plugin, code: CODE_NAMES[code], reasons, nodes }));
}
