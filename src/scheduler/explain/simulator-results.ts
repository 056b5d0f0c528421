import type { Framework } from "../framework.ts";
import type { NodeInfo } from "../node-info.ts";
import { detailsOf } from "../placement-detail.ts";
import type { Placement } from "../schedule-one.ts";
import { messageOf } from "../status.ts";

type ByNode = Record<string, Record<string, string>>;

/**
 * All results of an attempt under the annotation keys, and in the form, of the kube-scheduler-simulator project: JSON
 * texts of what each plugin said about each node. Nodes that were not looked at are absent.
 */
export function simulatorResults(
  framework: Framework,
  nodes: readonly NodeInfo[],
  placement: Placement,
): Readonly<Record<string, string>> {
  const filters = framework.filter.map(({ name }) => name).filter((name) => !placement.state.skippedFilters.has(name));
  const filtered: ByNode = {};
  const raw: ByNode = {};
  const final: ByNode = {};
  for (const { node, outcome, status, scores } of detailsOf(nodes, placement)) {
    if (outcome !== "feasible" && outcome !== "rejected") continue;
    const until = status === undefined ? filters.length : filters.indexOf(status.plugin);
    const results = Object.fromEntries(filters.slice(0, until).map((name) => [name, "passed"]));
    filtered[node] = status === undefined ? results : { ...results, [status.plugin]: messageOf(status) };
    if (scores.length === 0) continue;
    raw[node] = Object.fromEntries(scores.map((score) => [score.plugin, String(score.raw)]));
    final[node] = Object.fromEntries(scores.map((score) => [score.plugin, String(score.weighted)]));
  }
  return {
    "scheduler-simulator/filter-result": JSON.stringify(filtered),
    "scheduler-simulator/score-result": JSON.stringify(raw),
    "scheduler-simulator/finalscore-result": JSON.stringify(final),
    ...(placement.node === undefined ? {} : { "scheduler-simulator/selected-node": placement.node.name }),
  };
}
